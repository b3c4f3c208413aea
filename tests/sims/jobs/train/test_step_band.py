"""The band of a step: by hand from the bands of its collectives."""

import pytest

from sims import train
from sims.jobs.train.band import step_band
from sims.models.band import band_of

STAR = "star:endpoints=4,delay=0ns,rate=400Gbps"
SENDS = '{"collective": "all-reduce", "over": "all", "size": "4GB"}'
WORKS = '{"name": "back", "compute": "%s"}'


def step(*entries, **settings):
    return train(STAR, ranks=4, steps=f"[{', '.join(entries)}]", latency_profile="ib-ndr", **settings)


def due(size=4e9, nodes=4):
    one = band_of("ib-ndr", "all-reduce", 0.0, nodes, size)
    return 1 + one.low, 1 + one.high


def test_what_is_behind_computing_has_the_band_of_the_collective_alone():
    """1 s of computing, then a ring of 4 GB: 2 x 3/4 x 4 GB at 50 GB/s, and microseconds."""
    row = step(WORKS % "1s", SENDS)
    sent = row.time_s - 1
    assert sent == pytest.approx(0.12, rel=1e-3)
    assert row.time_s * (1 + row.error_low) == pytest.approx(1 + due()[0] * sent)
    assert row.time_s * (1 + row.error_high) == pytest.approx(1 + due()[1] * sent)


def test_what_hides_stays_hidden_as_far_as_it_goes():
    """Two buckets behind 0.15 s each: 0.06 s apiece as modelled, so that only the last one is seen."""
    behind = SENDS.replace("}", ', "buckets": 2, "overlap": "back"}')
    row = step(WORKS % "300ms", behind)
    for end, error in zip(due(2e9), (row.error_low, row.error_high)):
        last = max(end * 0.06, 2 * end * 0.06 - 0.15)
        assert row.time_s * (1 + error) == pytest.approx(0.3 + last, rel=1e-3)


def test_no_band_where_nothing_near_was_measured_or_nothing_is_sent():
    sent = train(STAR, ranks=4, steps=f"[{SENDS}]", latency_profile="ideal")
    assert (sent.error_low, sent.error_high) == (0.0, 0.0)
    idle = step(WORKS % "1s")
    assert (idle.error_low, idle.error_high) == (0.0, 0.0)


def test_a_step_by_model_carries_what_stays_inside_servers_too():
    """Of one stage without overlap: computing as it is, tp and dp each at the end of its band."""
    said = {"ranks": 16, "model": "llama3-8b:layers=2", "groups": "tp=4,dp=rest", "batch": 4}
    how = {"sharding": "plain", "overlap": "none", "latency_profile": "ib-ndr", "routing": "adaptive"}
    row = train("fat-tree:k=8,gpus_per_server=4", **said, **how)
    size = row.exposed["dp"]
    assert size > 0 and row.exposed["tp"] > 0 and row.error_high > row.error_low
    inside, dp = band_of("ib-ndr", "all-gather", 0.0, 1, 1e8), band_of("ib-ndr", "all-reduce", 0.0, 4, 1e9)
    for error, tp_end, dp_end in (
        (row.error_low, inside.low, dp.low),
        (row.error_high, inside.high, dp.high),
    ):
        due = row.exposed["compute"] + (1 + tp_end) * row.exposed["tp"] + (1 + dp_end) * size
        assert row.time_s * (1 + error) == pytest.approx(due, rel=0.02)


def test_the_same_run_twice_has_the_same_band():
    from sims.jobs.train.job import TrainJob
    from topologies.named import named

    tree = named("fat-tree:k=8,gpus_per_server=4")
    job = TrainJob(tree.fabric(), model="llama3-8b:layers=4", groups="tp=4,pp=2,dp=rest", batch="32")
    assert step_band(job.run, job.crew) == step_band(job.run, job.crew) != (0.0, 0.0)


def test_a_measured_step_has_no_band():
    how = {"ranks": 64, "model": "llama3-8b", "groups": "tp=4,pp=4,dp=rest", "batch": 64}
    row = train("fat-tree:k=8,gpus_per_server=4", **how, compute="step=2s")
    assert row.time_s == pytest.approx(2) and (row.error_low, row.error_high) == (0.0, 0.0)
