"""Drawings of schedules: an arrow for each transfer, and what it carries beside each step."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from sims.show.figures.schedule import schedules_figure, steps_of
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import algorithms, build


@pytest.mark.parametrize("collective", COLLECTIVES)
def test_every_algorithm_has_a_panel_with_its_transfers(collective: str) -> None:
    figure = schedules_figure(collective)
    panels = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in panels] == [*algorithms(collective)]
    assert all(any(isinstance(one, FancyArrowPatch) for one in ax.patches) for ax in panels)


def test_steps_add_up_to_what_ranks_send() -> None:
    groups = np.arange(4) // 2
    for collective in COLLECTIVES:
        for name in algorithms(collective):
            schedule = build(name, {}, 4, collective=collective, groups=groups)
            if any(phase.tree is not None for phase in schedule.phases):
                continue  # what switches send is no rank's
            total = sum((len(transfers) * share for transfers, share in steps_of(schedule)), Fraction(0))
            assert float(total) == pytest.approx(float(schedule.sent(1.0).sum()))


def test_switches_stand_beside_the_lines_of_ranks() -> None:
    schedule = build("in-network", {}, 4, servers=np.arange(4) // 2)
    steps = [transfers for transfers, _ in steps_of(schedule)]
    for number, transfers in enumerate(steps):
        switches = {transfer[0 if number % 2 else 1] for transfer in transfers}
        assert all(place != round(place) for place in switches) and switches
