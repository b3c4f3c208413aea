"""Diagnosis: the causes of a log's times, ranked by how well each fits. Prints nothing.

A cause's share is its likelihood (sims.studies.diagnose.fit), in the mean of the ways in which it shows, over
that of all.
Causes that a short log cannot tell apart are one answer, whose share is the sum of theirs.
Beforehand "as expected" counts as much as all others together. "None of these" is one of them: times of which
nothing is known but their order of magnitude. What is farther off than machines stray is not the cause.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError
from sims.jobs.opened import AnyFabric, opened
from sims.models.band import band_of, regime_of
from sims.scenario.row import Row
from sims.settings.table import SETTINGS
from sims.studies.calibrated import doubts
from sims.studies.diagnose.cause import Cause
from sims.studies.diagnose.causes import EXPECTED
from sims.studies.diagnose.fit import FAR, Spread, deviations, log_likelihood, of_none, same_times
from sims.studies.diagnose.points import by_way, points
from sims.studies.diagnose.suspects import Suspect, Suspects
from sims.studies.expect.choice import Choice, choices
from sims.studies.expect.expectation import of_log
from sims.studies.expect.tolerance import share
from sims.studies.nccl_log import AnyLog, NcclLog, logged
from sims.studies.nccl_log.tuning import chosen_by_nccl

__all__ = ["NONE_OF_THESE", "Diagnosis", "Finding", "diagnose", "healthy_spread", "ranked", "suspects_of"]

_NORMAL = 1.2816  # standard deviations on both sides of the middle that hold 80%
_REPEATS = 0.15  # two runs of one machine: 1 to 3% apart on Leonardo, 18% on LUMI (measured medians)
_ALIKE = 3.0  # a share that is at least one part in so many of the first is as good

NONE_OF_THESE = Cause(
    name="none of these",
    words="no cause that is simulated here gives such times",
    look="the log with NCCL_DEBUG=INFO; nccl-tests between two hosts, then four, until it breaks",
    variants=(),
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A cause and its ``share`` of the likelihood; ``best``: the suspect nearest to what fits best, which
    ``words`` say; ``times``: (sizes,) in s, what the log would show if that were the cause; ``in_step``:
    whether ranks then go in step, which fits better than each by itself; ``rms``: how far that is off, as the
    root of the mean square of log(measured / modelled). None of these has none of them.
    """

    cause: Cause
    share: float
    best: Suspect | None = None
    words: str = ""
    times: tuple[float, ...] = ()
    in_step: bool = False
    rms: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """``findings``: those of the likeliest answer first, and among them the likeliest cause; ``measured`` and
    ``expected``, of a healthy run: (sizes,) in s; ``equal``: causes of which a variant takes the same times
    as what fits best of the first, within the noise of a log at every size, so that no log of these sizes
    tells them apart; ``notes``: what a reader should know.
    """

    log: NcclLog | None
    suspects: Suspects
    measured: tuple[float, ...]
    expected: tuple[float, ...]
    findings: tuple[Finding, ...]
    equal: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> Finding:
        """The likeliest."""
        return self.findings[0]

    @property
    def nearest(self) -> Finding:
        """The cause that is least off, however far that is."""
        return min((one for one in self.findings if one.rms is not None), key=lambda one: one.rms or 0.0)

    @property
    def answer(self) -> tuple[str, float]:
        """The likeliest answer, one cause or what a short log cannot tell apart, and its share."""
        return self.first.cause.answer, _shares(self.findings)[self.first.cause.answer]

    @property
    def alike(self) -> list[Finding]:
        """What the times do not tell from the first, and the first."""
        return [one for one in self.findings if one.share * _ALIKE >= self.first.share]


def _shares(findings: Sequence[Finding]) -> dict[str, float]:
    """The share of each answer."""
    found: dict[str, float] = {}
    for one in findings:
        found[one.cause.answer] = found.get(one.cause.answer, 0.0) + one.share
    return found


def suspects_of(
    log: AnyLog,
    fabric: AnyFabric,
    *,
    algorithm: str = "",
    latency_profile: str = "",
    topology: str | None = None,
    digest: str | None = None,
    watch: Callable[[str], None] = lambda label: None,
    **settings: Any,
) -> Suspects:
    """The suspects of the ranks and sizes of ``log``; arguments and errors as of ``diagnose``."""
    said = SETTINGS["ranks"].checked(settings.pop("ranks", None))
    log = logged(log, said)
    of, ranks, measured = of_log(log, log.name)
    fabric, topology, digest = opened(fabric, topology, digest)
    if settings.get("collective") not in (None, of):
        raise ParameterError("collective", settings["collective"], f"the log {log.name} is of {of}")
    if said not in (None, ranks):
        raise ParameterError("ranks", said, f"the log {log.name} is of {ranks:,}")
    settings |= {"collective": of, "ranks": ranks}
    settings.setdefault("routing", "adaptive")
    made = choices(of, algorithm, latency_profile)
    how = {"topology": topology, "digest": digest, "watch": watch, "told": _told(log, made), **settings}
    how["nccl"] = not (algorithm or latency_profile)
    return Suspects(fabric, list(measured), made, **how)


def _told(log: NcclLog, made: Sequence[Choice]) -> dict[int, Choice]:
    """What NCCL says in the log that it chose (NCCL_DEBUG_SUBSYS=TUNING), as far as it is one of ``made``."""
    found = {}
    for size, (name, protocol) in chosen_by_nccl(log.text, log.collective).items():
        profile = f"nccl-{name.lower()}-{protocol.lower()}"
        same = [one for one in made if one.profile == profile]
        if same:
            found[size] = Choice(same[0].algorithm.partition(":")[0], profile)
    return found


def diagnose(
    log: AnyLog,
    fabric: AnyFabric,
    *,
    baseline: AnyLog | None = None,
    tolerance: float | str | None = None,
    **settings: Any,
) -> Diagnosis:
    """Why the times of ``log`` on ``fabric`` are as they are.

    log, baseline: the path of one, or one that was read. fabric: as it should be, compiled, a graph or a
    text, as on the command line. baseline: of these ranks when all was well, whose times stand for the
    model's of a healthy run. tolerance: a share above 0 and at most 1, within which healthy runs are, in
    place of the band: where all times are within it, the answer is never "none of these".
    settings: ``algorithm``, ``latency_profile`` and ``watch`` as of sims.expect; ``routing`` (adaptive),
    ``placement`` and ``seed`` of the healthy run; ``engine`` and ``packet`` of all runs.

    Raises:
        ParameterError: the log is of several collectives, of one that is not simulated, or of more ranks than
            the fabric has endpoints; no machine was measured near enough for a band; the baseline is of
            another collective, of other ranks, or lacks sizes.
    """
    ranks, width = SETTINGS["ranks"].checked(settings.get("ranks")), share(tolerance)
    read = logged(log, ranks)
    suspects = suspects_of(read, fabric, **settings)
    healthy = None if baseline is None else logged(baseline, ranks)
    return ranked(read, suspects, baseline=healthy, tolerance=width)


def ranked(
    log: NcclLog, suspects: Suspects, *, baseline: NcclLog | None = None, tolerance: float | None = None
) -> Diagnosis:
    """The diagnosis of a log of the sizes of ``suspects``. Arguments and errors as of ``diagnose``."""
    of, ranks, times = of_log(log, log.name)
    if tuple(times) != suspects.sizes:
        raise ParameterError("log", log.name, "its sizes are not those of the suspects")
    measured = np.log(list(times.values()))
    healthy = np.log(suspects.all[0].times)
    # What the model is off on this machine when all is well, which causes do not change.
    good = None if baseline is None else _baseline(baseline, of, ranks, times)
    own = np.zeros(len(healthy)) if good is None else good - healthy
    own_in_step = own if good is None else good - np.log(suspects.all[0].in_step)
    away = measured - healthy - own
    # What is within a tolerance that was asked for is as expected, so there is a cause that gives such times.
    healthy_by_word = tolerance is not None and bool((np.abs(away) <= math.log1p(tolerance)).all())
    if tolerance is None and baseline is not None:
        tolerance = _REPEATS
    nodes = suspects.plan.any_job.members.nodes
    spread = [healthy_spread(row, nodes, tolerance) for row in suspects.healthy]
    by_cause: dict[str, list[Suspect]] = {}
    for one in suspects.all:
        by_cause.setdefault(one.cause.name, []).append(one)
    weights = [-math.inf if healthy_by_word else of_none(away)]
    found = [Finding(cause=NONE_OF_THESE, share=0.0)]
    curves: dict[str, NDArray[np.float64]] = {}
    fits: dict[str, NDArray[np.float64]] = {}
    for each in by_cause.values():
        tried = points(each)
        curve = curves[each[0].cause.name] = np.array([one.log_times for one in tried])
        off = measured - own - curve
        off_in_step = measured - own_in_step - np.array([one.log_in_step for one in tried])
        # Nobody knows whether a machine's ranks go in step, as the band was measured, or by themselves.
        either = [log_likelihood(off, spread), log_likelihood(off_in_step, spread)]
        likely = np.logaddexp(*either) - math.log(2)
        best = int(np.argmax(likely))
        fits[each[0].cause.name] = curve[best]
        least = min(deviations(off, spread).min(), deviations(off_in_step, spread).min())
        before = math.log(len(by_cause)) if each[0].cause is EXPECTED else 0.0
        weights.append(-math.inf if least > FAR else before + by_way(each, tried, likely))
        in_step = bool(either[1][best] > either[0][best])
        left = off_in_step[best] if in_step else off[best]
        finding = Finding(
            cause=each[0].cause,
            share=0.0,
            best=tried[best].near,
            words=tried[best].words,
            times=tuple(np.exp(measured - left).tolist()),
            in_step=in_step,
            rms=float(np.sqrt(np.mean(left**2))),
        )
        found.append(finding)
    whole = max(weights) + math.log(sum(math.exp(one - max(weights)) for one in weights))
    shared = [replace(one, share=math.exp(weight - whole)) for one, weight in zip(found, weights)]
    answers = _shares(shared)
    findings = tuple(sorted(shared, key=lambda one: (-answers[one.cause.answer], -one.share, one.rms or 0.0)))
    first = findings[0].cause.name
    return Diagnosis(
        log=log,
        suspects=suspects,
        measured=tuple(times.values()),
        expected=tuple(np.exp(healthy + own).tolist()),
        findings=findings,
        equal=same_times(fits[first], curves, first) if first in fits else (),
        notes=(*suspects.plan.left_out, *log.notes, *doubts(log, suspects.plan.any_job, named=True)),
    )


def _baseline(log: NcclLog, of: str, ranks: int, times: Mapping[int, float]) -> NDArray[np.float64]:
    """(sizes,): logarithms of the times of a healthy run."""
    kind, count, healthy = of_log(log, log.name)
    if (kind, count) != (of, ranks):
        rule = f"is of {kind} on {count:,} ranks, the log of {of} on {ranks:,}"
        raise ParameterError("baseline", log.name, rule)
    lacks = [size for size in times if size not in healthy]
    if lacks:
        raise ParameterError("baseline", log.name, f"lacks the size {lacks[0]:,} of the log")
    found: NDArray[np.float64] = np.log([healthy[size] for size in times])
    return found


def healthy_spread(row: Row, nodes: int, tolerance: float | None) -> Spread:
    """How far healthy machines on so many nodes stray from the time of ``row``: by the band, or a share.

    Raises:
        ParameterError: no band, and no tolerance.
    """
    s, regime = row.scenario, regime_of(row.latency_share)
    if tolerance is not None:
        whole = math.log1p(tolerance) / _NORMAL
        return Spread(middle=0.0, machine=whole * math.sqrt(3) / 2, size=whole / 2, regime=regime)
    name = s.latency_profile.partition(":")[0]
    band = band_of(name, s.collective, row.latency_share, nodes, s.size_bytes)
    if band is None:
        rule = f"no machine was measured near enough to say how far times of {s.collective} stray: give a "
        raise ParameterError("latency_profile", s.latency_profile, rule + "--tolerance, or a --baseline")
    low, high = math.log1p(band.low), math.log1p(band.high)
    whole = band.of.deviation * (high - low) / 2 / band.of.half  # as much wider as the band, far from them
    within = min(band.of.within, whole)
    machine = math.sqrt(whole**2 - within**2)
    return Spread(middle=(low + high) / 2, machine=machine, size=within, regime=regime)
