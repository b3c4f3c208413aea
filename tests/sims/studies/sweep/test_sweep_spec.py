"""Sweep files: products, ranges, changes from the command line, and every mistake at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fabric.words.errors import FileFormatError, ParameterError
from sims.studies.sweep.axis import read_values
from sims.studies.sweep.spec import SweepError, SweepSpec, read_sweep, sweep_text

FILE = """
title = "A little of all"
where = ["ranks <= endpoints", "size >= '1KiB'"]

[base]
routing.qps = 2

[grid]
topology.k = [4, 8]
size = "8:1M:x4"

[[zip]]
ranks = [8, 16]
placement = ["packed", "random"]

[[list]]
algorithm = "ring"
seed = 3

[[list]]
algorithm = "tree:segment=1MiB"
"""
SETS = ("topology=fat-tree:k=4",)


def write(folder: Path, text: str) -> Path:
    path = folder / "sweep.toml"
    path.write_text(text)
    return path


def alike(one: SweepSpec, other: SweepSpec) -> bool:
    return (one.title, one.where, sorted(one.base)) == (
        other.title,
        other.where,
        sorted(other.base),
    ) and list(one.combinations()) == list(other.combinations())


def test_points_are_the_product_and_the_last_axis_varies_fastest(tmp_path: Path) -> None:
    spec = read_sweep(write(tmp_path, FILE), SETS)
    combinations = list(spec.combinations())
    assert len(combinations) == len(spec) == 2 * 9 * 2 * 2
    first, second, third = (dict(c) for c in combinations[:3])
    assert first == {
        "topology.k": "4",
        "size": "8",
        "ranks": "8",
        "placement": "packed",
        "algorithm": "ring",
        "seed": "3",
    }
    assert second == {**{k: v for k, v in first.items() if k != "seed"}, "algorithm": "tree:segment=1MiB"}
    assert third == {**first, "ranks": "16", "placement": "random"}


@pytest.mark.parametrize(
    "sets",
    [
        SETS,
        (*SETS, "size=1KiB,1MiB"),
        (*SETS, "k=16"),
        (*SETS, "ranks=8"),
        (*SETS, "seed=0..3", "placement=strided:2"),
        (*SETS, "algorithm=ring,tree", "qps=1,4"),
        (*SETS, "latency_profile=ideal,ib-ndr:overhead=1us,switch_latency=300ns"),
    ],
)
def test_the_text_of_a_sweep_is_read_back_the_same(tmp_path: Path, sets: tuple[str, ...]) -> None:
    spec = read_sweep(write(tmp_path, FILE), sets)
    again = read_sweep(write(tmp_path, sweep_text(spec)))
    assert alike(spec, again)
    assert sweep_text(again) == sweep_text(spec)


def test_a_zip_before_and_between_keeps_the_order(tmp_path: Path) -> None:
    text = "[[zip]]\nseed = [1, 2]\nranks = [4, 8]\n[grid]\nsize = [8, 16]\nalgorithm = ['ring', 'tree']\n"
    spec = read_sweep(write(tmp_path, text), SETS)
    assert [axis.keys for axis in spec.axes] == [("seed", "ranks"), ("size",), ("algorithm",)]
    assert alike(spec, read_sweep(write(tmp_path, sweep_text(spec))))
    text = "[[list]]\nseed = 1\n[[list]]\nseed = 2\n[grid]\nsize = [8, 16]\n[[zip]]\nranks = [4, 8]\n"
    spec = read_sweep(write(tmp_path, text), (*SETS, "engine=flow,bound"))
    assert alike(spec, read_sweep(write(tmp_path, sweep_text(spec))))


def test_set_pins_replaces_and_adds(tmp_path: Path) -> None:
    path = write(tmp_path, FILE)
    pinned = read_sweep(path, (*SETS, "topology.k=16", "ranks=4"))
    assert len(pinned) == 9 * 2 * 2 and dict(pinned.base)["topology.k"] == "16"
    assert dict(pinned.base)["ranks"] == "4" and pinned.axes[1].keys == ("placement",)
    replaced = read_sweep(path, (*SETS, "size=1G,2G,4G"))
    assert len(replaced) == 2 * 3 * 2 * 2 and replaced.axes[1].keys == ("size",)
    added = read_sweep(path, (*SETS, "latency_profile=ideal,ib-ndr"))
    assert len(added) == 2 * len(read_sweep(path, SETS)) and added.axes[2].keys == ("latency_profile",)


def test_without_a_file() -> None:
    spec = read_sweep(sets=["topology=star:endpoints=8", "size=8:128:x2", "seed=0..3"])
    assert len(spec) == 5 * 4 and dict(spec.base) == {"topology": "star:endpoints=8"}
    assert len(read_sweep()) == 1


@pytest.mark.parametrize("text", ["", "# to come\n", 'title = "x"', "[grid]\n", 'where = "ranks > 4"'])
def test_a_file_that_names_nothing_is_no_sweep(text: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SweepError, match=r"names nothing to sweep: settings in a table \[grid\]"):
        read_sweep(path)
    assert len(read_sweep(path, ["topology=star:endpoints=8"])) == 1
    assert len(read_sweep(write(tmp_path, '[base]\ntopology = "star:endpoints=8"'))) == 1


def test_every_mistake_at_once(tmp_path: Path) -> None:
    text = """
where = ["ranks <= endpionts", "import os", "k ** 2 > 4"]
[base]
routnig = "ecmp"
engine = "fluid"
[gird]
k = 1
[grid]
topology = ["fat-tree:k=4", "fat-tre:k=4"]
seed = "5..3"
size = []
ranks = [2, 2]
[[zip]]
placement = ["packed", "random"]
algorithm = ["ring"]
"""
    with pytest.raises(SweepError) as caught:
        read_sweep(write(tmp_path, text), ["latency_profile=slow"])
    told = caught.value.mistakes
    for said in (
        "endpionts",
        "import os",
        "'routnig'",
        "'fluid'",
        "did you mean 'grid'",
        "'fat-tre'",
        "5..3",
        "an empty list",
        "each value once",
        "placement has 2, algorithm has 1",
        "'slow'",
    ):
        assert sum(said in mistake for mistake in told) == 1, (said, told)
    assert len(told) == 11
    assert "\n" not in str(caught.value) and str(caught.value).endswith("and 1 more")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("base = 3", r"write it as a table \[base\]"),
        ("list = 3", r"write each as a table \[\[list\]\]"),
        ("title = 3", "one line of text"),
        ("where = 3", "a text or a list of texts"),
        ("[grid]\nseed = '0..999999'\nranks = [2, 3]", "at most 100,000"),
        ("[grid]\nseed = [1, 2]\n[[list]]\nseed = 3", "given twice in two axes"),
        ("[base]\nseed = [1, 2]", "a number, a text"),
        ("[base]\nseed = 2020-01-01", "a number, a text"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, rule: str) -> None:
    with pytest.raises(SweepError, match=rule):
        read_sweep(write(tmp_path, text))


def test_what_is_no_file_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="No such file"):
        read_sweep(tmp_path / "none.toml")
    with pytest.raises(FileFormatError, match="not TOML"):
        read_sweep(write(tmp_path, "a = "))


@pytest.mark.parametrize(
    ("key", "given", "values"),
    [
        ("seed", "0..19", tuple(map(str, range(20)))),
        ("seed", "0..100:50", ("0", "50", "100")),
        ("seed", ["0..1", 7], ("0", "1", "7")),
        ("ranks", "8:64:x2", ("8", "16", "32", "64")),
        ("size", "1KiB:4KiB:+1KiB", ("1024", "2048", "3072", "4096")),
        ("topology.oversubscription", [1, 1.5, 3.0], ("1", "1.5", "3.0")),
        ("algorithm.pipeline", [True, False], ("true", "false")),
        ("topology", "preset:hpn-pod", ("preset:hpn-pod",)),
    ],
)
def test_values(key: str, given: object, values: tuple[str, ...]) -> None:
    assert read_values(key, given) == values


@pytest.mark.parametrize(
    ("key", "given", "rule"),
    [
        ("seed", "3..1", "at most the last"),
        ("seed", "0..9:0", "step of at least 1"),
        ("seed", "0..1000000", "at most 100,000"),
        ("seed", [], "empty list"),
        ("seed", [""], "empty text"),
        ("seed", [[1]], "a number, a text"),
        ("seed", [float("nan")], "a number, a text"),
        ("size", "16G:8:x4", "first size is at most the last"),
        ("size", "8:16G:x1", "above 1"),
        ("size", "8:16G:+0", "step above zero"),
        ("ranks", "8:16G:x4", "whole numbers"),
        ("ranks", [8, 8], "each value once"),
    ],
)
def test_bad_values(key: str, given: object, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        read_values(key, given)


@pytest.mark.parametrize("text", ["0.." + "9" * 5000, "9" * 20 + "..1", "1" + " " * 50_000 + ":2:?"])
def test_long_ranges_are_refused_or_a_text_at_once(text: str) -> None:
    began = time.process_time()
    try:
        assert read_values("seed", text) == (text,)  # no range: what a seed may be is checked later
    except ParameterError as error:
        assert "at most 19 digits" in str(error)
    assert time.process_time() - began < 2


def test_more_points_than_a_machine_counts_are_refused(tmp_path: Path) -> None:
    axes = ("seed", "ranks", "size", "topology.k", "switch_latency")
    lines = [f'"{axis}" = "1..99999"' for axis in axes[:4]]
    (tmp_path / "wide.toml").write_text('[base]\ntopology = "fat-tree:k=4"\n[grid]\n' + "\n".join(lines))
    with pytest.raises(SweepError, match=r"[\d,]{24,} points: at most"):
        read_sweep(tmp_path / "wide.toml")
