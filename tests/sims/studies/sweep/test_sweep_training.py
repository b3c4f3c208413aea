"""Sweeps of training steps: the sweep of docs/training.md, its rows, and what a point may not be."""

import pytest
from project import ROOT

from sims import simulate
from sims.scenario.rows import read_results
from sims.scenario.train_row import TrainRow
from sims.studies.sweep.plan import plan_sweep
from sims.studies.sweep.run import run_sweep
from sims.studies.sweep.spec import SweepError, read_sweep

SHAPES = ROOT / "docs" / "training" / "shapes.toml"

# The same on 512 GPUs, so that it runs in a second.
SMALL = [
    "topology=preset:superpod-h100:su=2",
    "model=llama3-8b:layers=32",
    "batch=64",
    "sequence=1024",
    "interleave=1",
]


def test_the_sweep_of_the_page(tmp_path):
    """Tensor-parallel ranks of a server exchange over NVLink, and better routing never costs time."""
    spec = read_sweep(SHAPES, SMALL)
    out = run_sweep(spec, tmp_path, jobs=1)
    assert not out.failures and out.ran == spec.points
    rows = read_results(tmp_path)
    assert all(isinstance(row, TrainRow) for row in rows)
    assert simulate(rows[0].scenario) == rows[0]
    time = {
        (row.scenario.settings["groups"], row.scenario.settings["routing"].split(":")[0]): row.time_s
        for row in rows
    }
    for groups, _ in time:
        assert time[groups, "adaptive"] <= time[groups, "ecmp"] * (1 + 1e-9)
    assert run_sweep(spec, tmp_path, jobs=1).ran == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("groups=mesh:tp=5,dp=rest,mesh:tp=2,dp=rest", "5 do not divide the 16,384 ranks"),
        ("batch=2047,2048", "multiple of dp x microbatch"),
        ("model=llama4,llama3-8b", "unknown model"),
        ("groups=tp=8,pp=8,dp=rest", "'92.8 GB': one h100 has 85.9 GB"),  # as the page says
    ],
)
def test_points_that_cannot_run_are_told_before_one_runs(change, message):
    with pytest.raises(SweepError, match=message):
        plan_sweep(read_sweep(SHAPES, [change]))
