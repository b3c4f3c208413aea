"""Unequal parts of an all-to-all: Zipf's law, closed forms, bounds, who receives last, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims import collective
from sims.jobs.collective import CollectiveJob
from sims.models.fluid.engine import flow_time
from sims.models.fluid.slowest_rank import slowest_rank
from sims.studies.explain.explainer import Explainer
from sims.workload import total_exchange
from sims.workload.collectives import build
from sims.workload.replay import replay
from sims.workload.skew import canonical_skew, skewed, zipf_exponent
from topologies import load

B = 50e9
NAMES = ("linear", "rail", "pairwise", "bruck")


def job(text: str, **settings: object) -> CollectiveJob:
    return CollectiveJob(Fabric.from_graph(load(text)), collective="all-to-all", **settings)


@pytest.mark.parametrize(("n", "skew"), [(2, 1.5), (64, 1.3), (64, 40.0), (1000, 2.0), (100_000, 1.01)])
def test_the_first_gets_what_is_asked_for_and_all_get_one_each_in_the_mean(n: int, skew: float) -> None:
    parts = skewed(n, skew)
    assert parts is not None
    assert parts[0] == pytest.approx(skew, rel=1e-9) and parts.mean() == pytest.approx(1)
    assert np.all(np.diff(parts) < 0)
    # Zipf's law: on two logarithmic scales a line.
    slope = np.diff(np.log(parts)) / np.diff(np.log(np.arange(1, n + 1)))
    assert slope == pytest.approx(-zipf_exponent(n, skew))


@pytest.mark.parametrize("n", [2, 5, 16, 33])
def test_what_each_rank_sends_and_the_first_receives(n: int) -> None:
    """However it goes, at least the parts of others leave a rank; linear and pairwise send no more."""
    parts = skewed(n, 1.5)
    assert parts is not None
    for name in NAMES:
        groups = np.arange(n) // (4 if n % 4 == 0 else 1)
        schedule = build(name, {}, n, collective="all-to-all", groups=groups, parts=parts)
        replay(schedule)
        due = 1 - parts / n
        assert np.all(schedule.sent(1.0) >= due * (1 - 1e-12)) or name in ("rail", "bruck")
        if name in ("linear", "pairwise"):
            assert schedule.sent(1.0) == pytest.approx(due)
        got = sum(
            np.bincount(phase.dst, phase.weight, minlength=n) * phase.count / n for phase in schedule.phases
        )
        assert got.sum() == pytest.approx(schedule.sent(1.0).sum())


def test_bruck_carries_what_its_parts_weigh() -> None:
    """Against the sum over the chunks of each transfer."""
    for n in (7, 16, 21):
        parts = skewed(n, 2.0)
        assert parts is not None
        for phase in build("bruck", {}, n, collective="all-to-all", parts=parts).phases:
            assert phase.weight == pytest.approx(parts[phase.chunks_at(0) % n].mean(axis=1))


@pytest.mark.parametrize("n", [4, 9, 32])
def test_closed_form_on_a_star(n: int) -> None:
    """The first rank receives skew times (n - 1)/n S, over one link."""
    run, size, skew = job(f"star:endpoints={n}", skew="1.7"), 2**30, 1.7
    wait = run.program("linear").stages[0].worst_latency
    row = run.row("linear", size)
    assert row.time_s == pytest.approx(wait + skew * (n - 1) / n * size / B, rel=1e-9)
    assert row.scenario.skew == "1.7"
    assert slowest_rank(run.program("linear"), size) == 0
    assert Explainer(run).explain(row).last == 0


@pytest.mark.parametrize("name", NAMES)
def test_in_proportion_is_a_lower_bound(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "rail-optimized:radix=8,servers=16,gpus_per_server=4,oversubscription=3"
    exact = job(text, skew="4").program(name)
    monkeypatch.setattr(total_exchange, "_MOST_UNEQUAL", 10)
    run = job(text, skew="4")
    bound = run.program(name)
    assert "bounds the time of unequal ones from below" in run.note(name)
    times = [flow_time(program, 2**26) for program in (bound, exact)]
    assert 0.7 * times[1] < times[0] <= times[1] * (1 + 1e-9)
    assert slowest_rank(bound, 2**26) in range(64)


def test_packets_of_unequal_parts() -> None:
    text = "star:endpoints=8"
    fluid = job(text, skew="2").row("linear", 2**22)
    packets = job(text, skew="2", engine="packet", packet="none:header=0").row("linear", 2**22)
    assert packets.time_s == pytest.approx(fluid.time_s, rel=0.1)


def test_equal_parts_are_what_they_were() -> None:
    text = "star:endpoints=8"
    assert job(text, skew="1.0").row("linear", 1024) == job(text).row("linear", 1024)
    assert canonical_skew(" 1.50 ") == "1.5"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"skew": "0.9"}, "skew: '0.9': a finite number from 1 on"),
        ({"skew": "much"}, "skew: 'much': a finite number from 1 on"),
        ({"skew": "inf"}, "skew: 'inf': a finite number from 1 on"),
        ({"skew": "16"}, "skew: 16.0: below 16, which one of 16 ranks gets"),
        ({"skew": "2", "name": "all-gather"}, "skew: 2.0: the parts of all-gather are equal.*all-to-all"),
    ],
)
def test_illegal_skews(settings: dict, words: str) -> None:
    name = settings.pop("name", "all-to-all")
    with pytest.raises(ParameterError, match=words):
        collective(name, load("star:endpoints=16"), "", "1M", **settings)
