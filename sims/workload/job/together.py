"""Several jobs and background traffic, as a scenario file says them. Knows no fabric and no clock."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from fabric.machine.document import read_toml
from fabric.machine.toml_place import toml_placed
from fabric.words.errors import ParameterError, inside
from fabric.words.units import MOST_SPAN, SPAN_RULE, parse_count, parse_time
from sims.workload.job.by_hand import hand_tasks, read_steps
from sims.workload.mesh import NO_GROUPS, canonical_mesh

__all__ = ["PATTERNS", "Background", "Job", "Together", "canonical_together", "read_together"]

PATTERNS = ("permutation", "incast", "all-to-all")
_MODEL = "model"  # a job that names one has a step by model, and may have any setting of train
_MOST_JOBS, _MOST_ITERATIONS = 64, 100_000
_NAME = re.compile(r"[\w ./+-]{1,40}")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)")
_JOB = ("name", "start", "ranks", "placement", "groups", "experts", "iterations", "step", "jitter",
        "stragglers", "slowdown")  # fmt: skip
_BACKGROUND = ("name", "traffic", "load", "period", "start", "ranks", "placement")


@dataclass(frozen=True, kw_only=True)
class Job:
    """``iterations`` of a step of ``ranks`` from ``start`` s on. ``step``: entries as of by_hand.read_steps;
    None of a step by model, of which ``train`` has what the table says besides, as texts.

    ``placement``: "" for that of the scenario. ``jitter``: each time that a rank computes takes it
    exp(jitter z) times as long, z normal: a lognormal distribution of median 1. ``stragglers``: the chance of
    a rank to be one for the whole run, and then to compute ``slowdown`` times as long. A step waits for the
    slowest of its ranks.
    """

    name: str
    start: float
    ranks: int
    placement: str
    groups: str
    experts: str
    iterations: int
    step: Any
    jitter: float
    stragglers: float
    slowdown: float
    train: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Background:
    """Bursts of a pattern of PATTERNS from ``start`` s on, one each ``period`` s, as long as a job runs.

    A burst has so many bytes that they are ``load`` of what the NIC of the busiest endpoint carries in a
    period. One that is not through when the next is due delays it. ``ranks`` 0: all of its ``placement``, and
    that "": the endpoints that no job has.
    """

    name: str
    traffic: str
    load: float
    period: float
    start: float
    ranks: int
    placement: str


@dataclass(frozen=True, kw_only=True)
class Together:
    """What a scenario file holds beside its settings."""

    jobs: tuple[Job, ...]
    background: tuple[Background, ...]


def canonical_together(text: str) -> str:
    """The one spelling, JSON, of the jobs of a scenario file, or of that JSON.

    Raises:
        FileFormatError: the file cannot be read or is no TOML; as ``read_together``, with line and column.
        ParameterError: as ``read_together``, of JSON.
    """
    text = text.strip()
    if not text:
        raise ParameterError("mix", None, "the path of a scenario file (.toml), or its jobs as JSON")
    placed: AbstractContextManager[None] = nullcontext()
    if text.startswith("{"):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            raise ParameterError("mix", text[:60], "jobs as JSON") from None
    elif os.path.isfile(text):
        content, placed = read_toml(text), toml_placed(text)
        given = {key: content[key] for key in ("job", "background") if key in content}
    else:
        raise ParameterError("mix", text, "no such scenario file")
    with placed:
        read_together(given)
    return json.dumps(given, sort_keys=True, separators=(",", ":"))


def read_together(given: Any) -> Together:
    """The jobs and the background traffic of ``given``, tables as a TOML file has them.

    Raises:
        ParameterError: an unknown key, a value without its unit, two of one name, tasks that wait for each
            other; says which job.

    >>> step = [{"compute": "10ms"}, {"collective": "all-reduce", "over": "all", "size": "1GB"}]
    >>> read_together({"job": [{"name": "a", "ranks": 8, "step": step}]}).jobs[0].iterations
    1
    """
    if not isinstance(given, dict):
        raise ParameterError("mix", given, "tables [[job]] and [[background]]")
    found: dict[str, list[Any]] = {}
    for key, legal, read in (("job", _JOB, _job), ("background", _BACKGROUND, _background)):
        tables = given.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            with inside(key):
                raise ParameterError(key, str(tables)[:60], f"write each as a table [[{key}]]")
        found[key] = []
        for number, table in enumerate(tables, 1):
            where = f"{key} {table.get('name', number)}"
            with inside(key, number - 1, table=table):
                for name in table:
                    if name not in legal and not (key == "job" and _MODEL in table):
                        with inside(name, of_key=True):
                            raise ParameterError(f"{where}: {name}", table[name], "unknown", legal)
                found[key].append(read(where, number, table))
    if not found["job"]:
        raise ParameterError("job", None, "one table [[job]] at least")
    names = [one.name for one in (*found["job"], *found["background"])]
    if len(names) > _MOST_JOBS:
        raise ParameterError("job", f"{len(names):,} of them", f"at most {_MOST_JOBS} jobs and background")
    starts = [one.start for one in (*found["job"], *found["background"])]
    places = [(key, number) for key in found for number in range(len(found[key]))]
    for name, start, place in zip(names, starts, places):
        if start - min(starts) > MOST_SPAN:
            with inside(*place, "start"):
                text = f"{start!r}s"
                raise ParameterError(f"{place[0]} {name}: start", text, SPAN_RULE)
    for name, place in zip(names, places):
        if names.count(name) > 1:
            with inside(*place, "name"):
                raise ParameterError("name", name, "two are called so")
    return Together(jobs=tuple(found["job"]), background=tuple(found["background"]))


def _job(where: str, number: int, given: Mapping[str, Any]) -> Job:
    if ("step" in given) == (_MODEL in given):
        rule = "what a step computes and sends, as tables [[job.step]], or its model: one of both"
        raise ParameterError(f"{where}: step", given.get(_MODEL), rule)
    try:
        if "step" in given:
            hand_tasks(read_steps(given["step"]))
    except ParameterError as error:
        with inside("step", *error.way, of_key=error.of_key):
            raise ParameterError(f"{where}: {error.name}", error.value, error.rule, error.choices) from None
    if "slowdown" in given and "stragglers" not in given:
        raise ParameterError(f"{where}: slowdown", given["slowdown"], "is of stragglers: say how many")
    groups = str(given.get("groups", NO_GROUPS))
    return Job(
        name=_name(where, given, f"job {number}"),
        start=_seconds(where, "start", given.get("start", "0s")),
        ranks=_whole(where, "ranks", given.get("ranks"), 2),
        placement=str(given.get("placement", "")),
        groups=canonical_mesh("groups", groups),
        experts=canonical_mesh("experts", str(given.get("experts", NO_GROUPS))),
        iterations=_whole(where, "iterations", given.get("iterations", 1), 1, _MOST_ITERATIONS),
        step=given.get("step"),
        train={name: _text(value) for name, value in given.items() if name not in _JOB},
        jitter=_share(where, "jitter", given.get("jitter", 0), 1.0),
        stragglers=_share(where, "stragglers", given.get("stragglers", 0), 1.0),
        slowdown=_factor(where, given.get("slowdown", 1.5)),
    )


def _background(where: str, number: int, given: Mapping[str, Any]) -> Background:
    traffic = str(given.get("traffic", ""))
    if traffic not in PATTERNS:
        raise ParameterError(f"{where}: traffic", traffic, "unknown pattern", PATTERNS)
    load = _share(where, "load", given.get("load"), 1.0)
    period = _seconds(where, "period", given.get("period", "10ms"))
    for key, value in (("load", load), ("period", period)):
        if not value > 0:
            raise ParameterError(f"{where}: {key}", given.get(key), "above zero")
    return Background(
        name=_name(where, given, f"background {number}"),
        traffic=traffic,
        load=load,
        period=period,
        start=_seconds(where, "start", given.get("start", "0s")),
        ranks=_whole(where, "ranks", given["ranks"], 2) if "ranks" in given else 0,
        placement=str(given.get("placement", "")),
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(where: str, given: Mapping[str, Any], usual: str) -> str:
    name = given.get("name", usual)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ParameterError(f"{where}: name", name, "up to 40 letters, digits, spaces and ./+-")
    return name


def _seconds(where: str, key: str, value: Any) -> float:
    text = str(value).strip()
    if text.startswith("-"):
        raise ParameterError(f"{where}: {key}", value, "zero or more: no time is negative")
    return parse_time(text, f"{where}: {key}")


def _whole(where: str, key: str, value: Any, least: int, most: int = 10**9) -> int:
    found = None if value is None or isinstance(value, bool | float) else parse_count(str(value))
    if found is None or not least <= found <= most:
        raise ParameterError(f"{where}: {key}", value, f"a whole number from {least} to {most:,}")
    return found


def _share(where: str, key: str, value: Any, most: float) -> float:
    match = _SHARE.fullmatch(str(value).strip()) if value is not None else None
    found = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= found <= most:
        raise ParameterError(f"{where}: {key}", value, "a share from 0 to 1, or in per cent: 30%")
    return found


def _factor(where: str, value: Any) -> float:
    found = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
    if not 1 <= found <= 1000:
        raise ParameterError(f"{where}: slowdown", value, "a number from 1 to 1,000")
    return found
