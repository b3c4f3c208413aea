"""What a preset is: a builder with a name and the words that stand beside each of its figures.

Knows no figure and no family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from fabric.words.grammar import write_arguments
from topologies.parts.builder import Builder

__all__ = ["Preset"]


@dataclass(frozen=True, kw_only=True)
class Preset(Builder):
    """A function that builds a family with its arguments filled in from public figures.

    ``disclaimer`` says what the figures are and what they are not.
    """

    name: str
    disclaimer: str

    def signed(self, call: Mapping[str, Any], G: nx.Graph) -> nx.Graph:
        """``G``, which the family built, with ``preset``, ``disclaimer`` and the call's name written on it.

        ``family`` and ``params`` stay those of the family, so that the graph can be built again without the
        preset.
        """
        G.graph["name"] = write_arguments(self.name, self.given(call), self.parameters)
        G.graph["preset"] = self.name
        G.graph["disclaimer"] = self.disclaimer
        return G
