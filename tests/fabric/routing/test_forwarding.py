"""Forwarding tables of the user's: followed to the letter, by name or number, and refused with the line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import fabric_oracles as oracle
import networkx as nx
import numpy as np
import pytest
from fabric_zoo import ZOO, dragonfly, graph, irregular, leaf_spine
from hypothesis import given, settings
from hypothesis import strategies as st
from test_routing import check, nodes, pairs

from fabric import Dmodk, Fabric, Static, route
from fabric.graph.schema import SWITCH
from fabric.routing.forwarding import tables
from fabric.routing.gaps import gaps
from fabric.routing.policies import parse_policy
from fabric.words.errors import FileFormatError, ParameterError
from topologies import fat_tree

HEADER = "switch,destination,next_hop"


def written(path: Path, tables: dict[tuple[Any, Any], Any]) -> Static:
    lines = [f"{switch},{destination},{hop}" for (switch, destination), hop in tables.items()]
    path.write_text("\n".join([HEADER, *lines]))
    return Static(file=str(path))


def shortest(G: nx.Graph, seed: int) -> dict[tuple[Any, Any], Any]:
    """A table of every switch towards every endpoint, by shortest legal paths of a random choice."""
    rng = np.random.default_rng(seed)
    tables: dict[tuple[Any, Any], Any] = {}
    free = not oracle.tiered(G)
    for d in oracle.gpus(G):
        (leaf,) = oracle.attachments(G, d)
        tables[leaf, d] = d
        for u in oracle.switches(G):
            # A table knows no past: only switches with a way down take it, the others go up.
            down = oracle.legal_distances(G, u, rising=False).get(leaf)
            rising = free or down is None
            left = oracle.legal_distances(G, u).get(leaf) if rising else down
            if left:
                ahead = [
                    v
                    for v, up in oracle.states(G, free, u, rising)
                    if (free or up == rising or not up)
                    and oracle.legal_distances(G, v, up).get(leaf) == left - 1
                ]
                tables[u, d] = ahead[int(rng.integers(len(ahead)))]
    return tables


@pytest.mark.parametrize("make", [leaf_spine, irregular, dragonfly])
@pytest.mark.parametrize("seed", range(3))
def test_whole_tables_are_followed(make: Any, seed: int, tmp_path: Path) -> None:
    G = make()
    F, tables = Fabric.from_graph(G), shortest(make(), seed)
    src, dst = pairs(F.n_endpoints)
    paths = route(F, src, dst, written(tmp_path / "t.csv", tables))
    for flow, (s, d) in enumerate(zip(src.tolist(), dst.tolist())):
        if s != d:
            a, b = F.ids[s], F.ids[d]
            expected = [a, *oracle.follow(tables, oracle.attachments(G, a)[0], b)]
            assert nodes(F, paths, flow) == expected


@pytest.mark.parametrize("name", ZOO)
def test_what_the_tables_leave_open_goes_as_dmodk_sends_it(name: str, tmp_path: Path) -> None:
    F = Fabric.from_graph(ZOO[name]())
    src, dst = pairs(F.n_endpoints)
    dmodk = route(F, src, dst, Dmodk())
    switched = [(F.kind[F.link_src[dmodk.link[a + 1 : b]]] == SWITCH).all() for a, b in pairwise(dmodk.ptr)]
    flow = int(np.argmax((np.diff(dmodk.ptr) > 1) & switched))
    here, there = nodes(F, dmodk, flow)[1:3]  # the one entry of the file is D-Mod-K's
    policy = written(tmp_path / "t.csv", {(here, F.ids[dst[flow]]): there})
    found = route(F, src, dst, policy)
    assert found.link.tolist() == dmodk.link.tolist() and found.ptr.tolist() == dmodk.ptr.tolist()
    assert "what has no entry goes as dmodk sends it" in policy.warning(F)
    with pytest.raises(FileFormatError, match=r"t\.csv: has no entry for any switch and destination: a line"):
        route(F, src, dst, written(tmp_path / "t.csv", {}))


@pytest.mark.parametrize("make", [leaf_spine, irregular, dragonfly])
@pytest.mark.parametrize("seed", range(3))
def test_what_a_file_leaves_open_is_counted_as_looking_each_entry_up_counts_it(
    make: Any, seed: int, tmp_path: Path
) -> None:
    """By a second way: dictionaries; a line for a leaf speaks of all below it, and a leaf knows its own."""
    G, rng = make(), np.random.default_rng(seed)
    F, whole = Fabric.from_graph(G), shortest(make(), seed)
    leaf_of = {d: oracle.attachments(G, d)[0] for d in oracle.gpus(G)}
    table = {key: hop for key, hop in whole.items() if rng.random() < 0.5}
    for (switch, d), hop in whole.items():
        if switch != leaf_of[d] and G.nodes[hop]["kind"] == "switch" and rng.random() < 0.05:
            table[switch, leaf_of[d]] = hop
    known = [
        (switch, d) in table or (switch, leaf_of[d]) in table or switch == leaf_of[d]
        for switch in oracle.switches(G)
        for d in oracle.gpus(G)
    ]
    policy = written(tmp_path / "t.csv", table)
    found = gaps(F, tables(F, policy.file))
    assert (found.pairs, found.missing) == (len(known), known.count(False)) and found.missing
    said = f"the tables lack {found.missing:,} of {found.pairs:,} entries"
    assert said in policy.warning(F) and policy.warning(F) == policy.warning(F, packets=True)
    full = written(tmp_path / "full.csv", whole)
    if set(whole) >= {(switch, d) for switch in oracle.switches(G) for d in oracle.gpus(G)}:
        assert full.warning(F) == ""
    else:  # some switch has no way to some endpoint
        assert gaps(F, tables(F, full.file)).missing > 0
    for unrouted in ("dmodk", "refuse"):
        assert said in Static(file=policy.file, unrouted=unrouted).warning(F)


TREE = fat_tree(k=4)
TABLES = shortest(TREE, 1)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(sorted(TABLES, key=str)), min_size=1))
def test_any_part_of_legal_tables_gives_legal_paths(tmp_path_factory: Any, part: set) -> None:
    F = Fabric.from_graph(TREE)
    src, dst = pairs(16)
    policy = written(tmp_path_factory.mktemp("t") / "t.csv", {key: TABLES[key] for key in part})
    paths = route(F, src, dst, policy)
    check(TREE, F, paths, src, dst)
    for flow in range(len(src)):
        walk = nodes(F, paths, flow)
        for here, there in pairwise(walk[1:]):
            if (here, walk[-1]) in part:
                assert TABLES[here, walk[-1]] == there


def test_tables_of_dmodk_give_the_paths_of_dmodk(tmp_path: Path) -> None:
    """A cross-check with Zahavi's closed form, parallel cables included."""
    for make in (lambda: fat_tree(k=4), leaf_spine):
        F = Fabric.from_graph(make())
        src, dst = pairs(F.n_endpoints)
        expected, tables = route(F, src, dst, Dmodk()), {}
        for flow in range(len(src)):
            walk = nodes(F, expected, flow)
            tables |= {(here, walk[-1]): there for here, there in pairwise(walk[1:])}
        found = route(F, src, dst, written(tmp_path / "t.csv", tables))
        assert found.link.tolist() == expected.link.tolist()


def test_a_line_for_a_leaf_is_for_all_below_it_but_those_with_their_own(tmp_path: Path) -> None:
    F = Fabric.from_graph(leaf_spine())
    tables = {("l0", "l1"): "s1", ("l0", 5): "s0"}
    paths = route(F, np.zeros(4, int), np.arange(4, 8), written(tmp_path / "t.csv", tables))
    assert [nodes(F, paths, i)[2] for i in range(4)] == ["s1", "s0", "s1", "s1"]


def test_names_and_a_longer_way_than_needed(tmp_path: Path) -> None:
    """a -> c by way of b, though a and c are neighbours: tables are taken at their word."""
    G = graph("ring", range(3), dict.fromkeys("abc", 1), [(0, "a"), (1, "b"), (2, "c"), *["ab", "bc", "ca"]])
    for node in G:
        G.nodes[node]["name"] = f"switch {node}" if node in ("a", "b", "c") else f"gpu {node}"
    F = Fabric.from_graph(G)
    policy = written(tmp_path / "t.csv", {("switch a", "gpu 2"): "b", ("b", 2): "switch c"})
    assert nodes(F, route(F, np.array([0]), np.array([2]), policy), 0) == [0, "a", "b", "c", 2]


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    F = Fabric.from_graph(leaf_spine())
    ends = np.array([0]), np.array([5])
    for hop in ("s0", "s1"):
        paths = route(F, *ends, written(tmp_path / "t.csv", {("l0", "l1"): hop, ("l3", "l2"): hop}))
        (tmp_path / "t.csv").touch()
        assert nodes(F, paths, 0)[2] == hop


@pytest.mark.parametrize(
    "text, words",
    [
        ("switch,destination\n", "line 1, column [0-9]+: the columns are switch, destination, next_hop"),
        ("", "line 1, column [0-9]+: the columns are"),
        (f"{HEADER}\nl0,5\n", "line 2, column [0-9]+: 2 values for 3 columns"),
        (
            f"{HEADER}\n\nl0,5,s0\nl9,5,s0\n",
            "line 4, column [0-9]+: switch = 'l9': no node of leaf-spine is called so",
        ),
        (
            f"{HEADER}\nl0,55,s0\n",
            "line 2, column [0-9]+: destination = '55': no node of leaf-spine is called so",
        ),
        (
            f"{HEADER}\nl0,5,s7\n",
            "line 2, column [0-9]+: next_hop = 's7': no node of leaf-spine is called so",
        ),
        (f"{HEADER}\n3,5,s0\n", "line 2, column [0-9]+: 3 is no switch"),
        (f"{HEADER}\nl0,s1,s0\n", "line 2, column [0-9]+: s1 is neither an endpoint nor a switch above one"),
        (f"{HEADER}\nl0,l0,s0\n", "line 2, column [0-9]+: a switch needs no way to itself"),
        (f"{HEADER}\nl0,5,l1\n", "line 2, column [0-9]+: l1 is no neighbour of l0"),
        (f"{HEADER}\nl0,5,3\n", "line 2, column [0-9]+: 3 is neither a switch nor the destination 5"),
        (
            f"{HEADER}\nl0,5,s0\nl0,6,s0\nl0,5,s1\n",
            "line 4, column [0-9]+: l0 has another next hop or port towards 5 already",
        ),
        (f"{HEADER}\nl0,'5\0',s0\n", "line 2, column [0-9]+: "),
    ],
)
def test_faults_of_a_table(text: str, words: str, tmp_path: Path) -> None:
    F, path = Fabric.from_graph(leaf_spine()), tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=words) as caught:
        route(F, np.array([0]), np.array([5]), Static(file=str(path)))
    assert str(path) in str(caught.value)


def test_the_same_line_twice_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{HEADER}\nl0,5,s0\nl0,5,s0\n")
    F = Fabric.from_graph(leaf_spine())
    assert len(route(F, np.array([0]), np.array([5]), Static(file=str(tmp_path / "t.csv")))) == 1


def test_a_table_that_leads_round(tmp_path: Path) -> None:
    F = Fabric.from_graph(leaf_spine())
    policy = written(tmp_path / "t.csv", {("s0", 5): "l2", ("l2", 5): "s0", ("l0", 5): "s0"})
    with pytest.raises(
        FileFormatError, match=r"from 0 to 5 in a circle past (l2|s0): it has not arrived after 6 sw"
    ):
        route(F, np.array([0]), np.array([5]), policy)


def test_a_table_that_leads_down_where_nothing_leads_on(tmp_path: Path) -> None:
    F = Fabric.from_graph(leaf_spine())
    policy = written(tmp_path / "t.csv", {("s0", 5): "l2", ("l0", 5): "s0"})
    with pytest.raises(FileFormatError, match="from 0 to 5 down to l2, from which no way leads on down"):
        route(F, np.array([0]), np.array([5]), policy)


def test_no_such_file() -> None:
    F = Fabric.from_graph(leaf_spine())
    with pytest.raises(FileFormatError, match=r"nowhere\.csv: cannot be read: No such file"):
        route(F, np.array([0]), np.array([5]), Static(file="nowhere.csv"))
    assert str(Static(file="a,b.csv")) == "static:file=a,b.csv"
    with pytest.raises(ParameterError, match=r"routing static: file: 'nowhere\.csv': no such file"):
        parse_policy("static:file=nowhere.csv")


def test_a_name_of_several_nodes_means_none_of_them(tmp_path: Path) -> None:
    G = fat_tree(k=4)
    nx.set_node_attributes(G, {node: "twin" if node in (16, 17) else f"n{node}" for node in G}, "name")
    (tmp_path / "t.csv").write_text(f"{HEADER}\ntwin,n15,n24\n")
    with pytest.raises(
        FileFormatError, match=r"line 2, column [0-9]+: switch = 'twin': several nodes of .* are called so"
    ):
        route(Fabric.from_graph(G), [0], [15], Static(file=str(tmp_path / "t.csv")))


# Ports.


def trunked(*, ports: bool, shuffled: bool = False) -> nx.Graph:
    """Two leaves of four endpoints and two spines, three cables between each two, as a dump has them."""
    G = nx.Graph(name="trunked")
    order = [*range(8), "l0", "l1", "s0", "s1"]
    for node in reversed(order) if shuffled else order:
        kind = "gpu" if isinstance(node, int) else "switch"
        G.add_node(node, kind=kind, tier=0 if kind == "gpu" else 1 if node in ("l0", "l1") else 2)
    place = {node: i for i, node in enumerate(G)}
    for i in range(8):
        G.add_edge(i, f"l{i // 4}", rate=1.0, delay=0.0)
    for leaf in range(2):
        for spine in range(2):
            u, v = f"l{leaf}", f"s{spine}"
            pairs = [(20 + 3 * spine + c, f"p{3 * leaf + c}") for c in (2, 0, 1)]
            if place[u] > place[v]:
                pairs = [pair[::-1] for pair in pairs]
            G.add_edge(u, v, rate=1.0, delay=0.0, cables=3, **({"ports": pairs} if ports else {}))
    return G


def port_of(F: Fabric, link: int) -> str:
    """The port at a link's source, or the number of the cable among those of its arc."""
    if F.link_port is not None and F.link_port[link] >= 0:
        return F.port_names[F.link_port[link]]
    arc = int(np.searchsorted(F.arc_link, link, side="right")) - 1
    return str(link - int(F.arc_link[arc]) + 1)


@pytest.mark.parametrize("shuffled", [False, True])
def test_ports_are_those_of_the_node_that_a_link_leaves(shuffled: bool) -> None:
    G = trunked(ports=True, shuffled=shuffled)
    F = Fabric.from_graph(G)
    seen = {(F.ids[F.link_src[x]], F.ids[F.link_dst[x]], port_of(F, x)) for x in range(F.n_links)}
    for leaf in range(2):
        for spine in range(2):
            for c in range(3):
                assert (f"l{leaf}", f"s{spine}", str(20 + 3 * spine + c)) in seen
                assert (f"s{spine}", f"l{leaf}", f"p{3 * leaf + c}") in seen


@pytest.mark.parametrize("ports", [True, False])
@pytest.mark.parametrize("columns", ["next_hop,port", "port,next_hop", "port"])
@pytest.mark.parametrize("policy", [Dmodk(), parse_policy("ecmp")])
def test_a_table_of_ports_gives_back_the_paths_that_it_was_made_of(
    columns: str, ports: bool, policy: Any, tmp_path: Path
) -> None:
    """Production tables are one port per switch and destination: those of D-Mod-K, and of a hash by
    destination, are exported from routes and read."""
    if columns == "port" and not ports:
        columns = "next_hop,port"  # a number of a cable needs the next hop
    F = Fabric.from_graph(trunked(ports=ports))
    src, dst = pairs(F.n_endpoints)
    expected = route(F, src, dst, policy)
    lines: dict[tuple[int, int], int] = {}
    for flow in range(len(src)):
        for link in expected.link[expected.ptr[flow] : expected.ptr[flow + 1]].tolist():
            if F.link_src[link] >= F.n_endpoints:
                lines.setdefault((int(F.link_src[link]), int(dst[flow])), link)
    cells = {"next_hop": lambda x: str(F.ids[F.link_dst[x]]), "port": lambda x: port_of(F, x)}
    if columns == "port":  # the way down to an endpoint has no known port, and goes without a line
        lines = {key: link for key, link in lines.items() if F.link_dst[link] >= F.n_endpoints}
    text = [
        ",".join([str(F.ids[s]), str(F.ids[d]), *(cells[c](link) for c in columns.split(","))])
        for (s, d), link in lines.items()
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([f"switch,destination,{columns}", *text]))
    found = route(F, src, dst, Static(file=str(path)))
    if isinstance(policy, Dmodk):
        assert found.link.tolist() == expected.link.tolist()
    # Counted by hand: each flow takes, at every switch that it meets, the cable of that line.
    load = dict.fromkeys(range(F.n_links), 0)
    for s, d in zip(src.tolist(), dst.tolist()):
        at = "l0" if s < 4 else "l1"
        while s != d and (node := F.ids.index(at)) >= F.n_endpoints:
            link = lines.get((node, d))
            if link is None:
                break
            load[link] += 1
            at = F.ids[F.link_dst[link]]
    counted = np.bincount(found.link, minlength=F.n_links)
    assert all(counted[link] == flows for link, flows in load.items() if flows)
    assert sum(load.values()) > 0


def test_a_port_moves_a_flow_from_one_parallel_cable_to_the_next(tmp_path: Path) -> None:
    F = Fabric.from_graph(trunked(ports=True))
    for port in ("20", "21", "22"):
        (tmp_path / "t.csv").write_text(f"switch,destination,next_hop,port\nl0,l1,s0,{port}\nl0,7,,{port}\n")
        paths = route(F, np.zeros(4, int), np.arange(4, 8), Static(file=str(tmp_path / "t.csv")))
        assert [port_of(F, paths.link[paths.ptr[i] + 1]) for i in range(4)] == [port] * 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "switch,destination\nl0,l1\n",
            "line 1, column [0-9]+: the columns are switch, destination, next_hop, and port beside",
        ),
        ("switch,destination,port,port\nl0,l1,1,1\n", "line 1, column [0-9]+: the columns are"),
        (
            "switch,destination,next_hop,port\nl0,l1,s0,99\n",
            "line 2, column [0-9]+: l0 has no port '99', and no parallel",
        ),
        (
            "switch,destination,next_hop,port\nl0,l1,s1,20\n",
            "line 2, column [0-9]+: port 20 of l0 does not lead to s1",
        ),
        (
            "switch,destination,next_hop,port\nl0,0,0,20\n",
            "line 2, column [0-9]+: port 20 of l0 does not lead to 0",
        ),
        (
            "switch,destination,next_hop,port\nl0,l1,s0,20\nl0,l1,s0,21\n",
            "line 3, column [0-9]+: .*or port towards l1 already",
        ),
        ("switch,destination,next_hop,port\nl0,l1,,\n", "line 2, column [0-9]+: next_hop = '': no node"),
        (
            "switch,destination,next_hop,port\nl0,1,1,2\n",
            "line 2, column [0-9]+: l0 has no port '2', and no parallel cable",
        ),
    ],
)
def test_faults_of_ports_in_a_table(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    F = Fabric.from_graph(trunked(ports=True))
    with pytest.raises(FileFormatError, match=words):
        route(F, np.array([0]), np.array([5]), Static(file=str(tmp_path / "t.csv")))
