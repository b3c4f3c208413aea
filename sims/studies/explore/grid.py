"""Grid: the runs behind a page that one can play with, as many as fit in what a page may take. Runs nothing.

The grid is the full product of a few values of each setting, so that whatever a reader of the page sets has
been run. Where that is too much, settings get fewer values, one after the other, in an order that keeps what
people ask first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.scenario import Scenario
from sims.studies.explore.choices import STEPS, Choices, choices_on, read_choices
from sims.studies.sweep.cost import Extent, building, estimate
from sims.studies.sweep.plan import Plan, plan_sweep
from sims.studies.sweep.spec import SweepSpec
from topologies.named import named

__all__ = ["MOST_RUNS", "MOST_SECONDS", "Grid", "pictured", "plan_grid"]

MOST_RUNS, MOST_SECONDS = 2_000, 600.0
# What is checked before those that are run are chosen: combinations, and ranks of all jobs, 5 us each.
_MOST_CHECKED, _MOST_PLACED = 10_000, 2_000_000
_LONG = 0.2  # seconds of building, from which on they tell the pace of the machine


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The runs of a page. ``spec``: as a sweep, whose axes are the controls; ``plan``: its points, all
    checked; ``fewer``: the settings that get fewer values than they would on a smaller fabric; ``seconds``:
    of one core, about, for the runs and for the use of links.
    """

    spec: SweepSpec
    plan: Plan
    fewer: tuple[str, ...]
    seconds: float


def plan_grid(
    specs: Sequence[str], sets: Sequence[str] = (), progress: Callable[[str], None] | None = None
) -> Grid:
    """The largest grid on the topologies ``specs`` that is run within MOST_RUNS and about MOST_SECONDS of one
    core.

    ``sets``: texts ``key=v1,v2``, which take the place of the values of a setting, or add a setting.

    Raises:
        FabricsimError: an unknown topology or setting; a point that cannot run; or what is asked for by
            ``sets`` is too much, however few the other values are.

    >>> grid = plan_grid(["star:endpoints=4"], ["size=1MiB", "routing=ecmp"])
    >>> [len(axis) for axis in grid.spec.axes], len(grid.plan.points), grid.fewer
    ([2, 5, 1, 1, 1, 3], 30, ())
    """
    tell = progress or (lambda text: None)
    if not specs:
        raise ParameterError("SPEC", None, "at least one topology, such as fat-tree:k=8")
    topologies = {one.text: one for one in map(named, specs)}
    given = read_choices(sets, list(topologies))
    choices, took, expected = [], 0.0, 0.0
    for one in topologies.values():
        tell(f"building {one.text}")
        began = time.perf_counter()
        fabric = one.fabric()
        took += time.perf_counter() - began
        expected += building(Extent.of(fabric))
        choices.append(choices_on(one, fabric, given))
    slow = took / expected if took > _LONG else 1.0
    every = Choices.together(choices)
    ladder = list(_ladder(every))
    widest = next((spec for spec, _ in ladder if _checkable(spec)), ladder[-1][0])
    if widest.points > _MOST_CHECKED:
        _refuse(counted(widest.points, "run"))
    full = plan_sweep(widest, lambda text: tell(f"checking {text}"))
    for spec, fewer in ladder:
        if spec.points > widest.points:
            continue
        plan = _within(full, spec)
        if len(plan.points) <= MOST_RUNS:
            plan, seconds = _estimated(plan)
            if seconds <= MOST_SECONDS:
                # Which runs it is does not hang on what else the machine does now; how long they take does.
                plan = replace(plan, seconds=slow * plan.seconds)
                return Grid(spec=spec, plan=plan, fewer=fewer, seconds=slow * seconds)
    plan, seconds = _estimated(plan)
    _refuse(f"{counted(len(plan.points), 'run')}, about {math.ceil(seconds / 60)} min")
    raise AssertionError


def _refuse(amount: str) -> None:
    minutes = f"{MOST_SECONDS / 60:.0f} minutes of one core"
    rule = f"at most {MOST_RUNS:,} runs and about {minutes}: fewer topologies, or fewer values by --set"
    raise ParameterError("the grid", amount, rule)


def _ladder(every: Choices) -> list[tuple[SweepSpec, tuple[str, ...]]]:
    """Grids from the largest to the smallest, with the settings that have fewer values than in the first."""
    found: list[tuple[SweepSpec, tuple[str, ...]]] = [(every.spec(), ())]
    steps: dict[str, int] = {}
    for name in STEPS:
        steps[name] = steps.get(name, 0) + 1
        spec = every.spec(steps)
        if spec.points < found[-1][0].points:
            fewer = tuple(key for key in steps if every.spec({key: steps[key]}).points < found[0][0].points)
            found.append((spec, fewer))
    return found


def _checkable(spec: SweepSpec) -> bool:
    """Whether all points of ``spec`` are set up in seconds: a job for each that differs in more than size,
    algorithm and seed, with all ranks of its topology.
    """
    where, work, *others = spec.axes
    most: dict[str, int] = {}
    for (_, topology), (_, ranks) in where.choices:
        most[topology] = max(most.get(topology, 0), int(ranks))
    each = math.prod(len(axis) for axis in others if axis.keys[0] not in ("size", "seed"))
    each *= len({choice[0] for choice in work.choices})
    placed = each * sum(most[topology] for (_, topology), _ in where.choices)
    return spec.points <= _MOST_CHECKED and placed <= _MOST_PLACED


def _within(full: Plan, spec: SweepSpec) -> Plan:
    """Of a plan what a smaller sweep has, not yet estimated."""
    wanted = {tuple(sorted((*spec.base, *label))) for label in spec.combinations()}
    kept = [k for k, label in enumerate(full.labels) if tuple(sorted(label)) in wanted]
    points = tuple(full.points[k] for k in kept)
    used = dict.fromkeys(point.topology for point in points)
    return replace(
        full,
        points=points,
        labels=tuple(full.labels[k] for k in kept),
        endpoints={topology: full.endpoints[topology] for topology in used},
        collapsed=spec.points - len(points),
    )


def _estimated(plan: Plan) -> tuple[Plan, float]:
    """The plan with its own seconds, and these with what the use of links takes."""
    points = [point for point in plan.points if isinstance(point, Scenario)]
    seconds, memory = estimate(points, plan.extents)
    plan = replace(plan, seconds=seconds, worker_bytes=memory)
    return plan, seconds + estimate(pictured(points), plan.extents)[0]


def pictured(points: Sequence[Scenario]) -> list[Scenario]:
    """The points of which a picture shows the use of links: one of each set that differ in size or seed
    alone, as bytes on links grow with the message.
    """
    alike: dict[Scenario, Scenario] = {}
    for point in points:
        alike.setdefault(point.model_copy(update={"size_bytes": 1, "seed": 0}), point)
    return list(alike.values())
