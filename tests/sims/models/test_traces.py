"""Traces on the clock of either engine: times by hand, slow twins, faults, and every way to break one."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Dmodk, Fabric, Paths, max_min, route
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.units import format_time
from sims.jobs import trace_job
from sims.jobs.trace_job import TraceJob
from sims.models.packet.settings import PacketSettings
from sims.models.profiles import PROFILES, latency_profile
from sims.models.trace import fluid
from sims.models.trace.fluid import RoutedTrace
from sims.models.trace.packet import run_trace_packets
from sims.models.trace.result import TraceResult
from sims.workload.trace import CALC, RECV, SEND, Trace, read_trace
from sims.workload.trace.trace import Builder
from topologies import load

STAR = Fabric.from_graph(load("star:endpoints=4,rate=400Gbps,delay=0s"))
IDEAL = PROFILES["ideal"]


def goal(text: str, folder) -> Trace:
    (folder / "t.goal").write_text(text)
    return read_trace(folder / "t.goal")


def ran(trace: Trace, profile=IDEAL) -> TraceResult:
    return RoutedTrace(STAR, trace, Dmodk(), profile, np.arange(trace.ranks)).run()


def by_packets(trace: Trace, profile=IDEAL, fabric: Fabric = STAR, **said) -> TraceResult:
    settings = PacketSettings(**{"header": 0, **said})
    return run_trace_packets(fabric, trace, Dmodk(), profile, np.arange(trace.ranks), settings)


def by_flows_apart(*given, **said) -> TraceResult:
    return by_packets(*given, cc="hop-by-hop", **said)


ENGINES = pytest.mark.parametrize(
    "run", [ran, by_packets, by_flows_apart], ids=["flow", "packet", "hop-by-hop"]
)


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


@ENGINES
def test_a_message_there_and_back_by_hand(run, tmp_path):
    """1 us of computing, 50 kB and 100 kB at 50 GB/s: 1 + 1 + 2 us; with 10 us of overhead each way 24 us."""
    result = run(goal(PING_PONG, tmp_path))
    assert result.end.tolist() == pytest.approx([1e-6, 2e-6, 4e-6, 2e-6, 4e-6])
    assert result.makespan == pytest.approx(4e-6) and result.busiest == "endpoint -> leaf"
    slow = run(goal(PING_PONG, tmp_path), latency_profile("ideal:overhead=10us"))
    assert slow.makespan == pytest.approx(24e-6)
    assert slow.end[1] == pytest.approx(2e-6)  # a send is over when its last byte has left


def test_two_messages_share_what_one_has_alone(tmp_path):
    """Two of 50 kB to one endpoint take 2 us, not 1; a third to another is not held up."""
    text = "num_ranks 4 rank 0 { send 50000b to 2 } rank 1 { send 50000b to 2 send 50000b to 3 }"
    text += "rank 2 { recv 50000b from 0 recv 50000b from 1 } rank 3 { recv 50000b from 1 }"
    assert sorted(ran(goal(text, tmp_path)).end[3:].tolist()) == pytest.approx([2e-6, 2e-6, 2e-6])


def test_messages_of_a_pair_keep_their_order_as_packets(tmp_path):
    """Behind 1 MB (20 us) a small one of the same queue pair comes at 20.02 us; fluids would share."""
    text = "num_ranks 2 rank 0 { send 1000000b to 1 tag 1 send 1000b to 1 tag 2 }"
    text += "rank 1 { recv 1000000b from 0 tag 1 recv 1000b from 0 tag 2 }"
    assert by_packets(goal(text, tmp_path)).end.tolist() == pytest.approx([20e-6, 20.02e-6] * 2)
    assert ran(goal(text, tmp_path)).end.tolist() == pytest.approx([20.02e-6, 0.04e-6] * 2)


@pytest.mark.parametrize("spread", ["spray", "adaptive"])
def test_a_send_by_several_ports_is_over_with_the_last(spread, tmp_path):
    """8 planes of 50 GB/s each: 8 MB in 20 us, by whatever order its packets leave."""
    text = "num_ranks 8 rank 0 { send 8192000b to 7 } rank 7 { recv 8192000b from 0 }"
    planes = Fabric.from_graph(load("multi-plane:planes=8,endpoints=8,radix=8,delay=0s"))
    job = TraceJob(
        planes, program=goal(text, tmp_path), trace="t", routing=spread, engine="packet",
        packet="none:header=0", latency_profile="ideal",
    )  # fmt: skip
    rate = 8 * planes.capacity[0]
    assert job.result.end.tolist() == pytest.approx([8192000 / rate] * 2, rel=0.02)


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
            "line 1, column 22: 1 operation without the other side: the first, send",
        ),
        ("num_ranks 2 rank 0 { send 5b to 1 } rank 1 { recv 6b from 0 }", "column 46: 5 bytes are sent"),
        (
            "num_ranks 1 rank 0 { a: calc 1 b: calc 1 a requires b b requires a }",
            "2 operations wait for each",
        ),
        ("num_ranks 1 rank 0 { a: calc 1 a requires b }", "column 43: no label b in rank 0"),
        ("num_ranks 1 rank 0 { a: calc 1 a: calc 1 }", "column 32: label a is there twice"),
        ("num_ranks 1 rank 0 { send 1b to 0 }", "rank 0 sends to or from itself"),
        ("num_ranks 1 rank 0 { calc 1 } rank 0 { }", "column 31: rank 0 is there twice"),
        ("num_ranks 1 rank 1 { calc 1 }", "column 22: rank 1: ranks are 0 to 0"),
        ("num_ranks 1 rank 0 { calc 1", "the file ends inside rank 0: it is cut off"),
        ("num_ranks 1\nrank 0 {\n  loop 3 }", "line 3, column 8: 'loop 3 }': a statement is"),
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
        TraceJob(STAR, program=trace, trace="t")


@pytest.mark.parametrize("routing", ["ecmp", "ecmp:qps=4", "dmodk", "spray", "adaptive"])
def test_a_message_alone_has_all_that_its_endpoint_has_by_any_policy(routing, tmp_path):
    """1 MB at 50 GB/s, however it is split over two spines: 20 us, and 5 us of overhead."""
    text = "num_ranks 8 rank 0 { send 1000000b to 7 } rank 7 { recv 1000000b from 0 }"
    fabric = Fabric.from_graph(load("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=4,delay=0s"))
    said = {"routing": routing, "latency_profile": "ideal:overhead=5us"}
    result = TraceJob(fabric, program=goal(text, tmp_path), trace="t", **said).result
    assert result.end.tolist() == pytest.approx([20e-6, 25e-6])


def drawn(draw: Random, ranks: int, count: int, most: int = 200_000) -> Trace:
    """Messages of any size between any two, some after computing or after others of their rank."""
    builder = Builder("drawn")
    last: dict[int, list[int]] = {rank: [] for rank in range(ranks)}
    for tag in range(count):
        a, b = draw.sample(range(ranks), 2)
        if draw.random() < 0.3:
            work = builder.add("", CALC, a, draw.randint(1, 900) * 1e-9, lane=0)
            builder.after[work] += last[a][-1:]
            last[a].append(work)
        sent = builder.add("", SEND, a, float(draw.randint(1, most)), peer=b, tag=tag)
        got = builder.add("", RECV, b, builder.amount[sent], peer=a, tag=tag)
        builder.after[sent] += draw.sample(last[a], min(len(last[a]), draw.randint(0, 2)))
        last[a].append(sent)
        last[b].append(got)
    return builder.trace("drawn", ranks)


def twin(fabric: Fabric, trace: Trace) -> list[float]:
    """When each operation ends: rates found anew at every end, one operation after another; no latency."""
    where = np.arange(trace.ranks)
    sends = np.flatnonzero(trace.kind == SEND)
    found = route(fabric, where[trace.rank[sends]], where[trace.peer[sends]], Dmodk())
    paths = {send: found.take(np.array([i])).link.tolist() for i, send in enumerate(sends.tolist())}
    end = [np.nan] * len(trace)
    left: dict[int, float] = {}
    until: dict[int, float] = {}
    waiting = set(range(len(trace)))
    now = 0.0
    while waiting or left or until:
        moved = True
        while moved:
            moved = False
            for i in sorted(waiting):
                ready = all(end[one] <= now for one in trace.after[i])
                lane = (trace.rank[i], trace.lane[i])
                busy = any((trace.rank[k], trace.lane[k]) == lane for k in until)
                if ready and trace.kind[i] == CALC and not busy:
                    until[i] = now + trace.amount[i]
                elif ready and trace.kind[i] == SEND:
                    left[i] = float(trace.amount[i])
                elif ready and trace.kind[i] == RECV and end[trace.partner[i]] <= now:
                    end[i] = now
                else:
                    continue
                waiting.discard(i)
                moved = True
        if not (left or until):
            break
        under_way = list(left)
        link = [paths[i] for i in under_way]
        table = Paths(
            ptr=np.cumsum([0, *map(len, link)]), link=np.array([x for one in link for x in one], np.int32)
        )
        rate = dict(zip(under_way, max_min(table, fabric.capacity).tolist())) if under_way else {}
        ends = {i: now + left[i] / rate[i] for i in under_way} | until
        then = min(ends.values())
        for i in under_way:
            left[i] -= rate[i] * (then - now)
        now = then
        for i, at in ends.items():
            if at <= then * (1 + 1e-12):
                end[i] = then
                left.pop(i, None)
                until.pop(i, None)
    return end


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_contends_ends_as_in_a_slow_twin(seed: int):
    """Of drawn sizes, so that no two things happen at once: then either may come first."""
    draw = Random(seed)
    tree = Fabric.from_graph(load("leaf-spine:leaves=3,spines=2,endpoints_per_leaf=3,delay=0s"))
    trace = drawn(draw, 9, draw.randint(1, 30))
    found = RoutedTrace(tree, trace, Dmodk(), IDEAL, np.arange(9)).run()
    assert found.end.tolist() == pytest.approx(twin(tree, trace), rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_where_nothing_contends_both_engines_agree(draw: Random):
    """Each rank sends to the next alone, one message after another, after what it computes or receives."""
    builder = Builder("ring")
    last: list[list[int]] = [[] for _ in range(4)]
    for tag in range(draw.randint(1, 25)):
        a = draw.randrange(4)
        b = (a + 1) % 4
        size = float(draw.randint(1, 200_000))
        if draw.random() < 0.5:
            last[a].append(builder.add("", CALC, a, draw.randint(1, 9) * 1e-6, lane=tag))
        sent = builder.add("", SEND, a, size, peer=b, tag=tag)
        builder.after[sent] += last[a]
        last[a].append(sent)
        last[b].append(builder.add("", RECV, b, size, peer=a, tag=tag))
    trace, profile = builder.trace("ring", 4), latency_profile("ideal:overhead=3us")
    assert by_packets(trace, profile).end.tolist() == pytest.approx(ran(trace, profile).end.tolist())


def test_compiled_ends_are_those_of_the_clock(monkeypatch):
    from sims.models.fluid import network

    trace = drawn(Random(3), 16, 400)
    tree = Fabric.from_graph(load("fat-tree:k=4"))
    plain = RoutedTrace(tree, trace, Dmodk(), IDEAL, np.arange(16)).run()
    monkeypatch.setattr(network, "_MANY", 2)
    quick = RoutedTrace(tree, trace, Dmodk(), IDEAL, np.arange(16)).run()
    assert quick.end.tolist() == pytest.approx(plain.end.tolist(), rel=1e-9)


def test_a_fault_in_time_holds_a_message_up_until_routing_has_converged(tmp_path):
    """1 GB takes 20 ms; its cable breaks at 5 ms and is led round 10 ms later: 30 ms."""
    fabric = Fabric.from_graph(load("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=4,delay=0s"))
    text = "num_ranks 8 rank 0 { send 1000000000b to 7 } rank 7 { recv 1000000000b from 0 }"
    said = {"program": goal(text, tmp_path), "trace": "t", "routing": "ecmp", "latency_profile": "ideal"}
    job = TraceJob(fabric, **said)
    trunk = int(job.routed.routed.parts[0].link[1])
    ends = (fabric.label(int(end[trunk])) for end in (fabric.link_src, fabric.link_dst))
    (tmp_path / "f.toml").write_text(f'[[fault]]\nat = "5ms"\nlength = "1s"\ncable = "{",".join(ends)}"\n')
    struck = TraceJob(fabric, faults=str(tmp_path / "f.toml"), reroute_delay="10ms", **said)
    assert job.result.makespan == pytest.approx(20e-3)
    assert struck.result.makespan == pytest.approx(30e-3) and len(struck.result.faults) == 1
    with pytest.raises(ParameterError, match="needs engine flow"):
        TraceJob(fabric, faults=str(tmp_path / "f.toml"), engine="packet", **said)


def test_what_a_long_run_takes_is_told_from_its_beginning(monkeypatch, tmp_path):
    """Of a program that does the same over and over: as many instants as the whole run has, within 5%."""
    again = "".join(
        f"a{i}: send 1000b to 1 tag {i} " + (f"a{i} requires a{i - 1} " if i else "") for i in range(400)
    )
    text = f"num_ranks 2 rank 0 {{ {again} }} rank 1 {{ "
    text += "".join(f"recv 1000b from 0 tag {i} " for i in range(400)) + "}"
    trace = goal(text, tmp_path)
    monkeypatch.setattr(fluid, "_PER_OPERATION", 0.0)
    monkeypatch.setattr(fluid, "_PER_FLOW", 0.0)
    monkeypatch.setattr(fluid, "_PER_INSTANT", 1.0)
    routed = RoutedTrace(STAR, trace, Dmodk(), IDEAL, np.arange(2))
    assert routed.seconds == 0.0  # a matter of seconds
    monkeypatch.setattr(fluid, "_FEW", 100)
    monkeypatch.setattr(fluid, "_TRIED", 100)
    job = TraceJob(STAR, program=trace, trace="t.goal", latency_profile="ideal", routing="dmodk")
    monkeypatch.setattr(fluid, "_TRIED", len(trace) - 1)
    whole = RoutedTrace(STAR, trace, Dmodk(), IDEAL, np.arange(2)).seconds
    monkeypatch.setattr(fluid, "_TRIED", 100)
    assert job.routed.seconds == pytest.approx(whole, rel=0.05) and whole >= 400
    words = f"800 operations on 2 ranks take about {format_time(job.routed.seconds)} of one core"
    assert job.foretold == [words]
    monkeypatch.setattr(trace_job, "_MOST", 60.0)
    with pytest.raises(ParameterError, match=f"trace: 't.goal': {words}; at most"):
        job.row()
