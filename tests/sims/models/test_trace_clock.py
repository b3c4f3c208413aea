"""Traces on the clock: times by hand, a slow twin for what does not contend, and every way to break one."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Dmodk, Fabric
from fabric.words.errors import FileFormatError, ParameterError
from sims.jobs.trace_run import TraceRun
from sims.models.fluid.trace_clock import TraceResult, run_trace
from sims.models.profiles import PROFILES, latency_profile
from sims.settings.setup import Setup
from sims.workload.trace import CALC, RECV, SEND, Trace, read_trace
from sims.workload.trace.trace import Builder
from topologies import load

STAR = Fabric.from_graph(load("star:endpoints=4,rate=400Gbps,delay=0s"))
IDEAL = PROFILES["ideal"]


def goal(text: str, folder) -> Trace:
    (folder / "t.goal").write_text(text)
    return read_trace(folder / "t.goal")


def ran(trace: Trace, profile=IDEAL) -> TraceResult:
    return run_trace(STAR, trace, Dmodk(), profile, np.arange(trace.ranks))


PING_PONG = """num_ranks 2
// there and back
rank 0 {
  a: calc 1000 cpu 0
  b: send 50000b to 1 tag 7
  c: recv 100000b from 1 tag 8 cpu 0 nic 0
  b requires a
  c requires b
}
rank 1 { a: recv 50000b from 0 tag 7 b: send 100000b to 0 tag 8 b requires a }
"""


def test_a_message_there_and_back_by_hand(tmp_path):
    """1 us of computing, 50 kB and 100 kB at 50 GB/s: 1 + 1 + 2 us; with 10 us of overhead each way 24 us."""
    result = ran(goal(PING_PONG, tmp_path))
    assert result.end.tolist() == pytest.approx([1e-6, 2e-6, 4e-6, 2e-6, 4e-6])
    assert result.makespan == pytest.approx(4e-6) and result.busiest == "endpoint -> leaf"
    slow = ran(goal(PING_PONG, tmp_path), latency_profile("ideal:overhead=10us"))
    assert slow.makespan == pytest.approx(24e-6)
    assert slow.end[1] == pytest.approx(2e-6)  # a send is over when its last byte has left


def test_two_messages_share_what_one_has_alone(tmp_path):
    """Two of 50 kB to one endpoint take 2 us, not 1; a third to another is not held up."""
    text = "num_ranks 4 rank 0 { send 50000b to 2 } rank 1 { send 50000b to 2 send 50000b to 3 }"
    text += "rank 2 { recv 50000b from 0 recv 50000b from 1 } rank 3 { recv 50000b from 1 }"
    assert sorted(ran(goal(text, tmp_path)).end[3:].tolist()) == pytest.approx([2e-6, 2e-6, 2e-6])


def test_lanes_and_the_two_kinds_of_waiting(tmp_path):
    text = """num_ranks 1 rank 0 {
      a: calc 100 cpu 0   b: calc 100 cpu 0   c: calc 50 cpu 1   d: calc 10 cpu 2   e: calc 10 cpu 2
      d irequires b  e requires b
    }"""
    result = ran(goal(text, tmp_path))
    assert result.begin.tolist() == pytest.approx([0, 1e-7, 0, 1e-7, 2e-7])
    assert result.per_rank(result.end - result.begin, CALC).tolist() == pytest.approx([2.7e-7])


def test_an_eager_send_does_not_wait_for_its_receive(tmp_path):
    text = (
        "num_ranks 2 rank 0 { send 50000b to 1 } rank 1 { a: calc 9000 b: recv 50000b from 0 b requires a }"
    )
    assert ran(goal(text, tmp_path)).end.tolist() == pytest.approx([1e-6, 9e-6, 9e-6])


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_what_does_not_contend_is_the_longest_way(draw: Random):
    """Computing and empty messages of 3 us: each operation begins when the last that it waits for is over."""
    builder, count = Builder("drawn"), draw.randint(2, 25)
    before: list[list[int]] = []
    for i in range(count):
        after = draw.sample(range(len(before)), min(len(before), draw.randint(0, 2)))
        if draw.random() < 0.5:
            number = builder.add(str(i), CALC, draw.randrange(3), draw.randint(1, 9) * 1e-6, lane=i)
            before.append(after)
            builder.after[number] += after
        else:
            a, b = draw.sample(range(3), 2)
            sent = builder.add(str(i), SEND, a, 0.0, peer=b, tag=i)
            got = builder.add(str(i), RECV, b, 0.0, peer=a, tag=i)
            builder.after[sent] += after
            before += [after, [sent]]
            assert got == sent + 1
    trace = builder.trace("drawn", 3)
    result = ran(trace, latency_profile("ideal:overhead=3us"))
    end: list[float] = []
    for i, after in enumerate(before):
        start = max((end[one] for one in after), default=0.0)
        kind = trace.kind[i]
        end.append(start + (trace.amount[i] if kind == CALC else 3e-6 if kind == RECV else 0.0))
    assert result.end.tolist() == pytest.approx(end, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "num_ranks 2 rank 0 { send 5b to 1 }",
            "line 1 column 22: 1 operation without the other side: the first, send",
        ),
        ("num_ranks 2 rank 0 { send 5b to 1 } rank 1 { recv 6b from 0 }", "column 46: 5 bytes are sent"),
        (
            "num_ranks 1 rank 0 { a: calc 1 b: calc 1 a requires b b requires a }",
            "2 operations wait for each",
        ),
        ("num_ranks 1 rank 0 { a: calc 1 a requires b }", "column 32: no label b in rank 0"),
        ("num_ranks 1 rank 0 { a: calc 1 a: calc 1 }", "column 32: label a is there twice"),
        ("num_ranks 1 rank 0 { send 1b to 0 }", "rank 0 sends to or from itself"),
        ("num_ranks 1 rank 0 { calc 1 } rank 0 { }", "column 31: rank 0 is there twice"),
        ("num_ranks 1 rank 1 { calc 1 }", "column 22: rank 1: ranks are 0 to 0"),
        ("num_ranks 1 rank 0 { calc 1", "the file ends inside rank 0: it is cut off"),
        ("num_ranks 1\nrank 0 {\n  loop 3 }", "line 3 column 3: 'loop 3 }': a statement is"),
        ("num_ranks 1", "holds no operations"),
        ("num_ranks 1 calc 3", "column 13: outside of a rank"),
        ("ranks 1", "neither GOAL"),
    ],
)
def test_traces_that_cannot_run_are_refused_with_the_place(text, message, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        goal(text, tmp_path)


def test_more_ranks_than_endpoints_are_refused(tmp_path):
    trace = goal("num_ranks 9 rank 0 { calc 1 }", tmp_path)
    with pytest.raises(ParameterError, match="ranks: 9"):
        TraceRun.of(STAR, Setup(), trace)


@pytest.mark.parametrize("routing", ["ecmp", "ecmp:qps=4", "dmodk", "spray", "adaptive"])
def test_a_message_alone_has_all_that_its_endpoint_has_by_any_policy(routing, tmp_path):
    """1 MB at 50 GB/s, however it is split over two spines: 20 us, and 5 us of overhead."""
    text = "num_ranks 8 rank 0 { send 1000000b to 7 } rank 7 { recv 1000000b from 0 }"
    fabric = Fabric.from_graph(load("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=4,delay=0s"))
    setup = Setup(routing=routing, latency_profile="ideal:overhead=5us")
    result = TraceRun.of(fabric, setup, goal(text, tmp_path)).run()
    assert result.end.tolist() == pytest.approx([20e-6, 25e-6])
