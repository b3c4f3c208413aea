"""Changes of settings as ``--set key=value`` says them: how they are written, and what comes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from fabric.words.errors import ParameterError
from fabric.words.hostlist import split_names
from sims.settings.table import COLLECTIVES, SETTINGS, table_of
from sims.settings.texts import field_of, legal_parts, resolve, with_part
from sims.workload.placement import PLACEMENTS

__all__ = ["overridden", "read_assignments", "split_values"]


def overridden(
    settings: Mapping[str, Sequence[str]],
    sets: Iterable[str],
    several: Collection[str] = (),
    kind: str = COLLECTIVES,
) -> dict[str, str]:
    """The text of each field of ``settings`` after the changes ``key=value`` of ``sets``.

    Args:
        settings: the texts of each field that a command has.
        sets: as of ``read_assignments``; whole fields change before parts of them. A part is changed in every
            text of its field that has it.
        several: fields that may have more than one text; the result joins them by commas.
        kind: whose settings they are, as of sims.settings.table.table_of.

    Raises:
        ParameterError: as of ``assign``; a field that the command has not; several values for one.

    >>> overridden({"topology": ["fat-tree:k=4"], "seed": ["0"]}, ["k=8", "seed=3"])
    {'topology': 'fat-tree:k=8', 'seed': '3'}
    """
    texts = {field: list(given) for field, given in settings.items()}
    changes = read_assignments(sets)
    for key, values in sorted(changes, key=lambda change: field_of(change[0], kind) not in table_of(kind)):
        name = resolve(key, texts, kind)
        field, dot, part = name.partition(".")
        if field not in texts:
            raise ParameterError("--set", key, "not a setting of this command", texts)
        if len(values) > 1 and (dot or field not in several):
            raise ParameterError("--set", f"{key}={','.join(values)}", f"one value of {name} is needed")
        if not dot:
            texts[field] = values
            continue
        having = [text for text in texts[field] if part in legal_parts(field, text, kind)] or texts[field]
        texts[field] = [
            with_part(field, text, part, values[0], kind) if text in having else text for text in texts[field]
        ]
    return {field: ",".join(given) for field, given in texts.items()}


def read_assignments(texts: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Keys and values of ``key=v1,v2,...``, each value a text.

    Commas separate values; a piece ``part=value`` without a name before it continues the value before it.

    Raises:
        ParameterError: no ``=``, a key twice or an empty value.

    >>> read_assignments(["algorithm=ring:channels=4,tree", "k=8,16"])
    [('algorithm', ['ring:channels=4', 'tree']), ('k', ['8', '16'])]
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        key, equals, rest = (piece.strip() for piece in text.partition("="))
        if not equals or not key or not rest:
            raise ParameterError("--set", text, "key=value or key=value,value,... is needed")
        if key in found:
            raise ParameterError("--set", text, f"{key} is set twice")
        # Some texts hold = without having parts.
        values = split_values(rest, whole=key in SETTINGS and SETTINGS[key].again)
        if "" in values:
            raise ParameterError("--set", text, "a value between two commas is missing")
        found[key] = values
    return list(found.items())


def split_values(text: str, *, whole: bool = False) -> list[str]:
    """The values between the commas of ``text``; a piece ``part=value`` continues the one before, unless each
    is ``whole``. Commas within brackets separate nothing, and what follows a ``hostlist:`` belongs to it, up
    to the name of another placement. Groups need no name before their sizes where there is one value.

    >>> split_values("ecmp:qps=2,salt=none,spray"), split_values("leaf-spine=2,spine-core=2", whole=True)
    (['ecmp:qps=2,salt=none', 'spray'], ['leaf-spine=2', 'spine-core=2'])
    >>> split_values("tp=8,pp=16,dp=rest"), split_values("mesh:tp=8,dp=rest,mesh:tp=4,dp=rest")
    (['tp=8,pp=16,dp=rest'], ['mesh:tp=8,dp=rest', 'mesh:tp=4,dp=rest'])
    >>> split_values("packed,hostlist:lrdn[1-4,7],login1,random")
    ['packed', 'hostlist:lrdn[1-4,7],login1', 'random']
    """
    values: list[str] = []
    for piece in split_names(text) if "[" in text else [part.strip() for part in text.split(",")]:
        if values and values[-1].startswith("hostlist:") and piece.partition(":")[0] not in PLACEMENTS:
            values[-1] += "," + piece
        elif values and not whole and "=" in piece and ":" not in piece.partition("=")[0]:
            values[-1] += ("," if set(":=") & set(values[-1]) else ":") + piece
        else:
            values.append(piece)
    return values
