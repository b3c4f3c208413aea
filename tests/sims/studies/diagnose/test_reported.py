"""Slow runs of real machines: the cause that was said later is in the first answer; what we miss is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import reported

from sims.show.words.diagnose import diagnose_lines
from sims.studies.diagnose.cause import SLOW_PATH
from sims.studies.diagnose.causes import EXPECTED
from sims.studies.diagnose.diagnosis import Diagnosis, diagnose


def diagnosed(case: str, run: str, folder: Path, *, good: bool = False, free: bool = False) -> Diagnosis:
    """``good``: with the good run as baseline; ``free``: as if nobody had said what ran."""
    of, sizes = reported.CASES[case], set(reported.points(case, run))
    sizes &= set(reported.points(case, "good")) if good else sizes
    paths = {}
    for name in (run, "good")[: 1 + good]:
        paths[name] = folder / f"{name}.log"
        paths[name].write_text(reported.text(case, name, sizes))
    return diagnose(
        paths[run],
        of.fabric,
        baseline=paths["good"] if good else None,
        algorithm="" if free else of.algorithm,
    )


# What is wrong in these is the way of the bytes: by the CPU, over fewer NICs, in or out of a slow server.
@pytest.mark.parametrize(
    ("case", "free"),
    [
        ("nccl-949", False),
        ("nccl-949", True),
        ("nccl-1412", False),
        ("nccl-1676", False),
        ("nccl-2409", False),
        ("nccl-tests-352", False),
    ],
)
def test_a_slow_path_is_named_by_the_log_alone(case: str, free: bool, tmp_path: Path) -> None:
    found = diagnosed(case, "slow", tmp_path, free=free)
    assert found.answer[0] == SLOW_PATH, [(one.cause.name, one.share) for one in found.findings]


@pytest.mark.parametrize(
    ("case", "free"),  # the good run of 352 was one of trees
    [
        ("nccl-949", False),
        ("nccl-1412", False),
        ("nccl-1676", False),
        ("nccl-tests-352", True),
        ("nccl-tests-106", False),
    ],
)
def test_a_slow_path_is_named_beside_a_good_run(case: str, free: bool, tmp_path: Path) -> None:
    found = diagnosed(case, "slow", tmp_path, good=True, free=free)
    assert found.answer[0] == SLOW_PATH, [(one.cause.name, one.share) for one in found.findings]


def test_of_the_slow_path_gpudirect_is_the_likeliest_where_it_was_off(tmp_path: Path) -> None:
    assert diagnosed("nccl-949", "slow", tmp_path, free=True).first.cause.name == "GPUDirect off"


def test_one_size_tells_no_cause_of_the_slow_path(tmp_path: Path) -> None:
    """One time is no curve: what was wrong has the times of what is named first, and is named with it."""
    found = diagnosed("nccl-1412", "slow", tmp_path, free=True)
    assert "GPUDirect off" in (found.first.cause.name, *found.equal)
    assert "GPUDirect off" in [one.cause.name for one in found.alike]
    assert "no log of these sizes tells them apart" in "\n".join(diagnose_lines(found))


@pytest.mark.parametrize("case", ["nccl-949", "nccl-1411", "nccl-tests-252"])
def test_nothing_is_wrong_where_nothing_was(case: str, tmp_path: Path) -> None:
    found = diagnosed(case, "good", tmp_path)
    assert found.first.cause is EXPECTED and found.first.share > 0.8


def test_two_things_at_once_are_not_told(tmp_path: Path) -> None:
    """EFA takes four times NCCL's latencies, besides the NIC that was not used: the first is all one sees."""
    found = diagnosed("nccl-527", "slow", tmp_path)
    assert found.first.cause.name == "high latency"
    assert found.first.rms is not None and found.first.rms > 0.5  # nothing fits well


def test_every_point_has_a_case() -> None:
    for case in reported.CASES:
        assert reported.points(case, "slow") or reported.points(case, "good")
