"""All groups at once: against one row of all, rates by definition, and a twin that lists every flow."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric, Paths, max_min
from fabric.words.errors import ParameterError
from sims.jobs.allreduce import AllReduce
from sims.models.fluid import drift
from sims.models.fluid.program import Program
from sims.scenario.row import Row
from sims.simulation import simulate
from sims.workload.schedule import Schedule
from topologies import load

ROUNDS = ("halving-doubling", "recursive-doubling", "hierarchical-halving-doubling")
LOCKSTEP = ("ring", "tree", "hierarchical-ring:pipeline=1")
SIZE = 2**26


def job(text: str, groups: str, over: str, **settings: object) -> AllReduce:
    fabric = Fabric.from_graph(load(text))
    return AllReduce(fabric, topology=text, digest="", groups=groups, over=over, **settings)  # type: ignore[arg-type]


class Twin:
    """Groups that drift, by an event loop that lists every flow and looks at all of them at each event.

    It takes paths and latencies as they were routed, and how a tree fills where all groups are in step; it
    knows nothing of batches, windows and memos.
    """

    def __init__(self, job: AllReduce, algorithm: str, size: float) -> None:
        assert job.groups is not None
        self.now, self.size = 0.0, size
        self.in_step_all = job.program(algorithm)
        self.groups = []
        for ranks in job.groups.groups.members:
            schedule = job._built(algorithm, ranks)
            program = Program.compile(schedule, job.degraded, job.placement[ranks], job.policy, job.profile)
            self.groups.append((schedule, program))
        self.capacity = self.groups[0][1].fabric.capacity
        self.phase = [-1] * len(self.groups)
        self.ready: list[float] = [0.0] * len(self.groups)  # when each sets out on its next phase
        self.flows: list[list[tuple[dict[int, float], float, float]]] = [[] for _ in self.groups]
        self.last = [0.0] * len(self.groups)

    def start(self, g: int) -> None:
        schedule, program = self.groups[g]
        self.phase[g] += 1
        self.ready[g] = np.inf
        if self.phase[g] < len(schedule.phases):
            self.flows[g] = self.listed(schedule, program, self.phase[g])

    def listed(
        self, schedule: Schedule, program: Program, number: int
    ) -> list[tuple[dict[int, float], float, float]]:
        """Links with weights, bytes left and latency of each flow; a lockstep phase is one."""
        stage = program.stages[number]
        filled = self.in_step_all.stages[number] if stage.phase.stage is not None else stage.phase
        steps, amount = filled.bytes_of(self.size, schedule.chunks)
        found = []
        for row in range(len(stage.paths)):
            links: dict[int, float] = {}
            for at in range(stage.paths.ptr[row], stage.paths.ptr[row + 1]):
                weight = 1.0 if stage.paths.weight is None else float(stage.paths.weight[at])
                links[int(stage.paths.link[at])] = links.get(int(stage.paths.link[at]), 0.0) + weight
            wait = float(np.broadcast_to(stage.latency, len(stage.paths))[row])
            found.append((links, steps * amount * float(stage.share), wait))  # type: ignore[arg-type]
        return found

    def run(self) -> list[float]:
        while True:
            for g, ready in enumerate(self.ready):
                if ready <= self.now:
                    self.start(g)
            flows = [(g, i) for g, own in enumerate(self.flows) for i in range(len(own))]
            due = min(self.ready)
            if not flows and due == np.inf:
                return [float(last) for last in self.last]
            rates = self.rates([self.flows[g][i][0] for g, i in flows])
            left = [self.flows[g][i][1] for g, i in flows]
            step = min([due - self.now, *(b / r for b, r in zip(left, rates))])
            self.now += step
            for g in range(len(self.groups)):
                mine = [k for k, (own, _) in enumerate(flows) if own == g]
                if not mine:
                    continue
                kept = []
                for k in mine:
                    links, before, wait = self.flows[g][flows[k][1]]
                    after = before - rates[k] * step
                    if after > 1e-9 * before:
                        kept.append((links, after, wait))
                    else:
                        self.last[g] = max(self.last[g], self.now + wait)
                self.flows[g] = kept
                if not kept:
                    self.ready[g] = self.last[g]

    def in_step(self) -> tuple[float, list[float]]:
        """The time of all, phase by phase, and the sum of its own phases for each group."""
        whole, own = 0.0, np.zeros(len(self.groups))
        for number in range(len(self.groups[0][0].phases)):
            flows = [
                (g, *flow) for g, group in enumerate(self.groups) for flow in self.listed(*group, number)
            ]
            rates = self.rates([links for _, links, _, _ in flows])
            ends = np.zeros(len(self.groups))
            for (g, _, left, wait), rate in zip(flows, rates):
                ends[g] = max(ends[g], left / rate + wait)
            whole += ends.max()
            own += ends
        return whole, own.tolist()

    def rates(self, flows: list[dict[int, float]]) -> list[float]:
        if not flows:
            return []
        ptr = np.cumsum([0, *map(len, flows)])
        link = np.array([one for links in flows for one in links], np.int32)
        weight = np.array([one for links in flows for one in links.values()])
        return max_min(Paths(ptr=ptr, link=link, weight=weight), self.capacity).tolist()


@pytest.mark.parametrize(
    ("text", "groups", "over"),
    [
        ("fat-tree:k=4,gpus_per_server=2", "tp=2,dp=rest", "dp"),
        ("fat-tree:k=4,gpus_per_server=2", "tp=4,dp=rest", "tp"),
        ("fat-tree:k=8,gpus_per_server=4", "tp=4,dp=rest", "dp"),
        ("fat-tree:k=8", "dp=16,pp=rest", "pp"),
    ],
)
@pytest.mark.parametrize("algorithm", ["ring", "tree", "halving-doubling", "hierarchical-halving-doubling"])
def test_drifting_groups_are_all_flows_listed(text: str, groups: str, over: str, algorithm: str) -> None:
    one = job(text, groups, over, drift="0")
    row = one.row(algorithm, SIZE)
    ends = np.array(Twin(one, algorithm, SIZE).run())
    assert row.time_s == pytest.approx(ends.max(), rel=1e-9)
    times = row.group_times
    assert (times["slowest"], times["mean"], times["fastest"]) == pytest.approx(
        (ends.max(), ends.mean(), ends.min()), rel=1e-9
    )
    assert times["late"] == 0


@pytest.mark.parametrize("algorithm", ["ring", "halving-doubling"])
@pytest.mark.parametrize("drift", ["none", "0"])
@pytest.mark.parametrize("tp", [3, 6])
def test_groups_that_servers_cut_in_several_ways_are_their_flows(algorithm: str, drift: str, tp: int) -> None:
    """On servers of four: groups of three have one channel or two, so that in step transfers have weights."""
    one = job("fat-tree:k=8,gpus_per_server=4", f"tp={tp},dp=rest", "tp", ranks=126, drift=drift)
    (phase, *_) = one.schedule(algorithm).phases
    assert (phase.weight is not None) == (algorithm == "ring" and tp == 3)
    row, twin = one.row(algorithm, SIZE), Twin(one, algorithm, SIZE)
    whole, ends = twin.in_step() if drift == "none" else (0.0, twin.run())
    times = row.group_times
    assert (times["slowest"], times["fastest"]) == pytest.approx((max(ends), min(ends)), rel=1e-9)
    assert times["mean"] == pytest.approx(np.mean(ends), rel=1e-9)
    assert row.time_s == pytest.approx(whole or max(ends), rel=1e-9)


@pytest.mark.parametrize("algorithm", [*LOCKSTEP[:2], *ROUNDS])
def test_in_step_each_group_takes_the_sum_of_its_phases(algorithm: str) -> None:
    one = job("fat-tree:k=8,gpus_per_server=4", "tp=2,dp=rest", "dp", placement="random", seed=5)
    row = one.row(algorithm, SIZE)
    whole, ends = Twin(one, algorithm, SIZE).in_step()
    times = row.group_times
    assert row.time_s == pytest.approx(whole, rel=1e-9)
    assert (times["slowest"], times["mean"]) == pytest.approx((max(ends), np.mean(ends)), rel=1e-9)
    assert times["group"] == pytest.approx(np.argmax(ends)) or max(ends) - ends[int(times["group"])] < 1e-12


@pytest.mark.parametrize("engine", ["flow", "bound", "packet"])
@pytest.mark.parametrize("over", ["tp+dp", "dp+tp"])
def test_one_group_of_all_ranks_is_the_row_without_groups(engine: str, over: str) -> None:
    text = "fat-tree:k=4,gpus_per_server=2"
    fabric = Fabric.from_graph(load(text))
    plain = AllReduce(fabric, topology=text, digest="", engine=engine).row("ring", 2**16)
    row = job(text, "tp=2,dp=rest", over, engine=engine).row("ring", 2**16)
    assert row == plain and row.key == plain.key and row.scenario.groups == "none"


@pytest.mark.parametrize("algorithm", [*LOCKSTEP, *ROUNDS, "hierarchical-ring:pipeline=4"])
@pytest.mark.parametrize("routing", ["ecmp:qps=3", "adaptive", "spray", "dmodk"])
def test_in_step_the_slowest_is_the_run(algorithm: str, routing: str) -> None:
    """Of phases in lockstep the slowest group takes as long as all; of rounds no group more than the run."""
    one = job("fat-tree:k=8,gpus_per_server=4", "tp=2,dp=rest", "dp", routing=routing)
    row, bound = one.row(algorithm, SIZE), None
    times = row.group_times
    assert times["fastest"] <= times["mean"] <= times["slowest"] <= row.time_s
    assert [times[f"p{q}"] for q in range(10, 100, 10)] == sorted(times[f"p{q}"] for q in range(10, 100, 10))
    if algorithm in LOCKSTEP or ":pipeline=4" in algorithm:
        assert times["slowest"] == pytest.approx(row.time_s, rel=2e-4)  # latency may be another group's
    if ":pipeline=4" not in algorithm:
        bound = job(
            "fat-tree:k=8,gpus_per_server=4", "tp=2,dp=rest", "dp", routing=routing, engine="bound"
        ).row(algorithm, SIZE)
        assert times["slowest"] <= bound.group_times["slowest"] * (1 + 1e-12)
        assert bound.group_times["slowest"] <= bound.time_s * (1 + 1e-12)


def test_groups_apart_do_not_share_anything() -> None:
    """Groups inside a server, on a scale-up switch that blocks nobody: each takes what it takes alone."""
    row = job("fat-tree:k=8,gpus_per_server=4", "tp=4,dp=rest", "tp").row("ring", SIZE)
    times = row.group_times
    assert times["slowest"] == times["fastest"] == times["alone"] == row.time_s
    assert row.busbw_GBps == pytest.approx(SIZE / row.time_s / 1e9 * 2 * 3 / 4)


def test_rings_on_one_cable_share_it() -> None:
    """Closed form: two leaves, one spine; every ring of g groups crosses the one uplink once each way."""
    text = "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=8,rate=400Gbps,delay=0s"
    for tp in (1, 2, 4):
        one = job(text, f"tp={tp},dp=4,pp=rest", "dp", latency_profile="ideal")
        row = one.row("ring", SIZE)
        # Ranks 0 .. 7 stand on one leaf: groups of stride tp cross where 4 tp is more than 8.
        crossing = tp if tp == 4 else 0
        slow = max(crossing, 1)
        assert row.time_s == pytest.approx(slow * 2 * 3 / 4 * SIZE / 50e9, rel=1e-6), tp
        assert row.group_times["slowest"] / row.group_times["alone"] == pytest.approx(slow, rel=1e-6)


@pytest.mark.parametrize(
    "settings", [{"engine": "packet"}, {"drift": "0"}, {"fail": "cables=2"}, {"engine": "bound"}]
)
def test_rows_can_be_made_again(settings: dict[str, object]) -> None:
    row = job("fat-tree:k=4,gpus_per_server=2", "tp=2,dp=rest", "dp", **settings).row(
        "halving-doubling", 2**16
    )
    assert simulate(row.scenario) == row
    assert Row.from_dict(row.to_dict()) == row
    assert row.scenario.groups == "mesh:tp=2,dp=rest"


def test_packets_of_groups_end_each_at_its_time() -> None:
    """On idle links (each group in its server) every group ends when it ends alone."""
    row = job("fat-tree:k=4,gpus_per_server=2", "tp=2,dp=rest", "tp", engine="packet").row("ring", 2**16)
    times = row.group_times
    assert times["slowest"] == pytest.approx(times["alone"], rel=1e-9)
    assert times["fastest"] == pytest.approx(times["alone"], rel=1e-9)


def test_setting_out_together_makes_groups_late_and_says_how_much() -> None:
    text, groups = "fat-tree:k=8,gpus_per_server=4", "tp=4,dp=rest"
    exact = job(text, groups, "dp", drift="0", placement="random", seed=3).row("halving-doubling", SIZE)
    step = job(text, groups, "dp", placement="random", seed=3).row("halving-doubling", SIZE)
    for resolution in ("0.2", "0.05", "0.01"):
        row = job(text, groups, "dp", drift=resolution, placement="random", seed=3).row(
            "halving-doubling", SIZE
        )
        assert 0 < row.group_times["late"] <= float(resolution) * step.time_s
        assert row.time_s == pytest.approx(exact.time_s, rel=float(resolution))


def test_drift_that_would_take_too_long_is_refused_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the finest resolution that does not; which then runs, and finds rates no oftener than foreseen."""
    text, groups = "fat-tree:k=8,gpus_per_server=4", "tp=4,dp=rest"
    step = job(text, groups, "dp", placement="random", seed=3).row("halving-doubling", SIZE).time_s
    exact = job(text, groups, "dp", drift="0", placement="random", seed=3)
    exact.row("halving-doubling", SIZE)
    assert exact.groups is not None
    ((_, laid),) = exact.groups._drifts.items()
    often, seconds = laid.work(0.2)
    assert laid.phases == 10 and often == 2 * 10 / 0.2 and laid.run(SIZE, 0.2, step).solves <= often
    assert laid.work(0.0) == (4 * 10 * 5, pytest.approx(2 * seconds))
    monkeypatch.setattr(drift, "_LONGEST", seconds)
    rule = r"drift: '?0'?: rates are found some 200 times, about 1 minute: at most about 1 minute;"
    with pytest.raises(ParameterError, match=rule) as told:
        job(text, groups, "dp", drift="0").row("halving-doubling", SIZE)
    assert told.match(r"; 0\.2 takes about 1 minute, and no group waits for more than 20\.0% of the time")
    job(text, groups, "dp", drift="0.2").row("halving-doubling", SIZE)
    monkeypatch.setattr(drift, "_LONGEST", 0.0)
    with pytest.raises(ParameterError, match=r"at most about 1 minute$"):
        job(text, groups, "dp", drift="0").row("halving-doubling", SIZE)


def test_a_group_that_cannot_is_named() -> None:
    one = job("fat-tree:k=8,gpus_per_server=4", "tp=3,dp=rest", "dp", ranks=96)
    with pytest.raises(ParameterError, match=r"groups of the same size: .*, of tp=0"):
        one.row("hierarchical-ring", SIZE)
    with pytest.raises(ParameterError, match="drift: '0': groups that drift need engine flow"):
        job("fat-tree:k=4", "tp=4,dp=rest", "dp", drift="0", engine="bound")


def test_groups_that_are_ready_together_wait_for_nobody() -> None:
    text, groups = "fat-tree:k=8,gpus_per_server=4", "tp=4,dp=rest"
    exact = job(text, groups, "tp", drift="0").row("halving-doubling", SIZE)
    coarse = job(text, groups, "tp", drift="0.2").row("halving-doubling", SIZE)
    assert coarse.group_times["late"] == 0 and coarse.time_s == pytest.approx(exact.time_s, rel=1e-12)
