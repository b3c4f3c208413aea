"""Lengths by the floor plan against lengths worked out by hand, and what copper, rails and dumps come to."""

from __future__ import annotations

import math
from pathlib import Path
from time import process_time

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT

from fabric import Fabric
from fabric.graph.schema import NVSWITCH
from fabric.words.errors import ParameterError
from sims.show.words.bom import bill_lines
from sims.studies.bom import bill
from sims.studies.bom.floor import Floor, cable_lengths
from sims.studies.bom.parts import read_parts, with_floor
from topologies import load, read_graph, write_graph
from topologies.assumed import assumed_delays

SAMPLE = read_parts("sample")
RACKS = "nvl72:racks=2"
DUMP = ROOT.parent / "shared" / "samples" / "dgx-ndr.ibnetdiscover"
PLAIN = Floor(
    endpoints_per_rack=2,
    racks_per_row=2,
    leaf_racks=1,
    rack_width=1.0,
    row_pitch=10.0,
    aisle=5.0,
    up=3.0,
    in_rack=0.5,
    slack=0.0,
)


def lengths(G: nx.Graph, floor: Floor) -> dict[tuple[object, object], float]:
    F = Fabric.from_graph(G)
    ends = zip(F.link_src.tolist(), F.link_dst.tolist(), cable_lengths(F, floor).tolist())
    return {(F.ids[a], F.ids[b]): metres for a, b, metres in ends}


def test_a_leaf_in_the_rack_of_its_endpoints_and_a_spine_in_the_middle() -> None:
    """Four leaves of two endpoints: racks 0 and 1 in row 0, 2 and 3 in row 1, at x = 0 and 2; the network
    racks between them at x = 1. The spine stands in those of the middle row of rows 0, 0, 1, 1: row 0."""
    G = load("leaf-spine:leaves=4,spines=1,endpoints_per_leaf=2")
    found = lengths(G, PLAIN)
    assert all(found[e, 8 + e // 2] == found[8 + e // 2, e] == 0.5 for e in range(8))
    assert [found[leaf, 12] for leaf in range(8, 12)] == [
        2 * 3 + 1,
        2 * 3 + 1,
        2 * 3 + 1 + 10,
        2 * 3 + 1 + 10,
    ]


def test_a_leaf_of_several_racks_stands_in_the_middle_of_its_row() -> None:
    """One leaf for racks 0 and 1: every cable goes up, one metre along, and down; with slack a tenth more."""
    G = load("star:endpoints=4")
    assert set(lengths(G, PLAIN).values()) == {2 * 3 + 1}
    tenth = Floor(**{**vars(PLAIN), "slack": 0.1})
    assert list(lengths(G, tenth).values()) == pytest.approx([7.7] * 8)
    # With two racks to a leaf it stands in the first of them: two endpoints inside, two at two metres.
    near = Floor(**{**vars(PLAIN), "leaf_racks": 2})
    assert sorted(lengths(G, near).values()) == [0.5] * 4 + [8.0] * 4


def test_rows_stand_in_blocks_so_that_the_hall_is_square() -> None:
    """16 rows of 3 m (and 5 m of aisle), 10 m apart: ceil(sqrt(16 * 8 / 10)) = 4 rows deep, 4 blocks."""
    G = load("star:endpoints=64")  # the leaf at the middle endpoint: rack 15, row 7, so block 1, 3 rows deep
    found = lengths(G, PLAIN)
    for e in (0, 31, 63):
        rack = e // 2
        row, column = divmod(rack, 2)
        across, down = abs(row // 4 * 8 + 2 * column - (1 * 8 + 1)), abs(row % 4 * 10 - 30)
        assert found[e, 64] == 6 + across + down


def test_two_switches_in_one_network_rack_are_neighbours_and_servers_stay_whole() -> None:
    G = load("rail-optimized:servers=4,radix=8,gpus_per_server=2,servers_per_group=4")
    found = lengths(G, PLAIN)  # a server a rack; two leaves and the spines in the middle of row 0
    leaves = [n for n, d in G.nodes(data=True) if d["kind"] == "switch" and d["tier"] == 1]
    access = {found[e, leaf] for e in range(8) for leaf in leaves if (e, leaf) in found}
    assert access == {6 + 1, 6 + 1 + 10}
    spines = [n for n, d in G.nodes(data=True) if d["kind"] == "switch" and d["tier"] == 2]
    assert {found[a, b] for a in leaves for b in spines if (a, b) in found} <= {6 + 1}


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(
        [
            "fat-tree:k=8",
            "torus:dims=4/4/2",
            "dragonfly:p=2",
            "rail-only:servers=32,radix=16",
            "preset:hpn-pod:segments=2",
        ]
    ),
    st.integers(1, 40),
    st.integers(1, 20),
    st.integers(0, 4),
)
def test_lengths_are_finite_alike_both_ways_and_no_shorter_than_the_way_up(
    spec: str, rack: int, row: int, near: int
) -> None:
    F = Fabric.from_graph(load(spec))
    floor = Floor(endpoints_per_rack=rack, racks_per_row=row, leaf_racks=near)
    metres = cable_lengths(F, floor)
    scaleup = (F.kind[F.link_src] == NVSWITCH) | (F.kind[F.link_dst] == NVSWITCH)
    assert np.array_equal(np.isnan(metres), scaleup)
    metres = metres[~scaleup]
    inside = np.isclose(metres, floor.in_rack * 1.1)
    assert np.all(inside | (metres >= 2 * floor.up * 1.1))
    forth = dict(zip(zip(F.link_src.tolist(), F.link_dst.tolist()), cable_lengths(F, floor).tolist()))
    assert all(m == forth[b, a] or m != m for (a, b), m in forth.items())


# What becomes of it.


def test_rails_cost_more_than_a_plain_tree_of_the_same_switches() -> None:
    tree = bill(load("fat-tree:endpoints=512,radix=64,gpus_per_server=8"), SAMPLE)
    rails = bill(load("rail-optimized:servers=64,radix=64"), SAMPLE)
    assert tree.count("switches") == rails.count("switches") and tree.count("cables") == rails.count("cables")
    access = {i.model for i in tree.items if i.section == "cables" and i.place == "endpoint - leaf"}
    assert access == {"passive copper"}  # a rack is a leaf
    access = {i.model for i in rails.items if i.section == "cables" and i.place == "endpoint - leaf"}
    assert "passive copper" not in access and "multimode optical" in access
    assert rails.cost() > tree.cost() and rails.watts() > tree.watts() and rails.metres > tree.metres


@pytest.mark.parametrize(
    ("rate", "metres", "kind"),
    [
        (100, 4.9, "passive copper"),
        (400, 3.0, "passive copper"),
        (400, 3.1, "active copper"),
        (800, 2.0, "passive copper"),
        (800, 2.1, "active copper"),
        (200, 6.9, "active copper"),
        (400, 5.1, "multimode optical"),
        (200, 99, "multimode optical"),
        (400, 50.1, "single-mode optical"),
        (1600, 1.0, "multimode optical"),  # no copper that fast in the list
    ],
)
def test_copper_where_it_reaches_at_its_rate(rate: int, metres: float, kind: str) -> None:
    G = load(f"star:endpoints=2,rate={rate}Gbps,delay={metres * 5}ns")
    (cable,) = [i for i in bill(G, SAMPLE).items if i.section == "cables"]
    assert (cable.model, cable.metres) == (kind, pytest.approx(2 * metres))


def test_a_delay_that_is_given_wins() -> None:
    given = bill(load("fat-tree:k=4,delay=10ns"), SAMPLE)
    assert given.planned == 0 and given.metres == pytest.approx(48 * 2)
    planned = bill(load("fat-tree:k=4"), SAMPLE)
    assert planned.planned == 48
    G = load("fat-tree:k=4")
    G.edges[0, 16]["delay"] = 200 * 5e-9  # one cable is known to be 200 m long
    edited = bill(G, SAMPLE)
    assert edited.planned == 47 and edited.metres == pytest.approx(planned.metres - 1.65 + 200)
    text = "\n".join(bill_lines([edited], SAMPLE))
    assert "# lengths of 47 of 48 cables: by a floor plan (32 endpoints in a rack" in text
    assert "# lengths of 1 of 48 cables: by their delays, at 5 ns/m" in text


def test_which_delays_nobody_gave(tmp_path: Path) -> None:
    tree = load("fat-tree:k=4")
    assert assumed_delays(tree) == {25e-9, 250e-9, 500e-9}
    write_graph(tree, tmp_path / "x.json")  # a file that records its maker keeps that
    assert assumed_delays(read_graph(tmp_path / "x.json")) == assumed_delays(tree)
    write_graph(tree, tmp_path / "x.csv")  # in a list of links every delay is its owner's
    assert assumed_delays(read_graph(tmp_path / "x.csv")) == frozenset()
    assert assumed_delays(load("preset:superpod-h100:su=1")) and not assumed_delays(nx.Graph())
    from topologies import from_networkx

    assert assumed_delays(from_networkx(nx.petersen_graph())) == {25e-9, 250e-9}


def test_a_real_dump_is_priced_by_the_plan_and_with_its_own_delay_by_that() -> None:
    if not DUMP.exists():
        pytest.skip("the sample is not beside this checkout")
    plan, given = bill(load(str(DUMP)), SAMPLE), bill(load(f"{DUMP}:delay=10ns"), SAMPLE)
    assert plan.count("transceivers") > 0 and plan.planned == plan.count("cables")
    assert given.count("transceivers") == 0 and given.metres == pytest.approx(2 * given.count("cables"))


FLOOR = ("endpoints_per_rack", "racks_per_row", "leaf_racks", "rack_width_m", "row_pitch_m")
FLOOR += ("aisle_m", "up_m", "in_rack_m", "slack")


def test_the_largest_floor_has_lengths() -> None:
    for key in FLOOR:
        made = bill(load("fat-tree:k=4"), with_floor(SAMPLE, f"{key}=1000000"))
        assert math.isfinite(made.metres) and made.metres > 0, key


@pytest.mark.parametrize(
    ("spec", "asked", "has"),
    [
        ("nvl72:racks=2", 32, 72),
        ("nvl72:racks=2", 100, 72),
        ("nvl72:racks=2", 144, 144),
        ("superpod-h100:su=1", 30, 24),
    ],
)
def test_a_bill_says_how_many_endpoints_whole_servers_put_into_a_rack(
    spec: str, asked: int, has: int
) -> None:
    parts = with_floor(SAMPLE, f"endpoints_per_rack={asked}")
    assert f"({has} endpoints in a rack," in "\n".join(
        bill_lines([bill(load(f"preset:{spec}"), parts)], parts)
    )


def test_the_plan_of_the_command_line() -> None:
    parts = with_floor(SAMPLE, "endpoints_per_rack=64, up_m=2,slack=0")
    assert (parts.floor.endpoints_per_rack, parts.floor.up, parts.floor.slack) == (64, 2.0, 0.0)
    assert with_floor(SAMPLE, "") == SAMPLE
    for text, words in (
        ("rack=3", "floor: 'rack=3': KEY=VALUE of the floor plan"),
        ("slack", "floor: 'slack': KEY=VALUE"),
        ("slack=-1", "floor slack: '-1': a finite number, zero or more"),
        ("slack=nan", "floor slack: 'nan'"),
        ("slack=inf", "floor slack: 'inf'"),
        ("racks_per_row=1.5", "floor racks_per_row: '1.5': a whole number, at least 1"),
        ("row_pitch_m=0", "floor row_pitch_m: '0': a finite number above zero, and at most 1,000,000"),
        *((f"{key}=1000001", f"floor {key}: '1000001': ") for key in FLOOR),
        ("racks_per_row=9223372036854775808", "floor racks_per_row: '9223372036854775808': a whole number"),
    ):
        with pytest.raises(ParameterError) as refused:
            with_floor(SAMPLE, text)
        assert str(refused.value).startswith(words), refused.value


def test_what_is_free_is_said() -> None:
    made = bill(load("fat-tree:endpoints=12800,radix=160,tiers=2"), SAMPLE)
    text = "\n".join(bill_lines([made], SAMPLE))
    assert (
        "# free: 96 of 256 ports of every leaf (128 x 800G) in the mean, as no smaller model holds it" in text
    )


def test_a_tier_of_unlike_switches_has_a_model_for_each() -> None:
    G = nx.Graph(name="unlike")
    G.add_nodes_from(range(100), kind="gpu", tier=0)
    G.add_nodes_from(("small", "large"), kind="switch", tier=1)
    G.add_edges_from(((e, "small" if e < 30 else "large") for e in range(100)), rate=50e9, delay=10e-9)
    G.add_node("spine", kind="switch", tier=2)
    G.add_edges_from((("small", "spine"), ("large", "spine")), rate=50e9, delay=10e-9)
    leaves = [i for i in bill(G, SAMPLE).items if i.section == "switches" and i.place == "leaf"]
    assert sorted((i.model, i.count, i.ports_free) for i in leaves) == [
        ("32 x 400G", 1, 1),
        ("64 x 800G", 1, 57),
    ]


def test_a_hundred_thousand_endpoints_in_seconds() -> None:
    G = load("preset:colossus-100k")
    begun = process_time()
    made = bill(G, SAMPLE)
    assert process_time() - begun < 10 and made.count("cables") == made.planned == 302_432
