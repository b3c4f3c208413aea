"""GoodputJob: a job on a fabric for weeks, ready to run at its own size and at others. Writes nothing."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fabric import Fabric
from fabric.routing.policies import policy_file
from fabric.words.units import format_time, parse_rate, parse_time
from sims.jobs.collective import CollectiveJob
from sims.jobs.goodput.network import NetworkClass, hosts_of, network_classes
from sims.jobs.opened import AnyFabric, opened
from sims.models.goodput.confidence import half_width, unseen
from sims.models.goodput.daly import optimum, unsaved_share, useful_share
from sims.models.goodput.hazards import parse_hazards
from sims.models.goodput.weeks import Plan, Threat, Weeks, require_few, weeks
from sims.scenario.digest import content_digest, digest_of
from sims.scenario.goodput_row import LOSSES, GoodputRow
from sims.scenario.job_scenario import JobScenario
from sims.scenario.version import model_version
from sims.settings.suited import brought
from sims.settings.table import spelled
from sims.workload.placement import placement_names

__all__ = ["GoodputJob", "Sized", "goodput"]

_OF_COLLECTIVE = (
    *("ranks", "placement", "seed", "routing", "latency_profile"),
    *("collective", "groups", "experts", "over"),
)


@dataclass(frozen=True, kw_only=True)
class Sized:
    """The same job on ``gpus``: rates in proportion. Shares of the time, as of GoodputRow; seconds."""

    gpus: int
    share: float
    low: float
    high: float
    saving: float
    losses: dict[str, float]
    mtti: float
    interval: float


class GoodputJob:
    """A job on ``fabric``, with the settings of ``goodput`` as texts; ``topology``, ``digest`` as of
    CollectiveJob.

    Raises:
        ParameterError: of the first mistake.
    """

    def __init__(
        self, fabric: Fabric, *, topology: str | None = None, digest: str | None = None, **settings: Any
    ) -> None:
        asked = JobScenario.of("goodput", settings)
        self.fabric, said = fabric, asked.settings
        self.hazards = parse_hazards(said["faults"])
        self.collective = CollectiveJob(
            fabric, topology=topology, digest=digest, **{name: said[name] for name in _OF_COLLECTIVE}
        )
        self.collective.check(said["algorithm"], [int(said["size"])])
        texts = {
            "topology": topology or f"graph {fabric.name}",
            "ranks": str(self.collective.ranks),
            "routing": str(self.collective.policy),
        }
        self.scenario = replace(asked.with_settings(**texts), digest=self._digest(digest, said))
        self.watch: Callable[[str], None] | None = None
        self._seconds = _seconds(said)

    def _digest(self, digest: str | None, said: Any) -> str:
        table = policy_file(said["routing"])
        found = {
            "topology": content_digest(self.fabric) if digest is None else digest,
            "placement": digest_of(self.collective.placement.astype("<i8"))
            if placement_names(said["placement"])
            else "",
            "routing": hashlib.sha256(Path(table).read_bytes()).hexdigest() if table else "",
        }
        return ";".join(f"{name}={value}" for name, value in found.items() if value)

    def changed(self, **texts: str) -> GoodputJob:
        """The same job on the same fabric with other settings, none of which is of its collective; what is
        solved of the network stays solved.
        """
        other = copy(self)
        spelt = {name: spelled(name, text, "goodput") for name, text in texts.items()}
        other.scenario = self.scenario.with_settings(**spelt)
        other.hazards = parse_hazards(other.scenario.settings["faults"])
        other._seconds = _seconds(other.scenario.settings)
        return other

    @cached_property
    def network(self) -> tuple[NetworkClass, ...]:
        """Each class of cables and switches that can fail, solved; ``watch`` is told of each before."""
        said = self.scenario.settings
        what = said["algorithm"], int(said["size"])
        return tuple(network_classes(self.collective, *what, self.hazards, self.watch))

    def threats(self, scale: float = 1.0) -> list[Threat]:
        """All that strikes the job if it had ``scale`` times its ranks, and hosts, cables and switches with
        them.
        """
        ranks, repair, hazards = self.collective.ranks * scale, self._seconds["repair"], self.hazards
        hosts = scale * hosts_of(self.collective)
        found = [
            Threat(name="GPU", rate=ranks * hazards.rate("gpu"), repair=repair, hosts=1),
            Threat(name="host", rate=hosts * hazards.rate("host"), repair=repair, hosts=1),
            Threat(name="software", rate=ranks * hazards.rate("software")),
        ]
        exposed = float(self.scenario.settings["exposed"].rstrip("%")) / 100
        mean = {"nic": repair, "link": hazards.link_mttr, "switch": hazards.switch_mttr}
        for one in self.network:
            found.append(
                Threat(
                    name=one.name,
                    rate=scale * one.count * hazards.rate(one.unit),
                    slowdown=1 + exposed * (one.stretch - 1) if one.stretch else 0.0,
                    repair=mean[one.unit],
                    hosts=one.hosts,
                )
            )
        return [one for one in found if one.rate > 0]

    def plan(self, threats: Sequence[Threat], scale: float = 1.0) -> tuple[Plan, float, float]:
        """How the job saves itself; its mean time to an interruption, and the best interval, both in s."""
        said, seconds = self.scenario.settings, self._seconds
        save = int(said["state"]) / parse_rate(said["storage"])
        restart = seconds["detection"] + seconds["restart"] + save
        mtti = _inverse(sum(one.rate for one in threats if one.stops))
        best, step = optimum(save, mtti), seconds["step"]
        wanted = best
        if said["checkpoint"] != "optimal":
            wanted = math.inf if said["checkpoint"] == "never" else parse_time(said["checkpoint"])
        interval = wanted if math.isinf(wanted) else max(1, round(wanted / step)) * step
        spares = math.inf if said["spares"] == "any" else float(round(scale * int(said["spares"])))
        return Plan(interval=interval, save=save, restart=restart, spares=spares), mtti, best

    def histories(self, scale: float = 1.0) -> tuple[list[Threat], Plan, Weeks]:
        """What strikes, how the job saves itself, and what became of it in each run."""
        threats, duration = self.threats(scale), self._seconds["duration"]
        require_few(threats, duration)
        plan = self.plan(threats, scale)[0]
        runs, seed = int(self.scenario.settings["runs"]), int(self.scenario.settings["seed"])
        return threats, plan, weeks(threats, plan, duration=duration, runs=runs, seed=seed)

    def at(self, gpus: int) -> Sized:
        """The same job on so many GPUs, its fabric grown with it: rates, hosts and spares in proportion."""
        scale = gpus / self.collective.ranks
        threats, plan, found = self.histories(scale)
        mtti = self.plan(threats)[1]
        low, high = self._interval(plan, found, mtti)
        return Sized(
            gpus=gpus,
            share=float(found.share.mean()),
            low=low,
            high=high,
            saving=float((found.saving / found.elapsed).mean()),
            losses={name: _mean(getattr(found, name), found) for name in LOSSES},
            mtti=mtti,
            interval=plan.interval,
        )

    @property
    def warnings(self) -> list[str]:
        """What has to be said beside the row."""
        plan, _, _ = self.plan(self.threats())
        step, watched = self._seconds["step"], self._seconds["duration"]
        late = f"longer than the job is watched, {format_time(watched)}"
        if step > watched:
            return [f"a step takes {format_time(step)}, {late}: none ends in that time"]
        if watched < plan.interval < math.inf:
            return [f"a checkpoint comes after {format_time(plan.interval)} of work, {late}: none is saved"]
        return []

    def row(self, watch: Callable[[str], None] | None = None) -> GoodputRow:
        """Run all histories; ``watch`` is told of each class of the network before it is solved.

        Raises:
            ParameterError: more failures than can be followed.
        """
        self.watch = watch
        threats, plan, found = self.histories()
        _, mtti, best = self.plan(threats)
        low, high = self._interval(plan, found, mtti)
        if plan.interval < math.inf:
            calm = useful_share(plan.interval, plan.save, plan.restart, mtti)
        else:
            calm = unsaved_share(self._seconds["duration"], plan.restart, mtti)
        return GoodputRow(
            scenario=self.scenario,
            endpoints=self.fabric.n_endpoints,
            gpus=self.collective.ranks,
            hosts=hosts_of(self.collective),
            share=float(found.share.mean()),
            low=low,
            high=high,
            spread=float(found.share.std(ddof=1)),
            saving=float((found.saving / found.elapsed).mean()),
            interruptions=float(found.interruptions.sum(axis=1).mean()),
            mtti_s=_finite(mtti),
            interval_s=_finite(plan.interval),
            best_s=_finite(best),
            save_s=plan.save,
            restart_s=plan.restart,
            daly=calm,
            causes={
                one.name: {
                    **{name: float((getattr(found, name)[:, i] / found.elapsed).mean()) for name in LOSSES},
                    "interruptions": float(found.interruptions[:, i].mean()),
                }
                for i, one in enumerate(threats)
            },
            network={
                one.name: {
                    "count": one.count,
                    "stretch": one.stretch,
                    "hosts": one.hosts if one.hosts < math.inf else -1.0,
                    "per_day": one.count * self.hazards.rate(one.unit) * 86400,
                }
                for one in self.network
            },
            version=model_version(),
        )

    def _interval(self, plan: Plan, found: Weeks, mtti: float) -> tuple[float, float]:
        """In which the share lies in 95 of 100 seeds. Where failures happen and no run has drawn one, each of
        those that may be due costs a segment and a restart at the most.
        """
        share, half = float(found.share.mean()), half_width(found.share)
        if not math.isinf(mtti) and not found.interruptions.sum():
            duration = self._seconds["duration"]
            cost = min(plan.interval + plan.save + plan.restart, duration)
            half += unseen(len(found.share)) * cost / duration
        return max(0.0, share - half), min(1.0, share + half)

    def sizes(self, gpus: Sequence[int]) -> Iterator[Sized]:
        """``at`` each of ``gpus``, as each is found."""
        for one in gpus:
            yield self.at(one)


def _seconds(said: Mapping[str, str]) -> dict[str, float]:
    return {name: parse_time(said[name]) for name in ("step", "detection", "restart", "repair", "duration")}


def _mean(part: np.ndarray, found: Weeks) -> float:
    return float((part.sum(axis=1) / found.elapsed).mean())


def _inverse(rate: float) -> float:
    return 1 / rate if rate > 0 else math.inf


def _finite(seconds: float) -> float:
    """0 for what never comes, as no file has an infinity."""
    return seconds if math.isfinite(seconds) else 0.0


def goodput(fabric: AnyFabric, **settings: Any) -> GoodputRow:
    """The row of a job that runs on ``fabric`` for weeks; ``fabric``: compiled, a graph or a text.

    ``settings``: those of ``fabricsim goodput`` by name; ``step`` must be said.

    Raises:
        ParameterError: the first mistake.

    >>> row = goodput("fat-tree:k=4", step="20s", faults="rsc-1", duration="2d", runs=8)
    >>> row.gpus, row.hosts, row.low <= row.share <= row.high
    (16, 2.0, True)
    """
    compiled, topology, digest = opened(fabric)
    suited = brought(topology or "")
    return GoodputJob(compiled, **{"topology": topology, "digest": digest, **suited, **settings}).row()
