"""What the public calls are handed by mistake: errors of ours, never foreign ones."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sims
import topologies
from fabric import Ecmp, Fabric
from fabric.words.errors import FabricsimError, ParameterError
from sims.jobs.demand import demand
from sims.models.profiles import PROFILES
from sims.workload.traffic import pattern
from topologies.named import FAMILIES

FT = "star:endpoints=4"
ODD = [None, "x", "8", b"8", 0.9, np.nan, -1, True, {}, object(), [], ["a"], [1.5], [0, 1, 2]]
ODD += [np.array([np.nan]), np.zeros((2, 2))]
TREE = Fabric.from_graph(topologies.star(endpoints=4))
FLOWS = {"traffic": pattern("shift:1", 4, 1e6), "policy": Ecmp()}
MATCH = {"demand": demand("shift:1", TREE), "policies": [Ecmp()]}
ROWS = sims.all_reduce(FT, "ring", "1KiB")


def balanced(**arguments: Any) -> list[Any]:
    return list(sims.balances(**arguments))


# (a call, arguments that are right, those of them that are thrown at)
CALLS: list[tuple[Callable[..., Any], dict[str, Any], tuple[str, ...]]] = [
    (
        sims.all_reduce,
        {"fabric": FT, "sizes": "1KiB"},
        ("fabric", "algorithm", "sizes", "ranks", "collective"),
    ),
    (
        sims.collective,
        {"collective": "gather", "fabric": FT, "sizes": "1KiB"},
        ("collective", "fabric", "sizes"),
    ),
    (sims.simulate, {"scenario": None}, ("scenario",)),
    (sims.simulate_flows, {"row": None}, ("row",)),
    (sims.goodput, {"fabric": FT, "step": "20s"}, ("fabric", "step", "seed")),
    (sims.train, {"fabric": FT}, ("fabric",)),
    (sims.run_jobs, {"fabric": FT, "jobs": "x"}, ("fabric", "jobs")),
    (sims.run_trace, {"fabric": FT, "trace": "x"}, ("fabric", "trace")),
    (sims.costs, {"topologies": [FT], "prices": "sample"}, ("prices",)),
    (sims.compare, {"a": FT, "b": FT, "sizes": "1KiB"}, ("a", "b", "sizes")),
    (
        sims.expect,
        {"fabric": FT, "sizes": "1KiB", "tolerance": 0.1},
        ("fabric", "sizes", "log", "algorithm", "latency_profile", "tolerance"),
    ),
    (sims.diagnose, {"log": "x", "fabric": FT}, ("log", "fabric", "baseline", "tolerance")),
    (sims.read_nccl, {"path": "x"}, ("path", "ranks")),
    (sims.AllReduce, {"fabric": None}, ("fabric",)),
    (sims.Explainer, {"job": None}, ("job",)),
    (sims.run_flows, {"fabric": TREE, **FLOWS, "profile": PROFILES["ideal"]}, ("fabric", *FLOWS, "profile")),
    (balanced, {"fabric": TREE, **MATCH}, ("fabric", *MATCH)),
    (sims.figure_of, {"rows": ROWS}, ("rows",)),
    (sims.allreduce_figure, {"rows": ROWS}, ("rows",)),
    (sims.frame, {"rows": []}, ("rows", "library")),
    (topologies.load, {"spec": FT}, ("spec", "nvlink")),
    (topologies.read_graph, {"path": "x"}, ("path",)),
    (topologies.read_node_link, {"path": "x"}, ("path",)),
    (topologies.read_ibnetdiscover, {"path": "x"}, ("path", "nvlink", "delay")),
    (topologies.write_graph, {"G": topologies.star(endpoints=2), "path": "x.json"}, ("path",)),
    (topologies.write_node_link, {"G": topologies.star(endpoints=2), "path": "x.json"}, ("path",)),
]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_only_errors_of_ours(tmp_path: Path, data: st.DataObject) -> None:
    call, right, names = data.draw(st.sampled_from(CALLS), label="call")
    name = data.draw(st.sampled_from(names), label="argument")
    value = ODD[data.draw(st.integers(0, len(ODD) - 1), label="value")]
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        call(**{**right, name: value})
    except FabricsimError as error:
        assert "\n" not in str(error)
    finally:
        os.chdir(before)


SMALL: dict[str, dict[str, Any]] = {"fat_tree": {"k": 4}, "star": {"endpoints": 4}, "torus": {"dims": [2, 3]}}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_builders_too(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(one.function.__name__ for one in FAMILIES.values())))
    function = getattr(topologies, name)
    wrong = data.draw(st.sampled_from(sorted(inspect.signature(function).parameters)))
    value = ODD[data.draw(st.integers(0, len(ODD) - 1))]
    try:
        function(**{**SMALL.get(name, {}), wrong: value})
    except FabricsimError as error:
        assert "\n" not in str(error)
    except TypeError as error:
        assert "missing a required argument" in str(error)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: topologies.load(None), "topology: not given: a text such as fat-tree:k=8, or the path"),  # type: ignore[arg-type]
        (lambda: sims.simulate(None), "scenario: not given: a Scenario or JobScenario"),  # type: ignore[arg-type]
        (lambda: topologies.fat_tree(k="8"), "k: '8': an even number, at least 2, not a text"),  # type: ignore[arg-type]
        (lambda: topologies.fat_tree(k=4, rate="400Gbps"), "a finite number, above zero, not a text"),  # type: ignore[arg-type]
        (lambda: sims.goodput(FT, step=20), "step: '20': a unit is needed"),
        (lambda: sims.read_nccl(None), "log: not given: the path of a file"),  # type: ignore[arg-type]
        (lambda: sims.compare(None, FT), "rows: not given: a list of rows, the path of some"),  # type: ignore[arg-type]
        (lambda: sims.read_rows(0.9), "path: 0.9: the path of a file"),  # type: ignore[arg-type]
        (lambda: sims.AllReduce(FT), "fabric: 'star:endpoints=4': a Fabric: Fabric.from_graph"),  # type: ignore[arg-type]
        (lambda: sims.figure_of(0.9), "rows: 0.9: a list of rows, as sims gives them"),  # type: ignore[arg-type]
        (lambda: sims.collective([], FT), "collective: .*: unknown collective"),  # type: ignore[arg-type]
    ],
)
def test_the_words_say_what_to_pass(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        call()


def test_a_size_is_a_number_for_expect_as_for_all_reduce() -> None:
    (mark,) = sims.expect(FT, 2**20, tolerance=0.1).marks
    (same,) = sims.expect(FT, "1MiB", tolerance=0.1).marks
    assert mark.size == 2**20 and mark.row == same.row


def test_none_is_what_was_left_out() -> None:
    assert topologies.fat_tree(k=4, rate=None).graph["name"] == topologies.fat_tree(k=4).graph["name"]  # type: ignore[arg-type]
    assert len(topologies.superpod_h100(su=1, nvlink=None)) == len(topologies.superpod_h100(su=1))  # type: ignore[arg-type]
