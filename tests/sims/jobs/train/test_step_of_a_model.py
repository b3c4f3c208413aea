"""A step by model: closed forms, and a slow twin in which every replica goes on by itself."""

import numpy as np
import pytest
import simpy

from fabric import Fabric, Paths
from fabric.routing.policies import parse_policy
from sims.jobs.train.crew import Crew, sizes_of
from sims.jobs.train.steps import StepRun
from sims.models.fluid.network import FluidNetwork
from sims.models.profiles import PROFILES
from sims.workload.job.model import MODELS, model_named
from sims.workload.job.sizes import message_bytes, work
from sims.workload.job.training import Training
from sims.workload.placement import place
from topologies import load

SMALL = "custom:layers=8,hidden=1024,heads=8,ffn=4096,vocabulary=1"
MOE = "custom:layers=8,hidden=1024,heads=8,ffn=1024,vocabulary=1,experts=8,top_k=2"
SERVERS = "fat-tree:k=8,gpus_per_server=4"  # 128 endpoints, NICs of 50 GB/s, NVLink of 450


def run(groups="dp=rest", experts="none", *, model=SMALL, topology=SERVERS, ranks=16, **changes):
    fabric = Fabric.from_graph(load(topology))
    sizes = {"sequence": 4096, "batch": 64, "speed": 500e12, **changes}
    policy, profile = sizes.pop("policy", "adaptive"), PROFILES[sizes.pop("profile", "ideal")]
    job = Training(model=model_named(model), **sizes_of(groups, experts, ranks), **sizes)
    how = {"placement": place(fabric, ranks), "policy": parse_policy(policy), "profile": profile}
    crew = Crew(job=job, groups=groups, experts=experts, fabric=fabric, **how)
    found = StepRun.of(crew)
    object.__setattr__(found, "crew", crew)
    return found


@pytest.mark.parametrize(("pp", "v", "batch"), [(4, 1, 64), (4, 2, 64), (8, 1, 8), (2, 4, 32)])
def test_the_bubble_comes_out_of_the_simulation(pp, v, batch):
    """(p - 1) / (m v) of equal stages; the vocabulary is 1, so that the last stage is like the others."""
    found = run(f"pp={pp},dp=rest", batch=batch, interleave=v)
    assert found.bubble == pytest.approx((pp - 1) / (found.crew.job.microbatches * v), rel=1e-3)


def test_unequal_stages_have_a_larger_bubble():
    assert run("pp=4,dp=rest", model=SMALL + "00000").bubble > 3 / 16 * 1.02


@pytest.mark.parametrize("sharding", ["plain", "zero1"])
def test_gradients_behind_the_step_are_closed_forms(sharding):
    """Nothing overlaps, 4 ranks: compute; then a ring of P gradients of 4 bytes, and of P parameters of 2.

    Ring all-reduce 2 (n-1)/n, reduce-scatter and all-gather (n-1)/n each, at 50 GB/s.
    """
    found = run(topology="star:endpoints=4,delay=0ns", ranks=4, sharding=sharding, overlap="none", batch=4)
    job = found.crew.job
    compute = 3 * job.tokens * job.model.flops(4096, causal=True) / 3 / job.speed
    compute += job.tokens * 8 * job.model.attention_flops(4096, True) / job.speed  # selective: once more
    p = job.dense(0)
    moved = 2 * 4 * p if sharding == "plain" else 4 * p + 2 * p
    assert found.record.time == pytest.approx(compute + 0.75 * moved / 50e9, rel=1e-9)
    # Gradients and parameters are of one stage, whose time in all is both.
    assert found.spent.busy["dp"] == pytest.approx(0.75 * moved / 50e9, rel=1e-9)
    assert found.spent.mean("dp") == pytest.approx(found.spent.busy["dp"], rel=1e-9)


def test_fully_sharded_moves_parameters_every_turn():
    """Where computing takes no time: m microbatches gather twice and scatter once: m (2 + 2 + 4) P (n-1)/n.

    Gathering and scattering share the NICs; the first gathering and the last scattering have them alone.
    """
    how = {"topology": "star:endpoints=4,delay=0ns", "ranks": 4, "batch": 8, "speed": 1e30}
    full, keep = run(sharding="fsdp", **how), run(sharding="fsdp-keep", **how)
    p, m = full.crew.job.dense(0), full.crew.job.microbatches
    assert full.record.time == pytest.approx(m * 8 * p * 0.75 / 50e9, rel=0.1)
    assert keep.record.time == pytest.approx((2 + 4) * p * 0.75 / 50e9, rel=0.1)


def test_fully_sharded_hides_behind_computing():
    """Computing a layer outlasts gathering the next one: the first gather and the last scatter show."""
    found = run(topology="star:endpoints=4,delay=0ns", ranks=4, batch=8, sharding="fsdp", speed=2e12)
    layer = found.crew.job.dense(0) / 8
    assert found.spent.mean("dp") == pytest.approx((2 + 4) * layer * 0.75 / 50e9, rel=0.01)


def test_what_stays_inside_servers_is_simulated_once():
    """tp=4 is a server: 2 gathers, 2 scatters a layer, forward and backward, of 2 b s h bytes at 450 GB/s."""
    found = run("tp=4,dp=rest")
    assert found.crew.inside == {"tp"} and not any("tp" in call for call in found.programs)
    job = found.crew.job
    each = job.tokens * 1024 * 2 * 0.75 / 450e9
    parts = {forward: work(job, 0, forward, found.crew.once) for forward in (True, False)}
    assert sum(one.seconds for one in parts[True] if one.kind == "tp") == pytest.approx(
        8 * 4 * each, rel=0.01
    )
    hidden = max(0.0, 8 * 2 * each - job.tokens * 8 * job.model.matrix_flops() / 4 / job.speed)
    shown = sum(one.seconds for one in parts[False] if one.kind == "tp")
    assert shown == pytest.approx(8 * 4 * each + hidden, rel=0.01)


def test_what_leaves_servers_shares_the_network():
    found = run("tp=8,dp=rest")
    assert not found.crew.inside and "tp all-gather 0" in found.programs
    # A ring of two servers leaves each once, by its four NICs together: 200 GB/s against 450 inside.
    assert found.spent.mean("tp") > 2 * 450 / 200 * run("tp=4,dp=rest").spent.mean("tp")


@pytest.mark.parametrize("speed", [500e12, 5e12])
def test_inputs_are_gathered_again_behind_a_backward_turn(speed):
    """4 ranks, one stage, 8 layers: 2 gathers and 2 scatters each way and layer behind the computing, and in
    a backward turn 2 more gathers from its start, on the same links: of a turn that computes for less, the
    links are busy all the time.
    """
    how = {"topology": "star:endpoints=4,delay=0ns", "ranks": 4, "batch": 4, "speed": speed}
    found = run("tp=4", **how)
    job = found.crew.job
    each = job.tokens * 1024 * 2 * 0.75 / 50e9
    own, again = 8 * 4 * each, 8 * 2 * each
    forward, backward = (work(job, 0, way, {})[0].seconds for way in (True, False))
    assert (again > backward) == (speed == 500e12)
    turn = forward + own + max(backward, again) + own
    assert found.record.time == pytest.approx(job.microbatches * turn, rel=1e-6)
    assert sum(found.spent.exposed["stage 0"].values()) == pytest.approx(found.record.time)


@pytest.mark.parametrize("skew", [1.0, 2.0])
def test_experts_exchange_tokens(skew):
    """4 all-to-alls a layer and microbatch, of tokens x top-k x h x 2 bytes; a rank keeps an 8th itself."""
    star = {"topology": "star:endpoints=8,delay=0ns", "ranks": 8, "batch": 8, "skew": skew}
    found = run("dp=rest", "ep=8", model=MOE, overlap="none", **star)
    job = found.crew.job
    fullest = skew if skew > 1 else 1.0  # what the first rank receives of each of the other seven
    due = 4 * 8 * job.tokens * 2 * 1024 * 2 * fullest * 7 / 8 / 50e9
    assert found.spent.mean("ep") == pytest.approx(due, rel=0.02)
    assert found.kinds == ["ep", "dp"]  # each expert is on one rank: nothing to reduce


def test_experts_are_reduced_over_those_that_have_them():
    found = run("dp=rest", "ep=4", model=MOE, topology="star:endpoints=8,delay=0ns", ranks=8, batch=8)
    assert "edp" in found.kinds and found.crew.members("edp", 0).shape == (4, 2)


def test_context_parallel_ranks_gather_keys_and_values():
    """A gather forward, one and a scatter backward, per layer, of 4 b s h_kv bytes at 50 GB/s, 3/4 of it."""
    how = {"topology": "star:endpoints=8,delay=0ns", "ranks": 8, "batch": 8, "overlap": "none"}
    found = run("cp=4,dp=rest", **how)
    job = found.crew.job
    each = 2 * 4096 * 1024 * 2 * 0.75 / 50e9
    assert found.spent.mean("cp") == pytest.approx(job.microbatches * 8 * 3 * each, rel=1e-6)
    assert job.replicas == 8 and found.crew.members("dp", 0).shape == (1, 8)


def test_tied_embeddings_meet_at_the_end():
    tied = SMALL.replace("vocabulary=1", "vocabulary=100000") + ",tied=1"
    found = run("pp=2,dp=rest", model=tied, ranks=4, topology="star:endpoints=4,delay=0ns", batch=4)
    assert found.spent.busy["embedding"] == pytest.approx(100000 * 1024 * 4 / 50e9, rel=1e-6)


@pytest.mark.parametrize("groups", ["tp=4,pp=2,dp=rest", "pp=4,dp=rest", "tp=2,cp=2,pp=2,dp=rest", "dp=rest"])
@pytest.mark.parametrize("overlap", ["none", "grads", "all"])
def test_what_a_lane_spends_adds_up_to_the_step(groups, overlap):
    found = run(groups, overlap=overlap)
    for mine in found.spent.exposed.values():
        assert sum(mine.values()) == pytest.approx(found.record.time, rel=1e-9)
    assert found.without(found.kinds) <= found.record.time
    times = [found.without([kind]) for kind in found.kinds]
    assert all(time <= found.record.time * (1 + 1e-9) for time in times)


def test_doubled_links_halve_what_is_on_them():
    found = run(topology="star:endpoints=4,delay=0ns", ranks=4, overlap="none", batch=4)
    compute = found.without(["dp"])
    faster = found.with_capacity(np.full(found.crew.fabric.n_links, 2.0)).record.time
    assert faster - compute == pytest.approx((found.record.time - compute) / 2)
    busy = found.utilisation()
    assert max(one["peak"] for one in busy.values()) == pytest.approx(1 - compute / found.record.time)


@pytest.mark.parametrize("policy", ["ecmp", "adaptive"])
def test_replicas_in_step_are_no_faster_than_replicas_apart(policy):
    """The twin runs every pipeline by itself, every message as a flow of its own, on all links."""
    found = run("pp=4,dp=rest", policy=policy, topology="fat-tree:k=4", ranks=16, batch=32, overlap="none")
    apart = _apart(found.crew)
    assert apart <= found.without(["dp"]) * (1 + 1e-9)
    assert apart == pytest.approx(found.without(["dp"]), rel=0.05)


def _apart(crew):
    """Seconds until the last of the pipelines has worked on all its microbatches."""
    job, env = crew.job, simpy.Environment()
    network = FluidNetwork(env, crew.fabric.capacity)
    seconds = {c: [work(job, c, forward, {})[0].seconds for forward in (True, False)] for c in range(job.pp)}
    came = {}

    def go(pipeline, stage):
        for turn in job.orders[stage]:
            behind = turn.chunk > 0 if turn.forward else turn.chunk < job.pp - 1
            if behind:
                yield came.setdefault((pipeline, turn), env.event())
            yield env.timeout(seconds[turn.chunk][0 if turn.forward else 1])
            to = turn.chunk + (1 if turn.forward else -1)
            if 0 <= to < job.pp:
                env.process(send(pipeline, stage, turn._replace(chunk=to)))

    def send(pipeline, stage, turn):
        (program,) = crew.programs([f"pp {stage}>{turn.chunk}"]).values()
        (one,) = program.stages
        path = one.routed.take(np.array([pipeline]))
        yield network.send(Paths.stack([path]), message_bytes(job), float(np.max(one.latency)))
        came.setdefault((pipeline, turn), env.event()).succeed()

    env.run(env.all_of([env.process(go(i, s)) for i in range(job.dp) for s in range(job.pp)]))
    return env.now


def test_a_llama_of_two_servers_is_as_large_as_its_layers():
    job = Training(model=MODELS["llama3-8b"], dp=16, edp=16, sequence=8192, batch=16, speed=4e14)
    assert sum(job.dense(c) for c in range(job.chunks)) == MODELS["llama3-8b"].parameters
