"""Pictures of fabrics: what is written in them is counted right, and what is alike is folded."""

import re
import time
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fabric import Fabric
from fabric.measures.groups import Arcs, between_switches, components, hierarchy
from fabric.words.errors import ParameterError
from sims.show.drawing import STYLES, draw_topology, topology_figure
from sims.show.drawing.fold import Span, fold
from sims.show.drawing.lattice import (
    Lattice,
    lattice_layout,
    lattice_lines,
    lattice_of,
    lattice_words,
    pitch_of,
)
from sims.show.drawing.layout import plane_layout, row_layout
from sims.show.drawing.matrix import adjacency
from sims.show.drawing.nodes import fits_node_by_node
from sims.show.drawing.page import letters
from sims.show.figures import save_figure
from topologies import fat_tree, load, torus

RATE = {"rate": 50e9, "delay": 25e-9}


def made(switches, cables, per_leaf=1):
    """A fabric: ``switches`` maps names to tiers, endpoints hang on tier 1; ``cables``: (u, v, number)."""
    G = nx.Graph(name="made")
    leaves = [name for name, tier in switches.items() if tier == 1]
    for name in [leaf for leaf in leaves for _ in range(per_leaf)]:
        G.add_node(("endpoint", len(G)), kind="gpu", tier=0, on=name)
    G.add_nodes_from((name, {"kind": "switch", "tier": tier}) for name, tier in switches.items())
    G.add_edges_from((node, on, RATE) for node, on in list(G.nodes(data="on")) if on)
    G.add_edges_from((u, v, {**RATE, "cables": count}) for u, v, count in cables)
    return Fabric.from_graph(G)


def untiered(G, per_switch=2):
    names = {node: f"s{i}" for i, node in enumerate(G)}
    return made(dict.fromkeys(names.values(), 1), [(names[u], names[v], 1) for u, v in G.edges], per_switch)


def dragonfly(groups=4, routers=3):
    """Cliques of ``routers``, of which one each is joined to one of another group."""
    local = [((g, i), (g, j)) for g in range(groups) for i in range(routers) for j in range(i)]
    far = [((g, h - 1 if h > g else h), (h, g if h > g else g - 1)) for g in range(groups) for h in range(g)]
    return untiered(nx.Graph([*local, *far]))


def written(fabric, path, style="tiers"):
    """All texts of the picture, line ends as blanks."""
    figure = topology_figure(fabric, style=style)
    save_figure(figure, path)
    root = ElementTree.parse(path).getroot()
    return " | ".join("".join(node.itertext()).strip() for node in root.iter() if node.tag.endswith("}text"))


@pytest.fixture(scope="module")
def colossus():
    return Fabric.from_graph(load("preset:colossus-100k"))


def test_a_hundred_thousand_endpoints_fit_on_one_page(colossus, tmp_path):
    start = time.process_time()
    text = written(colossus, tmp_path / "x.svg")
    assert time.process_time() - start < 3
    # ports arithmetic: 24 pods of 64 x 64 endpoints hold 98,304; 1,696 are left, which take 27 leaves
    for words in (
        "colossus-100k",
        "100,000 endpoints",
        "12,500 servers of 8",
        "1,563 leaves",
        "1,600 spines",
        "1,024 cores",
        "24 pods, in each:",
        "1 pod, partly filled:",
        "27 leaves",
        "1,696 endpoints",
        "102,400 cables",
        "40.96 Pbps",
        "cables each: 64 down, 64 up",
        "25.6 Tbps up, 4 to one core",
        "not the operator's design",
    ):
        assert words in text, words
    assert len(text) < 2500


def test_folded_k_ary_tree_in_closed_form(tmp_path):
    k = 16
    folded = fold(Fabric.from_graph(fat_tree(k=k)))
    r = k // 2
    assert folded.tiers == (("leaf", k * r), ("spine", k * r), ("core", r * r))
    (core,) = folded.blocks
    (pod,) = core.inner
    (leaves,) = pod.inner
    assert (core.stage.count, core.stage.down) == (Span(r * r, r * r), Span(k, k))
    assert (pod.number, pod.each, pod.endpoints) == (k, Span(k, k), Span(r * r, r * r))
    assert pod.stage.count == pod.stage.up == pod.stage.down == leaves.stage.count == Span(r, r)
    assert pod.stage.above == pod.stage.below == Span(r * r, r * r)
    assert [joint.cables for joint in folded.joints] == [k**3 // 4] * 3
    assert [joint.ratio for joint in folded.joints[1:]] == [(1, 1), (1, 1)]


@pytest.mark.parametrize(
    "spec", ["fat-tree:k=6", "fat-tree:endpoints=1000,radix=16", "fat-tree:endpoints=90,radix=8"]
)
def test_folding_loses_nothing(spec):
    fabric = Fabric.from_graph(load(spec))

    def least_and_most(blocks, name):
        """Switches of a tier, were all members of each class the smallest, and were all the largest."""
        low = high = 0
        for b in blocks:
            own = (b.stage.count.low, b.stage.count.high) if b.stage.name == name else (0, 0)
            inner = [least_and_most([i], name) for i in b.inner]
            low += b.each.low * (own[0] + sum(i[0] for i in inner))
            high += b.each.high * (own[1] + sum(i[1] for i in inner))
        return low, high

    folded = fold(fabric)
    for name, count in folded.tiers:
        low, high = least_and_most(folded.blocks, name)
        assert low <= count <= high
    assert sum(count for _, count in folded.tiers) == fabric.n_switches
    network = np.sum(fabric.kind[fabric.link_src] + fabric.kind[fabric.link_dst] < 3) // 2
    assert sum(joint.cables for joint in folded.joints) == network


def test_oversubscription_is_written_and_seen(tmp_path):
    fabric = Fabric.from_graph(load("fat-tree:endpoints=768,radix=32,oversubscription=3"))
    text = written(fabric, tmp_path / "x.svg", "folded")
    assert "cables each: 24 down, 8 up" in text
    assert "102.4 Tbps, 3:1" in text  # 768 x 400 Gbps / 3


def test_planes_are_stacked_and_share_their_endpoints(tmp_path):
    switches = {f"{p}{name}": tier for p in "ABC" for name, tier in (("l0", 1), ("l1", 1), ("s", 2))}
    cables = [(f"{p}l{i}", f"{p}s", 2) for p in "ABC" for i in range(2)]
    G = nx.Graph(name="planes")
    G.add_nodes_from(range(8), kind="gpu", tier=0)
    G.add_nodes_from((name, {"kind": "switch", "tier": tier}) for name, tier in switches.items())
    G.add_edges_from((e, f"{p}l{e // 4}", RATE) for e in range(8) for p in "ABC")
    G.add_edges_from((u, v, {**RATE, "cables": n}) for u, v, n in cables)
    fabric = Fabric.from_graph(G)
    text = written(fabric, tmp_path / "x.svg", "folded")
    assert "3 separate planes, in each:" in text
    assert "3 cables each, together 1.2 Tbps" in text
    assert "2 to one spine" in text
    assert fold(fabric).home == 2  # above the top: no plane holds an endpoint


def test_small_fabrics_node_by_node(tmp_path):
    text = written(Fabric.from_graph(fat_tree(k=4)), tmp_path / "x.svg")
    for words in ("4 cores", "8 spines", "8 leaves", "16 endpoints", "16 cables", *map(str, range(16, 36))):
        assert words in text
    text = written(Fabric.from_graph(load("fat-tree:endpoints=32,radix=16,tiers=2")), tmp_path / "y.svg")
    assert text.count("x4") == 8  # 4 leaves, 2 spines, 8 uplinks each


def test_servers_and_scale_up_are_told(tmp_path):
    fabric = Fabric.from_graph(load("fat-tree:endpoints=64,radix=16,gpus_per_server=4,rails=true"))
    text = written(fabric, tmp_path / "x.svg")
    assert "16 servers of 4" in text
    assert "scale-up 3.6 Tbps each" in text


def test_without_tiers_on_a_plane_and_in_groups(tmp_path):
    fabric = untiered(nx.hypercube_graph(4))
    assert "16 switches" in written(fabric, tmp_path / "x.svg")
    fabric = dragonfly()
    assert len(np.unique(hierarchy(fabric).group[0])) == 4
    text = written(fabric, tmp_path / "y.svg", "folded")
    assert "4 groups, in each:" in text
    assert "cables each: 2 to endpoints, 2 inside, 1 outside" in text
    assert "6 cables" in text  # one between each two of four groups


def test_every_style_of_every_shape_stays_on_its_page():
    """No text begins or ends outside the page, and none overlaps another."""
    shapes = [
        Fabric.from_graph(load(spec))
        for spec in (
            "fat-tree:k=2",
            "fat-tree:k=8",
            "fat-tree:endpoints=5000,radix=16,oversubscription=3",
            "fat-tree:endpoints=1,radix=4",
            "fat-tree:k=4,gpus_per_server=2",
        )
    ] + [dragonfly(), untiered(nx.cycle_graph(200)), made({"l0": 1, "l1": 1, "s": 2, "c": 3}, LEVELS)]
    leaves = [f"l{i}" for i in range(90)]  # next to which the other tiers are narrow
    tiers = {**dict.fromkeys(leaves, 1), "s0": 2, "s1": 2, "c": 3}
    up = [(leaf, spine, 1) for leaf in leaves for spine in ("s0", "s1")]
    shapes.append(made(tiers, [*up, ("s0", "c", 40), ("s1", "c", 40)]))
    for fabric in shapes:
        for style in STYLES:
            figure = topology_figure(fabric, style=style)
            FigureCanvasAgg(figure).draw()
            page = figure.bbox.padded(1)
            boxes = []
            for ax in [*figure.axes, *figure.axes[0].child_axes]:
                ticks = []
                for axis, spot in ((ax.xaxis, 0), (ax.yaxis, 1)) if ax.axison else ():
                    low, high = axis.get_view_interval()
                    ticks += [t for t in axis.get_ticklabels() if low <= t.get_position()[spot] <= high]
                words = [*ax.texts, ax.xaxis.label, ax.yaxis.label, *ticks]
                words = [t for t in words if t.get_text().strip() and t.get_visible()]
                boxes += [(t.get_text(), t.get_window_extent()) for t in words]
            for i, (text, box) in enumerate(boxes):
                inside = box.x0 >= page.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1
                assert inside, (fabric.name, style, text)
                for other, there in boxes[:i]:
                    crossed = box.padded(-1).overlaps(there.padded(-1)) and other != text
                    assert not crossed, (fabric.name, style, text, other)


LEVELS = [("l0", "s", 1), ("l1", "s", 1), ("s", "c", 1), ("l0", "c", 1)]  # one leaf also skips a tier


def test_a_cable_that_skips_a_tier_is_named(tmp_path):
    text = written(made({"l0": 1, "l1": 1, "s": 2, "c": 3}, LEVELS), tmp_path / "x.svg", "folded")
    assert "and 1 cable leaf - core, 400 Gbps" in text


def test_names_are_written_as_they_are(tmp_path):
    fabric = made({"l0": 1}, []).renamed("a $b$ <c>\n\x07d")
    assert "a $b$ <c>  d" in written(fabric, tmp_path / "x.svg")


def test_the_same_fabric_gives_the_same_bytes(tmp_path):
    for style in STYLES:
        for name in "xy":
            save_figure(topology_figure(dragonfly(), style=style), tmp_path / f"{name}.svg")
        assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()


@pytest.mark.parametrize("most", [1, 7, 400])
def test_the_matrix_counts_every_cable_twice(most):
    fabric = Fabric.from_graph(load("fat-tree:endpoints=1000,radix=16"))
    cells, tiers, size = adjacency(fabric, most)
    between = np.sum((fabric.link_src >= 1000) & (fabric.link_dst >= 1000))
    assert cells.sum() == between
    assert (cells == cells.T).all()
    assert sum(count for _, count, _ in tiers) == fabric.n_switches
    assert len(cells) <= max(most, 1) + len(tiers)
    assert size >= fabric.n_switches / most


def test_the_matrix_of_a_large_fabric_is_small(colossus):
    cells, _, size = adjacency(colossus)
    assert len(cells) <= 403
    assert 64 % size == 0  # rows end where pods end


def test_components_are_those_of_networkx():
    for seed in range(20):
        G = nx.gnm_random_graph(60, 45, seed=seed)
        ends = np.array(G.edges).T
        label = components(60, ends[0], ends[1])
        assert {frozenset(np.flatnonzero(label == v).tolist()) for v in label} == set(
            map(frozenset, nx.connected_components(G))
        )


def test_rows_keep_pods_apart_and_nodes_in_order():
    fabric = Fabric.from_graph(fat_tree(k=4))
    endpoint_x, switch_x = row_layout(fabric, hierarchy(fabric), 6.0)
    assert (np.diff(endpoint_x) > 0).all()
    assert (np.diff(switch_x[:8]) > 0).all()
    assert switch_x[:8].tolist() == switch_x[8:16].tolist()  # leaves stand under their spines
    assert endpoint_x.min() >= 0
    assert endpoint_x.max() <= 6


@pytest.mark.parametrize(
    "G", [nx.cycle_graph(9), nx.hypercube_graph(4), nx.complete_graph(5), nx.path_graph(2)]
)
def test_places_on_the_plane_are_apart(G):
    fabric = untiered(G)
    place = plane_layout(len(G), between_switches(fabric), np.zeros(len(G), np.int64))
    gap = np.linalg.norm(place[:, None] - place[None], axis=2) + 9 * np.eye(len(G))
    assert gap.min() > 0.1
    assert np.abs(place).max() < 1.0001


@pytest.mark.parametrize("dims", [(2, 2), (3, 4), (5, 2), (4, 4, 4), (2, 3, 4), (3, 3, 3)])
@pytest.mark.parametrize("wrap", [True, False])
def test_a_torus_is_known_and_every_cable_is_drawn_or_said_not_to_be(dims, wrap):
    """Cables in closed form: a line of n closed ones has n, an open one, or one of two switches, n - 1."""
    fabric = Fabric.from_graph(torus(dims=dims, wrap=wrap))
    count, arcs = fabric.n_switches, between_switches(fabric)
    grid = lattice_of(count, arcs)
    closed = tuple(wrap and n > 2 for n in dims)
    assert grid == Lattice(dims, closed)
    place = lattice_layout(grid, 5.0, 4.0)
    assert (np.abs(place).max(axis=0) <= np.array([2.5, 2.0]) + 1e-9).all()
    gap = np.linalg.norm(place[:, None] - place[None], axis=2) + 9 * np.eye(count)
    pitch = pitch_of(place)
    assert gap.min() == pytest.approx(pitch)  # no two nearer than neighbours
    once = arcs.src < arcs.dst
    arcs = Arcs(
        src=arcs.src[once], dst=arcs.dst[once], cables=arcs.cables[once], capacity=arcs.capacity[once]
    )
    drawn, start, end = lattice_lines(grid, place, arcs, 0.1)
    of = [count // n * (n if c else n - 1) for n, c in zip(dims, closed)]
    assert len(arcs.src) == sum(of) and len(np.unique(drawn)) == sum(of[-2:])
    round_ = sum(count // n for n, c in zip(dims[-2:], closed[-2:]) if c)
    assert len(drawn) == sum(of[-2:]) + round_  # short ones at either end
    length = np.linalg.norm(end - start, axis=1)
    whole = np.isclose(length, pitch)
    assert whole.sum() == sum(of[-2:]) - round_ and np.allclose(length[~whole], 0.3 * pitch)
    outside = np.linalg.norm(end[~whole][:, None] - place[None], axis=2).min(axis=1)
    assert np.allclose(outside, 0.1 + 0.3 * pitch)  # they lead to nobody
    words = " ".join(lattice_words(grid))
    assert words.startswith(f"{' x '.join(map(str, dims))} {'torus' if wrap or max(dims) == 2 else 'mesh'}")
    assert ("Not drawn" in words) == (len(dims) == 3)
    assert ("Short lines" in words) == any(closed[-2:])


@pytest.mark.parametrize(
    "G", [nx.cycle_graph(9), nx.complete_graph(6), nx.path_graph(8), nx.hypercube_graph(4), nx.star_graph(5)]
)
def test_what_is_no_grid_is_not_taken_for_one(G):
    fabric = untiered(G)
    assert lattice_of(len(G), between_switches(fabric)) is None


def test_a_torus_without_a_cable_stands_as_the_whole_one(tmp_path):
    whole = Fabric.from_graph(torus(dims=(3, 4)))
    G = torus(dims=(3, 4))
    u, v = next((u, v) for u, v in G.edges if {G.nodes[u]["kind"], G.nodes[v]["kind"]} == {"switch"})
    G.remove_edge(u, v)
    assert lattice_of(12, between_switches(Fabric.from_graph(G))) is None
    save_figure(topology_figure(Fabric.from_graph(G), before=whole), tmp_path / "x.svg")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    said = " ".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("}text"))
    assert "3 x 4 torus" in said and "1 of 36 cables failed" in said


def test_what_is_too_large_is_folded():
    assert fits_node_by_node(Fabric.from_graph(fat_tree(k=8)))
    assert not fits_node_by_node(Fabric.from_graph(fat_tree(k=16)))


def test_illegal_use():
    ax = Figure().add_subplot()
    with pytest.raises(
        ParameterError, match=r"style: 'tier': unknown .*'tiers'.*legal: tiers, folded, adjacency"
    ):
        draw_topology(ax, dragonfly(), style="tier")
    G = nx.Graph(name="pair")
    G.add_nodes_from([0, 1], kind="gpu", tier=0, server=0)
    G.add_node(2, kind="nvswitch", tier=1)
    G.add_edges_from([(0, 2), (1, 2)], **RATE)
    with pytest.raises(ParameterError, match=r"pair.*no switch but scale-up"):
        topology_figure(Fabric.from_graph(G))


def test_letters_fit():
    """The estimate of a text's width is not below what matplotlib draws."""
    figure = Figure(figsize=(8, 1))
    words = "cables each: 16 to 19 down, 14 to 18 up"
    figure.text(0, 0, words, fontsize=6.8)
    FigureCanvasAgg(figure).draw()
    inches = figure.texts[0].get_window_extent().width / figure.dpi
    assert letters(inches, 6.8) <= len(words) + 1


def test_no_path_of_this_machine_is_in_a_picture(tmp_path):
    save_figure(topology_figure(dragonfly()), tmp_path / "x.svg")
    assert not re.search(r"/(home|work|tmp|root)/", (tmp_path / "x.svg").read_text(encoding="utf-8"))
