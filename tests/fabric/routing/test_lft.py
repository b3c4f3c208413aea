"""Dumps of InfiniBand's forwarding tables: followed port by port; what they lack is counted by name."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric import Dmodk, Fabric, Static, route
from fabric.routing.forwarding import tables
from fabric.routing.gaps import gaps
from fabric.routing.policies import parse_policy
from fabric.words.errors import FileFormatError, NoRouteError, ParameterError, SchemaError
from topologies import star

# Two leaves over two spines, two hosts each; what crosses goes by spine 1, port 4 of the leaves.
OUT = {"leaf 0": {1: 1, 2: 2, 3: 4, 4: 4}, "leaf 1": {1: 4, 2: 4, 3: 1, 4: 2}}
OUT |= {"spine 0": {1: 1, 2: 1, 3: 2, 4: 2}, "spine 1": {1: 1, 2: 1, 3: 2, 4: 2}}
LID = {"leaf 0": 5, "leaf 1": 6, "spine 0": 7, "spine 1": 8}


def fabric() -> Fabric:
    G = nx.Graph(name="pair")
    for i in range(4):
        G.add_node(
            i, kind="gpu", tier=0, name=f"host-{i} mlx5_0", addresses=[f"0x{i + 1:016x}", f"lid {i + 1}"]
        )
    for name, lid in LID.items():
        G.add_node(
            name, kind="switch", tier=1 + ("spine" in name), name=name, addresses=[f"0x{lid + 16:016x}"]
        )
    for i in range(4):
        G.add_edge(i, f"leaf {i // 2}", rate=50e9, delay=0.0, ports=[(1, i % 2 + 1)])
    for i in range(2):
        for j in range(2):
            G.add_edge(f"leaf {i}", f"spine {j}", rate=50e9, delay=0.0, ports=[(j + 3, i + 1)])
    return Fabric.from_graph(G)


def opensm(out: dict[str, dict[int, int]]) -> str:
    text = ""
    for name, ports in out.items():
        text += f"Unicast lids [0-8] of switch Lid {LID[name]} guid 0x{LID[name] + 16:016x} ('{name}'):\n"
        for lid, port in ports.items():
            text += (
                f"0x{lid:04x} {port:03} # Channel Adapter portguid 0x{lid:016x}: 'host-{lid - 1} mlx5_0'\n"
            )
        text += f"0x{LID[name]:04x} 000 # Switch portguid 0x{LID[name] + 16:016x}: '{name}'\n"
        text += f"{len(ports) + 1} lids dumped\n"
    return text


def ibroute(out: dict[str, dict[int, int]], named: bool) -> str:
    text = ""
    for name, ports in out.items():
        path = f"DR path slid 0; dlid 0; 0,1,{LID[name]}"
        text += f"Unicast lids [0x0-0x8] of switch {path} guid 0x{LID[name] + 16:016x} ({name}):\n"
        text += "  Lid  Out   Destination\n       Port     Info \n0x0000 255 : (path #0 - illegal port)\n"
        for lid, port in ports.items():
            text += f"0x{lid:04x} {port:03} "
            text += f": (Channel Adapter portguid 0x{lid:016x}: 'host-{lid - 1} mlx5_0')\n" if named else "\n"
        text += f"{len(ports)} valid lids dumped \n"
    return f"{text}\n*** WARNING ***: this command has been replaced by dump_fts\n\n"


def hops(f: Fabric, policy: Static, src: list[int], dst: list[int]) -> list[list[str]]:
    paths = route(f, src, dst, policy)
    return [[f.label(int(f.link_dst[x])) for x in paths.link[a:b]] for a, b in zip(paths.ptr, paths.ptr[1:])]


@pytest.mark.parametrize("text", [opensm(OUT), ibroute(OUT, True), ibroute(OUT, False)])
def test_each_way_of_printing_them_leads_by_the_same_ports(text: str, tmp_path: Path) -> None:
    f = fabric()
    (tmp_path / "t").write_text(text)
    policy = Static(file=str(tmp_path / "t"))
    assert hops(f, policy, [0, 0, 2], [1, 3, 0]) == [
        ["leaf 0", "host-1 mlx5_0"],
        ["leaf 0", "spine 1", "leaf 1", "host-3 mlx5_0"],
        ["leaf 1", "spine 1", "leaf 0", "host-0 mlx5_0"],
    ]
    assert policy.warning(f) == ""


def test_pairs_without_entry_and_loops_are_counted_or_go_as_dmodk(tmp_path: Path) -> None:
    f, path = fabric(), tmp_path / "t"
    path.write_text(opensm(OUT))
    rule = parse_policy(f"static:unrouted=dmodk,file={path}")
    assert str(rule) == f"static:unrouted=dmodk,file={path}"
    lack = {name: {lid: port for lid, port in ports.items() if lid != 4} for name, ports in OUT.items()}
    path.write_text(opensm(lack))
    said = r"from endpoint host-0 mlx5_0 to .* host-3 mlx5_0 \(and 1 more pair\): .*no entry for it at leaf 0"
    with pytest.raises(NoRouteError, match=said):
        route(f, [0, 1, 0], [3, 3, 1], Static(file=str(path)))
    assert hops(f, rule, [0, 0, 1], [3, 2, 3]) == [
        hops(f, Dmodk(), [0], [3])[0],
        ["leaf 0", "spine 1", "leaf 1", "host-2 mlx5_0"],
        hops(f, Dmodk(), [1], [3])[0],
    ]
    path.write_text(opensm(OUT | {"spine 1": {1: 1, 2: 1, 3: 2, 4: 1}}))
    with pytest.raises(NoRouteError, match="lead it in a circle past"):
        route(f, [0, 2], [3, 0], Static(file=str(path)))
    assert hops(f, rule, [0, 2], [3, 0])[0] == hops(f, Dmodk(), [0], [3])[0]


def test_what_the_graph_does_not_have_is_said_by_name_and_count(tmp_path: Path) -> None:
    f, path = fabric(), tmp_path / "t"
    strange = (
        opensm(OUT).replace("'host-3 mlx5_0'", "'other'").replace(f"portguid 0x{4:016x}", "portguid 0x99")
    )
    text = strange.replace("0x0004 ", "0x0040 ") + ibroute({"leaf 0": {2: 9}}, True)
    path.write_text(text + ibroute(OUT, True).replace("guid 0x0", "guid 0xa").replace("(leaf", "(gone"))
    said = Static(file=str(path)).warning(f)
    assert "1 destination that the graph does not have (other; 4 lines)" in said
    assert "1 port that the graph does not have (9 of leaf 0; 1 lines)" in said
    assert "2 switches that the graph does not have (gone 0, gone 1; 8 lines)" in said


def test_what_is_no_such_dump_is_refused_with_the_line(tmp_path: Path) -> None:
    f, path = fabric(), tmp_path / "t"
    faults = {
        opensm(OUT) + "hello\n": r"line 29, column 1: 'hello': an entry is LID and port",
        "x = 'Unicast lids ['\n": "line 1, column 1: .*an entry is LID and port",
        "0x0001 001\n" + opensm(OUT): "line 1, column [0-9]+: an entry before the line of a switch",
        opensm(OUT)
        + opensm(
            {"leaf 0": {1: 2}}
        ): "line 30, column [0-9]+: leaf 0 has another port towards host-0 mlx5_0 already",
        "Unicast lids [0-8] of switch Lid 9 guid 0x99 ('far'):\n0x0001 001\n": "no line fits pair: .*1 swi",
    }
    for text, message in faults.items():
        path.write_text(text)
        with pytest.raises(FileFormatError, match=message):
            route(f, [0], [3], Static(file=str(path)))
    path.write_text(opensm(OUT))
    with pytest.raises(FileFormatError, match="a dump names ports, and the graph knows none"):
        route(Fabric.from_graph(star(endpoints=3)), [0], [1], Static(file=str(path)))
    with pytest.raises(ParameterError, match="unrouted: 'drop': one of a few words"):
        Static(file="x", unrouted="drop")
    G = star(endpoints=2)
    G.nodes[0]["addresses"] = "0x1"
    with pytest.raises(SchemaError, match="node 0: addresses = '0x1': a list of texts"):
        Fabric.from_graph(G)


def test_what_tables_lack_is_counted_over_all_switches_and_endpoints(tmp_path: Path) -> None:
    """By hand: without LID 4 every one of four switches lacks one entry; a spine that sends host-3's back
    makes the ways of its leaf and of itself circles."""
    f, path = fabric(), tmp_path / "t"
    lack = {name: {lid: port for lid, port in ports.items() if lid != 4} for name, ports in OUT.items()}
    path.write_text(opensm(lack))
    said = "the tables lack 4 of 16 entries, such as that of leaf 0 for host-3 mlx5_0"
    assert Static(file=str(path)).warning(f) == said
    path.write_text(opensm(OUT | {"spine 1": {1: 1, 2: 1, 3: 2, 4: 1}}))
    found = gaps(f, tables(f, str(path)))
    assert (found.pairs, found.missing, found.circles) == (16, 0, 2)
    said = "the tables lead 2 ways round in a circle, such as from leaf 0 to host-3 mlx5_0"
    assert str(found) == said and Static(file=str(path)).warning(f) == said


@given(st.randoms(use_true_random=False))
def test_gaps_are_what_following_each_entry_finds(draw: Random) -> None:
    f = fabric()
    out = {
        name: {lid: draw.choice([1, 2, 3, 4] if "leaf" in name else [1, 2]) for lid in range(1, 5)}
        for name in OUT
    }
    for ports in out.values():
        ports.pop(draw.randint(1, 8), None)
    behind = {
        "leaf 0": ["host-0", "host-1", "spine 0", "spine 1"],
        "leaf 1": ["host-2", "host-3", "spine 0", "spine 1"],
    }
    behind |= {f"spine {j}": ["leaf 0", "leaf 1"] for j in range(2)}
    missing = circles = 0
    for name in OUT:
        for lid in range(1, 5):
            missing += lid not in out[name]
            at, steps = name, 0
            while at in out and lid in out[at] and steps < 9:
                at, steps = behind[at][out[at][lid] - 1], steps + 1
            circles += steps == 9
    with TemporaryDirectory() as folder:
        (Path(folder) / "t").write_text(opensm(out))
        found = gaps(f, tables(f, f"{folder}/t"))
    assert (found.missing, found.circles) == (missing, circles)
