"""The ladder: all cases, in groups, and how to run them. Prints and draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sims.validation import fluid, fluid_bound, published
from sims.validation.case import Case

__all__ = ["LADDER", "Group", "Maker", "cases"]

Maker = Callable[[bool], Case]  # of ``full``: whether there is time for all points


@dataclass(frozen=True, kw_only=True)
class Group:
    """Cases of one kind, and what they show."""

    title: str
    shows: str
    makers: tuple[Maker, ...]
    only_full: tuple[Maker, ...] = ()  # not in a quick run

    def chosen(self, full: bool) -> tuple[Maker, ...]:
        return self.makers + (self.only_full if full else ())


_FLAT = ("ring", "recursive-doubling", "halving-doubling", "tree")
_ACROSS = ("ring", "halving-doubling", "tree")

LADDER: tuple[Group, ...] = (
    Group(
        title="Fluid model against closed forms",
        shows="Where theory has a formula, the fluid model gives its value. The formulas are written apart "
        "from the engine: no schedule, no route, no clock.",
        makers=(
            *(partial(fluid.flat, name) for name in _FLAT),
            *(partial(fluid.hierarchical, name) for name in _ACROSS),
            fluid.unequal_ring,
            fluid.permutation,
            fluid.incast,
            fluid.parking_lot,
        ),
    ),
    Group(
        title="Fluid model against bound, at scale",
        shows="The clock and the closed forms of the same schedule and routes, from 1,000 to 100,000 "
        "endpoints: one where all wait for the slowest, and never apart by more than theory allows.",
        makers=(fluid_bound.lockstep, fluid_bound.rounds),
    ),
    Group(
        title="Against what others publish",
        shows="Constants, definitions and measurements from outside this project.",
        makers=(
            *(partial(published.nccl_ring, protocol) for protocol in ("ll", "ll128", "simple")),
            *(partial(published.nccl_tree, protocol) for protocol in ("ll", "ll128", "simple", "nvls")),
            published.bus_bandwidth,
            published.nvlink_efficiency,
            published.ring_or_tree,
            published.trees_at_summit,
        ),
    ),
)


def cases(full: bool, ladder: Sequence[Group] = LADDER) -> Iterator[tuple[Group, Case]]:
    """Every case of the ladder with its group, each as it is found."""
    for group in ladder:
        for maker in group.chosen(full):
            yield group, maker(full)
