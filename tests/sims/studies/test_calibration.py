"""Calibration: constants that are put into a log come out of it again, whatever a few outliers say."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from project import ROOT

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.cli import main as cli
from sims.jobs.allreduce import AllReduce
from sims.jobs.collective import CollectiveJob
from sims.models.profiles import latency_profile
from sims.scenario.files import read_records
from sims.studies.calibrated import calibrate, default_fabric, doubts, plan
from sims.studies.calibration import fit, robust_fit
from sims.studies.nccl_log import FACTORS, Measurement, read_nccl
from sims.studies.nccl_log.tuning import chosen_by_nccl
from sims.workload.collective import ALL_REDUCE, COLLECTIVES, TOOLS, Collective
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


def nccl_log(
    rows: list[Measurement], ranks: int, hosts: Sequence[int] = (), of: Collective = ALL_REDUCE
) -> str:
    """``hosts``: ranks on each; by default as many of eight as there are."""
    host = np.repeat(np.arange(len(hosts)), hosts) if hosts else np.arange(ranks) // 8
    lines = ["# nThread 1 nGpus 1 minBytes 8 maxBytes 99 step: 2(factor) warmup iters: 1 iters: 20"]
    lines += [f"# Collective test starting: {of.tool}_perf", "# Using devices"]
    lines += [
        f"#  Rank {r:2} Group  0 Pid {r:6} on gpu-{host[r]} device {r % 8} [0x00] H" for r in range(ranks)
    ]
    lines += ["# size count type redop root time algbw busbw #wrong time algbw busbw #wrong"]
    for row in rows:
        time, alg = row.time_s * 1e6, row.size_bytes / row.time_s / 1e9
        bus = alg * of.factor(ranks)
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


def test_the_delay_of_cables_scales_as_all_latency_does() -> None:
    made = "roce-400g:overhead=3us,switch_latency=900ns,cable_factor=2,bandwidth=0.9,scaleup_overhead=1.8us"
    base = made.replace("3us", "1.5us").replace("900", "450").replace("=2", "=1").replace("1.8us", "0.9us")
    found = fit(job(64, base), "tree", measured(64, "tree", made))
    assert found.profile.cable_factor == pytest.approx(2, rel=1e-4)
    assert found.profile.switch_latency == pytest.approx(900e-9, rel=1e-4)


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
        ("ok", ("--algorithm", "rnig"), "unknown algorithm of all-reduce (did you mean 'ring'"),
        ("ok", ("-o", "own.yaml"), "legal: .toml"),
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


def on_a_wire(rate: float, ranks: int, sizes: Sequence[int], latency: float = 2e-5) -> list[Measurement]:
    """An all-reduce of which each rank sends and receives 2(n-1)/n of its bytes at ``rate``."""
    return [measurement(s, latency + 2 * (ranks - 1) / ranks * s / rate) for s in sizes]


def test_hosts_of_the_log_are_the_servers_so_the_network_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two hosts of one GPU, 12 GB/s between them: the profile gives 12 GB/s on any such link again."""
    monkeypatch.chdir(tmp_path)
    rows = on_a_wire(12e9, 2, SIZES[5:28])
    (tmp_path / "nccl.log").write_text(nccl_log(rows, 2, (1, 1)), encoding="utf-8")
    assert run(monkeypatch, "calibrate", "nccl.log", "-o", "own.toml") == 0
    out, err = capsys.readouterr()
    assert "# devices    on 2 hosts of 1\n# topology   fat-tree:endpoints=2,radix=128\n" in out
    assert err == "wrote own.toml\n"
    words = ("--latency-profile", "own.toml", "--algorithm", "ring", "--size", "1GiB", "--out", "a.csv")
    assert run(monkeypatch, "allreduce", "star:endpoints=2", *words) == 0
    (row,) = read_records(tmp_path / "a.csv")
    assert float(row["busbw_GBps"]) == pytest.approx(2**30 / (2e-5 + 2**30 / 12e9) / 1e9, rel=1e-4)
    capsys.readouterr()
    inside = ("--topology", "fat-tree:endpoints=2,radix=4,gpus_per_server=2")
    assert run(monkeypatch, "calibrate", "nccl.log", "-o", "own.toml", *inside) == 0
    said = "the log's devices are on 2 hosts of 1, the fabric's are on 1 server of 2"
    assert f"fabricsim: warning: {said}" in capsys.readouterr().err
    assert said in warnings_of(tmp_path / "own.toml")[0]


def warnings_of(path: Path) -> list[str]:
    latency_profile(str(path))  # it is read back, whatever it warns of
    found: list[str] = tomllib.loads(path.read_text(encoding="utf-8"))["calibration"]["warnings"]
    return found


@pytest.mark.parametrize(
    ("hosts", "fabric"),
    [
        ((8, 8), "fat-tree:endpoints=16,radix=128,gpus_per_server=8"),
        ((4, 4, 4, 4), "fat-tree:endpoints=16,radix=128,gpus_per_server=4"),
        ((1,) * 5, "fat-tree:endpoints=5,radix=128"),
        ((16,), "fat-tree:endpoints=16,radix=128,gpus_per_server=16"),
        ((8, 5), "fat-tree:endpoints=16,radix=128,gpus_per_server=8"),
    ],
)
def test_the_fabric_of_hosts(hosts: tuple[int, ...], fabric: str) -> None:
    assert default_fabric(sum(hosts), hosts) == fabric
    made = Fabric.from_graph(load(fabric))
    assert len(np.unique(made.server[: sum(hosts)])) == (len(hosts) if max(hosts) > 1 else 1)


def test_what_is_assumed_without_a_list_of_hosts_is_said(tmp_path: Path) -> None:
    """16 ranks by busbw over algbw: two servers of eight, or whatever the fabric has, some of none."""
    (tmp_path / "nccl.log").write_text(bare(nccl_log(measured(16, "ring", "nccl-ring-ll"), 16)))
    log = read_nccl(tmp_path / "nccl.log")
    for spec, servers in (
        (default_fabric(16), "2 servers of 8"),
        ("fat-tree:k=4,gpus_per_server=4", "4 servers of 4"),
        ("fat-tree:k=4", "16 servers of 1"),
    ):
        made = AllReduce(Fabric.from_graph(load(spec)))
        (said,) = doubts(log, made, named=False)
        assert said.startswith(f"the log does not list its hosts: {servers} are assumed; ")
        assert doubts(log, made, named=True) == []


def test_a_fabric_that_is_handed_over_is_named(tmp_path: Path) -> None:
    """Nothing is assumed then, so a log without hosts leaves no doubt."""
    rows = measured(16, "ring", "nccl-ring-ll")
    (tmp_path / "nccl.log").write_text(bare(nccl_log(rows, 16)))
    log, fabric = read_nccl(tmp_path / "nccl.log"), Fabric.from_graph(load(default_fabric(16)))
    items = plan(rows, "", "ring", None)
    assert calibrate(log, fabric, items).doubts == ()
    assert len(calibrate(log, fabric, items, named=False).doubts) == 1


def test_hosts_that_no_packed_ranks_fill_are_refused() -> None:
    rule = "2 hosts of 4, 2 hosts of 2.*: hosts of different size .* name the fabric"
    with pytest.raises(ParameterError, match=rule):
        default_fabric(12, (4, 2, 2, 4))


def test_an_algorithm_that_does_not_fit_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three ranks on servers of two: no hierarchical tree, and the ring is fitted all the same."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nccl.log").write_text(nccl_log(on_a_wire(4e10, 3, SIZES), 3, (2, 1)), encoding="utf-8")
    for words in ((), ("--topology", "fat-tree:endpoints=4,radix=4,gpus_per_server=2")):
        assert run(monkeypatch, "calibrate", "nccl.log", "-o", "own.toml", *words) == 0
        out, err = capsys.readouterr()
        assert "# note       left out: hierarchical-tree: groups: " in out and "# best fit   ring" in out
        assert err == "wrote own.toml\n"
    assert run(monkeypatch, "calibrate", "nccl.log", "--algorithm", "hierarchical-tree") == 2
    assert "need groups of the same size" in capsys.readouterr().err


def bare(text: str) -> str:
    return "".join(line for line in text.splitlines(True) if "Rank" not in line)


def test_ranks_by_option_from_the_list_or_by_busbw(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "nccl.log"
    text = bare(nccl_log(on_a_wire(4e10, 16, SIZES), 16))
    log.write_text(text, encoding="utf-8")
    for words in ((), ("--ranks", "16")):
        assert run(monkeypatch, "calibrate", "nccl.log", "-o", "own.toml", *words) == 0
        out, err = capsys.readouterr()
        assert "all-reduce on 16 ranks" in out
        said = "the log does not list its hosts: 2 servers of 8 are assumed; name the fabric if they differ"
        assert f"fabricsim: warning: {said}\n" in err and warnings_of(tmp_path / "own.toml") == [said]
    assert run(monkeypatch, "calibrate", "nccl.log", "--ranks", "8") == 2
    assert "is not size / time x 1.75" in capsys.readouterr().err
    log.write_text(bare(nccl_log(on_a_wire(4e7, 5000, SIZES), 5000)), encoding="utf-8")
    assert run(monkeypatch, "calibrate", "nccl.log") == 2
    assert "does not tell its ranks, by devices or busbw: give --ranks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rate", "sizes", "noise", "said"),
    [
        (4e10, SIZES[5:28:8], 0.0, "only 3 sizes were measured: two numbers are found from them"),
        (4e10, SIZES[5:28], 1.0, "a poor fit: half of the times are off by more than "),
        (9e10, SIZES[5:28], 0.0, "the bandwidth is above line rate: 1.8 times what the links of fat-tree:"),
    ],
)
def test_what_does_not_fit_is_said_aloud_and_stands_in_the_profile(
    rate: float,
    sizes: list[int],
    noise: float,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Links carry 50 GB/s; a log of 40 GB/s, of many sizes and without noise says nothing."""
    monkeypatch.chdir(tmp_path)
    factor = np.random.default_rng(3).uniform(1, 1 + noise, len(sizes))
    rows = [measurement(r.size_bytes, r.time_s * float(x)) for r, x in zip(on_a_wire(rate, 4, sizes), factor)]
    (tmp_path / "nccl \U0001f4c8.log").write_text(nccl_log(rows, 4, (1, 1, 1, 1)), encoding="utf-8")
    words = ("--algorithm", "ring", "-o", "own.toml")
    assert run(monkeypatch, "calibrate", "nccl \U0001f4c8.log", *words) == 0
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "warning" in line)
    assert line.startswith(f"fabricsim: warning: ring: {said}")
    assert warnings_of(tmp_path / "own.toml") == [line.removeprefix("fabricsim: warning: ring: ")]


@pytest.mark.parametrize(
    ("above", "said"), [(True, "links were faster, switches red"), (False, "probably another")]
)
def test_a_bandwidth_above_the_links_is_of_faster_links_or_of_unlike_sizes(above: bool, said: str) -> None:
    """Links of 90 GB/s; or of 50 GB/s, where small sizes take a time of their own."""
    job = CollectiveJob(Fabric.from_graph(load(default_fabric(4, (1, 1, 1, 1)))))
    sizes = SIZES[5:21]
    if above:
        rows = list(on_a_wire(9e10, 4, sizes))
    else:
        rows = [measurement(size, 1.02 * 1.5 * max(size, 2**20) / 50e9) for size in sizes]
    found = fit(job, "ring", rows)
    (line,) = (line for line in found.warnings if "above line rate" in line)
    assert said in line and "another algorithm ran at some sizes" in line
    bytes_alone = found.size * 2 * 3 / 4 / 50e9
    assert found.at_rate == pytest.approx(bytes_alone)
    assert bool((found.measured < bytes_alone).any()) == above


def test_ten_times_the_line_rate_is_no_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nccl.log").write_text(nccl_log(on_a_wire(1e12, 4, SIZES), 4, (1,) * 4), encoding="utf-8")
    assert run(monkeypatch, "calibrate", "nccl.log", "--algorithm", "ring") == 2
    assert "bandwidth of ring, in the links' rate: '20': at most 10" in capsys.readouterr().err


def test_racks_that_are_one_domain_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = nccl_log(on_a_wire(4e10, 8, SIZES), 8, (4, 4)).replace("[0x00] H", "[0x00] NVIDIA GB200")
    (tmp_path / "nccl.log").write_text(text, encoding="utf-8")
    assert run(monkeypatch, "calibrate", "nccl.log", "--algorithm", "ring") == 0
    assert "warning: NVLink of GB200 joins GPUs across hosts" in capsys.readouterr().err


@pytest.mark.parametrize("collective", [one for one in COLLECTIVES.values() if one.name != "all-reduce"])
def test_a_log_of_every_program_is_fitted_by_its_own_algorithms(
    collective: Collective,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Times of the first algorithm, with a profile that is to be found again."""
    monkeypatch.chdir(tmp_path)
    fabric = Fabric.from_graph(load(default_fabric(16)))
    true = CollectiveJob(
        fabric, collective=collective.name, routing="adaptive", latency_profile="ib-ndr:overhead=6us"
    )
    items = plan([], "", None, None, collective.tool)
    rows = [measurement(size, true.row(items[0].algorithm, size).time_s) for size in SIZES[4:]]
    text = nccl_log(rows, 16, of=collective)
    (tmp_path / "nccl.log").write_text(text, encoding="utf-8")
    words = ("--algorithm", items[0].algorithm, "--latency-profile", "ib-ndr", "--out", "fit.toml")
    assert run(monkeypatch, "calibrate", "nccl.log", *words) == 0, capsys.readouterr().err
    assert f"nccl.log: {collective.name} on 16 ranks" in capsys.readouterr().out
    found = fit(true, items[0].algorithm, rows)
    assert found.typical < 1e-3


def test_what_is_fitted_where_nobody_names_it() -> None:
    assert [item.algorithm for item in plan([], "", None, None)] == ["ring", "hierarchical-tree"]
    assert [item.algorithm for item in plan([], "", None, None, "all_gather")] == ["ring"]
    assert [item.algorithm for item in plan([], "", None, None, "broadcast")] == ["chain"]
    assert [item.algorithm for item in plan([], "", None, None, "gather")] == ["binomial", "linear"]
    told = [measurement(2**k, 1e-3) for k in range(10, 14)]
    text = "".join(f"ReduceScatter: {2**k} Bytes -> Algo RING proto LL channel\n" for k in range(10, 14))
    assert [item.label for item in plan(told, text, None, None, "reduce_scatter")] == ["ring ll"]
    assert [item.label for item in plan(told, text, None, None)] == ["ring", "hierarchical-tree"]
    for said in ("PAT", "6"):
        text = "".join(
            f"AllGather: {2**k} Bytes -> Algo {said} proto SIMPLE channel\n" for k in range(10, 14)
        )
        (item,) = plan(told, text, None, None, "all_gather")
        assert (item.label, item.algorithm, item.profile) == ("pat simple", "pat", "ib-ndr")


def test_a_hypercube_is_an_all_gather_by_recursive_doubling(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its program prints as algbw what it prints as busbw: (n - 1)/n of the size over the time."""
    monkeypatch.chdir(tmp_path)
    fabric = Fabric.from_graph(load(default_fabric(16)))
    made = {"collective": "all-gather", "routing": "adaptive", "latency_profile": "ib-ndr:overhead=6us"}
    true = CollectiveJob(fabric, **made)
    rows = [measurement(size, true.row("recursive-doubling", size).time_s) for size in SIZES[4:]]
    head, *_ = nccl_log(rows, 16, of=COLLECTIVES["all-gather"]).rpartition("#wrong\n")
    lines = [head.replace("all_gather_perf", "hypercube_perf") + "#wrong"]
    for row in rows:
        bus = f"{15 / 16 * row.size_bytes / row.time_s / 1e9:.4f}"
        half = f"{row.time_s * 1e6:.4f} {bus} {bus} 0"
        lines.append(f"{row.size_bytes} {row.size_bytes // 64} float none -1 {half} {half}")
    (tmp_path / "nccl.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run(monkeypatch, "calibrate", "nccl.log", "--latency-profile", "ib-ndr") == 0
    out = capsys.readouterr().out
    assert "nccl.log: all-gather on 16 ranks" in out and "recursive-doubling" in out and "ring" not in out


@pytest.mark.parametrize("tool", sorted(FACTORS.keys() - TOOLS.keys()))
def test_other_collectives_are_refused_by_name(
    tool: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    size, time = 2**20, 26.9134
    half = f"{time} {size / time / 1e3:.4f} {size / time / 1e3 * FACTORS[tool](4):.4f} 0"
    text = nccl_log([], 4).replace("all_reduce", tool) + f"{size} {size // 4} float sum -1 {half} {half}\n"
    (tmp_path / "nccl.log").write_text(text, encoding="utf-8")
    assert run(monkeypatch, "calibrate", "nccl.log") == 2
    assert f"log: '{tool}_perf': measures no collective that is known here" in capsys.readouterr().err


CASES = ROOT.parent / "shared" / "cases"


@pytest.mark.skipif(not CASES.is_dir(), reason=f"no {CASES}: logs from public reports are not at hand")
@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("01-*/nccl.log", "on 2 hosts of 1"),
        ("11-*/*.log", "on 16 ranks"),
        ("13-*/*.log", "on 2 hosts of 8"),
        ("14-*/*.log", "on 2 hosts of 8"),
        ("15-*/*.log", "on 16 ranks"),
        ("18-*/*.log", "left out: hierarchical-tree"),
    ],
)
def test_logs_from_public_reports(
    case: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = sorted(CASES.glob(case))
    assert logs
    for log in logs:
        assert run(monkeypatch, "calibrate", str(log)) == 0
        assert said in capsys.readouterr().out
