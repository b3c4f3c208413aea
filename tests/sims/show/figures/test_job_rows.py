"""Figures of rows of jobs: bars of what each is made of, lines over a setting, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from fabric.words.errors import ParameterError
from sims import train
from sims.cli.main import app
from sims.jobs.goodput.job import GoodputJob
from sims.jobs.together.job import run_jobs
from sims.scenario.files import write_records
from sims.show.figures.job_rows import figure_of_jobs
from sims.show.figures.job_rows.bars import plot_exposed, plot_slowdown, plot_useful
from sims.show.figures.job_rows.over import plot_over
from sims.show.figures.job_rows.quantity import quantity_of
from sims.show.figures.job_rows.selection import where_jobs
from sims.show.figures.job_rows.told import names_of, shared
from topologies import load
from topologies.named import named

TREE = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"
STEP = '[{"collective": "all-reduce", "over": "all", "size": "64MB"}]'
MIX = f'{{"job": [{{"name": "a", "ranks": 8, "step": {STEP}}}, {{"name": "b", "ranks": 8, "step": {STEP}}}]}}'


@pytest.fixture(scope="module")
def steps():
    how = {"ranks": 64, "model": "llama3-8b:layers=4"}
    return [
        train(TREE, **how, batch=batch, groups=f"tp=8,pp={pp},dp=rest", precision=precision)
        for batch in (64, 128)
        for pp in (1, 2)
        for precision in ("bf16", "fp8")
    ]


@pytest.fixture(scope="module")
def weeks():
    topology = named(TREE)
    how = {"step": "20s", "runs": "8", "duration": "20d", "topology": topology.text, "digest": ""}
    jobs = (
        GoodputJob(topology.fabric(), **how, spares=spares, faults=f"rsc-1:host_mtbf={mtbf}")
        for spares in ("0", "4")
        for mtbf in ("9d", "90d")
    )
    return [job.row() for job in jobs]


def axes():
    return Figure().subplots()


def ends_of_bars(ax):
    """Where the last bar of each place ends."""
    ends = {}
    for bars in ax.containers:
        for bar in getattr(bars, "patches", ()):
            y = round(bar.get_y() + bar.get_height() / 2, 6)
            ends[y] = max(ends.get(y, 0.0), bar.get_x() + bar.get_width())
    return [ends[y] for y in sorted(ends)]


@pytest.mark.parametrize(("share", "told"), [(0.009, "dp (below 1%)"), (0.011, "dp")])
def test_the_legend_says_what_is_too_thin_to_be_seen(steps, share, told):
    ax = axes()
    whole = {"compute": 1 - share, "dp": share}
    plot_exposed(ax, [replace(step, time_s=1.0, exposed=whole) for step in steps])
    assert ax.get_legend_handles_labels()[1] == ["compute", told]


def test_the_parts_of_a_step_add_up_to_it(steps):
    ax = axes()
    plot_exposed(ax, steps)
    assert ends_of_bars(ax) == pytest.approx([row.time_s for row in steps])
    assert [text.get_text() for text in ax.get_yticklabels()][:2] == [
        "pp 1, batch 64, bf16",
        "pp 1, batch 64, fp8",
    ]
    (band,) = [one for one in ax.containers if not hasattr(one, "patches")]
    x = band.lines[2][0].get_segments()
    assert [one[0][0] for one in x] == pytest.approx([row.time_s * (1 + row.error_low) for row in steps])
    assert [one[1][0] for one in x] == pytest.approx([row.time_s * (1 + row.error_high) for row in steps])


def test_the_shares_of_a_job_are_all_of_its_time(weeks):
    ax = axes()
    plot_useful(ax, weeks)
    assert ends_of_bars(ax) == pytest.approx([100.0] * 4)
    assert ax.containers[0].patches[0].get_width() == pytest.approx(100 * weeks[0].share)
    assert names_of(weeks)[:2] == ["host mtbf 9d, spares 0", "host mtbf 90d, spares 0"]


def test_jobs_stand_side_by_side():
    row = run_jobs(load(TREE), MIX)
    ax = axes()
    plot_slowdown(ax, [row, row])
    assert ends_of_bars(ax) == pytest.approx([row.jobs[name]["slowdown"] for name in ("a", "b")] * 2)
    assert [one.get_text() for one in ax.texts] == [f"{row.jobs[name]['slowdown']:.3g}" for name in "aabb"]


def test_a_line_joins_what_differs_in_its_axis_alone(steps, weeks):
    ax = axes()
    plot_over(ax, steps, "batch", "mfu", "precision")
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert list(lines) == ["bf16, pp 1", "fp8, pp 1", "bf16, pp 2", "fp8, pp 2"]
    assert lines["fp8, pp 2"] == pytest.approx([100 * steps[3].mfu, 100 * steps[7].mfu])
    ax = axes()
    plot_over(ax, weeks, "faults.host_mtbf")
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert list(lines) == ["spares 0", "spares 4"]
    assert list(lines["spares 4"].get_xdata()) == [9 * 86400, 90 * 86400]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["9d", "90d"]
    assert ax.get_ylabel() == "useful time (%)" and len(ax.collections) == 2


def test_steps_of_unequal_batches_are_compared_by_tokens(steps):
    ax = axes()
    plot_over(ax, steps, "groups.pp")
    assert ax.get_ylabel() == "tokens a second"
    ax = axes()
    plot_over(ax, steps[:4], "groups.pp")
    assert ax.get_ylabel() == "time of a step (s)"


def test_quantities_are_results_entries_of_tables_settings_and_parts(steps):
    row = steps[3]
    assert quantity_of("time_s", [row]).values == (row.time_s,)
    assert quantity_of("exposed.tp", [row]).values == (row.exposed["tp"],)
    assert quantity_of("groups.pp", [row]).values == (2,) == quantity_of("pp", [row]).values
    assert quantity_of("k", [train("fat-tree:k=4", batch=16, model="llama3-8b:layers=1")]).values == (4,)
    assert (
        quantity_of("utilisation.endpoint -> leaf.peak", [row]).label == "utilisation endpoint -> leaf peak"
    )
    for name, legal in {"busbw": "time_s, mfu", "exposed.zz": "exposed.tp", "groups.zz": "groups"}.items():
        with pytest.raises(ParameterError, match=legal):
            quantity_of(name, [row])


def test_conditions_choose_among_them(steps):
    assert where_jobs(steps, ["batch == 64", "precision == 'fp8'"]) == [steps[1], steps[3]]
    assert where_jobs(steps, ["groups.pp > 1 and batch > 64"]) == [steps[6], steps[7]]
    assert shared(steps[:1])["batch"] == "64"
    with pytest.raises(ParameterError, match="holds for none of 8 rows"):
        where_jobs(steps, ["batch > 128"])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"figure": "useful"}, "no figure of rows of train.*exposed, lines"),
        ({"figure": "lines"}, "lines need an axis"),
        ({"figure": "exposed", "x": "batch"}, "the figure exposed does not take it"),
        ({"x": "precision"}, "an axis needs numbers"),
        ({"x": "batch", "y": "precision"}, "an axis needs numbers"),
        ({"width": 1.0}, "inches, from 1.5 to 60"),
        ({"y": "mfu"}, "lines need an axis"),
    ],
)
def test_mistakes(steps, how, message):
    with pytest.raises(ParameterError, match=message):
        figure_of_jobs(steps, **how)


def test_kinds_and_numbers_of_rows(steps, weeks):
    with pytest.raises(ParameterError, match="a figure is of one kind of job"):
        figure_of_jobs([steps[0], weeks[0]])
    with pytest.raises(ParameterError, match="at least one row"):
        figure_of_jobs([])
    with pytest.raises(ParameterError, match="at most 60 bars"):
        figure_of_jobs(steps * 8)


def test_the_command(tmp_path, steps):
    rows = tmp_path / "rows.jsonl"
    write_records(rows, [row.to_dict() for row in steps])
    for name, words in {"a.svg": (), "b.svg": ("--x", "batch", "--where", "pp == 2")}.items():
        result = CliRunner().invoke(app, ["plot", str(rows), "-o", str(tmp_path / name), *words])
        assert result.exit_code == 0, result.exception
        assert steps[-1].key in (tmp_path / name).read_text() and "batch" in (tmp_path / name).read_text()
    refused = CliRunner().invoke(app, ["plot", str(rows), "-o", str(tmp_path / "c.svg"), "--facet", "batch"])
    assert "is of rows of collectives" in str(refused.exception)


def test_a_step_without_a_band_has_no_interval(steps):
    ax = axes()
    plot_exposed(ax, [replace(steps[0], error_low=0.0, error_high=0.0)])
    assert all(hasattr(one, "patches") for one in ax.containers) and np.isfinite(ax.get_xlim()).all()
