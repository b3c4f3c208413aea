"""Fabrics whose endpoints differ: fewer cables, two to one leaf, none at all, no path. Counted by hand."""

from __future__ import annotations

import fabric_oracles as oracle
import numpy as np
import pytest
from fabric_zoo import dual_homed, graph, leaf_spine, servers

from fabric import Adaptive, Ecmp, Fabric, Paths, Spray, carrier, measure, route
from fabric.damage.degraded import cable_links
from fabric.measures.hops import PairClass, hop_counts, pair_classes
from fabric.routing.berths import berths
from fabric.routing.paths import Shared
from fabric.routing.quotient import alike
from fabric.words.errors import ParameterError


def test_the_first_server_counts_too() -> None:
    m = measure(Fabric.from_graph(servers()))
    assert m.servers == 8 and m.endpoints == 16


def test_an_endpoint_with_fewer_cables_than_others_is_as_near_as_its_own() -> None:
    """0 is left with A0, and the B leaves with one endpoint less."""
    G = dual_homed()
    G.remove_edge(0, "B0")
    fabric = Fabric.from_graph(G)
    assert hop_counts(fabric) == oracle.hops(G)
    # 0 has no way to leaf B1 but up from A0, and 4 to 7 are on A1 as well: nothing is farther than before.
    assert hop_counts(fabric) == ((2, 8 * 3), (4, 8 * 4))
    G.remove_edge(4, "A1")  # and 4 is left with B1: 0 and 4 share no leaf with each other
    fabric = Fabric.from_graph(G)
    assert hop_counts(fabric) == oracle.hops(G)


def test_pairs_of_a_partition_are_left_out() -> None:
    """Two leaves that nothing joins, of two servers of two: 12 pairs each, of which 4 are inside servers."""
    access = [(e, f"l{e // 4}") for e in range(8)] + [(e, f"n{e // 2}") for e in range(8)]
    G = graph("two islands", range(8), {"l0": 1, "l1": 1}, access, [f"n{i}" for i in range(4)])
    fabric = Fabric.from_graph(G, allow_partition=True)
    assert hop_counts(fabric) == ((2, 24),)
    assert pair_classes(fabric) == (
        PairClass(way="server", links=2, pairs=8),
        PairClass(way="network", links=2, pairs=16),
    )


def test_who_has_no_cable_to_the_network_goes_by_its_server_alone() -> None:
    """0 and 2 on the leaf, 1 and 3 on no network: only out of a server is there a relay."""
    access = [(0, "l"), (2, "l"), *((e, f"n{e // 2}") for e in range(4))]
    G = graph("half cabled", range(4), {"l": 1}, access, ["n0", "n1"])
    fabric = Fabric.from_graph(G, allow_partition=True)
    assert pair_classes(fabric) == (
        PairClass(way="server", links=2, pairs=4),  # 0-1, 2-3, both ways
        PairClass(way="network", links=2, pairs=2),  # 0-2
        PairClass(way="relay", links=4, pairs=2),  # 1-0-l-2, 3-2-l-0
    )
    assert hop_counts(fabric) == ((2, 6), (4, 2))
    assert route(fabric, np.array([1, 3]), np.array([2, 0]), Ecmp()).length.tolist() == [4, 4]


@pytest.mark.parametrize("policy", [Spray(), Adaptive(), Ecmp()])
def test_two_cables_to_one_leaf_share_what_an_endpoint_sends(policy: Spray | Adaptive | Ecmp) -> None:
    """Every byte crosses each of the four hops once, however many cables a hop has."""
    access = [(e, f"l{e // 2}", 2) for e in range(4)]
    trunk = [("l0", "s", 3), ("l1", "s", 3)]
    fabric = Fabric.from_graph(graph("doubled", range(4), {"l0": 1, "l1": 1, "s": 2}, access + trunk))
    on = carrier(fabric, policy)
    paths = route(on, np.array([0, 3]), np.array([2, 0]), policy)
    load = paths.load(1.0, on.n_links)
    assert paths.total(np.ones(on.n_links)) == pytest.approx([4.0, 4.0])
    out, into = (on.link_src == 0, on.link_dst == 0)
    assert load[out].sum() == pytest.approx(1.0) and load[into].sum() == pytest.approx(1.0)


def test_a_leaf_without_endpoints_is_not_alike_with_one_that_has_some() -> None:
    """Both have the same cables to the same spines, but flows end at one of them only."""
    G = leaf_spine()
    G.remove_nodes_from([4, 5, 6, 7])
    fabric = Fabric.from_graph(G)
    stands_for = alike(fabric)
    lowest = np.flatnonzero(fabric.tier == 1)
    assert np.array_equal(stands_for[lowest], lowest) and (len(lowest), len(fabric.leaves)) == (4, 3)
    spines = np.flatnonzero(fabric.tier == 2)
    assert np.array_equal(stands_for[spines], spines[[0, 0]])


def test_a_switch_that_nothing_joins_hides_no_neighbour_of_the_next() -> None:
    """Without tiers switches stand in the order of the graph: an idle one, two middle ones, two leaves."""
    trunk = [(m, leaf) for m in ("m0", "m1") for leaf in ("l0", "l1")]
    switches = dict.fromkeys(("idle", "m0", "m1", "l0", "l1"), 1)
    G = graph("idle", range(2), switches, [(0, "l0"), (1, "l1"), *trunk])
    fabric = Fabric.from_graph(G, allow_partition=True)
    node = {name: i for i, name in enumerate(fabric.ids)}
    assert alike(fabric)[[node[name] for name in switches]].tolist() == [
        node[name] for name in ("idle", "m0", "m0", "l0", "l1")
    ]


def test_endpoints_on_unequally_many_switches_have_no_berths() -> None:
    G = dual_homed()
    assert set(berths(Fabric.from_graph(G)).of.tolist()) == set(range(len(berths(Fabric.from_graph(G)).leaf)))
    G.remove_edge(0, "B0")
    with pytest.raises(ParameterError, match="endpoints are cabled to unequally many switches"):
        berths(Fabric.from_graph(G))


def test_cables_of_unlike_rates_between_alike_switches_stay_apart_under_spray() -> None:
    """One of the two cables from a leaf to a spine has half the rate: 2 x 1 and 2 x 1/2 to both spines."""
    whole = Fabric.from_graph(leaf_spine())
    capacity, seen = whole.capacity.copy(), set()
    for there, back in cable_links(whole).tolist():
        ends = frozenset((int(whole.link_src[there]), int(whole.link_dst[there])))
        if ends not in seen and not whole.access[there]:
            capacity[[there, back]] /= 2
        seen.add(ends)
    on = carrier(whole.with_capacity(capacity), Spray())
    first = (on.link_src == on.leaves[0]) & (on.link_dst >= on.leaves[-1] + 1)
    assert sorted(on.capacity[first].tolist()) == [1.0, 2.0]
    # Each of the four cables up gets a quarter of every flow, whatever it can carry.
    load = route(on, np.array([0]), np.array([15]), Spray()).load(1.0, on.n_links)
    assert load[first] == pytest.approx([0.5, 0.5])
    merged = carrier(whole.with_capacity(capacity), Adaptive())
    first = (merged.link_src == merged.leaves[0]) & (merged.link_dst >= merged.leaves[-1] + 1)
    assert merged.capacity[first].tolist() == [3.0]


def test_links_that_two_flows_share_carry_both() -> None:
    """Both take one bundle of two links, half of each; the first has a link of its own besides."""
    bundles = Paths(ptr=np.array([0, 2]), link=np.array([1, 2], np.int32), weight=np.array([0.5, 0.5]))
    use = Paths(ptr=np.array([0, 1, 2]), link=np.zeros(2, np.int32))
    own = np.array([0, 1, 1])
    paths = Paths(
        ptr=own, link=np.zeros(1, np.int32), weight=np.ones(1), shared=Shared(use=use, bundles=bundles)
    )
    assert paths.load(np.array([1.0, 3.0]), 3).tolist() == [1.0, 2.0, 2.0]
