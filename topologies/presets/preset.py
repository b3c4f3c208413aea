"""What a preset is: a builder with a name and the words that stand beside each of its figures.

Knows no figure and no family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from math import inf

import networkx as nx

from topologies.parts.builder import Builder, P, public

__all__ = ["Preset", "preset"]


@dataclass(frozen=True, kw_only=True)
class Preset(Builder):
    """A function that builds a family with its arguments filled in from public figures.

    ``disclaimer`` says what the figures are and what they are not; ``also`` has its other names, each with
    why it is one and how sure that is; ``network`` is its kind of network, which says how quick its switches
    and NICs are.
    """

    disclaimer: str
    also: Mapping[str, str] = field(default_factory=dict)
    network: str = "RoCE 400G"

    def claim(self, called: str = "") -> str:
        """The disclaimer; where it was asked for by another name, ``called``, also for what that stands."""
        if called not in self.also:
            return self.disclaimer
        named = f"preset:{called} is another name of preset:{self.name}"
        return f"{self.disclaimer}; {named}: {self.also[called]}"


def preset(
    name: str,
    summary: str,
    *,
    disclaimer: str,
    place: float = inf,
    also: Mapping[str, str] | None = None,
    network: str = "RoCE 400G",
    in_network: str = "",
) -> Callable[[Callable[P, nx.Graph]], Callable[P, nx.Graph]]:
    """Make a function a preset: the graph that it returns gets its ``name`` and ``disclaimer``.

    ``in_network`` says whether its switches add up and spread, where that is known: "yes: why" or "no: why".
    ``family`` and ``params`` stay those of the family, so that the graph can be built again without the
    preset. Its parameters are keywords, each annotated with an ``Argument``.
    """

    def register(function: Callable[P, nx.Graph]) -> Callable[P, nx.Graph]:
        @wraps(function)
        def build(*args: P.args, **kwargs: P.kwargs) -> nx.Graph:
            call = builder.call(kwargs, args)
            G = function(*args, **call.values)
            G.graph.update(name=call.name, preset=name, disclaimer=disclaimer)
            if in_network:
                G.graph["in_network"] = in_network
            return G

        builder = Preset(
            name=name,
            function=build,
            summary=summary,
            place=place,
            disclaimer=disclaimer,
            also=also or {},
            network=network,
        )
        return public(build, builder)

    return register
