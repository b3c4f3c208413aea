"""Every algorithm by every engine under all that all-reduce has: it runs, or a rule of these refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fabric import Fabric
from fabric.routing.policies import POLICIES
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.studies.explain.explainer import Explainer
from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import algorithms
from topologies import load

FABRIC = Fabric.from_graph(load("leaf-spine:leaves=4,spines=4,endpoints_per_leaf=4,gpus_per_server=2"))
GROUPS = {"groups": "mesh:a=2,b=8"}
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "random": {"placement": "random", "seed": 1},
    "groups far apart": {**GROUPS, "over": "b"},
    "groups of neighbours": {**GROUPS, "over": "a"},
    "drift": {**GROUPS, "over": "b", "drift": "0"},
    "cut cables": {"fail": "cables=20%", "seed": 4},
    "sync rank": {"sync": "rank"},
    "faults": {"faults": "llama3", "repeat": "2"},
    "root": {"root": "3"},
    "skew": {"skew": "1.5"},
    **{f"routing {name}": {"routing": name} for name in POLICIES if name != "static"},
}
# By way: what may be said, of which engines and algorithms.
ROOTED = ("broadcast", "reduce", "scatter", "gather")
RULES: dict[str, list[tuple[str, str, str]]] = {
    "drift": [
        ("groups that drift need engine flow", "bound|packet", ".*"),
        ("trees of switches that reduce are laid once", "flow", "in-network"),
    ],
    "sync rank": [
        ("a closed form has phases that begin together", "bound", ".*"),
        ("packets have it as --steps receipt", "packet", ".*"),
        ("switches that reduce are not followed message by message", "flow", "in-network"),
    ],
    "faults": [
        ("what happens during a run, or over several, needs engine flow", "bound|packet", ".*"),
        ("trees of switches that reduce are laid once", "flow", "in-network"),
    ],
    "routing valiant": [("for graphs without tiers|the packet engine has no such routing", ".*", ".*")],
    "routing ugal": [("for graphs without tiers|the packet engine has no such routing", ".*", ".*")],
}
EVERY = [(of, name) for of in COLLECTIVES for name in algorithms(of)]


def refusals(of: str, name: str, engine: str, way: str) -> list[str]:
    if way == "root" and of not in ROOTED:
        return [f"{of} has no root"]
    if way == "skew" and of != "all-to-all":
        return [f"the parts of {of} are equal"]
    return [
        rule
        for rule, engines, names in RULES.get(way, ())
        if re.fullmatch(engines, engine) and re.fullmatch(names, name)
    ]


@pytest.mark.parametrize(("of", "name"), EVERY)
def test_each_runs_or_is_refused_by_a_rule(of: str, name: str) -> None:
    for engine in ("flow", "bound", "packet"):
        for way, settings in WAYS.items():
            due = refusals(of, name, engine, way)
            try:
                row = CollectiveJob(FABRIC, collective=of, engine=engine, **settings).row(name, 2**14)
            except ParameterError as error:
                assert due and any(re.search(rule, str(error)) for rule in due), (engine, way, str(error))
            else:
                assert not due, (engine, way, due)
                assert row.time_s > 0 and row.used.partition(":")[0] == name
                assert bool(row.group_times) == ("groups" in settings)
                assert bool(row.packets) == (engine == "packet")


@pytest.mark.parametrize(("of", "name"), EVERY)
@pytest.mark.parametrize("engine", ["flow", "packet"])
def test_each_is_explained_alone_and_in_groups(of: str, name: str, engine: str) -> None:
    for settings in ({}, WAYS["groups far apart"]):
        run = CollectiveJob(FABRIC, collective=of, engine=engine, **settings)
        row = run.row(name, 2**20 if engine == "flow" else 2**14)
        found = Explainer(run).explain(row)
        assert any(one.name.startswith("2x") for one in found.remedies)
