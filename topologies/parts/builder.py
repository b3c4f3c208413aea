"""Builder: a function that returns a graph, read off its own signature; Call: what it was asked for.

Knows no family and no file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from math import inf
from typing import Any, Concatenate, ParamSpec, get_type_hints

import networkx as nx

from fabric.machine.declared import declared_in
from fabric.words.errors import ParameterError
from fabric.words.grammar import write_arguments
from fabric.words.parameter import Parameter
from topologies.parts.argument import Argument

__all__ = ["Builder", "Call", "builders_in", "family", "public"]

P = ParamSpec("P")


@dataclass(frozen=True, kw_only=True)
class Builder:
    """A function of keyword arguments that returns a graph, its name, and one line on it.

    Each of its parameters that is annotated with an ``Argument`` can be written as text. ``place`` is where
    it stands in lists: the smallest first, those of no place last, by name.
    """

    name: str
    function: Callable[..., nx.Graph]
    summary: str = ""
    place: float = inf

    @cached_property
    def arguments(self) -> dict[str, Argument]:
        """Each parameter that can be written as text, in the order of the signature."""
        hints = get_type_hints(self.function, include_extras=True)
        metadata = {name: getattr(hints.get(name), "__metadata__", ()) for name in self._signature}
        return {
            name: found[0] for name, found in metadata.items() if found and isinstance(found[0], Argument)
        }

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """How each is spelled."""
        return {name: argument.spelling for name, argument in self.arguments.items()}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The default of each; None where it has none."""
        defaults = {name: self._signature[name].default for name in self.arguments}
        return {name: None if value is inspect.Parameter.empty else value for name, value in defaults.items()}

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The parameters that must be given."""
        return tuple(n for n in self.arguments if self._signature[n].default is inspect.Parameter.empty)

    @cached_property
    def _signature(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.function).parameters

    def given(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that say something: those which are not spelled as the function's default is."""
        defaults = self.defaults
        return {
            name: value
            for name, value in arguments.items()
            if value is not None
            and (defaults[name] is None or self._spelled(name, value) != self._spelled(name, defaults[name]))
        }

    def spelled(self, arguments: Mapping[str, Any], name: str = "") -> str:
        """``arguments`` in the one spelling, without defaults; under ``name`` where it is given."""
        return write_arguments(name or self.name, self.given(arguments), self.parameters)

    def require(self, what: str, arguments: Mapping[str, Any]) -> None:
        """Raise ParameterError where an argument that has no default is not among these."""
        for name in self.needed:
            if name not in arguments:
                rule = f"{what} needs it, such as {name}={self.parameters[name].example}"
                raise ParameterError(name, None, rule)

    def call(self, arguments: Mapping[str, Any], positional: tuple[Any, ...] = ()) -> Call:
        """The call with ``arguments``, each checked by itself, and with the defaults of the others.

        Raises:
            TypeError: an argument that the function does not have or lacks, or that has no keyword.
            ParameterError: an illegal value.
        """
        if positional:
            raise TypeError(f"{self.function.__name__}(): takes keyword arguments only")
        try:
            bound = inspect.Signature([self._signature[name] for name in self.arguments]).bind(**arguments)
        except TypeError as error:
            raise TypeError(f"{self.function.__name__}(): {error}") from None
        bound.apply_defaults()
        values = {
            name: self.defaults[name] if value is None else value for name, value in bound.arguments.items()
        }
        for name, argument in self.arguments.items():
            if values[name] is not None or name in self.needed:
                values[name] = argument.check(name, values[name])
        return Call(self, values)

    def _spelled(self, name: str, value: Any) -> str:
        return self.parameters[name].write(value)


@dataclass(frozen=True)
class Call:
    """A ``builder`` and all its arguments as plain legal ``values``; None is what was left out."""

    builder: Builder
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an argument, ``default`` where the builder has none of this name."""
        return self.values.get(name, default)

    @cached_property
    def name(self) -> str:
        """The call in its one spelling."""
        return self.builder.spelled(self.values)

    def is_given(self, name: str) -> bool:
        """Whether an argument says something that its default does not."""
        return name in self.builder.given({name: self.get(name)})

    def delay(self, tier: int) -> float:
        """Seconds on a cable that leads up to a tier of switches, 1 being that above the endpoints."""
        delays: list[float] = self["delay"]
        return delays[min(tier, len(delays)) - 1]

    def about(self, notes: Sequence[str]) -> dict[str, Any]:
        """What a graph says of itself: ``name``, ``family``, ``params``, which build it again, ``notes``."""
        params = {name: value for name, value in self.values.items() if value is not None}
        return {"name": self.name, "family": self.builder.name, "params": params, "notes": list(notes)}


def family(
    name: str, summary: str, *, place: float = inf
) -> Callable[[Callable[Concatenate[Call, P], nx.Graph]], Callable[P, nx.Graph]]:
    """Make a function the builder of a family: what it is called with is checked and put before it as a Call.

    Its parameters but the first are keywords, each annotated with an ``Argument``.
    """

    def register(function: Callable[Concatenate[Call, P], nx.Graph]) -> Callable[P, nx.Graph]:
        @wraps(function)
        def build(*args: P.args, **kwargs: P.kwargs) -> nx.Graph:
            call = builder.call(kwargs, args)
            return function(call, *args, **call.values)

        signature = inspect.signature(function)
        build.__signature__ = signature.replace(parameters=[*signature.parameters.values()][1:])  # type: ignore[attr-defined]
        builder = Builder(name=name, function=build, summary=summary, place=place)
        return public(build, builder)

    return register


def public(function: Callable[P, nx.Graph], builder: Builder) -> Callable[P, nx.Graph]:
    """``function``, by which ``builders_in`` finds the ``builder``."""
    function.builder = builder  # type: ignore[attr-defined]
    return function


def builders_in(package: str) -> dict[str, Builder]:
    """The builders by name that the modules of a package make, in their places. A new one needs no entry."""
    found = declared_in(package, "builder")
    return {builder.name: builder for builder in sorted(found, key=lambda one: (one.place, one.name))}
