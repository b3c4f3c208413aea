"""Commands whose options take words and paths as they stand. Knows no option.

Newer versions of typer check every word with a validator of types, whose import takes a tenth of a second:
for a text there is nothing to check, and of a path we say ourselves what is wrong with it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from fabric.words.errors import ParameterError

__all__ = ["PlainWords"]


class _AsItStands:
    """What typer asks for the value of an option of one kind."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        several = param.multiple or param.nargs == -1
        if several:
            return [self._kind(one) for one in value] if value else ()
        return None if value is None else self._kind(value)


_KINDS = {kind: _AsItStands(kind) for kind in (str, Path, bool)}
_KINDS |= {list[kind]: one for kind, one in _KINDS.items()}  # type: ignore[valid-type, misc]


class PlainWords:
    """A command (or a group) whose texts, paths and flags typer hands on unchecked.

    A version of typer that does not look at them anyway is left as it is.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for one in parameters:
            kind = getattr(getattr(one, "type_descriptor", None), "annotation", None)
            if kind in _KINDS and hasattr(one, "get_runtime_param"):
                one.get_runtime_param = lambda kind=kind: _KINDS[kind]
        return parameters

    def make_parser(self, ctx: Any) -> Any:
        parser = super().make_parser(ctx)  # type: ignore[misc]
        if not ctx.resilient_parsing:  # a shell completes what is not yet right
            parse = parser.parse_args

            def parsed(args: list[str]) -> Any:
                found = parse(args=args)
                _require_once(found[0], found[2])
                _require_paths(found[0], found[2])
                return found

            parser.parse_args = parsed
        return parser


def _require_once(values: dict[str, Any], given: list[Any]) -> None:
    """Refuse an option of one value that is given again by any of its names: the first would be lost."""
    for one, many in Counter(given).items():
        if many > 1 and not (one.multiple or getattr(one, "is_flag", False) or one.nargs == -1):
            names = " or ".join(one.opts)
            raise ParameterError(names, values[one.name], f"given {many} times, and takes one value")


def _require_paths(values: dict[str, Any], given: list[Any]) -> None:
    """Refuse the empty path of a file: as a Path it would be the folder that the user stands in."""
    for one in dict.fromkeys(given):
        kind = getattr(getattr(one, "type_descriptor", None), "annotation", None)
        if kind in (Path, list[Path]) and "" in (values[one.name], *_listed(values[one.name])):
            raise ParameterError(" or ".join(one.opts), "", "empty: the path of a file is needed")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
