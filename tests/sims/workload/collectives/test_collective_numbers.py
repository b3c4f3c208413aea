"""Numbers that a schedule brings itself, unless it is told others."""

from __future__ import annotations

from sims.workload.collectives import build


def test_a_tree_cuts_each_half_into_segments_of_512_kibibytes() -> None:
    """2 MiB: a half of 1 MiB in each tree, two full segments; two bytes more one of a byte."""
    schedule = build("tree", {}, 8)
    (phase,) = schedule.phases
    steps, amount = phase.bytes_of(2 * 2**20, schedule.chunks)
    assert (steps, amount) == (phase.stages + 1, 512 * 1024)
    more, less = phase.bytes_of(2 * 2**20 + 2, schedule.chunks)
    assert more == steps + 1 / (512 * 1024) and less == amount
