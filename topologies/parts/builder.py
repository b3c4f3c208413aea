"""Builder: a function that returns a graph, and how its parameters are spelled. Knows no family, no file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from fabric.words.errors import ParameterError
from fabric.words.parameter import Parameter

__all__ = ["Builder"]


@dataclass(frozen=True, kw_only=True)
class Builder:
    """A function that returns a graph, how its parameters are spelled, and one line on it.

    ``function`` takes keyword arguments; every one of them that can be written as text stands in
    ``parameters``.
    """

    function: Callable[..., nx.Graph]
    parameters: Mapping[str, Parameter]
    summary: str

    def given(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that say something: those which are not spelled as the function's default is."""
        defaults = self.defaults
        return {
            name: value
            for name, value in arguments.items()
            if value is not None
            and (defaults[name] is None or self._spelled(name, value) != self._spelled(name, defaults[name]))
        }

    @property
    def defaults(self) -> dict[str, Any]:
        """The default of every argument of the function; None where it has none."""
        arguments = inspect.signature(self.function).parameters.items()
        return {name: None if p.default is p.empty else p.default for name, p in arguments}

    def require(self, what: str, arguments: Mapping[str, Any]) -> None:
        """Raise ParameterError where an argument that has no default is not among these."""
        for name, argument in inspect.signature(self.function).parameters.items():
            if argument.default is argument.empty and name not in arguments:
                rule = f"{what} needs it, such as {name}={self.parameters[name].example}"
                raise ParameterError(name, None, rule)

    def _spelled(self, name: str, value: Any) -> str:
        return self.parameters[name].write(value)
