"""TrainJob: a training job on a fabric, ready to run one step. Writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from fabric import Fabric
from fabric.damage.breakage import harmed
from fabric.damage.fault import NONE
from fabric.graph.nic import planes
from fabric.graph.schema import NVSWITCH
from fabric.routing.route import check_policy
from fabric.words.errors import ParameterError
from fabric.words.units import format_seconds, parse_time
from sims.jobs.causes import causes
from sims.jobs.opened import AnyFabric, opened
from sims.jobs.train.band import step_band
from sims.jobs.train.crew import Crew, sizes_of
from sims.jobs.train.hand import hand_run
from sims.jobs.train.steps import StepRun
from sims.scenario.job_scenario import JobScenario
from sims.scenario.train_row import TrainRow
from sims.scenario.version import model_version
from sims.settings.setup import Setup
from sims.settings.suited import brought
from sims.settings.table import SETTINGS
from sims.workload.job.gpu import AUTO, Gpu, gpu_beside, gpu_named
from sims.workload.job.memory import check_memory
from sims.workload.job.model import model_named
from sims.workload.job.precision import precision_named
from sims.workload.job.tasks import COMPUTE
from sims.workload.job.training import Training
from sims.workload.mesh import NO_GROUPS
from sims.workload.placement import place

__all__ = ["TrainJob", "train"]

_OF_SETUP = (
    *("ranks", "placement", "seed", "routing", "latency_profile"),
    *("upgrade", "fail", "degrade", "allow_partition"),
)
_MEASURED = "step="  # of the setting compute
_TRIES = 12


class TrainJob:
    """A job on ``fabric`` with the settings of ``train`` as texts; ``topology``, ``digest``: as of others.

    ``training``: the job of a step by model, None of one by hand; ``crew``: who talks to whom, likewise.

    Raises:
        ParameterError: of the first mistake; a model that does not fit into a GPU.
    """

    def __init__(
        self, fabric: Fabric, *, topology: str | None = None, digest: str | None = None, **settings: Any
    ) -> None:
        asked = JobScenario.of("train", settings)
        self.fabric, said = fabric, asked.settings
        self.setup = setup = Setup(**{name: said[name] for name in _OF_SETUP})
        self.policy, self.profile = setup.policy(planes(fabric)), setup.profile
        check_policy(fabric, self.policy)
        self.placement = place(fabric, setup.ranks, setup.placement, setup.seed)
        healthy = setup.improved(fabric)
        self.degraded, self.damage = harmed(
            healthy, setup.faults_from_start, setup.seed, allow_partition=setup.allow_partition
        )
        found = causes(setup, fabric, self.placement, self.damage, topology, digest)
        texts = {name: SETTINGS[name].text_of(found[name]) for name in ("topology", *_OF_SETUP)}
        self.scenario = replace(
            asked.with_settings(**texts),
            digest=_digests(found),
        )
        self.gpu = self._gpu(said["gpu"])
        self.training: Training | None = None if said["steps"] else self._training(said)
        self.memory = check_memory(self.training, self.gpu) if self.training else None

    @property
    def ranks(self) -> int:
        return len(self.placement)

    def changed(self, **texts: str) -> TrainJob:
        """The same job on the same fabric with other settings, as calibrated."""
        same = {name: text for name, text in self.scenario.settings.items() if name != "topology"}
        digest = self.scenario.digest_of("topology")
        same["compute"] = f"{self.compute:.12g}" if self.training else same["compute"]
        topology = self.scenario.settings["topology"]
        return TrainJob(self.fabric, topology=topology, digest=digest, **{**same, **texts})

    def _gpu(self, text: str) -> Gpu:
        """That which is named, or the one that the scale-up links of the fabric are of."""
        if text != AUTO:
            return gpu_named(text)
        ends = self.fabric.kind[self.fabric.link_dst] == NVSWITCH
        own = np.isin(self.fabric.link_src, self.placement[:1]) & ends
        return gpu_beside(float(self.fabric.capacity[own].sum()))

    def _training(self, said: Mapping[str, str]) -> Training:
        share = 1.0 if said["compute"].startswith(_MEASURED) else float(said["compute"])
        return Training(
            model=model_named(said["model"]),
            **sizes_of(said["groups"], said["experts"], self.ranks),
            sequence=int(said["sequence"]),
            batch=int(said["batch"]),
            micro=int(said["microbatch"]),
            interleave=int(said["interleave"]),
            recompute=said["recompute"],
            sharding=said["sharding"],
            overlap=said["overlap"],
            parallel=said["sequence_parallel"] == "true",
            causal=said["attention"] == "causal",
            skew=float(said["imbalance"]),
            bucket=int(said["bucket"]),
            optimizer=parse_time(said["optimizer"]),
            speed=share * self.gpu.peak,
            precision=precision_named(said["precision"]),
            boost=self.gpu.boost(said["precision"]),
        )

    @cached_property
    def crew(self) -> Crew:
        """Who talks to whom, of a step by model, at the speed that is said or measured."""
        assert self.training is not None
        groups = self.scenario.settings["groups"]
        crew = Crew(
            job=self.training,
            groups=f"mesh:dp={self.ranks}" if groups == NO_GROUPS else groups,
            experts=self.scenario.settings["experts"],
            fabric=self.degraded,
            placement=self.placement,
            policy=self.policy,
            profile=self.profile,
        )
        said = self.scenario.settings["compute"]
        if not said.startswith(_MEASURED):
            return crew
        return _calibrated(crew, parse_time(said.removeprefix(_MEASURED)))

    @property
    def compute(self) -> float:
        """The share of the peak that GPUs reach while they compute."""
        return self.crew.job.speed / self.gpu.peak

    @cached_property
    def run(self) -> StepRun:
        """The step, routed."""
        steps = self.scenario.settings["steps"]
        if steps:
            groups, experts = self.scenario.settings["groups"], self.scenario.settings["experts"]
            how = self.degraded, self.placement, self.policy, self.profile
            return hand_run(json.loads(steps), groups, experts, *how)
        return StepRun.of(self.crew)

    @property
    def warnings(self) -> list[str]:
        """What has to be said beside the row."""
        merged = self.policy.warning(self.degraded)
        found = [str(self.damage) if self.damage else "", merged]
        if self.training:
            found += self.training.warnings
            outside = [kind for kind in ("tp",) if getattr(self.training, kind) > 1]
            outside = [kind for kind in outside if kind not in self.crew.inside]
            found += [f"groups of {kind} leave their servers: they share the network" for kind in outside]
        return [said for said in found if said]

    def row(self, watch: Callable[[str], None] | None = None) -> TrainRow:
        """Run the step; ``watch`` is told before.

        Raises:
            NoRouteError: ranks that talk have no path.
        """
        if watch:
            watch("routing and running")
        run, job = self.run, self.training
        time = run.record.time
        if time <= 0:
            raise ParameterError("steps", None, "a step takes time: it computes nothing and sends nothing")
        kinds = dict.fromkeys(kind for one in run.spent.exposed.values() for kind in one)
        flops = job.flops / time / self.ranks if job else 0.0
        given = self.scenario.settings["compute"].startswith(
            _MEASURED
        )  # a time that was measured has no band
        low, high = (0.0, 0.0) if job and given else step_band(run, self.crew if job else None)
        memory = {}
        if self.memory:
            held = {"states": self.memory.states, "activations": self.memory.activations}
            memory = {"stage": float(self.memory.stage), **held, "capacity": self.gpu.memory}
        return TrainRow(
            scenario=self.scenario,
            endpoints=self.fabric.n_endpoints,
            gpus=self.ranks,
            gpu_used=self.gpu.text,
            time_s=time,
            mfu=flops / self.gpu.peak,
            tflops=flops / 1e12,
            tokens_per_s=job.batch * job.sequence / time if job else 0.0,
            compute_share=self.compute if job else 0.0,
            microbatches=job.microbatches if job else 0,
            bubble=run.bubble,
            exposed={kind: run.spent.mean(kind) for kind in kinds},
            busy={kind: seconds for kind, seconds in run.spent.busy.items() if kind in run.kinds},
            memory=memory,
            utilisation=run.utilisation(),
            error_low=low,
            error_high=high,
            version=model_version(),
        )


def _digests(found: Mapping[str, Any]) -> str:
    """What files hold that settings name, of ``causes``: by the name of the setting."""
    named = {"topology": "topology", "placement": "placement", "routing": "routing"}
    named |= {name: "fault" for name in ("fail", "degrade") if found[name] != NONE}
    pairs = {name: found[f"{column}_digest"] for name, column in named.items()}
    return ";".join(f"{name}={value}" for name, value in pairs.items() if value)


def _calibrated(crew: Crew, seconds: float) -> Crew:
    """At the speed at which the step takes so long: what is not computing takes what it takes.

    Raises:
        ParameterError: it would take longer though nobody computes, or GPUs would beat their peak.
    """
    peak = crew.job.speed
    slowness = 1.0  # over that at peak
    for _ in range(_TRIES):
        now = replace(crew, job=replace(crew.job, speed=peak / slowness))
        run = StepRun.of(now)
        if abs(run.record.time / seconds - 1) < 1e-6:
            return now
        computing = run.spent.mean(COMPUTE)
        ideal = computing * (1 + (crew.job.pp - 1) / crew.job.microbatches / crew.job.interleave)
        slowness *= 1 + (seconds - run.record.time) / ideal
        if slowness < 1 - 1e-9:
            rule = f"at their peak GPUs take {StepRun.of(crew).record.time:.4g} s: no step is shorter"
            raise ParameterError("compute", f"step={format_seconds(seconds).replace(' ', '')}", rule)
    return now


def train(fabric: AnyFabric, **settings: Any) -> TrainRow:
    """The row of one step of a training job, with the settings of ``fabricsim train`` by name.

    >>> row = train("fat-tree:k=8,gpus_per_server=4", ranks=64, model="llama3-8b", batch=64,
    ...             groups="tp=4,pp=4,dp=rest")
    >>> round(row.time_s, 1), round(sum(row.exposed.values()) / row.time_s, 6), row.memory["stage"]
    (1.4, 1.0, 0.0)
    """
    compiled, topology, digest = opened(fabric, partition=settings.get("allow_partition"))
    suited = brought(topology or "")
    return TrainJob(compiled, **{"topology": topology, "digest": digest, **suited, **settings}).row()
