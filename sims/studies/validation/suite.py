"""The ladder: all cases, in groups, and how to run them. Prints and draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sims.studies.measured.suite import baseline, measured_case
from sims.studies.validation import (
    fluid,
    fluid_bound,
    packet_apart,
    packet_exact,
    packet_fluid,
    packet_rank,
    published,
    training,
    weeks,
)
from sims.studies.validation.case import Case
from sims.studies.validation.closed_forms import OTHERS

__all__ = ["LADDER", "MACHINES", "Group", "Maker", "cases"]

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

MACHINES = Group(
    title="Against machines",
    shows="Times that others have measured and published, and what the models give for the same operation. "
    "A case is a system; the median error of its points may not become worse than it was.",
    makers=(),
    only_full=tuple(partial(measured_case, system) for system in baseline()),
)

LADDER: tuple[Group, ...] = (
    Group(
        title="Fluid model against closed forms",
        shows="Where theory has a formula, the fluid model gives its value. The formulas are written apart "
        "from the engine: no schedule, no route, no clock.",
        makers=(
            *(partial(fluid.flat, name) for name in _FLAT),
            *(partial(fluid.hierarchical, name) for name in _ACROSS),
            fluid.chain_tree,
            fluid.in_network,
            *(partial(fluid.of_collective, name) for name in OTHERS),
            fluid.rail,
            fluid.unequal_ring,
            fluid.permutation,
            fluid.incast,
            fluid.parking_lot,
        ),
    ),
    Group(
        title="Packet model against closed forms, idle",
        shows="One message, many senders to one, a ring: where nothing competes, theory has a formula for "
        "packets too.",
        makers=(
            packet_exact.single_flow,
            packet_exact.goodput,
            packet_exact.incast,
            packet_exact.ring,
        ),
    ),
    Group(
        title="Packet model against fluid model",
        shows="The same flows on the same paths, packet by packet and as a fluid. With a window that aims at "
        "fair shares the two agree; plain lossless queues are not fair, and trees fill faster than lockstep "
        "has it: both are measured here.",
        makers=(
            partial(packet_fluid.mean_ends, "window"),
            partial(packet_fluid.makespans, "window"),
            partial(packet_fluid.flow_by_flow, "window"),
            partial(packet_fluid.mean_ends, "none"),
            partial(packet_fluid.makespans, "none"),
            partial(packet_fluid.flow_by_flow, "none"),
            packet_fluid.spread,
            packet_fluid.collectives_alone,
            packet_fluid.collectives_with_collisions,
            partial(packet_fluid.odd_ranks, "barrier"),
            partial(packet_fluid.odd_ranks, "receipt"),
            packet_fluid.other_collectives,
            packet_fluid.slices,
            packet_fluid.trees,
        ),
        only_full=(packet_fluid.rings_of_servers,),
    ),
    Group(
        title="Packet model against ranks that do not wait",
        shows="The same collectives as a fluid with --sync rank: both models let each rank go on by itself, "
        "and agree where barriers keep the default apart.",
        makers=(
            packet_rank.alone,
            packet_rank.collisions,
            packet_rank.odd_ranks,
            packet_rank.slices,
            packet_rank.trees,
        ),
        only_full=(packet_rank.rings_of_servers, packet_rank.trees_in_queues, packet_rank.many_collisions),
    ),
    Group(
        title="Packet model with flows kept apart against fluid model",
        shows="With turns and credits of each flow at every port (--cc hop-by-hop) packets share as the "
        "fluid model has it, flow by flow, and whole collectives agree with --sync rank. So what differs in "
        "the two groups before are queues, first in, first out, and a control from end to end.",
        makers=(
            packet_apart.mean_ends,
            packet_apart.makespans,
            packet_apart.flow_by_flow,
            packet_apart.limit,
            packet_apart.collisions,
            packet_apart.odd_ranks,
            packet_apart.slices,
            packet_apart.trees,
        ),
        only_full=(packet_apart.rings_of_servers,),
    ),
    Group(
        title="Fluid model against bound, at scale",
        shows="The clock and the closed forms of the same schedule and routes, from 1,000 to 100,000 "
        "endpoints: one where all wait for the slowest, and never apart by more than theory allows.",
        makers=(fluid_bound.lockstep, fluid_bound.rounds),
    ),
    Group(
        title="Weeks of a job",
        shows="A job that fails and saves its state: Daly's closed form lies in the interval of the runs, "
        "and published jobs are interrupted as often as their parts fail.",
        makers=(weeks.daly, weeks.interruptions),
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
        only_full=(training.llama3,),
    ),
    MACHINES,
)


def cases(full: bool, ladder: Sequence[Group] = LADDER) -> Iterator[tuple[Group, Case]]:
    """Every case of the ladder with its group, each as it is found."""
    for group in ladder:
        for maker in group.chosen(full):
            yield group, maker(full)
