"""What ibsim makes of an exported fabric, and real tools print of it, are the same nodes and links again."""

from __future__ import annotations

import networkx as nx
import pytest

from fabric.graph.schema import GPU, SWITCH, read_columns
from fabric.words.errors import FabricsimError, ParameterError
from sims.studies.opensm import have_opensm, opensm_tables
from sims.studies.opensm.subnet_manager import DISCOVERERS, discovered
from sims.studies.opensm.tables import _gaps
from topologies import load, star
from topologies.files.exchange import write_graph

needs_opensm = pytest.mark.skipif(not have_opensm(), reason="ibsim and OpenSM are not installed")


def links(G: nx.Graph) -> list[tuple[object, ...]]:
    """Each cable as the names and ports of its two ends. (ibsim of Debian runs every link as 4x SDR.)"""
    found = []
    for u, v, data in G.edges(data=True):
        if "nvswitch" in (G.nodes[u]["kind"], G.nodes[v]["kind"]):
            continue
        for p, q in data["ports"]:
            found.append((*sorted([(G.nodes[u]["name"], str(p)), (G.nodes[v]["name"], str(q))]),))
    return sorted(found)


@needs_opensm
@pytest.mark.parametrize(
    "text", ["fat-tree:k=4,gpus_per_server=4", "multi-plane:planes=1,endpoints=16,radix=8", "torus:dims=2/3"]
)
def test_every_tool_gives_back_the_same_links(text, tmp_path):
    path = tmp_path / "network.ibnetdiscover"
    write_graph(load(text), path)
    before = load(str(path))
    host = next(line.split('"')[1] for line in path.read_text().splitlines() if line.startswith("Ca\t"))
    for command, printed in discovered(path, host, DISCOVERERS).items():
        (tmp_path / "printed").write_text(printed)
        after = load(str(tmp_path / "printed"))
        assert links(after) == links(before), command
        assert len(after) == len(before), command


@needs_opensm
def test_descriptions_that_ibsim_alters_are_known_by_their_guids(tmp_path):
    """ibsim ends a description at a '#', at two blanks or after some sixty bytes."""
    G = star(endpoints=3)
    for i, name in enumerate(["a # b", "the  host", "x" * 80, "the switch, of '9' \\ ports"]):
        G.nodes[i]["name"] = name
    rows = opensm_tables(G, "minhop", seconds=60)
    assert sorted(row["destination"] for row in rows) == sorted(["a # b", "the  host", "x" * 80])


def test_entries_that_are_missing_are_counted_and_named():
    G = load("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=2")
    c = read_columns(G)
    ends, switches = ([i for i, kind in enumerate(c.kind) if kind == k] for k in (GPU, SWITCH))
    names = list(map(str, c.ids))
    lines = {(s, e) for s in switches for e in ends}
    assert _gaps(c, lines, names) == ""
    assert _gaps(c, lines - {(switches[0], ends[1])}, names) == (
        f"1 entry of 16 missing, such as that of {names[switches[0]]} for {names[ends[1]]}"
    )
    fewer = {line for line in lines if line[1] != ends[3]}
    assert _gaps(c, fewer, names).endswith("for 3; 1 endpoint in none of them")


def test_what_no_subnet_holds_is_refused_with_the_reason():
    """k=56 has 43,904 endpoints and 3,920 switches; k=58 48,778 and 4,205: 52,983 LIDs."""
    G = load("fat-tree:k=4")
    G.add_nodes_from((f"alone {i}", {"kind": "switch", "tier": 1}) for i in range(49_151 - 36 + 1))
    with pytest.raises(
        ParameterError, match="needs 49,152 LIDs: a subnet has 49,151 LIDs, one for each port"
    ):
        write_graph(G, "never.ibnetdiscover")


@needs_opensm
def test_a_tool_that_fails_says_so(tmp_path):
    write_graph(star(endpoints=2), tmp_path / "n.ibnetdiscover")
    host = next(
        line.split('"')[1]
        for line in (tmp_path / "n.ibnetdiscover").read_text().splitlines()
        if "Ca\t" in line
    )
    with pytest.raises(FabricsimError, match="ibnetdiscover --nonsense: ended with status"):
        discovered(tmp_path / "n.ibnetdiscover", host, ["ibnetdiscover --nonsense"])
