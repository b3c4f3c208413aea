"""Benchmarks written, read and compared; that all are found. None is run."""

from pathlib import Path

from sims.workload.collectives.names import sliced_each
from tests.bench.__main__ import benches
from tests.bench.measured import Measured, compared, read, write
from tests.bench.sweeps import ALGORITHMS

ONE = Measured(case="main job", value=2.0, target=1.7, seconds=1.5, floor=0.75)
OTHER = Measured(case="hops", value=0.3, target=0.2, least=True)


def test_a_target_is_the_most_or_the_least() -> None:
    assert ONE.off and not OTHER.off
    assert ONE.line().endswith("OFF") and "least 0.2 x" in OTHER.line()


def test_written_and_read_is_the_same(tmp_path: Path) -> None:
    write(tmp_path / "new" / "a.json", {"commands": [ONE], "packets": [OTHER]})
    assert read(tmp_path / "new" / "a.json") == {"commands: main job": ONE, "packets: hops": OTHER}


def test_ratios_of_each_case_of_two_runs() -> None:
    new = Measured(case="main job", value=1.5, target=1.7, seconds=3.0, floor=2.0)
    _, main, hops = compared({"main job": ONE, "hops": OTHER}, {"main job": new})
    assert main.split()[-6:] == ["2", "x", "1.5", "x", "0.75", "2.00"]  # of values, then of seconds
    assert hops.endswith("only in the old file")


def test_each_module_that_measures_is_found() -> None:
    assert {"commands", "explain", "faults", "packets", "presets", "ranks", "sweeps", "unequal"} <= set(
        benches()
    )


def test_algorithms_of_the_sweep_are_spelled_as_rows_spell_them() -> None:
    """The loop beside it takes them as they stand."""
    assert sliced_each(ALGORITHMS, "flow") == ALGORITHMS
