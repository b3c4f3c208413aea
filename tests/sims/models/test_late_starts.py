"""Starts counted from far away, as times of the day from 1970: what comes is what comes of starts from 0.

A clock that counts from the earliest start cannot know how far away that is; so the property is equality.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Dmodk, Fabric
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from fabric.words.units import MOST_SPAN
from sims.jobs.together.job import RunJob
from sims.models.fluid.faults.timeline import Timeline
from sims.models.fluid.flows import FlowResult, run_flows
from sims.models.packet.traffic import run_packets
from sims.models.profiles import latency_profile
from sims.scenario.run_row import RunRow
from sims.workload.job.together import read_together
from sims.workload.traffic import Traffic, read_traffic
from topologies import fat_tree

FABRIC = Fabric.from_graph(fat_tree(k=4, gpus_per_server=2))
ROCE = latency_profile("roce-400g")
RUNS = {"fluid": run_flows, "packets": run_packets}
DAY = 1_760_000_000


def traffic(start: list[float]) -> Traffic:
    n = len(start)
    src = np.arange(n)
    return Traffic(src=src, dst=(src + 1) % 16, size=np.full(n, 1000.0), start=np.array(start))


def told(path: Path, starts: list[str], head: str = "src,dst,size_bytes,start_s") -> Traffic:
    path.write_text("\n".join([head, *[f"{i},{i + 1},1000,{start}" for i, start in enumerate(starts)]]))
    return read_traffic(path, 16)


def same(a: FlowResult, b: FlowResult, rel: float) -> None:
    np.testing.assert_allclose(a.seconds, b.seconds, rtol=rel)
    np.testing.assert_allclose(a.rate, b.rate, rtol=rel)
    assert a.makespan == pytest.approx(b.makespan, rel=rel)


@pytest.mark.parametrize("engine", RUNS)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2**22), min_size=1, max_size=6), st.integers(0, 2**32))
def test_how_far_away_the_starts_are_changes_nothing(engine: str, parts: list[int], far: int) -> None:
    """Exactly, where floats hold the starts exactly: so many 2^-20 s behind a whole number of seconds."""
    start = [(part - min(parts)) / 2**20 for part in parts]
    near = RUNS[engine](FABRIC, traffic(start), Dmodk(), ROCE)
    late = RUNS[engine](FABRIC, traffic([far + one for one in start]), Dmodk(), ROCE)
    same(near, late, rel=0)
    np.testing.assert_allclose(late.end, far + near.end, rtol=1e-15)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=6), st.integers(0, 2 * 10**9))
def test_a_file_tells_starts_to_all_its_digits(tmp_path_factory: Any, ns: list, far: int) -> None:
    """Nanoseconds behind any second, as decimals say them, though floats lie a quarter microsecond apart."""
    path = tmp_path_factory.mktemp("t") / "t.csv"
    first = min(ns)
    found = told(path, [str(far + Decimal(one).scaleb(-9)) for one in ns]).since_first()
    np.testing.assert_allclose(found, [(one - first) * 1e-9 for one in ns], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("engine", RUNS)
def test_times_of_the_day_give_what_starts_from_0_give(engine: str, tmp_path: Path) -> None:
    late = told(tmp_path / "late.csv", [f"{DAY}.1", f"{DAY}.100000001", f"{DAY}.6"])
    near = told(tmp_path / "near.csv", ["0", "0.000000001", ".5"])
    same(*(RUNS[engine](FABRIC, one, Dmodk(), ROCE) for one in (late, near)), rel=1e-9)


def test_a_span_that_leaves_no_nanosecond_is_refused(tmp_path: Path) -> None:
    for engine in RUNS.values():
        engine(FABRIC, traffic([DAY, DAY + MOST_SPAN]), Dmodk(), ROCE)
        with pytest.raises(ParameterError, match=r"start: .*: at most 8,388,608 s .* after the earliest"):
            engine(FABRIC, traffic([0.0, 1.0, MOST_SPAN + 1]), Dmodk(), ROCE)
    with pytest.raises(FileFormatError, match=r"line 3, column 10: start_s = 1e\+18: at most 8,388,608 s"):
        told(tmp_path / "t.csv", ["0", "1e18"])
    run_flows(FABRIC, traffic([MOST_SPAN]), Dmodk(), ROCE, timeline=Timeline())
    with pytest.raises(ParameterError, match="as faults count from 0 s"):
        run_flows(FABRIC, traffic([DAY]), Dmodk(), ROCE, timeline=Timeline())


def test_connections_of_htsim_are_told_to_the_picosecond(tmp_path: Path) -> None:
    far = 5 * 10**17  # ps
    lines = [f"{i}->{i + 1} id {i} start {far + i} size 1000" for i in range(3)]
    (tmp_path / "c.cm").write_text("\n".join(["Nodes 16", "Connections 3", *lines]))
    assert read_traffic(tmp_path / "c.cm", 16).since_first() == pytest.approx([0, 1e-12, 2e-12], rel=1e-12)


def jobs(*starts: str) -> dict:
    step = [{"compute": "10ms"}, {"collective": "all-reduce", "over": "all", "size": "1GB"}]
    named = zip("abcdef", starts)
    return {"job": [{"name": name, "ranks": 4, "step": step, "start": start} for name, start in named]}


def test_jobs_that_start_late_do_what_those_do_that_start_at_once() -> None:
    def row(*starts: str) -> RunRow:
        text = json.dumps(jobs(*starts))
        return RunJob(FABRIC, topology="fat-tree:k=4,gpus_per_server=2", digest="", mix=text).row()

    near, late = row("0s", "5ms"), row("1e17s", "1e17s")
    assert late.iterations == row("0s", "0s").iterations
    assert late.makespan_s == late.jobs["a"]["start_s"] == 1e17
    later = row("100d", "8640000.005s")
    assert later.iterations["a"] == near.iterations["a"]
    assert later.iterations["b"] == pytest.approx(near.iterations["b"], rel=1e-6)
    assert later.jobs["b"]["end_s"] == pytest.approx(8640000 + near.jobs["b"]["end_s"], rel=1e-12)
    with pytest.raises(FabricsimError, match=r"job b: start: '10000000.0s': at most 8,388,608 s"):
        read_together(jobs("0s", "10000000s"))
    with pytest.raises(FabricsimError, match=r"start: '1e300s': a time of at most"):
        read_together(jobs("1e300s"))
