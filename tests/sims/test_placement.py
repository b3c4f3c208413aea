"""Placements: permutations that keep servers whole, files, and each promise broken once."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from fabric.errors import FileFormatError, ParameterError
from sims.placement import check_placement, place, placement_file
from topologies import fat_tree

PLAIN = Fabric.from_graph(fat_tree(k=4))  # 16 endpoints, two to a leaf
SERVERS = Fabric.from_graph(
    fat_tree(endpoints=24, radix=16, gpus_per_server=4)
)  # three leaves of two servers
RAILS = Fabric.from_graph(fat_tree(endpoints=64, radix=16, gpus_per_server=4, rails=True))


def leaf_of(fabric: Fabric, endpoint: np.ndarray) -> np.ndarray:
    return fabric.arc_dst[fabric.arc_up[endpoint]]


def test_packed_is_the_order_of_the_endpoints() -> None:
    assert place(PLAIN, None).tolist() == list(range(16))
    assert place(PLAIN, 5).tolist() == [0, 1, 2, 3, 4]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([PLAIN, SERVERS, RAILS]),
    st.sampled_from(["packed", "strided", "strided:1", "strided:3", "random"]),
    st.integers(0, 1000),
)
def test_a_placement_is_a_permutation_that_keeps_servers_whole(fabric: Fabric, name: str, seed: int) -> None:
    chosen = place(fabric, None, name, seed)
    assert sorted(chosen.tolist()) == list(range(fabric.n_endpoints))
    assert place(fabric, 7, name, seed).tolist() == chosen[:7].tolist()
    g = 4 if fabric is not PLAIN else 1
    assert (np.diff(chosen.reshape(-1, g)) == 1).all()
    assert (chosen[::g] % g == 0).all()


@pytest.mark.parametrize("fabric", [PLAIN, SERVERS])
def test_strided_neighbours_never_share_a_leaf(fabric: Fabric) -> None:
    g = 4 if fabric is SERVERS else 1
    leaf = leaf_of(fabric, place(fabric, None, "strided"))[::g]
    assert (leaf[:-1] != leaf[1:]).all()


def test_strided_steps_over_what_the_fullest_leaf_holds() -> None:
    G = fat_tree(endpoints=5, radix=8, tiers=2)  # leaves of 4 and 1
    assert leaf_of(Fabric.from_graph(G), np.arange(5)).tolist() == [5, 5, 5, 5, 6]
    assert place(Fabric.from_graph(G), None, "strided").tolist() == [0, 4, 1, 2, 3]


def test_strided_with_rails_steps_over_the_servers_that_share_their_leaves() -> None:
    # A group of 8 servers shares 4 leaves, of 16 servers there are two groups.
    assert place(RAILS, None, "strided")[::4].tolist()[:4] == [0, 32, 4, 36]


def test_strided_where_one_leaf_holds_all() -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=6, radix=8, tiers=1))
    assert place(fabric, None, "strided").tolist() == list(range(6))


def test_random_depends_on_the_seed_alone() -> None:
    assert place(PLAIN, None, "random", 1).tolist() == place(PLAIN, None, "random", 1).tolist()
    assert place(PLAIN, None, "random", 1).tolist() != place(PLAIN, None, "random", 2).tolist()


def write(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "ranks.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_file_names_endpoints_by_number_or_name(tmp_path: Path) -> None:
    assert place(PLAIN, None, write(tmp_path, "# rank by rank\n3\n\n 0 \n7\n")).tolist() == [3, 0, 7]
    assert place(PLAIN, 2, write(tmp_path, "3\n0\n7")).tolist() == [3, 0]
    named = nx.relabel_nodes(fat_tree(k=4), {0: "alpha", 1: "beta"})
    assert place(Fabric.from_graph(named), None, write(tmp_path, "beta\nalpha\n5\n")).tolist() == [1, 0, 5]
    assert placement_file(write(tmp_path, "3")) == tmp_path / "ranks.txt"
    assert placement_file("random") is placement_file("strided:2") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\n1\n0\n", r"line 3: endpoint 0 stands in line 1 too"),
        ("0\n16\n", r"line 2: '16': an endpoint is a number from 0 to 15 or a node's name"),
        ("0\n-1\n", r"line 2: '-1': an endpoint"),
        ("0\nnobody\n", r"line 2: 'nobody': an endpoint"),
        ("0\n\u00b2\n", r"line 2: '\u00b2': an endpoint"),
        ("0\n" + "9" * 5000, r"line 2: '9+': an endpoint"),
        ("", r"holds 0 endpoints, one line per rank: 2 are needed"),
        ("3\n", r"holds 1 endpoints, one line per rank: 2 are needed"),
        (b"\xff\xfe\x00", r"cannot be read"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        place(PLAIN, None, write(tmp_path, text))


def test_a_file_needs_a_line_per_rank(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"holds 3 endpoints, one line per rank: 4 are needed"):
        place(PLAIN, 4, write(tmp_path, "0\n1\n2\n"))


@pytest.mark.parametrize(
    ("ranks", "placement", "message"),
    [
        (17, "packed", r"ranks: 17: at most the 16 endpoints of fat-tree:k=4"),
        (17, "FILE", r"ranks: 17: at most the 16 endpoints"),
        (1, "random", r"ranks: 1: at least 2"),
        (-1, "FILE", r"ranks: -1: at least 2"),
        (0, "strided", r"ranks: 0: at least 2"),
        (4, "strided:0", r"step: '0': a whole number from 1 to 16"),
        (4, "strided:17", r"step: '17': a whole number from 1 to 16"),
        (4, "strided:x", r"step: 'x': a whole number"),
        (4, "packed:2", r"placement: 'packed:2': packed takes no parameter"),
        (4, "randm", r"placement: 'randm': neither .*did you mean 'random'"),
    ],
)
def test_illegal_requests(tmp_path: Path, ranks: int, placement: str, message: str) -> None:
    placement = write(tmp_path, "0\n1\n2\n") if placement == "FILE" else placement
    with pytest.raises(ParameterError, match=message):
        place(PLAIN, ranks, placement)


def test_check_placement_needs_no_fabric(tmp_path: Path) -> None:
    for good in ("packed", "strided", "strided:4", "random", write(tmp_path, "0")):
        check_placement(good)
    with pytest.raises(ParameterError, match=r"legal: packed, strided, random, strided:STEP"):
        check_placement("no/such/file")
