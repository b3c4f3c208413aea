"""Placements: permutations that keep servers whole, files, and each promise broken once."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from fabric.words.errors import FileFormatError, ParameterError
from sims.jobs.allreduce import all_reduce
from sims.scenario.scenario import Scenario
from sims.settings.table import spelled
from sims.simulation import simulate
from sims.workload.members import used
from sims.workload.placement import check_placement, place, placement_file, placement_words
from topologies import fat_tree, load

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
        ("0\n1\n0\n", r"line 3, column [0-9]+: endpoint 0 stands in line 1 too"),
        ("0\n16\n", r"line 2, column [0-9]+: '16': an endpoint is a number from 0 to 15 or a name"),
        ("0\n-1\n", r"line 2, column [0-9]+: '-1': no node is called so"),
        ("0\nnobody\n", r"line 2, column [0-9]+: 'nobody': no node is called so"),
        ("0\n\u00b2\n", r"line 2, column [0-9]+: '\u00b2': no node is called so"),
        ("0\n" + "9" * 5000, r"line 2, column [0-9]+: '9{40,80}: an endpoint"),
        ("", r"holds 0 endpoints, one per rank: 2 are needed"),
        ("3\n", r"holds 1 endpoint, one per rank: 2 are needed"),
        (b"\xff\xfe\x00", r"cannot be read"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        place(PLAIN, None, write(tmp_path, text))


def test_a_file_needs_a_line_per_rank(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"holds 3 endpoints, one per rank: 4 are needed"):
        place(PLAIN, 4, write(tmp_path, "0\n1\n2\n"))


@pytest.mark.parametrize(
    ("ranks", "placement", "message"),
    [
        (17, "packed", r"ranks: 17: at most the 16 endpoints of fat-tree:k=4"),
        (17, "FILE", r"ranks: 17: at most the 16 endpoints"),
        (1, "random", r"ranks: 1: at least 2"),
        (-1, "FILE", r"ranks: -1: at least 2"),
        (0, "strided", r"ranks: 0: at least 2"),
        (4, "strided:0", r"step: '0': a whole number of servers from 1 to 16"),
        (4, "strided:17", r"step: '17': a whole number of servers from 1 to 16"),
        (4, "strided:x", r"step: 'x': a whole number of servers"),
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
    legal = r"legal: packed, random, strided-servers.:STEP., strided-endpoints:STEP"
    with pytest.raises(ParameterError, match=legal):
        check_placement("no/such/file")


RAIL = Fabric.from_graph(load("rail-optimized:servers=256,radix=32"))  # of 8 GPUs each


def test_strides_of_endpoints_and_of_servers_are_two_things() -> None:
    """Ranks 0, 128, 256 ... of a job of 2,048: one GPU of each of 16 servers, or 16 ranks of two of them."""
    each = place(RAIL, 16, "strided-endpoints:128")
    assert each.tolist() == list(range(0, 2048, 128))
    assert used(RAIL, each) == "in 16 servers (1 each) on 16 leaves"
    whole = place(RAIL, 16, "strided-servers:128")
    assert whole.tolist() == [*range(8), *range(1024, 1032)]
    assert used(RAIL, whole) == "in 2 servers (8 each) on 16 leaves"
    assert place(RAIL, 16, "strided:128").tolist() == whole.tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 24), st.sampled_from([PLAIN, SERVERS]))
def test_strided_endpoints_go_round_and_round(step: int, fabric: Fabric) -> None:
    n = fabric.n_endpoints
    step = min(step, n)
    chosen = place(fabric, None, f"strided-endpoints:{step}").tolist()
    assert chosen == [i for first in range(step) for i in range(first, n, step)]


def test_a_group_of_one_gpu_a_server_gets_one_nic() -> None:
    """A ring of 16 GPUs with NICs of 50 GB/s: one NIC each gives 50, eight of a server up to 400."""
    run = {"ranks": 16, "routing": "adaptive", "latency_profile": "ideal:cable_factor=0"}
    (apart,) = all_reduce(RAIL, "ring", [2**30], placement="strided-endpoints:128", **run)
    (whole,) = all_reduce(RAIL, "ring", [2**30], placement="strided-servers:128", **run)
    assert apart.busbw_GBps == pytest.approx(50, rel=1e-9)
    assert whole.busbw_GBps > 4 * apart.busbw_GBps


def test_rows_of_servers_keep_their_text_and_key() -> None:
    given = {"ranks": 8, "algorithm": "ring", "sizes": [2**20]}
    (long,) = all_reduce(SERVERS, placement="strided-servers:2", **given)
    (short,) = all_reduce(SERVERS, placement="strided:2", **given)
    assert long == short and long.key == short.key and long.scenario.placement == "strided:2"
    assert spelled("placement", "strided-servers") == "strided"
    assert spelled("placement", "strided-endpoints:2") == "strided-endpoints:2"
    cause = {"topology": "fat-tree:k=4", "ranks": 4, "algorithm": "ring", "size_bytes": 8}
    old = Scenario.of(placement="strided:2", **cause)
    assert old.key == "9f6b1332d831a2ea"  # as it was before endpoints had a stride of their own


@pytest.mark.parametrize(
    ("placement", "words"),
    [
        ("strided:1", "strided:1 (every 1st server, whole)"),
        ("strided:112", "strided:112 (every 112th server, whole)"),
        ("strided", "strided (leaf by leaf, servers whole)"),
        ("strided-endpoints:22", "strided-endpoints:22 (every 22nd endpoint, whatever its server)"),
        ("packed", "packed"),
    ],
)
def test_the_header_says_what_a_step_counts(placement: str, words: str) -> None:
    assert placement_words(placement) == words


@pytest.mark.parametrize(
    ("endpoints", "words"),
    [
        ([0, 1, 2, 3], "in 1 server (4 each) on 1 leaf"),
        ([0, 1, 2, 3, 8], "in 2 servers (1 to 4 each) on 2 leaves"),
        (range(24), "in 6 servers (4 each) on 3 leaves"),
    ],
)
def test_the_header_says_how_many_servers_and_leaves(endpoints: list[int], words: str) -> None:
    assert used(SERVERS, np.array(endpoints)) == words


def test_leaves_of_endpoints_without_servers_and_on_two_leaves() -> None:
    assert used(PLAIN, np.arange(5)) == "on 3 leaves"  # two to a leaf
    planes = Fabric.from_graph(load("multi-plane:planes=2,endpoints=16,radix=8"))
    assert used(planes, np.arange(4)) == "on 2 leaves"


HOSTS = nx.relabel_nodes(
    fat_tree(endpoints=24, radix=16, gpus_per_server=4),
    {i: f"n{i // 4 + 1:02}/gpu{i % 4}" for i in range(24)},
)


def test_a_list_of_hosts_is_a_placement(tmp_path: Path) -> None:
    fabric = Fabric.from_graph(HOSTS)
    by_hand = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3]
    assert place(fabric, None, "hostlist:n[03-04,01]").tolist() == by_hand
    assert place(fabric, 5, "hostlist:n[03-04,01]").tolist() == by_hand[:5]
    path = write(tmp_path, "# the job\nn[03-04]\nn01/gpu0\n1\nn01/gpu[2-3]\n")
    assert place(fabric, None, path).tolist() == by_hand
    (listed,) = all_reduce(fabric, "ring", [2**20], placement="hostlist:n[03-04,01]")
    (read,) = all_reduce(fabric, "ring", [2**20], placement=path)
    assert listed.key == read.key  # what is named is the cause, and not how
    assert simulate(listed.scenario, fabric) == listed


@pytest.mark.parametrize(
    ("placement", "rule"),
    [
        ("hostlist:n[01-09]", "placement: 'n07': no node is called so in .*: the nearest is 'n0[1-6]'"),
        ("hostlist:n01,n01/gpu2", "names endpoint n01/gpu2 twice"),
        ("hostlist:n01/gpu1", "holds 1 endpoint, one per rank: 2 are needed"),
        ("hostlist:", "a name between two commas is missing"),
        ("hostlist:n[0-999999999]", "stands for 1,000,000,000 names: at most 1,000,000"),
        ("strided-endpoints", "needs its step, as in strided-endpoints:8"),
        (
            "strided-endpoints:25",
            "step: '25': a whole number of endpoints from 1 to 24",
        ),
        ("strided-servers:7", "placement strided-servers: step: '7': a whole number of servers from 1 to 6"),
    ],
)
def test_bad_lists_and_steps(placement: str, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        place(Fabric.from_graph(HOSTS), None, placement)
