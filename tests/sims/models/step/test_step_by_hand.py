"""Steps derived by hand, on a star of 50 GB/s each way without latency; times in ms, sizes in MB."""

import numpy as np
import pytest

from fabric import Fabric
from fabric.routing.policies import parse_policy
from fabric.words.errors import ParameterError
from sims.models.fluid.program import Program
from sims.models.profiles import PROFILES
from sims.models.step.clock import run_step
from sims.models.step.spent import spent
from sims.models.step.traffic import Traffic
from sims.workload.collectives import build
from sims.workload.groups import Groups
from sims.workload.job.tasks import Part, Task
from sims.workload.schedule import COPY, Phase, Schedule
from topologies import load

MS, MB = 1e-3, 1e6


def star(endpoints):
    return Fabric.from_graph(load(f"star:endpoints={endpoints},rate=400Gbps,delay=0ns"))


def program(fabric, schedule):
    placement = np.arange(fabric.n_endpoints)
    return Program.compile(schedule, fabric, placement, parse_policy("ecmp"), PROFILES["ideal"])


def ring(fabric, collective, members):
    groups = Groups(np.array(members, np.int32))
    schedule = groups.together(lambda ranks: build("ring", {}, len(ranks), collective=collective))
    return program(fabric, schedule)


def sends(fabric, src, dst):
    phase = Phase(kind="round", src=src, dst=dst, first=[0] * len(src), count=1, modulus=1, op=COPY)
    return program(fabric, Schedule(name="send", n=fabric.n_endpoints, chunks=1, phases=(phase,)))


def compute(ms):
    return Part(seconds=ms * MS)


def test_two_ranks_compute_and_reduce():
    """10 ms, then an all-reduce of 1 GB: each sends 2 (n-1)/n of it, 1 GB at 50 GB/s: 20 ms."""
    pair = star(2)
    traffic = Traffic.of({"dp": ring(pair, "all-reduce", [[0, 1]])})
    tasks = [
        Task(name="compute", lane="0", parts=(compute(10),)),
        Task(name="reduce", lane="0 dp", parts=(Part(kind="dp", call="dp", size=1000 * MB),), after=(0,)),
        Task(name="step", lane="0", parts=(compute(0),), after=(1,)),
    ]
    record = run_step(traffic, tasks)
    assert record.end / MS == pytest.approx([10, 30, 30])
    assert spent(record).exposed["0"] == pytest.approx({"compute": 10 * MS, "dp": 20 * MS})
    assert run_step(traffic, tasks, free=["dp"]).time / MS == pytest.approx(10)
    assert run_step(traffic, tasks, stretch=lambda task, s: 2 * s).time / MS == pytest.approx(40)


def test_four_ranks_in_a_pipeline_of_two():
    """Two stages of two replicas, two microbatches: forward 1 ms, backward 2, messages of 50 MB (1 ms alone).

    Stage 0: F0 0-1, F1 1-2. Stage 1: F0 2-3, B0 3-5, F1 5-6 (came at 3), B1 6-8. B0 reaches stage 0 at 6: B0
    6-8. At 8 stage 1 sends the gradient of microbatch 1 and reduces its own, 100 MB of which each rank sends
    all: both leave the same NIC, so the 50 MB take until 10, and of the 100 MB 50 are left, until 11. Then
    stage 0: B1 10-12, and its own reduction alone, until 14.
    """
    four = star(4)  # rank = stage + 2 replica
    calls = {
        "0>1": sends(four, [0, 2], [1, 3]),
        "1>0": sends(four, [1, 3], [0, 2]),
        "dp 0": ring(four, "all-reduce", [[0, 2]]),
        "dp 1": ring(four, "all-reduce", [[1, 3]]),
    }
    traffic, tasks, number = Traffic.of(calls), [], {}

    def add(name, lane, part, *after):
        number[name] = len(tasks)
        tasks.append([name, lane, part, after])

    def pp(call):
        return Part(kind="pp", call=call, size=50 * MB)

    for name in ("0F0", "0F1", "0B0", "0B1"):
        add(name, "0", compute(1 if "F" in name else 2), *(["g" + name[2]] if "B" in name else []))
    for name in ("1F0", "1B0", "1F1", "1B1"):
        add(name, "1", compute(1 if "F" in name else 2), *(["a" + name[2]] if "F" in name else []))
    for one in "01":
        add("a" + one, "0>1", pp("0>1"), "0F" + one)
        add("g" + one, "1>0", pp("1>0"), "1B" + one)
    for one in "01":
        add("r" + one, one + " dp", Part(kind="dp", call="dp " + one, size=100 * MB), one + "B1")
    tasks = [
        Task(name=name, lane=lane, parts=(part,), after=tuple(number[one] for one in after))
        for name, lane, part, after in tasks
    ]
    record = run_step(traffic, tasks)
    ended = {name: record.end[i] / MS for name, i in number.items()}
    due = {"0F1": 2, "a0": 2, "a1": 3, "1F0": 3, "1B0": 5, "1F1": 6, "1B1": 8, "g0": 6, "0B0": 8}
    due |= {"g1": 10, "r1": 11, "0B1": 12, "r0": 14}
    assert {name: ended[name] for name in due} == pytest.approx(due)
    assert record.time / MS == pytest.approx(14)
    free = run_step(traffic, tasks, free=["pp", "dp"])
    assert free.time / MS == pytest.approx(2 * 3 + 3)  # (p - 1)/m of the ideal 6 ms on top
    exposed = spent(record).exposed["0"]
    assert sum(exposed.values()) / MS == pytest.approx(14)
    assert exposed["compute"] / MS == pytest.approx(6)


def test_a_bucket_hides_behind_the_rest_of_backward():
    """Forward 2 ms, backward in two pieces of 4; a reduce-scatter of 300 MB after each (150 MB out: 3 ms).

    The first runs 6-9, behind the second piece; the second 10-13, exposed.
    """
    pair = star(2)
    traffic = Traffic.of({"dp": ring(pair, "reduce-scatter", [[0, 1]])})
    bucket = (Part(kind="dp", call="dp", size=300 * MB),)
    tasks = [
        Task(name="F", lane="0", parts=(compute(2),)),
        Task(name="B.0", lane="0", parts=(compute(4),)),
        Task(name="bucket 0", lane="0 dp", parts=bucket, after=(1,)),
        Task(name="B.1", lane="0", parts=(compute(4),)),
        Task(name="bucket 1", lane="0 dp", parts=bucket, after=(3,)),
        Task(name="optimizer", lane="0", parts=(Part(kind="optimizer", seconds=1 * MS),), after=(2, 4)),
    ]
    record = run_step(traffic, tasks)
    assert record.end / MS == pytest.approx([2, 6, 9, 10, 13, 14])
    found = spent(record)
    assert found.exposed["0"] == pytest.approx({"compute": 10 * MS, "dp": 3 * MS, "optimizer": 1 * MS})
    assert found.busy["dp"] / MS == pytest.approx(6)


def test_two_jobs_share_what_they_share():
    """All-reduces of different pairs on a star share nothing; those of one pair halve each other."""
    four = star(4)
    calls = {"a": ring(four, "all-reduce", [[0, 1]]), "b": ring(four, "all-reduce", [[2, 3]])}
    for other, due in (("b", 2), ("a", 4)):
        tasks = [
            Task(name=name, lane=str(lane), parts=(Part(kind="dp", call=name, size=100 * MB),))
            for lane, name in enumerate(("a", other))
        ]
        assert run_step(Traffic.of(calls), tasks).time / MS == pytest.approx(due)


def test_a_circle_is_named():
    tasks = [Task(name="a", lane="0", after=(1,)), Task(name="b", lane="1", after=(0,))]
    with pytest.raises(ParameterError, match=r"(a, b, a|b, a, b).*wait for each other"):
        run_step(Traffic.of({}), tasks)
    with pytest.raises(ParameterError, match="waits for task 7"):
        run_step(Traffic.of({}), [Task(name="a", lane="0", after=(7,))])


def test_what_is_waited_for_is_told_part_by_part():
    """A task that sends two things one after the other, 2 and 3 ms, while nobody computes."""
    sent = (Part(kind="dp", seconds=2 * MS), Part(kind="edp", seconds=3 * MS))
    tasks = [
        Task(name="B", lane="0", parts=(compute(1),)),
        Task(name="gradients", lane="0 dp", parts=sent, after=(0,)),
        Task(name="optimizer", lane="0", parts=(compute(1),), after=(1,)),
    ]
    exposed = spent(run_step(Traffic.of({}), tasks)).exposed["0"]
    assert exposed == pytest.approx({"compute": 2 * MS, "dp": 2 * MS, "edp": 3 * MS})
