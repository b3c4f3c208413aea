"""The steps of collectives among a few ranks, as data for a page: who sends which chunks to whom, and who
holds what.

Read off the program's own schedules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import build
from sims.workload.schedule import COPY, Phase, Schedule

__all__ = ["SHOWN", "step_data", "steps_of_ranks"]

LEAST, MOST = 4, 16
# Collective and algorithm, as they are called on the page.
SHOWN = (
    ("all-reduce", "ring", "ring all-reduce"),
    ("all-reduce", "tree", "double binary tree all-reduce"),
    ("all-reduce", "recursive-doubling", "recursive doubling all-reduce"),
    ("all-reduce", "halving-doubling", "halving and doubling all-reduce"),
    ("all-gather", "ring", "ring all-gather"),
)


def step_data() -> list[dict[str, Any]]:
    """For each of ``SHOWN`` its name and, by the number of ranks, what ``steps_of_ranks`` says."""
    found = []
    for collective, algorithm, name in SHOWN:
        ranks = {}
        for n in range(LEAST, MOST + 1):
            ranks[str(n)] = steps_of_ranks(build(algorithm, {}, n, collective=collective))
        found.append({"name": name, "ranks": ranks})
    return found


def steps_of_ranks(schedule: Schedule) -> dict[str, Any]:
    """``chunks`` in which the data are cut and ``due``: contributions that each chunk has in the end;
    ``start``: [rank][chunk], contributions held at first; ``steps``: each a list of transfers [from, to,
    copies, chunks ...].

    A step is a round, a repeat of a ring, or what one segment does in a stage of a pipeline. In each, all
    transfers read what their senders held before it.

    >>> found = steps_of_ranks(build("ring", {}, 4))
    >>> found["chunks"], found["due"][0], len(found["steps"]), found["steps"][0][0]
    (4, 4, 6, [0, 1, 0, 0])
    """
    collective = COLLECTIVES[schedule.collective]
    n = schedule.n
    chunks = schedule.chunks * collective.messages(n)
    part = np.arange(chunks) // (chunks // collective.parts(n))
    rank = (np.arange(n)[:, None] - schedule.root) % n
    held = np.broadcast_to(collective.held(rank, part[None, :], n), (n, chunks))
    due = np.broadcast_to(collective.due(rank, part[None, :], n), (n, chunks))
    steps: list[list[list[int]]] = []
    for phase in schedule.phases:
        for t in range(phase.repeat):
            steps += _repeat(phase, t)
    return {
        "chunks": chunks,
        "start": held.astype(int).tolist(),
        "due": held.sum(axis=0).astype(int).tolist(),
        "wanted": due.astype(int).tolist(),
        "steps": steps,
    }


def _repeat(phase: Phase, t: int) -> list[list[list[int]]]:
    """The steps of one repeat: one, or one for each stage."""
    cells, copies = phase.chunks_at(t), phase.ops_at(t) == COPY
    stage = np.zeros(len(phase), int) if phase.stage is None else phase.stage
    return [
        [
            [int(phase.src[i]), int(phase.dst[i]), int(copies[i]), *map(int, cells[i])]
            for i in np.flatnonzero(stage == now)
        ]
        for now in range(int(stage.max()) + 1)
    ]
