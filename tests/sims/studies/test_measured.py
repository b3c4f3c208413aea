"""Held against machines: the table and where it is from, points and noise, and a baseline that can say no."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import measured_table
import pytest
from project import ROOT

from fabric.words.errors import FileFormatError, ParameterError
from sims.cli import main as cli
from sims.show.figures.diagonal import diagonal_figure
from sims.studies.measured import suite
from sims.studies.measured.machines import MACHINES
from sims.studies.measured.residuals import Residual, headline, residuals, spread
from sims.studies.measured.suite import baseline, machine_case, measured_case
from sims.studies.measured.table import COLUMNS, SOURCES, Measured, measured, read_table

DATA = ROOT.parent / "shared" / "measured"
TABLE = Path(suite.__file__).with_name("times.csv")
ROW = Measured(
    system="lumi",
    run="a",
    nodes=4,
    per_node=1,
    collective="all-reduce",
    algorithm="ring",
    called="",
    size_bytes=2**20,
    time_s=1e-3,
    source="pico",
)


@pytest.mark.skipif(not DATA.exists(), reason="the published files are not beside the checkout")
def test_the_table_is_what_the_published_files_say() -> None:
    assert TABLE.read_text().splitlines() == [measured_table.HEAD, *measured_table.table(DATA)]


def test_every_line_has_a_machine_and_a_source() -> None:
    assert {row.system for row in measured()} == set(MACHINES)
    assert {row.source for row in measured()} == set(SOURCES)
    assert baseline().keys() <= set(MACHINES)


@pytest.mark.parametrize("system", sorted(baseline()))
def test_no_system_is_worse_than_recorded(system: str) -> None:
    case = measured_case(system, True)
    assert case.verdict == "ok", f"{case.error:.3f} > {case.tolerance:.3f}"
    assert case.error == pytest.approx(baseline()[system], abs=0.002), "better: record it"


def test_a_baseline_can_say_no(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = residual(1.0, 1.1), residual(1.0, 2.0)
    monkeypatch.setattr(suite, "baseline", lambda: {"lumi": 0.5})
    assert machine_case("lumi", [far]).verdict == "FAIL"
    assert machine_case("lumi", [far], recorded=False).verdict == "shown"
    assert machine_case("lumi", [far, near, near]).verdict == "ok"  # of the median alone


def test_a_point_is_the_median_of_its_runs_and_their_distance_its_noise() -> None:
    rows = [replace(ROW, run=run, time_s=time) for run, time in (("a", 1e-3), ("b", 1.2e-3), ("c", 2.4e-3))]
    ((one,), left_out) = residuals(rows)
    assert (one.measured, one.repeats, left_out) == (1.2e-3, 3, {})
    assert one.noise == pytest.approx(1.0)  # of 1.2, 2 and 2.4 times, less one, the middle
    assert spread([one]).median == abs(one.error)


def test_what_cannot_be_simulated_is_left_out_aloud() -> None:
    found, left_out = residuals([ROW, replace(ROW, algorithm="sparbit"), replace(ROW, algorithm="bine")])
    assert len(found) == 1
    assert sum(left_out.values()) == 2
    assert all("unknown algorithm of all-reduce" in why for why in left_out)


def test_a_system_without_a_machine_is_refused() -> None:
    with pytest.raises(ParameterError, match="system: 'lumy': unknown system \\(did you mean 'lumi'"):
        residuals([replace(ROW, system="lumy")])


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fabricsim", *words])
    with pytest.raises(SystemExit) as done:
        cli.main()
    return int(done.value.code or 0)


def write(path: Path, *lines: dict[str, object], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return path


LINE = {
    **dict.fromkeys(COLUMNS, ""),
    "system": "lumi",
    "nodes": 4,
    "per_node": 1,
    "collective": "all-reduce",
    "algorithm": "ring",
    "size_bytes": 1048576,
    "time_us": 1000,
}


def test_a_table_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "own.csv", LINE, {**LINE, "time_us": "", "busbw_GBps": 1.5 * 1.048576})
    assert [row.time_s for row in read_table(path)] == pytest.approx([1e-3, 1e-3])
    assert run(monkeypatch, "validate", "--measured", "--times", str(path)) == 0
    assert "median error" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nodes": 0}, "line 2, column 7: nodes: 0: a whole number, 1 or more"),
        ({"time_us": "fast"}, "line 2, column 36: .*fast"),
        ({"time_us": ""}, "line 2, column 36: time_us: '': this or busbw_GBps"),
        ({"time_us": -1}, "line 2, column 36: time_us: .* a finite number above zero"),
        ({"collective": "all-redduce"}, "line 2, column 11: collective: 'all-redduce': unknown collective"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(FileFormatError, match=words):
        read_table(write(tmp_path / "own.csv", {**LINE, **change}))


def test_missing_columns_are_named(tmp_path: Path) -> None:
    columns = tuple(column for column in COLUMNS if column not in ("size_bytes", "nodes"))
    with pytest.raises(FileFormatError, match="the columns nodes, size_bytes are missing; it has system"):
        read_table(write(tmp_path / "own.csv", LINE, columns=columns))
    with pytest.raises(FileFormatError, match="no line below the columns"):
        read_table(write(tmp_path / "empty.csv"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--measured", "--quick"], "validate: '--quick --measured': one of --quick"),
        (["--times", "own.csv"], "a table of measured times is held against --measured"),
        (["--measured", "--times", "none.csv"], "none.csv"),
    ],
)
def test_options_that_do_not_go_together(
    options: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "validate", *options) == 2
    assert words in capsys.readouterr().err


def test_the_figure_shows_every_point() -> None:
    found = [residual(measured, modelled) for measured, modelled in ((1e-5, 1.1e-5), (1e-2, 3e-2))]
    left, right = diagonal_figure(found).axes
    drawn = [line for line in left.lines if line.get_linestyle() == "None"]
    assert [list(line.get_ydata()) for line in drawn] == [[1.1e-5, 3e-2]]
    assert right.get_ylabel() == "modelled / measured"
    assert headline(found).startswith("median error 105.0% over 2 points on 1 system")


def residual(measured: float, modelled: float) -> Residual:
    return Residual(of=ROW, measured=measured, modelled=modelled, latency_share=0.5, repeats=1, noise=None)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (
            f"{','.join(COLUMNS)}\n" + "m,a,2,4,all-reduce,ring,," + "9" * 400 + ",,3,me\n",
            "line 2, column 26",
        ),
        (f"{','.join(COLUMNS)}\n" + "m,a,2,4,all-reduce,ring,,8,1,3,me,more\n", "line 2, column 35"),
        (f"{','.join(COLUMNS)}\nm,{'a' * 200_000}", "line 2, column 3"),
        ("a" * 200_000, "line 1, column 1"),
        ("a,b\n", "line 1, column 4"),
        (f"{','.join(COLUMNS)}\n" + "m,a,0,4,all-reduce,ring,,8,,3,me\n", "line 2, column 5"),
    ],
)
def test_the_place_of_what_no_table_has(text: str, where: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(FileFormatError) as caught:
        read_table(tmp_path / "m.csv")
    assert caught.value.where == where
