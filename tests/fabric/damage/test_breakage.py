"""Faults: their texts, what they take, and that nobody is cut off who should not be."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from fabric_oracles import attachments, legal_distances
from fabric_zoo import ZOO
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from fabric.damage.breakage import broken, draws, harmed
from fabric.damage.degraded import cable_links
from fabric.damage.fault import format_faults, parse_faults, without_paths
from fabric.measures.reach import unreachable
from fabric.words.errors import FileFormatError, ParameterError
from topologies import fat_tree, load


def failed(fabric: Fabric, text: str, seed: int = 0, **settings: bool) -> np.ndarray:
    return np.flatnonzero(broken(fabric, parse_faults("fail", text), seed, **settings).lost)


@pytest.fixture(scope="module")
def eight() -> Fabric:
    return Fabric.from_graph(fat_tree(k=8))


# --- texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "text", "canonical"),
    [
        ("fail", "cables=0.50%", "cables=0.5%"),
        ("fail", "cables = 026", "cables=26"),
        ("fail", "switches=spine:3;cables=leaf:10%", "switches=tier2:3;cables=tier1:10%"),
        ("fail", "", "none"),
        ("fail", "none", "none"),
        ("degrade", "cables=1%:rate=25.0%", "cables=1%:rate=25%"),
    ],
)
def test_each_fault_has_one_spelling(option: str, text: str, canonical: str) -> None:
    assert format_faults(parse_faults(option, text)) == canonical
    assert format_faults(parse_faults(option, canonical)) == canonical


@pytest.mark.parametrize(
    ("option", "text", "rule"),
    [
        ("fail", "cables=0", "at least one, or none"),
        ("fail", "cables=-3", "as a whole number or in per cent"),
        ("fail", "cables=2.5", "as a whole number or in per cent"),
        ("fail", "cables=120%", "above 0% and at most 100%"),
        ("fail", "cables=0%", "above 0% and at most 100%"),
        ("fail", "cabels=3", "did you mean|neither a number"),
        ("fail", "cables=3;", "with ; between them"),
        ("fail", "none;cables=3", "with ; between them"),
        ("fail", "nowhere.txt", "neither a number of cables or switches nor a file"),
        ("fail", "switches=tier0:1", "tier 0 holds endpoints"),
        ("fail", "cables=1%:rate=25%", "what fails keeps no rate"),
        ("degrade", "cables=1%", "the part of its rate that remains stands behind"),
        ("degrade", "cables=1%:rate=100%", "above 0% and below 100%"),
        ("degrade", "cables=1%:rate=0%", "above 0% and below 100%"),
        ("degrade", "switches=2:rate=50%", "cables slow down, switches only fail"),
    ],
)
def test_bad_texts(option: str, text: str, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        parse_faults(option, text)


def test_a_path_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a=b.txt"
    path.write_text("x\n")
    faults = parse_faults("degrade", f"cables=3:rate=5%;{path}:rate=25%")
    assert without_paths(format_faults(faults)) == "cables=3:rate=5%;file:rate=25%"
    assert draws(faults) and not draws(faults[1:])


# --- what is drawn -----------------------------------------------------------------------------------------


def test_shares_and_numbers_are_met(eight: Fabric) -> None:
    trunk = 8 * 32  # k^3 / 2 cables between switches; the 128 of the endpoints would cut these off
    assert len(failed(eight, "cables=10%")) == round(0.1 * trunk)
    assert len(failed(eight, "cables=26")) == 26
    tier1 = failed(eight, "cables=tier1:20")
    lower = eight.tier[eight.link_src[cable_links(eight)[tier1, 0]]]
    assert len(tier1) == 20 and set(lower.tolist()) == {1}
    three = broken(eight, parse_faults("fail", "switches=core:3"))
    assert (three.switches, int(three.lost.sum())) == (3, 3 * 8)
    assert str(three) == "24 of 384 cables failed, those of 3 failed switches among them"
    slow = broken(eight, parse_faults("degrade", "cables=50%:rate=25%"))
    assert str(slow) == "192 of 384 cables run at 25% of their rate"
    assert not slow.lost.any() and np.sum(slow.rate == 0.25) == 192
    assert harmed(eight, parse_faults("degrade", "cables=50%:rate=25%"))[0].n_links == eight.n_links


@pytest.mark.parametrize(
    ("spec", "option", "text", "said"),
    [
        (
            "fat-tree:k=8",
            "fail",
            "cables=1%",
            "3 of 384 cables failed (1% of the 256 cables between switches)",
        ),
        ("fat-tree:k=8", "fail", "cables=3", "3 of 384 cables failed"),
        (
            "fat-tree:k=8",
            "fail",
            "cables=spine:2.50%",
            "3 of 384 cables failed (2.5% of the 128 cables of tier 2)",
        ),
        (
            "fat-tree:k=8",
            "fail",
            "switches=10%",
            "39 of 384 cables failed, those of 5 failed switches among them "
            "(10% of the 48 switches that are no endpoint's only one)",
        ),
        (
            "fat-tree:k=8",
            "fail",
            "switches=core:1;cables=10%",
            "33 of 384 cables failed, those of 1 failed switch among them "
            "(10% of the 248 cables left between switches)",
        ),
        ("multi-plane:planes=2,endpoints=32,radix=8", "fail", "cables=5%", "6 of 128 cables failed"),
        (
            "fat-tree:k=8",
            "degrade",
            "cables=tier1:25%:rate=50%",
            "32 of 384 cables run at 50% of their rate (25% of the 128 cables of tier 1)",
        ),
        ("fat-tree:k=8", "degrade", "cables=25%:rate=50%", "96 of 384 cables run at 50% of their rate"),
    ],
)
def test_a_share_says_of_what_it_is_one(spec: str, option: str, text: str, said: str) -> None:
    assert str(broken(Fabric.from_graph(load(spec)), parse_faults(option, text))) == said


def test_a_share_of_what_is_left_beside_endpoints_on_two_leaves_and_on_one() -> None:
    G = ZOO["dual_homed"]()
    whole, spare = G.size(), str(broken(Fabric.from_graph(G), parse_faults("fail", "cables=10%")))
    G.remove_edge(0, "B0")
    less = str(broken(Fabric.from_graph(G), parse_faults("fail", "cables=10%")))
    assert "(" not in spare
    assert less.endswith(f"(10% of the {whole - 2} cables that are no endpoint's only one)")


def test_a_share_is_of_all_where_endpoints_may_be_cut_off(eight: Fabric) -> None:
    found = broken(eight, parse_faults("fail", "cables=1%"), allow_partition=True)
    assert str(found) == "4 of 384 cables failed"


def test_the_same_seed_takes_the_same_and_more_of_it_when_asked_for_more(eight: Fabric) -> None:
    five, nine = failed(eight, "cables=5", 7), failed(eight, "cables=9", 7)
    assert np.array_equal(five, failed(eight, "cables=5", 7)) and set(five) < set(nine)
    assert set(five) != set(failed(eight, "cables=5", 8))


def test_every_cable_is_as_likely_as_every_other() -> None:
    """2,000 draws of one of 32: each about 62.5 times; beyond 5 standard deviations with odds below 1e-5."""
    fabric = Fabric.from_graph(fat_tree(k=4))
    count = np.bincount([failed(fabric, "cables=1", seed)[0] for seed in range(2000)], minlength=48)
    trunk = count[count > 0]
    assert len(trunk) == 32 and np.all(np.abs(trunk - 62.5) < 5 * np.sqrt(62.5))


def cut_off(graph: nx.Graph) -> bool:
    """Whether two endpoints have no legal path, by the slow twin of distances."""
    ends = [n for n, kind in graph.nodes(data="kind") if kind == "gpu"]
    table = {leaf: legal_distances(graph, leaf) for e in ends for leaf in attachments(graph, e)}
    return any(
        not any(b in table[a] for a in attachments(graph, x) for b in attachments(graph, y))
        for x in ends
        for y in ends
        if x != y
    )


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["leaf_spine", "dragonfly", "dual_homed"]), st.integers(0, 10**6), st.data())
def test_greedy_as_its_slow_twin(name: str, seed: int, data: st.DataObject) -> None:
    """One cable after another, in the same random order, each left out that would cut a pair off."""
    graph = ZOO[name]()
    fabric = Fabric.from_graph(graph)
    first = cable_links(fabric)[:, 0]
    ends = [(fabric.ids[a], fabric.ids[b]) for a, b in zip(fabric.link_src[first], fabric.link_dst[first])]
    sole = [len(attachments(graph, a)) == 1 if graph.nodes[a]["kind"] == "gpu" else False for a, _ in ends]
    may = np.flatnonzero(~np.array(sole))
    order = np.random.default_rng([seed, 0xFA17]).permutation(may).tolist()
    taken: list[int] = []
    for cable in order:
        trial = graph.copy()
        count: dict[tuple, int] = {}
        for each in [*taken, cable]:
            count[ends[each]] = count.get(ends[each], 0) + 1
        trial.remove_edges_from(e for e, lost in count.items() if lost == graph.edges[e].get("cables", 1))
        if not cut_off(trial):
            taken.append(cable)
    number = data.draw(st.integers(1, len(taken)))
    assert set(failed(fabric, f"cables={number}", seed)) == set(taken[:number])
    if len(taken) < len(order):
        with pytest.raises(ParameterError, match=f"more than {len(taken)} would cut off|too many"):
            failed(fabric, f"cables={len(taken) + 1}", seed)


@pytest.mark.parametrize("text", ["cables=100%", "cables=tier2:100%", "switches=100%", "switches=tier1:1"])
def test_failing_everything_is_refused(eight: Fabric, text: str) -> None:
    for refuse in (failed, lambda *asked: harmed(asked[0], parse_faults("fail", asked[1]))):
        with pytest.raises(ParameterError, match=r"cut(ting)? off"):
            refuse(eight, text)


def test_a_partition_is_allowed_where_it_is_asked_for(eight: Fabric) -> None:
    assert len(failed(eight, "cables=100%", allow_partition=True)) == 384
    left, _ = harmed(eight, parse_faults("fail", "switches=tier1:1"), allow_partition=True)
    assert unreachable(left).pairs == 2 * 4 * 124 + 4 * 3


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("cables=tier7:1", r"no cables of tier 7 are there.*legal: tier0, tier1, tier2"),
        ("switches=tier4:1", r"no switches of tier 4 are there.*legal: tier1, tier2, tier3"),
        ("cables=1000", "too many of 256 cables that may fail without cutting off an endpoint"),
        ("cables=0.01%", "comes to none of 256 cables"),
        ("cables=tier0:1", "too many of 0 cables of tier 0 that may fail without cutting off an endpoint"),
    ],
)
def test_failing_what_does_not_exist(eight: Fabric, text: str, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        failed(eight, text)


def test_a_switch_fails_once(eight: Fabric) -> None:
    both = broken(eight, parse_faults("fail", "switches=tier3:8;switches=tier3:7"), 3)
    assert (both.switches, int(both.lost.sum())) == (15, 15 * 8)


# --- files -------------------------------------------------------------------------------------------------


def test_a_file_names_nodes_and_cables(tmp_path: Path) -> None:
    fabric = Fabric.from_graph(ZOO["leaf_spine"]())
    path = tmp_path / "faults.txt"
    path.write_text("# one spine\ns1\n\nl0, s0\n", encoding="utf-8")
    found = broken(fabric, parse_faults("fail", str(path)), allow_partition=True)
    assert int(found.lost.sum()) == 8 + 2 and np.array_equal(found.named[0], np.flatnonzero(found.lost))
    slow = broken(fabric, parse_faults("degrade", f"{path}:rate=50%"))
    assert np.array_equal(slow.rate == 0.5, found.lost)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("s9\n", r"line 1, column [0-9]+: 's9': no node is called so"),
        ("s0\nl0,l1\n", r"line 2, column [0-9]+: 'l0,l1': no cable between l0 and l1"),
        ("l0,s0,2\n", r"line 1, column [0-9]+: .*a node, or two"),
        ("s0,s0\n", "no cable between s0 and s0"),
        ("# nothing\n", "names no node and no cable"),
        ("s0\ns1\n", r"cuts 0 off from 4: leave it out, or allow a partition"),
    ],
)
def test_bad_files(tmp_path: Path, content: str, rule: str) -> None:
    fabric = Fabric.from_graph(ZOO["leaf_spine"]())
    path = tmp_path / "faults.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FileFormatError, match=rule):
        failed(fabric, str(path))


def test_a_name_that_several_nodes_have_means_none(tmp_path: Path) -> None:
    graph = ZOO["leaf_spine"]()
    for node in graph:
        graph.nodes[node]["name"] = "same" if node in ("l0", "l1") else f"node-{node}"
    path = tmp_path / "faults.txt"
    path.write_text("same\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="several nodes are called so"):
        failed(Fabric.from_graph(graph), str(path))
    path.write_text("node-s0\n", encoding="utf-8")
    assert len(failed(Fabric.from_graph(graph), str(path))) == 8
