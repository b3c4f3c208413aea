"""`fabricsim topology ...`, as a stranger uses it."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import networkx as nx
import pytest
from project import ROOT

from sims.cli.main import main
from topologies import fat_tree, load, read_graph, write_node_link

Run = Callable[..., tuple[int, str, str]]
SAMPLE = ROOT.parent / "shared" / "samples" / "dgx-ndr.ibnetdiscover"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*words: str, under: Sequence[str] = ("topology",)) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fabricsim", *under, *words])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call


@pytest.mark.parametrize(
    "spec",
    [
        "rail-optimized:servers=16,radix=16",
        "fat-tree:k=8,gpus_per_server=8",
        "fat-tree:endpoints=30,radix=8,gpus_per_server=3",
        "rail-only:servers=8,radix=16",
        "multi-plane:planes=2,endpoints=32,radix=8",
        "dragonfly:p=2",
        "torus:dims=3/4",
        "preset:superpod-h100:su=1",
        "preset:nvl72:racks=2",
        "preset:hpn-pod:segments=1",
        "preset:mrc-131k:racks=2",
    ],
)
def test_hops_are_those_of_the_pairs_that_latency_counts(spec: str, run: Run) -> None:
    """Traffic inside a server goes over its scale-up switch, for either command."""
    status, shown, _ = run("show", spec)
    assert status == 0
    hops = dict(re.findall(r"^ +(\d+) links?: +([\d.]+)% of the pairs$", shown, re.M))
    status, out, _ = run("latency", spec, "--json", under=())
    assert status == 0
    share: dict[str, float] = {}
    for found in json.loads(out):
        share[str(found["links"])] = share.get(str(found["links"]), 0.0) + found["share"]
    assert hops == {links: f"{100 * part:.3f}" for links, part in share.items()}
    mean = sum(int(links) * part for links, part in share.items())
    assert f"{mean:.3f} in the mean" in shown


def test_list_names_every_family_and_preset_with_its_parameters(run: Run) -> None:
    status, out, _ = run("list")
    assert status == 0
    for name in ("fat-tree", "dragonfly-plus", "rail-only", "preset:colossus-100k", "preset:superpod-h100"):
        assert f"\n{name} " in "\n" + out
    assert "oversubscription=1" in out and "as_built=false" in out


@pytest.mark.parametrize(
    "spec",
    [
        "star:endpoints=8",
        "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4",
        "xgft:m=4/4,w=1/2",
        "pgft:m=4/4,w=1/2,p=1/2",
        "rail-optimized:servers=16,radix=16",
        "rail-only:servers=4,radix=16",
        "multi-plane:planes=2,endpoints=32,radix=8",
        "dragonfly:p=1",
        "dragonfly-plus:leaves=2",
        "torus:dims=3/3/3",
        "slim-fly:q=3",
        "random-regular:switches=10,radix=6,endpoints_per_switch=2",
        "preset:superpod-h100:su=1",
    ],
)
def test_show_and_check_of_every_family(run: Run, spec: str) -> None:
    status, out, _ = run("show", spec)
    assert status == 0 and "endpoints " in out and "InfiniBand " in out and "hops (links)" in out
    status, out, _ = run("check", spec)
    assert (status, "no fault found" in out) == (0, True), out


def test_check_names_what_is_missing_and_exits_with_1(run: Run, tmp_path: Path) -> None:
    G = fat_tree(k=8)
    leaf = next(v for v in G[0] if G.nodes[v]["tier"] == 1)
    spine = next(v for v in G[leaf] if G.nodes[v]["tier"] == 2)
    G.remove_edge(leaf, spine)
    write_node_link(G, tmp_path / "cut.json")
    status, out, _ = run("check", "cut.json", "--out", "found.json")
    assert status == 1 and f"leaf {leaf} - spine {spine}: 0 of 1" in out
    found = json.loads((tmp_path / "found.json").read_text())
    assert [f for f in found if f["kind"] == "missing-cable"]


@pytest.mark.parametrize("spec", ["torus:dims=4/4", "dragonfly:p=2", "slim-fly:q=5"])
def test_check_of_a_file_names_what_its_record_does_not_have(run: Run, tmp_path: Path, spec: str) -> None:
    """Two cables crossed over leave every switch its number of cables; the record tells."""
    G = load(spec)
    trunks = [e for e in G.edges if all(G.nodes[v]["kind"] == "switch" for v in e)]
    (a, b), (c, d) = trunks[0], next(e for e in trunks if not set(e) & ({*G[trunks[0][0]], *G[trunks[0][1]]}))
    data = dict(G.edges[a, b])
    G.remove_edges_from([(a, b), (c, d)])
    G.add_edges_from([(a, c), (b, d)], **data)
    write_node_link(G, tmp_path / "crossed.json")
    status, out, _ = run("check", "crossed.json")
    assert status == 1
    for pair, words in (
        ((a, b), "0 of 1"),
        ((c, d), "0 of 1"),
        ((a, c), "1 cable, 0"),
        ((b, d), "1 cable, 0"),
    ):
        low, high = sorted(pair)
        assert f"switch {low} - switch {high}: {words}" in out, out


def test_check_of_a_file_finds_swapped_rails(run: Run, tmp_path: Path) -> None:
    G = load("rail-optimized:servers=64,radix=64")
    (l0,), (l1,) = ([v for v in G[e] if G.nodes[v]["kind"] == "switch"] for e in (0, 1))
    data = dict(G.edges[0, l0])
    G.remove_edges_from([(0, l0), (1, l1)])
    G.add_edges_from([(0, l1), (1, l0)], **data)
    write_node_link(G, tmp_path / "swapped.json")
    status, out, _ = run("check", "swapped.json")
    assert status == 1 and f"endpoint 0 - leaf {l0}: 0 of 1 cable" in out


def test_check_of_an_endpoint_without_a_cable(run: Run, tmp_path: Path) -> None:
    G = fat_tree(k=4)
    G.remove_edge(0, 16)
    write_node_link(G, tmp_path / "unplugged.json")
    status, out, _ = run("check", "unplugged.json")
    assert status == 1 and "endpoint 0: 0 cables up" in out and "30 of 240 pairs" in out


def test_hops_by_relay_are_those_of_the_graph(run: Run, tmp_path: Path) -> None:
    """Rail-only: 38 endpoints at two links and 217 at four, as a search of the graph says."""
    lengths = nx.single_source_shortest_path_length(G := load("rail-only:servers=32,radix=64"), 0)
    far = [lengths[e] for e in G if G.nodes[e]["kind"] == "gpu" and e]
    assert (far.count(2), far.count(4)) == (38, 217)
    _, out, _ = run("show", "rail-only:servers=32,radix=64")
    assert f"4 at most, {sum(far) / len(far):.3f} in the mean" in out


def test_check_of_a_graph_that_falls_apart(run: Run, tmp_path: Path) -> None:
    write_node_link(nx.disjoint_union(fat_tree(k=4), fat_tree(k=4)), tmp_path / "two.json")
    status, out, _ = run("check", "two.json")
    assert status == 1 and "512 of 992 pairs of endpoints have no path" in out
    status, out, _ = run("show", "two.json")
    assert status == 0 and "no path:   51.613% of all pairs" in out


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample dump is not beside this checkout")
def test_check_of_a_real_dump_lists_its_26_missing_cables(run: Run) -> None:
    status, out, _ = run("check", "--graph", str(SAMPLE))
    assert status == 1 and "of 558 cables 26 missing" in out
    lines = [line for line in out.splitlines() if " of 2 cables" in line]
    assert sum(2 - int(line.split(": ")[1].split()[0]) for line in lines) == 26


@pytest.mark.parametrize("kind", ["json", "graphml", "csv"])
def test_export_and_import_again(run: Run, tmp_path: Path, kind: str) -> None:
    spec = "fat-tree:k=4,gpus_per_server=2"
    assert run("export", spec, "-o", f"x.{kind}")[0] == 0
    assert run("import", f"x.{kind}", "-o", "y.json")[0] == 0
    found, built = read_graph(tmp_path / "y.json"), load(spec)
    same = nx.is_isomorphic(
        found,
        built,
        node_match=lambda a, b: a["kind"] == b["kind"],
        edge_match=lambda a, b: a["rate"] == b["rate"],
    )
    assert same
    assert run("show", f"x.{kind}")[0] == 0


@pytest.mark.parametrize(
    ("words", "culprits"),
    [
        (("export", "fat-tree:k=4", "-o", "x.doc"), ("--out", "x.doc", ".graphml")),
        (("export", "preset:colossus-100k", "-o", "x.graphml"), ("20,000",)),
        (("import", "fat-tree.json", "-o", "x.json"), ("fat-tree.json",)),
        (("check", "slim-fly:q=6"), ("q", "power of a prime", "5 and 7")),
        (("check", "dragonfly:p=2,groups=99"), ("groups", "99")),
        (("show", "rail-only:servers=4,radix=16,nvlink=0"), ("nvlink",)),
        (("show", "multi-plane:planes=3,endpoints=32,radix=8,attach=both"), ("attach", "split", "one")),
        (("show", "preset:superpod-h100:su=65"), ("su", "65", "64")),
    ],
    ids=lambda value: " ".join(value),
)
def test_bad_input_is_one_line(
    run: Run, tmp_path: Path, words: tuple[str, ...], culprits: tuple[str, ...]
) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "") and err.startswith("fabricsim: error: ") and err.count("\n") == 1
    for culprit in culprits:
        assert culprit in err, err
    assert list(tmp_path.iterdir()) == []
