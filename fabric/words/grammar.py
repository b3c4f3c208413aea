"""The one grammar of a thing with settings, ``NAME[:key=value,...]``. Knows no name and no key.

Spaces around a piece count for nothing, and neither does a comma with nothing behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from fabric.words.errors import ParameterError
from fabric.words.parameter import Parameter

__all__ = [
    "Named",
    "as_known",
    "in_any_case",
    "read_arguments",
    "read_list",
    "read_named",
    "read_pairs",
    "write_arguments",
    "write_named",
]


class Named(NamedTuple):
    """``name``, and the text of each key that was ``given``, in the order of the text."""

    name: str
    given: dict[str, str]


def read_named(what: str, text: str, *, verbatim: Collection[str] = ()) -> Named:
    """The name in ``text`` and the texts of its keys. ``what``: the user's word for such a thing.

    ``verbatim``: keys of which, standing first, the value is all that follows, commas and all, such as paths.

    Names are the same in any case; what looks like a path keeps its own.

    Raises:
        ParameterError: a piece is not key=value, or a key is given twice.

    >>> read_named("routing", " ECMP : qps=4, salt=none,")
    Named(name='ecmp', given={'qps': '4', 'salt': 'none'})
    >>> read_named("routing", "static:file=a,b=c.csv", verbatim=["file"])
    Named(name='static', given={'file': 'a,b=c.csv'})
    """
    name, _, rest = (piece.strip() for piece in text.partition(":"))
    name = in_any_case(name)
    return Named(name, _given(f"{what} {name}".strip(), rest, verbatim))


def in_any_case(name: str) -> str:
    """``name`` in small letters, unless it looks like a path.

    >>> in_any_case("Fat-Tree"), in_any_case("./Fat-Tree"), in_any_case("Graph.json")
    ('fat-tree', './Fat-Tree', 'Graph.json')
    """
    return name if set(name) & set("./\\") else name.lower()


def as_known(text: str, known: Collection[str]) -> str:
    """``text`` with the name before its colon as ``known`` has it, if it is there in some case.

    >>> as_known("HPN:flaps=1/d", ["hpn"]), as_known("My.toml", ["hpn"])
    ('hpn:flaps=1/d', 'My.toml')
    """
    name, colon, rest = text.partition(":")
    small = name.strip().lower()
    return f"{small}{colon}{rest}" if name not in known and small in known else text


def _given(what: str, text: str, verbatim: Collection[str], example: str = "") -> dict[str, str]:
    key, equals, value = (piece.strip() for piece in text.partition("="))
    return {key: value} if equals and key in verbatim else read_pairs(what, text, example)


def read_pairs(what: str, text: str, example: str = "") -> dict[str, str]:
    """The text of each key in ``key=value,...``. Raises as ``read_named``.

    >>> read_pairs("floor", "row=20, pitch = 0.6m")
    {'row': '20', 'pitch': '0.6m'}
    """
    given: dict[str, str] = {}
    for pair in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = (piece.strip() for piece in pair.partition("="))
        if not equals or not key or not value:
            such = f", such as {example}" if example else ""
            raise ParameterError(what, pair, f"key=value is needed{such}")
        if key in given:
            raise ParameterError(f"{what}: {key}", value, f"given twice, {given[key]!r} before")
        given[key] = value
    return given


def read_list(what: str, text: str) -> list[Named]:
    """The things in a list such as ``ring:channels=4,tree``; ``key=value`` belongs to the name before it.

    Raises:
        ParameterError: as ``read_named``; a name is missing.

    >>> [str(write_named(*one)) for one in read_list("algorithm", "tree, ring:a=1,b=2")]
    ['tree', 'ring:a=1,b=2']
    """
    found: list[str] = []
    for piece in (part.strip() for part in text.split(",")):
        if "=" not in piece.partition(":")[0]:
            found.append(piece)
        elif found:
            found[-1] += ("," if ":" in found[-1] else ":") + piece
        else:
            raise ParameterError(what, piece, f"a setting needs the name of its {what} before it")
    return [read_named(what, one) for one in found]


def read_arguments(
    what: str, text: str, parameters: Mapping[str, Parameter], *, prefix: str = ""
) -> dict[str, Any]:
    """The typed arguments in ``key=value,...``, in the order of ``parameters``.

    ``prefix``: before the key where a value is refused.

    Raises:
        ParameterError: a key is unknown (the legal ones are listed, the nearest suggested) or given twice, a
            pair has no ``=``, or a value is not of its type; a bare number where a unit is needed is one of
            these.

    >>> from fabric.words.parameter import RATE, WHOLE
    >>> read_arguments("fat-tree", "rate=400Gbps,k=8", {"k": WHOLE, "rate": RATE})
    {'k': 8, 'rate': 50000000000.0}
    """
    verbatim = [key for key, one in parameters.items() if one.verbatim]
    given = _given(what, text, verbatim, _example(parameters))
    for key in given:
        if key not in parameters:
            rule = "unknown" if parameters else f"{what} takes no parameter"
            raise ParameterError(f"parameter of {what}", key, rule, parameters)
    return {key: one.read(prefix + key, given[key]) for key, one in parameters.items() if key in given}


def write_named(name: str, given: Mapping[str, str]) -> str:
    """The text that ``read_named`` reads as these.

    >>> write_named("ecmp", {"qps": "4"}), write_named("spray", {})
    ('ecmp:qps=4', 'spray')
    """
    return f"{name}:{','.join(f'{key}={value}' for key, value in given.items())}" if given else name


def write_arguments(name: str, arguments: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> str:
    """``name:key=value,...`` in the order of the parameters; ``name`` alone where there is no argument."""
    return write_named(
        name, {key: one.write(arguments[key]) for key, one in parameters.items() if key in arguments}
    )


def _example(parameters: Mapping[str, Parameter]) -> str:
    return " or ".join(f"{key}={parameter.example}" for key, parameter in list(parameters.items())[:2])
