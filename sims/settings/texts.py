"""Settings as texts: how one of them, or a part of it, is named and changed.

Every text is written as on the command line, ``name:key=value,...``, so a dotted key names a part:
``topology.k`` is the k of ``fat-tree:k=16``. Knows how texts are put together; builds no graph.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, lru_cache

from fabric.words.errors import ParameterError
from fabric.words.grammar import write_named
from sims.settings.setting import Setting
from sims.settings.table import BY_FIELD, COLLECTIVES, SETTINGS, table_of

__all__ = [
    "COLLECTIVE",
    "DEFAULTS",
    "all_parts",
    "assign",
    "command_of",
    "defaults_of",
    "field_of",
    "legal_parts",
    "option_words",
    "parts_of",
    "resolve",
    "taken_apart",
    "with_part",
]

DEFAULTS: Mapping[str, str] = {name: one.default for name, one in SETTINGS.items()}


COLLECTIVE = "collective"  # the setting that a command names in its first words, without an option


def command_of(collective: str) -> list[str]:
    """The first words of the command that runs it, before those of the fabric.

    >>> command_of("all-reduce"), command_of("all-gather")
    (['fabricsim', 'allreduce'], ['fabricsim', 'collective', 'all-gather'])
    """
    short = collective == DEFAULTS[COLLECTIVE]
    return ["fabricsim", *(["allreduce"] if short else [COLLECTIVE, collective])]


def defaults_of(kind: str) -> dict[str, str]:
    """The default text of each setting of a kind, as of sims.settings.table.table_of."""
    return {name: one.default for name, one in table_of(kind).items()}


def assign(settings: Mapping[str, str], key: str, value: str, kind: str = COLLECTIVES) -> dict[str, str]:
    """``settings`` with one of them or a part of one replaced.

    Args:
        settings: a text for each of DEFAULTS.
        key: a setting (``ranks``), a part (``topology.k``), or a bare part that only one has (``k``).
        value: as a user would write it.
        kind: whose settings they are.

    Raises:
        ParameterError: nothing or more than one thing is called so (the legal names are listed), or the
            setting's text has no such part.

    >>> assign({**DEFAULTS, "topology": "fat-tree:k=16"}, "k", "32")["topology"]
    'fat-tree:k=32'
    """
    name = resolve(key, {field: (text,) for field, text in settings.items()}, kind)
    field, dot, part = name.partition(".")
    changed = with_part(field, settings[field], part, value, kind) if dot else value.strip()
    return {**settings, field: changed}


def field_of(name: str, kind: str = COLLECTIVES) -> str:
    """The setting that an option's name or a row's column means; any other name as it is.

    >>> field_of("size_bytes"), field_of("latency-profile"), field_of("k")
    ('size', 'latency_profile', 'k')
    """
    plain, table = name.replace("-", "_"), table_of(kind)
    if plain in table:
        return plain
    return BY_FIELD[plain].name if plain in BY_FIELD and BY_FIELD[plain].name in table else name


def resolve(key: str, texts: Mapping[str, Collection[str]], kind: str = COLLECTIVES) -> str:
    """The one full name of ``key``: ``setting`` or ``setting.part``.

    ``texts``: what each setting may be; a bare part belongs to the one of which some text has it. A dotted
    name is not held against them: whether a text has the part is seen when it is assigned. ``kind``: whose
    settings they are.

    Raises:
        ParameterError: unknown, or the part of several settings.

    >>> resolve("switch_latency", {"latency_profile": ["ideal"]})
    'latency_profile.switch_latency'
    """
    name = key.strip()
    field, dot, part = (piece.strip() for piece in name.partition("."))
    field = field_of(field, kind)
    if dot:
        if field not in table_of(kind):
            raise ParameterError("setting", field, f"unknown field in {name}", _with_parts(kind))
        if field not in _with_parts(kind):
            raise ParameterError("setting", name, f"{field} has no parts", _with_parts(kind))
        if part not in all_parts(field, kind):
            raise ParameterError("setting", part, f"no {field} has such a part", all_parts(field, kind))
        return f"{field}.{part}"
    if field in table_of(kind):
        return field
    having = {
        f: dict.fromkeys(p for text in texts.get(f, ()) for p in legal_parts(f, text, kind))
        for f in _with_parts(kind)
    }
    fits = [f"{f}.{name}" for f, parts in having.items() if name in parts]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise ParameterError("setting", name, f"means {' or '.join(fits)}: write one of them", fits)
    whole = {part: f"{f}.{part}" for f, parts in having.items() for part in parts}
    from difflib import get_close_matches

    legal = [*table_of(kind), *(f"{f}.{part}" for f, parts in having.items() for part in parts)]
    near = [] if get_close_matches(name, legal, n=1) else get_close_matches(name, whole, n=1)
    meant = whole[near[0]] if near else ""
    raise ParameterError("setting", name, "no field and no part of one", legal, meant)


@lru_cache(maxsize=65_536)
def with_part(field: str, text: str, part: str, value: str, kind: str = COLLECTIVES) -> str:
    """``text`` with one part replaced or added.

    Raises:
        ParameterError: what ``text`` names has no such part, or ``text`` is not ``name:key=value,...``.

    >>> with_part("algorithm", "ring:channels=2", "channels", "4")
    'ring:channels=4'
    """
    head, parts = taken_apart(field, text, kind)
    legal = legal_parts(field, text, kind)
    if part not in legal:
        rule = f"{head} has no such part" if legal else f"{head} has no parts"
        raise ParameterError(
            f"{field}.{part}", value, f"{rule}; legal: {', '.join(legal)}" if legal else rule
        )
    if "," in value and value.partition(",")[2].find("=") >= 0:
        raise ParameterError(f"{field}.{part}", value, "one value, without a second key")
    return write_named(head, {**parts, part: value.strip()})


def taken_apart(field: str, text: str, kind: str = COLLECTIVES) -> tuple[str, dict[str, str]]:
    """What the ``text`` of a setting or of a row's column names, and the parts that it gives.

    Raises:
        ParameterError: a part is not key=value.

    >>> taken_apart("topology", "preset:hpn-pod:rate=200Gbps"), taken_apart("version", "1.0")
    (('preset:hpn-pod', {'rate': '200Gbps'}), ('1.0', {}))
    """
    setting = _setting(field, kind)
    return setting.taken_apart(text) if setting else (text.strip(), {})


def parts_of(field: str, text: str, kind: str = COLLECTIVES) -> Mapping[str, str | None]:
    """The parts that what ``text`` names can have, each with the text of its default, if it can be said."""
    setting = _setting(field, kind)
    return setting.parts(text) if setting else {}


def legal_parts(field: str, text: str, kind: str = COLLECTIVES) -> tuple[str, ...]:
    """The parts that what ``text`` names can have; none where it names nothing."""
    return tuple(table_of(kind)[field].parts(text))


@cache
def all_parts(field: str, kind: str = COLLECTIVES) -> tuple[str, ...]:
    """The parts that any text of ``field`` can have."""
    return tuple(dict.fromkeys(table_of(kind)[field].all_parts()))


@cache
def _with_parts(kind: str) -> tuple[str, ...]:
    return tuple(name for name, one in table_of(kind).items() if one.has_parts)


def _setting(field: str, kind: str) -> Setting | None:
    """That of a column of rows, if it is one; a kind's rows have its settings by name."""
    return BY_FIELD.get(field) if kind == COLLECTIVES else table_of(kind).get(field)


def option_words(field: str, value: object) -> list[str]:
    """How a command is given the value of a scenario's field.

    >>> option_words("latency_profile", "ideal"), option_words("allow_partition", True)
    (['--latency-profile', 'ideal'], ['--allow-partition'])
    >>> option_words("packet", "window:mtu=1024")
    ['--cc', 'window', '--mtu', '1024']
    """
    setting = BY_FIELD[field]
    if value is True:
        return [setting.option]
    if setting.help:
        return [setting.option, str(value)]
    head, parts = taken_apart(field, str(value))
    given = {setting.head_part: head, **parts}
    return [
        word for one in setting.part_options if one.part in given for word in (one.option, given[one.part])
    ]
