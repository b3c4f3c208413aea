"""Weeks of a job: Daly's form inside the interval, an account that adds up, and a slow twin that agrees."""

import math
import random

import numpy as np
import pytest
from weeks_twin import one_run

from fabric.words.errors import ParameterError
from sims.models.goodput.confidence import half_width, student
from sims.models.goodput.daly import expected_time, optimum, unsaved_share
from sims.models.goodput.weeks import MOST_EVENTS, Plan, Threat, require_few, weeks

LOSSES = ("lost", "restarting", "waiting", "slowed")
MIXED = [
    Threat(name="GPU", rate=1 / 4000, repair=20_000.0, hosts=1),
    Threat(name="software", rate=1 / 9000),
    Threat(name="cable", rate=1 / 3000, slowdown=1.2, repair=5000.0),
    Threat(name="spine", rate=1 / 20_000, slowdown=2.0, repair=5000.0),
    Threat(name="leaf", rate=1 / 30_000, repair=8000.0, hosts=4),
]


def account(found):
    parts = {name: getattr(found, name).sum(axis=1) for name in LOSSES}
    return {"useful": found.useful, "saving": found.saving, **parts}


@pytest.mark.parametrize(
    ("mtti", "interval", "save", "restart"),
    [
        (10_000.0, 500.0, 20.0, 600.0),
        (1000.0, 500.0, 20.0, 600.0),
        (300.0, 60.0, 30.0, 0.0),
        (5e4, 1e4, 1.0, 9.0),
    ],
)
def test_daly_lies_in_the_interval(mtti, interval, save, restart):
    # Restarts may fail, segments are whole, the last one is saved: the time of 300 segments in 400 runs.
    work, plan = 300 * interval, Plan(interval=interval, save=save, restart=restart)
    found = weeks([Threat(name="any", rate=1 / mtti)], plan, work=work, runs=400, seed=3)
    due = expected_time(work, interval, save, restart, mtti)
    assert abs(found.elapsed.mean() - due) < 1.3 * half_width(found.elapsed)
    assert half_width(found.elapsed) < 0.02 * due
    assert np.allclose(found.useful, work)
    assert np.allclose(found.saving, 300 * save)


def test_several_causes_are_one_process():
    # Poisson processes add: three causes with rates 1, 2 and 3 are one of rate 6.
    plan = Plan(interval=100.0, save=5.0, restart=50.0)
    parts = [Threat(name=str(i), rate=i / 6000) for i in (1, 2, 3)]
    found = weeks(parts, plan, work=30_000.0, runs=400, seed=1)
    due = expected_time(30_000.0, 100.0, 5.0, 50.0, 1000.0)
    assert abs(found.elapsed.mean() - due) < 1.3 * half_width(found.elapsed)
    times = found.interruptions.sum(axis=0)
    assert times / times.sum() == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.01)


def test_the_best_interval_is_the_best():
    save, mtti = 20.0, 2000.0
    best = optimum(save, mtti)

    def share(interval):
        plan = Plan(interval=interval, save=save, restart=100.0)
        return weeks([Threat(name="any", rate=1 / mtti)], plan, duration=2e6, runs=200, seed=5).share.mean()

    assert share(best) > max(share(best / 3), share(3 * best)) + 0.02


@pytest.mark.parametrize("spares", [0, 2, 8, math.inf])
def test_the_account_adds_up_in_every_run(spares):
    plan = Plan(interval=700.0, save=40.0, restart=900.0, spares=spares)
    found = weeks(MIXED, plan, duration=3e5, runs=50, seed=2)
    assert np.allclose(sum(account(found).values()), 3e5, rtol=1e-9)
    assert all(np.all(part >= 0) for part in account(found).values())
    assert np.all(found.elapsed == 3e5)
    assert np.all(found.waiting[:, 1] >= 0) and (found.waiting.sum() > 0) == (spares < math.inf)
    assert np.all(found.lost[:, 2:4] == 0) and np.all(found.slowed[:, [0, 1, 4]] == 0)


@pytest.mark.parametrize("spares", [1, 6, math.inf])
def test_the_twin_agrees(spares):
    plan = Plan(interval=700.0, save=40.0, restart=900.0, spares=spares)
    runs = 150
    fast = account(weeks(MIXED, plan, duration=2e5, runs=runs, seed=7))
    rng = random.Random(11)
    slow = [one_run(MIXED, plan, 2e5, rng) for _ in range(runs)]
    for name, values in fast.items():
        other = np.array([getattr(one, name) for one in slow])
        # Two samples of one distribution: their means differ by less than 4 standard errors.
        error = math.hypot(values.std(ddof=1), other.std(ddof=1)) / math.sqrt(runs)
        assert abs(values.mean() - other.mean()) <= 4 * error + 1e-9, name


def test_the_interval_shrinks_with_the_root_of_the_runs():
    plan = Plan(interval=500.0, save=20.0, restart=600.0)

    def width(runs):
        return half_width(weeks(MIXED, plan, duration=2e5, runs=runs, seed=4).share)

    assert width(64) / width(1024) == pytest.approx(4.0, rel=0.25)


def test_students_quantiles():
    # Student's table, 97.5%: 3 degrees of freedom 3.182, 5 2.571, 30 2.042, 1000 1.962.
    for freedom, value in ((3, 3.182), (5, 2.571), (30, 2.042), (1000, 1.962)):
        assert student(freedom) == pytest.approx(value, rel=2e-3)


def test_nine_tenths_of_the_intervals_hold_the_truth():
    plan = Plan(interval=500.0, save=20.0, restart=600.0)
    threat, due = [Threat(name="any", rate=1 / 2000)], expected_time(25_000.0, 500.0, 20.0, 600.0, 2000.0)
    inside = 0
    for seed in range(100):
        found = weeks(threat, plan, work=25_000.0, runs=30, seed=seed).elapsed
        inside += abs(found.mean() - due) <= half_width(found)
    assert 88 <= inside <= 100


def test_a_fault_that_costs_nothing_changes_nothing():
    plan = Plan(interval=500.0, save=20.0, restart=600.0)
    found = weeks([Threat(name="idle", rate=1.0, slowdown=1.0, repair=9.0)], plan, duration=1e5, runs=4)
    assert np.all(found.slowed == 0) and np.all(found.interruptions == 0)
    assert np.allclose(found.share, found.share[0])


def test_what_no_spare_replaces_is_waited_for():
    plan = Plan(interval=500.0, save=20.0, restart=0.0)
    threat = Threat(name="cut", rate=1 / 5000, repair=1000.0, hosts=math.inf)
    found = weeks([threat], plan, duration=4e6, runs=40, seed=1)
    # More may strike meanwhile: the busy period of M/M/oo is (e^rho - 1) / rate, rho = rate x repair.
    due = math.expm1(1000 / 5000) * 5000
    assert found.waiting.mean() / found.interruptions.mean() == pytest.approx(due, rel=0.04)


def test_never_saving_loses_all_before():
    plan = Plan(interval=math.inf, save=20.0, restart=10.0)
    found = weeks([Threat(name="any", rate=1 / 1000)], plan, duration=1e5, runs=40, seed=1)
    assert np.all(found.saving == 0) and np.all(found.useful < 2e4)


@pytest.mark.parametrize(
    ("duration", "restart"),
    [(1e5, 10.0), (1e5, 0.0), (1e5, 700.0), (2000.0, 300.0), (500.0, 499.0), (100.0, 600.0)],
)
def test_what_is_never_saved_is_the_time_since_the_last_failure(duration, restart):
    plan = Plan(interval=math.inf, save=20.0, restart=restart)
    found = weeks([Threat(name="any", rate=1 / 1000)], plan, duration=duration, runs=4000, seed=2)
    due = unsaved_share(duration, restart, 1000.0)
    assert abs(found.share.mean() - due) < 1.5 * half_width(found.share)


def test_illegal_use():
    with pytest.raises(ParameterError, match="a finite time, or an amount of work"):
        weeks([], Plan(interval=1.0, save=0.0, restart=0.0))
    require_few([Threat(name="any", rate=1.0)], MOST_EVENTS / 2)
    with pytest.raises(ParameterError, match=r"about 2,002,000 failures and repairs, at most 2,000,000"):
        require_few([Threat(name="any", rate=1.001)], MOST_EVENTS / 2)
