"""Schedules of many groups: the transfers of each are a collective of its own, whatever the others do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import algorithms, build
from sims.workload.groups import Groups
from sims.workload.mesh import mesh_of
from sims.workload.replay import replay
from sims.workload.schedule import Phase, Schedule


def of_group(whole: Schedule, groups: Groups, number: int) -> list[tuple[Phase, NDArray[np.intp]]]:
    """The transfers of one group in each phase that it takes part in, between its own ranks 0 .. n - 1."""
    place = np.full(whole.n, -1)
    place[groups.members[number]] = np.arange(groups.size)
    found = []
    for phase in whole.phases:
        mine = np.flatnonzero(groups.owner[phase.src] == number)
        assert (groups.owner[phase.dst[mine]] == number).all()
        if len(mine):
            found.append((replace_rows(phase, mine, place), mine))
    return found


def replace_rows(phase: Phase, rows: NDArray[np.intp], place: NDArray[np.intp]) -> Phase:
    arrays = {
        name: getattr(phase, name)[rows]
        for name in ("first", "base", "op", "stage")
        if isinstance(getattr(phase, name), np.ndarray)
    }
    via = None if phase.via is None else np.where(phase.via[rows] < 0, -1, place[phase.via[rows]])
    ends = {"src": place[phase.src[rows]], "dst": place[phase.dst[rows]], "via": via, "weight": None}
    made = phase.cells
    cells = None if made is None else lambda: made()[rows]
    return replace(phase, **ends, **arrays, cells=cells)


# What switches do on trees is of one group; all at once, an all-to-all lists no transfers.
EVERY = [
    (collective, name)
    for collective in COLLECTIVES
    for name in algorithms(collective)
    if name not in ("in-network", "linear", "rail")
]


@pytest.mark.parametrize(("collective", "name"), EVERY)
@pytest.mark.parametrize(
    ("mesh", "over"), [("tp=4,dp=rest", "dp"), ("tp=4,dp=rest", "tp"), ("a=3,b=8,c=2", "b")]
)
def test_each_group_does_its_collective(collective: str, name: str, mesh: str, over: str) -> None:
    groups = Groups(mesh_of(mesh, "none", over, 48).members())
    servers = np.arange(48) // (12 if over == "b" else 8)

    def make(ranks: NDArray[np.int32]) -> Schedule:
        of = {"servers": servers[ranks], "groups": servers[ranks]}
        return build(name, {}, len(ranks), collective=collective, **of)

    whole = groups.together(make, [servers])
    assert whole.n == 48
    for number in range(len(groups)):
        own = make(groups.members[number])
        phases = tuple(phase for phase, _ in of_group(whole, groups, number))
        assert len(phases) == len(own.phases)
        replay(replace(whole, n=groups.size, phases=phases))
        assert [len(phase) for phase in phases] == [len(phase) for phase in own.phases]
    # A byte of the message costs each rank what it costs it in a group alone.
    sent = whole.sent(1.0)[groups.members]
    for number, ranks in enumerate(groups.members):
        assert sent[number] == pytest.approx(make(ranks).sent(1.0), rel=1e-12)


def test_groups_that_servers_cut_in_other_ways_carry_the_same_bytes() -> None:
    """Six ranks in one server make one ring, two and four make four channels: weights even out the chunks."""
    servers = np.arange(24) // 8
    groups = Groups(mesh_of("tp=6,dp=rest", "none", "tp", 24).members())

    def make(ranks: NDArray[np.int32]) -> Schedule:
        return build("ring", {}, len(ranks), servers=servers[ranks])

    assert [one.which.tolist() for one in groups.kin(make, [servers])] == [[0, 3], [1], [2]]
    whole = groups.together(make, [servers])
    (phase,) = whole.phases
    assert phase.weight is not None and phase.weight.max() == 1
    steps, amount = phase.bytes_of(1.0, whole.chunks)
    for number, ranks in enumerate(groups.members):
        (own,) = make(ranks).phases
        _, mine = of_group(whole, groups, number)[0]
        each, moved = own.bytes_of(1.0, make(ranks).chunks)
        assert phase.weight[mine] * steps * amount == pytest.approx(
            np.full(len(own), each * moved), rel=1e-12
        )


def test_phases_of_other_kinds_take_turns() -> None:
    """A group inside a server has nothing to do between servers; one across two has rings of four."""
    servers = np.repeat([0, 1, 2], [8, 4, 4])
    groups = Groups(np.arange(16, dtype=np.int32).reshape(2, 8))

    def make(ranks: NDArray[np.int32]) -> Schedule:
        return build("hierarchical-halving-doubling", {}, len(ranks), groups=servers[ranks])

    whole = groups.together(make, [servers])
    rings = [phase.ring_size for phase in whole.phases]
    assert sorted(rings) == [0, 0, 4, 4, 8, 8] and [size for size in rings if size != 8] == [4, 0, 0, 4]
    sent = whole.sent(1.0)[groups.members]
    for number, ranks in enumerate(groups.members):
        assert sent[number] == pytest.approx(make(ranks).sent(1.0), rel=1e-12)


def test_groups_alike_share_a_schedule_and_phases_share_their_arrays() -> None:
    groups = Groups(mesh_of("tp=8,dp=rest", "none", "dp", 512).members())
    servers = np.arange(512) // 8
    made = []

    def make(ranks: NDArray[np.int32]) -> Schedule:
        made.append(ranks)
        return build("halving-doubling", {}, len(ranks))

    whole = groups.together(make, [servers])
    assert len(made) == 1
    first, last = whole.phases[0], whole.phases[-1]
    assert first.src is last.src and first.dst is last.dst
