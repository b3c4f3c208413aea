"""Paths: what every path promises, uniform choices, D-Mod-K's closed forms, relays, and what has no route."""

from __future__ import annotations

from collections import Counter
from math import exp, lgamma, log
from typing import Any

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, dual_homed, graph, irregular, leaf_spine, rail_only, random_graphs, thinned_trees
from hypothesis import given, settings
from numpy.typing import NDArray

from fabric import Adaptive, Dmodk, Ecmp, Fabric, Paths, carrier, max_min, route
from fabric.routing import distance, walk
from fabric.routing.policies import Policy
from fabric.words.errors import NoRouteError, ParameterError
from topologies import fat_tree, load

POLICIES = [Ecmp(), Ecmp(seed=5), Dmodk()]


def pairs(n: int) -> tuple[NDArray, NDArray]:
    """All ordered pairs, an endpoint with itself included."""
    return np.repeat(np.arange(n), n), np.tile(np.arange(n), n)


def links(paths: Paths, flow: int) -> NDArray:
    return paths.link[paths.ptr[flow] : paths.ptr[flow + 1]]


def nodes(F: Fabric, paths: Paths, flow: int) -> list[Any]:
    """The ids of the nodes on a path, in order; checks that it is contiguous."""
    mine = links(paths, flow)
    assert F.link_dst[mine[:-1]].tolist() == F.link_src[mine[1:]].tolist()
    ends = [*F.link_src[mine].tolist(), *F.link_dst[mine[-1:]].tolist()]
    return [F.ids[i] for i in ends]


def check(G: nx.Graph, F: Fabric, paths: Paths, src: NDArray, dst: NDArray) -> None:
    """Every path is contiguous, begins and ends right, and is a shortest legal one."""
    table = {u: oracle.legal_distances(G, u) for u in oracle.switches(G)}
    domain = {e: v for e in oracle.gpus(G) for v in G[e] if G.nodes[v]["kind"] == "nvswitch"}
    tier = G.nodes(data="tier")
    for flow, (s, d) in enumerate(zip(src.tolist(), dst.tolist())):
        walk, a, b = nodes(F, paths, flow), F.ids[s], F.ids[d]
        if a == b:
            assert walk == []
            continue
        assert (walk[0], walk[-1]) == (a, b)
        if a in domain and domain[a] == domain.get(b):
            assert walk == [a, domain[a], b]
            continue
        if walk[1] == domain.get(a):  # a relay: only where a itself has no way
            assert not any(v in table[u] for u in oracle.attachments(G, a) for v in oracle.attachments(G, b))
            walk, a = walk[2:], walk[2]
            assert a in domain
        ways = [
            table[u][v] for u in oracle.attachments(G, a) for v in oracle.attachments(G, b) if v in table[u]
        ]
        assert len(walk) - 3 == min(ways)
        assert all(G.nodes[v]["kind"] == "switch" for v in walk[1:-1])
        if oracle.tiered(G):
            tiers = [tier[v] for v in walk[1:-1]]
            top = tiers.index(max(tiers))
            assert tiers == sorted(tiers[:top]) + sorted(tiers[top:], reverse=True)
            assert len(set(tiers[: top + 1])) == top + 1 and len(set(tiers[top:])) == len(tiers) - top


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("name", ZOO)
def test_all_pairs_of_the_zoo(name: str, policy: Policy) -> None:
    G = ZOO[name]()
    F = Fabric.from_graph(G)
    src, dst = pairs(F.n_endpoints)
    if F.n_endpoints > 16:
        pick = np.random.default_rng(0).integers(0, len(src), 500)
        src, dst = src[pick], dst[pick]
    check(G, F, route(F, src, dst, policy), src, dst)


@settings(max_examples=200, deadline=None)
@given(random_graphs() | thinned_trees())
def test_random_graphs_route_or_name_the_pair(G: nx.Graph) -> None:
    F = Fabric.from_graph(G, allow_partition=True)
    src, dst = pairs(F.n_endpoints)
    table = {u: oracle.legal_distances(G, u) for u in oracle.switches(G)}
    home = {e: oracle.attachments(G, e)[0] for e in oracle.gpus(G)}
    fine = np.array([home[d] in table[home[s]] for s, d in zip(src.tolist(), dst.tolist())])
    for policy in POLICIES:
        check(G, F, route(F, src[fine], dst[fine], policy), src[fine], dst[fine])
        if not fine.all():
            with pytest.raises(NoRouteError) as caught:
                route(F, src, dst, policy)
            first = int(np.argmin(fine))
            assert caught.value.args[:3] == (str(src[first]), str(dst[first]), int((~fine).sum()))


def test_small_blocks_give_the_same_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    F, src = Fabric.from_graph(fat_tree(k=12)), np.arange(432)
    dst = np.random.default_rng(0).permutation(432)
    expected = [route(F, src, dst, policy).link for policy in POLICIES]
    monkeypatch.setattr(distance, "_BLOCK_BYTES", 1)
    monkeypatch.setattr(walk, "_LISTED_AT_ONCE", 50)
    small = F.renamed("small")
    for policy, links_ in zip(POLICIES, expected):
        np.testing.assert_array_equal(route(small, src, dst, policy).link, links_)


# --- ecmp ---


def chi_square(counts: NDArray, share: NDArray) -> float:
    """Standardised: (X - dof) / sqrt(2 dof), about 0 with deviation 1 where ``share`` is the truth."""
    expected = counts.sum() * share / share.sum()
    dof = len(counts) - 1
    return float((((counts - expected) ** 2 / expected).sum() - dof) / np.sqrt(2 * dof))


@pytest.mark.parametrize("cut", [[], [("s1", "l1")]])
def test_ecmp_is_uniform_over_all_good_cables(cut: list) -> None:
    """l0 has 1, 2, 3 cables to three spines: each of the 6, or of the 4 that lead on, is as likely."""
    trunk = [(leaf, f"s{i}", i + 1) for leaf in ("l0", "l1") for i in range(3)]
    switches = {"l0": 1, "l1": 1, "s0": 2, "s1": 2, "s2": 2}
    G = graph("unequal", range(2), switches, [(0, "l0"), (1, "l1"), *trunk])
    G.remove_edges_from(cut)
    F, n = Fabric.from_graph(G), 24_000
    paths = route(F, np.zeros(n, int), np.ones(n, int), Ecmp(), qp=np.arange(n))
    for hop, end in ((1, "l0"), (2, "l1")):
        used, counts = np.unique(paths.link.reshape(n, 4)[:, hop], return_counts=True)
        assert {end} <= {F.ids[node] for link in used for node in (F.link_src[link], F.link_dst[link])}
        assert len(used) == (4 if cut else 6)
        assert abs(chi_square(counts, np.ones(len(used)))) < 4
    up, down = paths.link.reshape(n, 4)[:, 1], paths.link.reshape(n, 4)[:, 2]
    both = np.unique(np.stack([up, down]), axis=1, return_counts=True)[1]
    # Given the spine, the cable up says nothing about the cable down.
    weight = 1 / np.array([1] + ([] if cut else [2] * 4) + [3] * 9)
    assert abs(chi_square(np.sort(both), np.sort(weight))) < 4


def test_ecmp_depends_on_flow_queue_pair_and_seed_only() -> None:
    F = Fabric.from_graph(ZOO["three_tier"]())
    rng = np.random.default_rng(0)
    src, dst = np.arange(128), rng.permutation(128)
    whole = route(F, src, dst, Ecmp(seed=3))
    order = rng.permutation(128)
    np.testing.assert_array_equal(route(F, src[order], dst[order], Ecmp(seed=3)).link, whole.take(order).link)
    assert np.any(route(F, src, dst, Ecmp(seed=4)).link != whole.link)
    assert np.any(route(F, src, dst, Ecmp(seed=3), qp=1).link != whole.link)
    np.testing.assert_array_equal(
        route(F, src, dst, Ecmp(seed=-1)).ptr, whole.ptr
    )  # any whole number will do


def cores_used(F: Fabric, policy: Ecmp) -> int:
    rng = np.random.default_rng(1)
    src = np.tile(np.arange(128), 8)
    dst = np.concatenate([rng.permutation(128) for _ in range(8)])
    seen = F.link_dst[route(F, src, dst, policy).link]
    return len(np.unique(seen[F.tier[seen] == 3]))


@pytest.mark.parametrize("seed", range(3))
def test_the_salt_of_each_switch_prevents_polarisation(seed: int) -> None:
    """At k = 8 all 16 cores are used; were the switch not in the hash, spine i would always take port i."""
    F = Fabric.from_graph(ZOO["three_tier"]())
    assert cores_used(F, Ecmp(seed=seed)) == 16
    assert cores_used(F, Ecmp(salt="none", seed=seed)) == 4


@pytest.mark.parametrize("n", [8, 16, 32, 64])
def test_ecmp_of_n_flows_uses_the_expected_share_of_n_uplinks(n: int) -> None:
    """Balls in bins: each uplink stays empty with probability (1 - 1/n)^n."""
    trunk = [(leaf, f"s{i}") for leaf in ("l0", "l1") for i in range(n)]
    access = [(e, f"l{e // n}") for e in range(2 * n)]
    spines = {f"s{i}": 2 for i in range(n)}
    F = Fabric.from_graph(graph("two leaves", range(2 * n), {"l0": 1, "l1": 1} | spines, access + trunk))
    src, trials = np.arange(n), 150
    used = [
        len(np.unique(route(F, src, src + n, Ecmp(seed=seed)).link.reshape(n, 4)[:, 1]))
        for seed in range(trials)
    ]
    empty, two_empty = (1 - 1 / n) ** n, (1 - 2 / n) ** n
    variance = n * empty + n * (n - 1) * two_empty - (n * empty) ** 2
    assert abs(np.mean(used) - n * (1 - empty)) < 4 * np.sqrt(variance / trials)


@pytest.mark.parametrize("qps, fullest, slowest", [(1, 3.95, 0.25), (16, 1.63, 0.61)])
def test_what_hashing_costs_64_senders_on_64_uplinks(qps: int, fullest: float, slowest: float) -> None:
    """64 senders of line rate, each cut into ``qps`` flows: the fullest uplink, the slowest sender; means.

    Balls in bins, whose fullest has a known distribution. A flow on it gets 1/max of line rate.
    """
    n, trials = 64, 200
    trunk = [(leaf, f"s{i}") for leaf in ("l0", "l1") for i in range(n)]
    spines = {f"s{i}": 2 for i in range(n)}
    access = [(e, f"l{e // n}") for e in range(2 * n)]
    F = Fabric.from_graph(graph("two leaves", range(2 * n), {"l0": 1, "l1": 1} | spines, access + trunk))
    src, most, least = np.tile(np.arange(n), qps), [], []
    qp = np.repeat(np.arange(qps), n)
    for seed in range(trials):
        paths = route(F, src, src + n, Ecmp(qps=qps, seed=seed), qp=qp)
        load = np.bincount(paths.link.reshape(-1, 4)[:, 1], minlength=F.n_links) / qps
        most.append(load.max())
        least.append(1 / load.max())
    by_theory = largest_of_bins(n * qps, n)
    mean = sum(m * p for m, p in by_theory.items()) / qps
    spread = np.sqrt(sum((m / qps - mean) ** 2 * p for m, p in by_theory.items()) / trials)
    assert mean == pytest.approx(fullest, abs=0.01)
    assert abs(np.mean(most) - mean) < 4 * spread
    assert np.mean(least) == pytest.approx(slowest, abs=0.02)
    assert sum(qps / m * p for m, p in by_theory.items()) == pytest.approx(slowest, abs=0.02)


def largest_of_bins(balls: int, bins: int) -> dict[int, float]:
    """The distribution of the fullest of ``bins`` after ``balls`` were thrown.

    Bins fill like Poisson variables of mean balls/bins that are known to sum to ``balls``: P(max <= m) is the
    coefficient of x^balls in (sum_{j<=m} p_j x^j)^bins over that of the whole sum.
    """
    mean, below = balls / bins, [0.0]
    total = exp(-balls + balls * log(balls) - lgamma(balls + 1))
    while below[-1] < 1 - 1e-12:
        one = np.array([exp(-mean + j * log(mean) - lgamma(j + 1)) for j in range(len(below) + 1)])
        power = np.array([1.0])
        for _ in range(bins):
            power = np.convolve(power, one)[: balls + 1]
        below.append(float(power[balls] / total) if len(power) > balls else 0.0)
    return {m: below[m] - below[m - 1] for m in range(1, len(below)) if below[m] > below[m - 1]}


# --- dmodk ---


@pytest.mark.parametrize("k", [4, 8])
def test_dmodk_is_zahavis_closed_form(k: int) -> None:
    F, n = Fabric.from_graph(fat_tree(k=k)), k**3 // 4
    src, dst = pairs(n)
    off = src != dst
    src, dst = src[off], dst[off]
    paths = route(F, src, dst, Dmodk())
    for flow, (s, d) in enumerate(zip(src.tolist(), dst.tolist())):
        assert nodes(F, paths, flow) == oracle.dmodk_nodes(k, s, d)


def worst_shift(k: int, shifts: NDArray) -> float:
    F, n = Fabric.from_graph(fat_tree(k=k)), k**3 // 4
    src = np.arange(n)
    return max(route(F, src, (src + int(x)) % n, Dmodk()).load(1.0, F.n_links).max() for x in shifts)


@pytest.mark.parametrize("k", [4, 6, 8, 10])
def test_every_full_shift_is_free_of_contention(k: int) -> None:
    assert worst_shift(k, np.arange(1, k**3 // 4)) == 1


def test_larger_shifts_are_free_of_contention() -> None:
    assert worst_shift(16, np.random.default_rng(0).integers(1, 1024, 40)) == 1


@pytest.mark.parametrize("k, worst", [(4, 1), (8, 1), (16, 1), (6, 2), (10, 2), (12, 2)])
def test_xor_rounds_are_free_of_contention_where_half_k_is_a_power_of_two(k: int, worst: int) -> None:
    F, n = Fabric.from_graph(fat_tree(k=k)), 1 << (k**3 // 4).bit_length() - 1
    src = np.arange(n)
    rounds = [src ^ (1 << bit) for bit in range(n.bit_length() - 1)]
    assert max(route(F, src, dst, Dmodk()).load(1.0, F.n_links).max() for dst in rounds) == worst


def destinations_per_link(F: Fabric) -> Counter[int]:
    """For each link between switches that is used: towards how many endpoints."""
    src, dst = pairs(F.n_endpoints)
    paths = route(F, src, dst, Dmodk())
    trunk = ~F.access[paths.link]
    crossing = np.unique(np.stack([paths.link[trunk], dst[paths.row[trunk]]]), axis=1)
    return Counter(crossing[0].tolist())


@pytest.mark.parametrize(
    "make", [leaf_spine, lambda: fat_tree(endpoints=64, radix=16), lambda: fat_tree(endpoints=64, radix=8)]
)
def test_dmodk_spreads_destinations_evenly_over_parallel_cables(make: Any) -> None:
    """All links between two tiers in one direction lead to equally many destinations."""
    F = Fabric.from_graph(make())
    count = destinations_per_link(F)
    assert set(count) == set(np.flatnonzero(~F.access).tolist())
    rising = {link: F.tier[F.link_src[link]] < F.tier[F.link_dst[link]] for link in count}
    for tier in range(1, int(F.tier.max())):
        for way in (True, False):
            low = {link: F.link_src[link] if way else F.link_dst[link] for link in count}
            mine = {n for link, n in count.items() if rising[link] == way and F.tier[low[link]] == tier}
            assert len(mine) == 1


def test_dmodk_spreads_over_parallel_cables_of_an_endpoint() -> None:
    G = leaf_spine()
    nx.set_edge_attributes(G, {(e, f"l{e // 4}"): 2 for e in range(16)}, "cables")
    F = Fabric.from_graph(G)
    src, dst = pairs(16)
    paths = route(F, src, dst, Dmodk())
    off = src != dst
    out = paths.link[paths.ptr[:-1][off]]
    # w_1 = 1, p_1 = 2: cable d mod 2, out of the source and into the destination alike.
    assert (out - F.arc_link[F.arc_up[src[off]]]).tolist() == (dst[off] % 2).tolist()
    into = paths.link[paths.ptr[1:][off] - 1]
    assert (into - F.arc_link[F.arc_back[F.arc_up[dst[off]]]]).tolist() == (dst[off] % 2).tolist()


@pytest.mark.parametrize("top", [2, 4])
def test_ecmp_is_uniform_where_two_ways_down_or_a_way_up_are_as_short(top: int) -> None:
    """From u (tier 3) over m (tier 2), or over m2, which lies below u or above, down to the leaf."""
    trunk = [("u", "m"), ("m", "leaf"), ("u", "m2"), ("m2", "leaf")]
    F = Fabric.from_graph(
        graph("two ways", range(2), {"leaf": 1, "m": 2, "u": 3, "m2": top}, [(0, "u"), (1, "leaf"), *trunk])
    )
    n = 8_000
    paths = route(F, np.zeros(n, int), np.ones(n, int), Ecmp(), qp=np.arange(n))
    over = np.bincount(F.link_dst[paths.link.reshape(n, 4)[:, 1]], minlength=len(F.ids))
    counts = over[[F.ids.index("m"), F.ids.index("m2")]]
    assert counts.sum() == n and abs(counts[0] - n / 2) < 4 * np.sqrt(n) / 2


def test_a_cut_beyond_the_way_up_changes_no_dmodk_path() -> None:
    """D-Mod-K counts the ports of the switches that a path climbs; what others lose does not matter to it."""
    G = fat_tree(k=8)
    F = Fabric.from_graph(G)
    src, dst = np.arange(32), (np.arange(32) + 5) % 32  # pods 0 and 1
    before = route(F, src, dst, Dmodk())
    used = {tuple(sorted((int(F.link_src[i]), int(F.link_dst[i])))) for i in before.link}
    pod = dict(G.nodes(data="pod"))
    unused = [
        e for e in G.edges if min(e) >= 128 and tuple(sorted(e)) not in used and pod[min(e)] not in (0, 1)
    ]
    kept = set(unused[::5])  # not all: the tree keeps its arity
    G.remove_edges_from(set(unused) - kept - {e for e in unused if pod[min(e)] in (2, 3)})
    assert len(G.edges) < len(fat_tree(k=8).edges)
    H = Fabric.from_graph(G, allow_partition=True)
    after = route(H, src, dst, Dmodk())
    for flow in range(len(src)):
        assert nodes(F, before, flow) == nodes(H, after, flow)


# --- endpoints with several ways, relays, illegal use ---


@pytest.mark.parametrize(
    ("src", "dst", "name"), [([[0, 1]], [[2, 3]], "src"), ([0, 1], [2], "dst"), ([0], [[1]], "dst")]
)
def test_ends_of_another_shape_are_refused_by_name(src: Any, dst: Any, name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}: .*: one endpoint per flow, as many of src as of dst"):
        route(Fabric.from_graph(fat_tree(k=4)), np.array(src), np.array(dst), Ecmp())


def test_inside_a_server_traffic_takes_the_scale_up_switch() -> None:
    F = Fabric.from_graph(ZOO["servers"]())
    paths = route(F, np.array([2]), np.array([3]), Dmodk())
    walk = nodes(F, paths, 0)
    assert (walk[0], walk[2]) == (2, 3) and F.kind[F.ids.index(walk[1])] == 2


def test_parallel_cables_of_a_scale_up_switch_are_all_used() -> None:
    G = rail_only()
    nx.set_edge_attributes(G, {(e, f"n{e // 2}"): 4 for e in range(8)}, "cables")
    F = Fabric.from_graph(G)
    paths = route(F, np.zeros(64, int), np.ones(64, int), Ecmp(), qp=np.arange(64))
    assert len(np.unique(paths.link)) == 8
    assert len(np.unique(route(F, np.zeros(64, int), np.ones(64, int), Dmodk()).link)) == 2


def test_a_relay_joins_the_rails() -> None:
    """GPU 0 (rail 0) to GPU 5 (rail 1): over its server to GPU 1, whose rail leads there."""
    F = Fabric.from_graph(rail_only())
    paths = route(F, np.array([0, 0, 1]), np.array([5, 4, 0]), Dmodk())
    assert [nodes(F, paths, i) for i in range(3)] == [
        [0, "n0", 1, "r1", 5],
        [0, "r0", 4],
        [1, "n0", 0],
    ]


def test_a_flow_has_the_relay_that_it_would_have_alone() -> None:
    """Flows of one server to one destination are looked at together, which none of them notices."""
    F = Fabric.from_graph(load("preset:nvl72:racks=3"))
    rng = np.random.default_rng(4)
    src, dst = rng.integers(0, F.n_endpoints, (2, 300))
    together = route(F, src, dst, Ecmp())
    alone = [route(F, src[i : i + 1], dst[i : i + 1], Ecmp()) for i in range(300)]
    assert any(walk[0] < F.n_endpoints for walk in (F.link_src[one.link][2:] for one in alone) if len(walk))
    assert [links(together, i).tolist() for i in range(300)] == [one.link.tolist() for one in alone]


def test_servers_of_a_large_fabric_keep_to_their_own_relays() -> None:
    """Two servers and destinations whose numbers, server times endpoints, differ by 2^32 less the gap."""
    F = Fabric.from_graph(load("rail-only:gpus_per_server=2,servers=60000,radix=512"))
    servers = round(2**32 / F.n_endpoints)
    gap = 2**32 - servers * F.n_endpoints
    src, dst = np.array([0, 2 * servers]), np.array([1001, 1001 + gap])
    assert 0 < gap < F.n_endpoints - 1001 and gap % 2 == 0
    paths = route(F, src, dst, Ecmp())
    walks = [F.link_dst[links(paths, flow)].tolist() for flow in range(2)]
    ends = [[node for node in walk if node < F.n_endpoints] for walk in walks]
    assert ends == [[1, 1001], [2 * servers + 1, 1001 + gap]]


def test_queue_pairs_of_a_relayed_transfer_are_hashed_apart() -> None:
    """Each rail with two leaves and four spines: 64 queue pairs between rails take all four."""
    access = [(e, f"r{e % 2}l{e // 4}") for e in range(8)] + [(e, f"n{e // 2}") for e in range(8)]
    leaves = {f"r{r}l{i}": 1 for r in range(2) for i in range(2)}
    spines = {f"r{r}s{i}": 2 for r in range(2) for i in range(4)}
    trunk = [(f"r{r}l{i}", f"r{r}s{j}") for r in range(2) for i in range(2) for j in range(4)]
    G = graph("rails", range(8), leaves | spines, access + trunk, [f"n{i}" for i in range(4)])
    F = Fabric.from_graph(G)
    src, dst = np.zeros(64, int), np.full(64, 7)
    paths = route(F, src, dst, Ecmp(), qp=np.arange(64))
    check(G, F, paths, src, dst)
    assert {walk[4] for walk in (nodes(F, paths, i) for i in range(64))} == {f"r1s{i}" for i in range(4)}


def test_the_nearest_attachments_are_taken_and_equal_ones_shared() -> None:
    F = Fabric.from_graph(dual_homed())
    n = 8_000
    paths = route(F, np.zeros(n, int), np.ones(n, int), Ecmp(), qp=np.arange(n))
    walks = Counter(tuple(nodes(F, paths, i)) for i in range(n))
    assert set(walks) == {(0, "A0", 1), (0, "B0", 1)}
    assert walks[0, "A0", 1] == n / 2  # queue pairs of one transfer are dealt in turn
    others = route(F, np.zeros(n, int), np.ones(n, int), Ecmp(seed=1), qp=7)
    assert (
        len({tuple(nodes(F, others, i)) for i in range(9)}) == 1
    )  # without new queue pairs: always the same


def test_perfect_balance_splits_over_equal_attachments() -> None:
    """Two planes of two leaves and a spine: half on each, so a pair has both NICs' bandwidth."""
    leaves = {f"{side}{i}": 1 for side in "AB" for i in range(2)}
    access = [(e, f"{side}{e // 2}") for e in range(4) for side in "AB"]
    trunk = [(f"{side}{i}", f"{side}s") for side in "AB" for i in range(2)]
    G = graph("planes", range(4), leaves | {"As": 2, "Bs": 2}, access + trunk)
    F = carrier(Fabric.from_graph(G), Adaptive())
    paths = route(F, np.array([0, 0, 1]), np.array([2, 1, 1]), Adaptive())
    assert paths.length.tolist() == [8, 4, 0]
    assert paths.weight is not None and set(paths.weight.tolist()) == {0.5}
    rates = max_min(paths.take(np.array([0])), F.capacity)
    assert rates.tolist() == [2 * F.capacity[0]]
    one = route(Fabric.from_graph(G), np.array([0]), np.array([2]), Ecmp())
    value = np.full(F.n_links, 3.0)
    assert paths.total(value)[0] == one.total(np.full(F.n_links, 3.0))[0] == 12.0


def test_an_endpoint_on_the_scale_up_switch_alone_can_send_but_not_be_reached() -> None:
    G = rail_only()
    G.remove_edge(0, "r0")
    F = Fabric.from_graph(G)
    walk = nodes(F, route(F, np.array([0, 0]), np.array([3, 1]), Ecmp()), 0)
    assert walk == [0, "n0", 1, "r1", 3]
    with pytest.raises(NoRouteError, match=r"no path from endpoint 2 to endpoint 0 \(and 1 more pair\)"):
        route(F, np.array([0, 2, 3]), np.array([3, 0, 0]), Ecmp())


def test_pairs_without_a_legal_path_are_named_and_counted() -> None:
    """Leaf 16 keeps the even spine, leaf 20 (pod 2) the odd one: joined by turning down and up again only."""
    G = fat_tree(k=4)
    G.remove_edges_from([(16, 25), (20, 28)])
    F = Fabric.from_graph(G)
    src, dst = pairs(16)
    for policy in (Ecmp(), Dmodk()):
        with pytest.raises(NoRouteError, match=r"endpoint 0 to endpoint 8 .and 7 more pairs.: no legal path"):
            route(F, src, dst, policy)


def test_adaptive_traffic_runs_on_its_carrier_only() -> None:
    F = Fabric.from_graph(irregular())
    with pytest.raises(ParameterError, match="adaptive runs on the merged fabric"):
        route(F, np.array([0]), np.array([9]), Adaptive())
    assert len(route(carrier(F, Adaptive()), np.array([0]), np.array([9]), Adaptive())) == 1
    assert carrier(F, Ecmp()) is F


def test_no_flows_no_paths() -> None:
    F = Fabric.from_graph(irregular())
    none = np.array([], int)
    assert len(route(F, none, none, Ecmp())) == 0
    assert route(F, np.array([3]), np.array([3]), Dmodk()).ptr.tolist() == [0, 0]
