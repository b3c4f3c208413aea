"""Hidden causes are named; likelihoods are those of the definition; a command shows what a suspect takes."""

from __future__ import annotations

import csv
import math
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import hidden
import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.show.words.diagnose import diagnose_lines, share_words
from sims.studies.diagnose.cause import FILE, SLOW_PATH
from sims.studies.diagnose.causes import EXPECTED, FORCED
from sims.studies.diagnose.diagnosis import (
    NONE_OF_THESE,
    diagnose,
    ranked,
    suspects_of,
)
from sims.studies.diagnose.fit import Spread, log_likelihood, of_none, same_times
from sims.studies.diagnose.points import points
from sims.studies.diagnose.suspects import Suspect, Suspects
from sims.studies.nccl_log import Measurement, NcclLog

NOISE = 0.03  # of a machine and of a line, as logarithms


def log_of(times: list[float], seed: int = 0, noise: float = NOISE, ranks: int = 16) -> NcclLog:
    """A log of such times: out of place and in place, with an offset of the machine and noise of each."""
    rng = np.random.default_rng(seed)
    machine = math.exp(rng.normal(0, noise))
    rows = []
    for size, time in zip(hidden.SIZES, times):
        for in_place in (False, True):
            took = time * machine * math.exp(rng.normal(0, noise))
            bandwidth = size / took / 1e9
            rows.append(
                Measurement(
                    size_bytes=size,
                    time_s=took,
                    algbw_GBps=bandwidth,
                    busbw_GBps=bandwidth * 2 * (ranks - 1) / ranks,
                    in_place=in_place,
                )
            )
    servers = (4,) * (ranks // 4)
    return NcclLog(
        name="run.log",
        collective="all_reduce",
        ranks=ranks,
        servers=servers,
        version="",
        notes=(),
        rows=tuple(rows),
        text="",
    )


def table(seeds: range = hidden.SEEDS) -> list[tuple[str, int, list[float]]]:
    """The cause, the seed and the times by size of each case."""
    with hidden.TABLE.open(encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    assert head == ["cause", "seed", *map(str, hidden.SIZES)]
    return [(line[0], int(line[1]), list(map(float, line[2:]))) for line in lines if int(line[1]) in seeds]


@pytest.fixture(scope="module")
def suspects() -> Suspects:
    return suspects_of(log_of([1.0] * len(hidden.SIZES)), hidden.FABRIC)


def named_first(suspects: Suspects, seeds: range, *, baseline: bool) -> dict[str, tuple[float, float]]:
    """By cause the share of seeds with which it is named first, and with which its answer is, which for some
    is what short logs cannot tell from it.
    """
    cases, right = table(seeds), dict.fromkeys(hidden.CAUSES, (0.0, 0.0))
    assert Counter(cause for cause, _, _ in cases) == dict.fromkeys(hidden.CAUSES, len(seeds))
    healthy = next(times for cause, _, times in cases if cause == EXPECTED.name)
    answers = {one.cause.name: one.cause.answer for one in suspects.all}
    for cause, seed, times in cases:
        good = log_of(healthy, 1000 + seed) if baseline else None
        found = ranked(log_of(times, seed), suspects, baseline=good)
        alone, kind = found.first.cause.name == cause, found.answer[0] == answers.get(cause, cause)
        own, like = right[cause]
        right[cause] = own + alone / len(seeds), like + kind / len(seeds)
    return right


@pytest.mark.parametrize("seeds", [hidden.SEEDS, hidden.FRESH], ids=["made with", "fresh"])
@pytest.mark.parametrize("baseline", [False, True])
def test_hidden_causes_are_named_first(suspects: Suspects, seeds: range, baseline: bool) -> None:
    """Eight causes, none and as expected, from the packet model with noise: each cause counts by itself. What
    is missed: hashes that do not collide, some NICs, and times that come and go by no more than machines
    stray.
    """
    assert {how["engine"] for how in suspects.how} == {"packet"}
    right = named_first(suspects, seeds, baseline=baseline)
    assert np.mean([alone for alone, _ in right.values()]) >= 0.85, right
    missed = {cause for cause, (alone, _) in right.items() if alone < 0.85}
    assert missed <= {"collisions", "NICs", NONE_OF_THESE.name}, right
    assert np.mean([like for _, like in right.values()]) >= 0.92, right


def test_how_far_off_a_cause_is_are_the_times_that_it_would_have(suspects: Suspects) -> None:
    """Also where ranks in step fit better; the times lie between the variants that are named."""
    (times,) = (times for cause, seed, times in table() if cause == "sockets" and seed == 0)
    for good in (None, log_of([1.1 * time for time in suspects.all[0].times], 0)):
        found = ranked(log_of(times, 0), suspects, baseline=good)
        for one in found.findings:
            if one.best is None:
                assert not one.times and one.rms is None
                continue
            off = np.log(np.array(found.measured) / one.times)
            assert math.sqrt(np.mean(off**2)) == pytest.approx(one.rms)
            if not one.words.startswith("between") and good is None:
                assert one.times == pytest.approx(one.best.in_step if one.in_step else one.best.times)
        first = found.first
        assert first.rms is not None and first.rms < 0.2 and not first.in_step


def test_collisions_that_pass_for_as_expected_slow_no_ring(suspects: Suspects) -> None:
    """Nothing is wrong with such a machine: from 1 MiB on its rings take as long as healthy ones."""
    missed = [
        times
        for cause, seed, times in table()
        if cause == "collisions" and ranked(log_of(times, seed), suspects).first.cause is EXPECTED
    ]
    healthy = suspects.all[0].times
    rings = [place for place, ran in enumerate(suspects.all[0].ran) if ran.algorithm == "ring"]
    assert [suspects.sizes[place] for place in rings] == [size for size in hidden.SIZES if size >= 2**20]
    assert missed and np.allclose(np.array(missed)[:, rings], healthy[rings], rtol=1e-5)


def curves(suspects: Suspects, sizes: slice) -> dict[str, np.ndarray]:
    by_cause: dict[str, list[Suspect]] = {}
    for one in suspects.all:
        by_cause.setdefault(one.cause.name, []).append(one)
    return {name: np.array([one.log_times[sizes] for one in points(of)]) for name, of in by_cause.items()}


def test_a_slow_path_has_doubles_at_large_sizes_only(suspects: Suspects) -> None:
    """Where bytes are all that counts, all wait for the slowest link, whichever it is: twice as slow, every
    cause of a slow path that can be so slow takes the times of every other one within 2%. (GPUs do not add
    so slowly, and packets crowd before a slow trunk now at one size, now at another.) Over all sizes no
    suspect has a double of another cause.
    """
    names = {one.cause.name for one in suspects.all if one.cause.kind == SLOW_PATH}
    names -= {"slow trunk", "slow adding"}
    assert names == {"NICs", "few uplinks", "NVLink off", "GPUDirect off"}
    healthy = np.log(suspects.all[0].times)
    large, whole = curves(suspects, slice(-2, None)), curves(suspects, slice(None))
    for name in names:
        near = np.abs(large[name] - healthy[-2:] - math.log(2.2)).max(axis=1).argmin()
        assert names <= {name, *same_times(large[name][near], large)}, name
    for one in suspects.all:
        assert not same_times(np.log(one.times), whole, one.cause.name), (one.cause.name, one.variant.words)


def test_what_no_log_tells_apart_is_said() -> None:
    """In step, with two large sizes: a slow NIC is as slow uplinks, whatever is measured."""
    sizes = hidden.SIZES[-2:]
    rows = log_of([1e-3] * len(hidden.SIZES)).rows
    log = replace(log_of([1e-3]), rows=tuple(replace(row, size_bytes=size) for size, row in zip(sizes, rows)))
    made = suspects_of(log, hidden.FABRIC, sync="phase", algorithm="ring")
    slow = next(one for one in made.all if "25% of its rate" in one.variant.words)
    rows = tuple(replace(row, time_s=float(time)) for row, time in zip(log.rows, slow.times))
    found = ranked(replace(log, rows=rows), made)
    assert {found.first.cause.name, *found.equal} >= {"NICs", "few uplinks", "GPUDirect off"}
    verdict = next(line for line in diagnose_lines(found) if line.startswith("# verdict"))
    either = " or ".join((found.first.cause.name, *found.equal))
    share = sum(one.share for one in found.findings if one.cause.name in either.split(" or "))
    assert verdict == f"# verdict    {either}, {share_words(share)}: no log of these sizes tells them apart;"


def test_the_verdict_is_one_cause_where_the_log_tells_it(suspects: Suspects) -> None:
    of_nic = next(one for one in suspects.all if "25% of its rate" in one.variant.words)
    found = ranked(log_of(of_nic.times.tolist()), suspects)
    assert found.alike == [found.first] and not found.equal
    assert list(diagnose_lines(found))[-1].startswith("# verdict    NICs: a NIC or its cable is slow")


def test_severities_are_so_near_that_a_log_hardly_tells_them(suspects: Suspects) -> None:
    """Between neighbours of one scale, at every size: no further than severities themselves, 3%."""
    for name in ("NICs", "few uplinks", "GPUDirect off", "high latency"):
        of = [one for one in suspects.all if one.cause.name == name and one.variant.severity]
        found = points(of)
        for way in {one.way for one in found}:
            times = np.array([one.log_times for one in found if one.way == way])
            rising = times[np.argsort(times.sum(axis=1))]
            assert np.abs(np.diff(rising, axis=0)).max() < 0.031, (name, way)


def test_ranks_that_go_on_by_themselves_are_as_packets(suspects: Suspects) -> None:
    """A slow NIC and missing uplinks, by flows and packet by packet: within 3% in the median."""
    off = []
    for name in ("NICs", "few uplinks"):
        one = next(each for each in suspects.all if each.cause.name == name)
        made = Suspects.__new__(Suspects)
        flows = ({"sync": "rank"},) * len(suspects.sizes)
        made.__dict__.update(suspects.__dict__, how=flows, all=[one])
        again = made._suspect(one.cause, one.variant, Path(tempfile.mkdtemp()))
        assert again is not None
        off += list(np.abs(np.log(again.times / one.times)))
    assert np.median(off) < 0.03


def test_what_the_log_says_that_ran_is_known() -> None:
    """Of a choice that was forced, and of one that NCCL makes itself: the rest is not guessed."""
    seed = next(
        seed for seed in hidden.SEEDS if "SIMPLE" in hidden.tuning("forced choice", seed).split("\n")[0]
    )
    times = next(times for cause, number, times in table() if (cause, number) == ("forced choice", seed))
    for case, due in (("forced choice", FORCED), ("as expected", EXPECTED.name)):
        own = times if case == FORCED else next(t for cause, _, t in table() if cause == case)
        log = replace(log_of(own, seed), text=hidden.tuning(case, seed))
        found = diagnose(log, hidden.FABRIC, sync="phase", tolerance=0.3)
        assert found.first.cause.name == due
        variants = [one.variant.words for one in found.suspects.all if one.cause.name == FORCED]
        assert variants == ["what the log says that NCCL chose"] * (case == FORCED)


def test_fluid_logs_are_told_from_each_other_by_the_fluid_model(suspects: Suspects) -> None:
    """Its own suspects with noise, and a baseline with another: nine of ten, or one of the same times."""
    healthy = suspects.all[0].times.tolist()
    right = 0
    for seed, one in enumerate(suspects.all):
        good = log_of(healthy, 1000 + seed)
        found = ranked(log_of(one.times.tolist(), seed), suspects, baseline=good)
        right += any(
            other.cause.name == found.first.cause.name and np.allclose(other.times, one.times, rtol=0.15)
            for other in suspects.all
        )
    assert right / len(suspects.all) >= 0.9


@pytest.mark.parametrize(("cause", "seed"), [("NICs", 3), ("high latency", 5), ("few uplinks", 745)])
def test_the_table_is_what_the_packet_model_gives(cause: str, seed: int) -> None:
    due = next(times for name, number, times in table(range(seed, seed + 1)) if name == cause)
    assert hidden.packet_times(cause, seed) == pytest.approx(due, rel=1e-5)


def test_each_suspect_is_found_in_its_own_times(suspects: Suspects) -> None:
    """Without noise, where healthy runs stray by 2%, a suspect's cause is first, or one that fits as well."""
    for one in suspects.all:
        found = ranked(log_of(one.times.tolist(), noise=0.0), suspects, tolerance=0.02)
        assert found.first.rms is not None and found.first.rms < 0.1, (one.cause.name, one.variant.words)
        assert one.cause.name in [other.cause.name for other in found.findings[:3]]


def test_ranks_in_step_are_as_good(suspects: Suspects) -> None:
    """A machine whose ranks wait for each other after every step, as none of the runs by packets does."""
    healthy = suspects.all[0]
    assert np.abs(np.log(healthy.in_step / healthy.times)).max() > 0.1
    assert ranked(log_of(healthy.in_step.tolist()), suspects).first.cause is EXPECTED
    for one in suspects.all:
        found = ranked(log_of(one.in_step.tolist(), noise=0.0), suspects, tolerance=0.02)
        assert one.cause.name in [other.cause.name for other in found.findings[:3]], one.variant.words
        assert found.first.rms is not None and found.first.rms < 0.1


def test_shares_are_of_one_whole_and_the_prior_is_as_stated(suspects: Suspects) -> None:
    found = ranked(log_of(suspects.all[0].times.tolist()), suspects)
    assert sum(one.share for one in found.findings) == pytest.approx(1)
    assert found.first.cause is EXPECTED and found.first.rms is not None and found.first.rms < 0.1
    names = [one.cause.name for one in found.findings]
    assert sorted(names) == sorted({one.cause.name for one in suspects.all} | {NONE_OF_THESE.name})
    assert set(suspects.unseen).isdisjoint(names)
    assert found.alike[0] is found.first


@pytest.mark.parametrize("tolerance", [0.05, 0.2, 0.5, 0.9, 1.0])
def test_times_within_a_tolerance_are_not_none_of_these(suspects: Suspects, tolerance: float) -> None:
    """However they stray within it, something gives them: healthy runs do, by what was asked for."""
    for seed, rng in ((seed, np.random.default_rng(seed)) for seed in range(20)):
        edge = rng.choice([-1, 1], len(hidden.SIZES)) if seed % 2 else rng.uniform(-1, 1, len(hidden.SIZES))
        stray = np.exp(edge * 0.999 * math.log1p(tolerance))
        found = ranked(
            log_of((suspects.all[0].times * stray).tolist(), noise=0), suspects, tolerance=tolerance
        )
        assert found.first.cause is not NONE_OF_THESE
        assert sum(one.share for one in found.findings) == pytest.approx(1)


def test_times_that_nothing_explains_are_none_of_these(suspects: Suspects) -> None:
    times = suspects.all[0].times * np.where(np.arange(len(suspects.sizes)) % 2, 6.0, 1.0)
    found = ranked(log_of(times.tolist()), suspects)
    assert found.first.cause is NONE_OF_THESE and found.first.best is None


@pytest.mark.parametrize("factor", [0.02, 0.1, 100.0, 1e4])
def test_where_no_cause_comes_near_none_is_named_and_how_far_the_nearest_is_off(
    suspects: Suspects, factor: float
) -> None:
    """Every time scaled: beyond what the worst cause takes, the nearest is as far off as that is told."""
    found = ranked(log_of((suspects.all[0].times * factor).tolist()), suspects)
    assert found.first.cause is NONE_OF_THESE and found.first.share > 0.99
    near = found.nearest
    assert near.rms is not None and near.rms == min(one.rms for one in found.findings if one.rms is not None)
    words = "\n".join(diagnose_lines(found))
    told = f"the nearest, {near.cause.name} ({near.words}), is off by a factor of {math.exp(near.rms):.2g}"
    assert told in words and words.index("none of these") < words.index(near.cause.name)


def test_the_likelihood_is_that_of_the_definition() -> None:
    """A twin: densities of normal distributions by inverse and determinant, in the mean of the shares of the
    band; and a sum of single ones.
    """
    spread = [
        Spread(middle=0.1, machine=0.3, size=0.1, regime="latency"),
        Spread(middle=0.2, machine=0.2, size=0.2, regime="bandwidth"),
        Spread(middle=0.3, machine=0.1, size=0.3, regime="bandwidth"),
    ]
    off = np.array([[0.0, 0.5, -0.2], [0.1, 0.2, 0.3]])
    covariance = np.array(
        [
            [0.3**2 + 0.1**2, 0.5 * 0.3 * 0.2, 0.5 * 0.3 * 0.1],
            [0.5 * 0.3 * 0.2, 0.2**2 + 0.2**2, 0.2 * 0.1],
            [0.5 * 0.3 * 0.1, 0.2 * 0.1, 0.1**2 + 0.3**2],
        ]
    )
    shares = {1: 64 / 85, 0.5: 16 / 85, 0.25: 4 / 85, 0.125: 1 / 85}  # as their squares
    for one, found in zip(off, log_likelihood(off, spread)):
        due = 0.0
        for share, weight in shares.items():
            away, own = one - share * np.array([0.1, 0.2, 0.3]), share**2 * covariance + 0.02**2 * np.eye(3)
            density = math.exp(-away @ np.linalg.inv(own) @ away / 2)
            due += weight * density / math.sqrt((2 * math.pi) ** 3 * np.linalg.det(own))
        assert found == pytest.approx(math.log(due))
    assert of_none(np.array([0.0, 2.0])) == pytest.approx(-math.log(2 * math.pi) - 2.0)


def test_what_cannot_be_diagnosed_is_refused(suspects: Suspects) -> None:
    log = log_of([1e-3] * len(hidden.SIZES))
    with pytest.raises(ParameterError, match=r"ranks: 16: at most the 8 endpoints of star:endpoints=8"):
        diagnose(log, "star:endpoints=8")
    with pytest.raises(ParameterError, match=r"no machine was measured near enough to say how far times"):
        diagnose(log, "star:endpoints=16", latency_profile="ideal", algorithm="ring")
    with pytest.raises(ParameterError, match=r"ranks: 8: the log run.log is of 16"):
        diagnose(log, hidden.FABRIC, ranks=8)
    with pytest.raises(ParameterError, match=r"collective: 'all-gather': the log run.log is of all-reduce"):
        diagnose(log, hidden.FABRIC, collective="all-gather")
    half = log_of([1e-3] * 4)
    with pytest.raises(ParameterError, match=r"baseline: 'run.log': lacks the size 4,194,304 of the log"):
        ranked(log, suspects, baseline=half)
    with pytest.raises(ParameterError, match=r"baseline: 'run.log': is of all-reduce on 8 ranks, the log of"):
        ranked(log, suspects, baseline=log_of([1e-3] * len(hidden.SIZES), ranks=8))


def test_planes_have_causes_of_their_own() -> None:
    fabric = "multi-plane:planes=4,endpoints=16,radix=16,gpus_per_server=4"
    found = suspects_of(log_of([1e-3] * len(hidden.SIZES)), fabric, sync="phase")
    by_name = {one.cause.name: one for one in found.all}
    assert by_name["one plane"].times[-1] / found.all[0].times[-1] > 1.5
    assert by_name["lost port"].variant.cables[0].count(",") == 1
    assert by_name["lost port"].variant.settings in ({"fail": FILE}, {"degrade": f"{FILE}:rate=25%"})
