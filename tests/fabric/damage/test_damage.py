"""A damaged fabric is the one that compiling the graph without those cables gives."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from fabric_zoo import ZOO
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Ecmp, Fabric, certify, max_min, route
from fabric.damage.degraded import Damage, cable_links, cables_of, damaged, without_links

SMALL = [name for name in ZOO if name != "three_tier"]


def nothing(fabric: Fabric) -> Damage:
    count = len(cable_links(fabric))
    return Damage(lost=np.zeros(count, bool), rate=np.ones(count))


@pytest.mark.parametrize("name", ZOO)
def test_cables_are_pairs_of_opposite_links_each_once(name: str) -> None:
    graph = ZOO[name]()
    fabric = Fabric.from_graph(graph)
    out, back = cable_links(fabric).T
    assert np.array_equal(fabric.link_src[out], fabric.link_dst[back])
    assert np.array_equal(fabric.link_dst[out], fabric.link_src[back])
    assert len(np.unique(cable_links(fabric))) == 2 * len(out)
    kinds = dict(graph.nodes(data="kind"))
    proper = [data.get("cables", 1) for u, v, data in graph.edges(data=True) if "nvswitch" not in
              (kinds[u], kinds[v])]  # fmt: skip
    assert len(out) == sum(proper)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SMALL), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_equal_to_the_graph_without_those_cables(name: str, seed: int, share: float) -> None:
    graph = ZOO[name]()
    fabric = Fabric.from_graph(graph)
    rng = np.random.default_rng(seed)
    lost = rng.random(len(cable_links(fabric))) < share
    rate = rng.choice([0.25, 1.0], len(lost))
    left = damaged(fabric, Damage(lost=lost, rate=rate))
    # The same by hand: each edge keeps a cable for each that is left, at its rate.
    for *_, data in graph.edges(data=True):
        data["rates"] = []
    for (link, _), dead, part in zip(cable_links(fabric).tolist(), lost.tolist(), rate.tolist()):
        ends = fabric.ids[fabric.link_src[link]], fabric.ids[fabric.link_dst[link]]
        if not dead:
            graph.edges[ends]["rates"].append(part * fabric.capacity[link])
    for u, v, data in list(graph.edges(data=True)):
        if "nvswitch" in (graph.nodes[u]["kind"], graph.nodes[v]["kind"]):
            del data["rates"]
        elif data["rates"]:
            data["cables"] = len(data["rates"])
        else:
            graph.remove_edge(u, v)
    compiled = Fabric.from_graph(graph, allow_partition=True)
    for field in fields(Fabric):
        mine, other = getattr(left, field.name), getattr(compiled, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == other.dtype and np.array_equal(mine, other), field.name
            assert not mine.flags.writeable
        elif field.name == "zones":
            assert mine.keys() == other.keys()
            for zone, same in ((mine[name], other[name]) for name in mine):
                assert zone.names == same.names and np.array_equal(zone.of, same.of)
        elif field.name not in ("derived", "name", "tiered"):
            assert mine == other, field.name
    assert np.array_equal(left.position, fabric.position)


def test_nothing_lost_is_the_fabric_itself() -> None:
    fabric = Fabric.from_graph(ZOO["leaf_spine"]())
    assert damaged(fabric, nothing(fabric)) is fabric
    assert str(nothing(fabric)) == "no fault"


def test_the_cables_of_nodes() -> None:
    fabric = Fabric.from_graph(ZOO["leaf_spine"]())
    spine = fabric.ids.index("s1")
    mine = cable_links(fabric)[cables_of(fabric, np.array([spine]))]
    assert len(mine) == 8 and set(fabric.link_dst[mine[:, 0]].tolist()) == {spine}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["leaf_spine", "three_tier"]), st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_failing_a_cable_that_no_flow_uses_changes_nothing(name: str, seed: int, flows: int) -> None:
    fabric = Fabric.from_graph(ZOO[name]())
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, fabric.n_endpoints, (2, flows))
    paths = route(fabric, src, dst, Ecmp(seed=seed))
    unused = np.ones(fabric.n_links, bool)
    unused[paths.link] = False
    idle = np.flatnonzero(unused[cable_links(fabric)].all(axis=1))
    capacity = fabric.capacity.copy()
    rates = max_min(paths, capacity)
    capacity[cable_links(fabric)[rng.choice(idle)]] = 0.0
    assert np.array_equal(max_min(paths, capacity), rates)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["leaf_spine", "irregular", "dragonfly"]), st.integers(0, 2**32 - 1))
def test_more_capacity_on_the_same_paths_never_lowers_the_least_rate(name: str, seed: int) -> None:
    """The least rate is the largest that all flows can have at once, so more capacity cannot lower it. (Other
    flows' rates can fall.)"""
    fabric = Fabric.from_graph(ZOO[name]())
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, fabric.n_endpoints, (2, 30))
    dst = np.where(src == dst, (dst + 1) % fabric.n_endpoints, dst)
    paths = route(fabric, src, dst, Ecmp(seed=seed))
    before = max_min(paths, fabric.capacity)
    more = fabric.capacity * rng.choice([1.0, 1.5, 4.0], fabric.n_links)
    after = max_min(paths, more)
    assert certify(paths, more, after)
    assert after.min() >= before.min() * (1 - 1e-12)


def test_links_of_the_damaged_fabric_know_which_they_were() -> None:
    fabric = Fabric.from_graph(ZOO["irregular"]())
    dead = np.zeros(fabric.n_links, bool)
    dead[cable_links(fabric)[[3, 20]].ravel()] = True
    left, alive = without_links(fabric, dead)
    assert left.n_links == len(alive) == fabric.n_links - 4
    assert np.array_equal(left.link_src, fabric.link_src[alive])
    assert np.array_equal(left.capacity, fabric.capacity[alive])
