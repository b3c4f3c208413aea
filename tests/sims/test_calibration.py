"""Calibration: constants that are put into a log come out of it again, whatever a few outliers say."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fabric import Fabric
from fabric.errors import ParameterError
from sims import cli
from sims.allreduce import AllReduce
from sims.calibration import fit, robust_fit
from sims.calibration_lines import default_fabric, plan
from sims.nccl_log import Measurement, read_nccl
from sims.output import read_records
from sims.profiles import latency_profile
from sims.tuning_lines import chosen_by_nccl
from topologies import load

SIZES = [2**i for i in range(3, 35)]
TRUE = (  # twice the latencies of nccl-ring-ll, and 0.8 of the bandwidth in place of 0.5
    "nccl-ring-ll:base=13.2us,net_step=5.4us,intra_step=1.2us,least_step=2us,"
    "bandwidth=0.8,scaleup_bandwidth=0.8"
)


def job(ranks: int, profile: str) -> AllReduce:
    fabric = Fabric.from_graph(load(default_fabric(ranks)))
    return AllReduce(fabric, routing="adaptive", latency_profile=profile)


def measurement(size: int, time: float) -> Measurement:
    return Measurement(size_bytes=size, time_s=time, algbw_GBps=1, busbw_GBps=1, in_place=False)


def measured(ranks: int, algorithm: str, profile: str) -> list[Measurement]:
    made = job(ranks, profile)
    return [measurement(size, made.row(algorithm, size).time_s) for size in SIZES]


def nccl_log(rows: list[Measurement], ranks: int) -> str:
    lines = ["# nThread 1 nGpus 1 minBytes 8 maxBytes 99 step: 2(factor) warmup iters: 1 iters: 20"]
    lines += ["# Collective test starting: all_reduce_perf", "# Using devices"]
    lines += [
        f"#  Rank {r:2} Group  0 Pid {r:6} on gpu-{r // 8} device {r % 8} [0x00] H" for r in range(ranks)
    ]
    lines += ["# size count type redop root time algbw busbw #wrong time algbw busbw #wrong"]
    for row in rows:
        time, alg = row.time_s * 1e6, row.size_bytes / row.time_s / 1e9
        bus = alg * 2 * (ranks - 1) / ranks
        half = f"{time:.4f} {alg:.4f} {bus:.4f} 0"
        lines.append(f"{row.size_bytes} {row.size_bytes // 4} float sum -1 {half} {half}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("ranks", [8, 16, 64])
def test_a_profile_that_made_the_times_is_found(ranks: int) -> None:
    found = fit(job(ranks, "nccl-ring-ll"), "ring", measured(ranks, "ring", TRUE))
    expected = latency_profile(TRUE).constants()
    assert found.profile.constants() == pytest.approx(expected, rel=1e-5)
    assert found.typical < 1e-8
    assert found.alpha == pytest.approx(job(ranks, TRUE).row("ring", 8).time_s, rel=1e-4)


def test_a_tenth_of_outliers_does_not_pull() -> None:
    rows = measured(16, "ring", TRUE)
    draw = np.random.default_rng(5)
    noisy = [
        measurement(r.size_bytes, r.time_s * float(draw.lognormal(0, 0.01)) * (3 if i % 10 == 4 else 1))
        for i, r in enumerate(rows)
    ]
    found = fit(job(16, "nccl-ring-ll"), "ring", noisy)
    assert found.profile.net_step == pytest.approx(5.4e-6, rel=0.02)
    assert found.profile.bandwidth == pytest.approx(0.8, rel=0.02)
    assert np.sum(found.residual > 1.5) == sum(i % 10 == 4 for i in range(len(rows)))


def test_the_robust_fit_is_least_squares_without_outliers() -> None:
    draw = np.random.default_rng(1)
    seconds = np.geomspace(1e-3, 1e3, 200)
    noise = np.exp(draw.normal(0, 0.05, 200))
    f, g = robust_fit(np.ones(200), seconds, (2 + 3 * seconds) * noise)
    assert f == pytest.approx(2, rel=0.02) and g == pytest.approx(3, rel=0.02)


def test_two_sizes_or_no_latency_are_refused() -> None:
    rows = measured(8, "ring", TRUE)
    with pytest.raises(ParameterError, match=r"sizes of ring: 2: at least 3 sizes"):
        fit(job(8, "nccl-ring-ll"), "ring", rows[:2])
    with pytest.raises(ParameterError, match=r"has no latency that could be scaled"):
        fit(job(8, "ideal:cable_factor=0"), "ring", rows)


def test_sizes_that_tell_nothing_of_a_number_are_refused() -> None:
    flat = [measurement(size, 2e-5) for size in SIZES[:6]]
    with pytest.raises(ParameterError, match=r"sizes of ring: '8 to 256 B': .* nothing of bandwidth"):
        fit(job(8, "nccl-ring-ll"), "ring", flat)
    steep = [measurement(size, size / 1e11) for size in SIZES[-6:]]
    with pytest.raises(ParameterError, match=r"sizes of ring: .* nothing of latency: it needs smaller"):
        fit(job(8, "nccl-ring-ll"), "ring", steep)


def test_nccls_words_and_numbers_for_what_it_chose() -> None:
    text = """
    a:1:2 [0] NCCL INFO AllReduce: 1024 Bytes -> Algo RING proto LL128 channel{Lo..Hi}={0..1}
    a:1:2 [0] NCCL INFO Broadcast: 2048 Bytes -> Algo RING proto SIMPLE channel{Lo..Hi}={0..1}
    a:1:2 [0] NCCL INFO 4096 Bytes -> Algo 5 proto 2 time 26.3
    """
    assert chosen_by_nccl(text) == {1024: ("RING", "LL128"), 4096: ("NVLS_TREE", "SIMPLE")}


def test_a_log_that_tells_its_algorithms_is_fitted_by_each() -> None:
    rows = measured(16, "ring", TRUE)
    text = "\n".join(
        f"AllReduce: {r.size_bytes} Bytes -> Algo "
        f"{'TREE proto LL' if r.size_bytes < 2**16 else 'RING proto SIMPLE'}"
        for r in rows
    )
    items = plan(rows, text, None, None)
    assert [(i.label, i.algorithm, i.profile, len(i.rows)) for i in items] == [
        ("tree ll", "hierarchical-tree", "nccl-tree-ll", 13),
        ("ring simple", "ring", "nccl-ring-simple", 19),
    ]
    assert [i.algorithm for i in plan(rows, text, "tree", None)] == ["tree"]
    assert [i.algorithm for i in plan(rows, "", None, None)] == ["ring", "hierarchical-tree"]
    with pytest.raises(ParameterError, match="name what is to be fitted"):
        plan(rows, text, "auto", None)


@pytest.mark.parametrize(("ranks", "gpus"), [(8, 8), (12, 6), (7, 7), (11, 1), (1024, 8)])
def test_a_default_fabric_has_servers_that_divide_the_ranks(ranks: int, gpus: int) -> None:
    fabric = Fabric.from_graph(load(default_fabric(ranks)))
    assert fabric.n_endpoints == ranks
    assert fabric.n_scaleup == (ranks // gpus if gpus > 1 else 0)


# --- the command -------------------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fabricsim", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_a_written_profile_gives_the_measured_times_in_other_commands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = measured(16, "ring", TRUE)
    (tmp_path / "nccl.log").write_text(nccl_log(rows, 16), encoding="utf-8")
    words = ("-o", "own.toml", "--out", "r.csv", "--plot", "r.svg")
    assert run(monkeypatch, "calibrate", "nccl.log", *words) == 0
    out, err = capsys.readouterr()
    assert "ring " in out and "# best fit   ring: custom (base=13.2us" in out
    assert err.splitlines() == ["wrote own.toml", "wrote r.csv", "wrote r.svg"]
    assert len(read_records(tmp_path / "r.csv")) == 2 * 2 * len(SIZES)  # in place and not, two algorithms
    drawn = (tmp_path / "r.svg").read_text(encoding="utf-8")
    assert "residual (%)" in drawn and "Dots: measured, nccl.log." in drawn
    spec = default_fabric(16)
    common = (spec, "--routing", "adaptive", "--latency-profile", "own.toml")
    assert (
        run(monkeypatch, "allreduce", *common, "--algorithm", "ring", "--sizes", "1K,64M", "--out", "a.csv")
        == 0
    )
    for row in read_records(tmp_path / "a.csv"):
        (true,) = (r.time_s for r in rows if r.size_bytes == int(row["size_bytes"]))
        assert float(row["time_s"]) == pytest.approx(true, rel=1e-3)
    assert run(monkeypatch, "flows", *common, "--size", "1MB") == 0
    assert run(monkeypatch, "latency", *common) == 0


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("nothing", (), "holds no results of nccl-tests"),
        (None, (), "cannot be read"),
        ("ok", ("--algorithm", "rnig"), "unknown algorithm (did you mean 'ring'"),
        ("ok", ("-o", "own.json"), "legal: .toml"),
        ("ok", ("--latency-profile", "slow"), "neither a profile nor a file"),
        ("ok", ("--topology", "fat-tree:k=2"), "at most the 2 endpoints"),
    ],
)
def test_bad_input(
    text: str | None,
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        whole = nccl_log(measured(8, "ring", TRUE), 8) if text == "ok" else text
        (tmp_path / "nccl.log").write_text(whole, encoding="utf-8")
        if text == "ok":
            assert read_nccl(tmp_path / "nccl.log").ranks == 8
    assert run(monkeypatch, "calibrate", "nccl.log", *words) == 2
    out, err = capsys.readouterr()
    assert message in err and err.count("\n") == 1 and out == ""
    assert [p.name for p in tmp_path.iterdir()] in (["nccl.log"], [])
