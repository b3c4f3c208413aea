"""Traffic patterns and the CSV reader, each promise broken once."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric import Fabric
from fabric.graph.node_names import NodeNames
from fabric.words.errors import FileFormatError, ParameterError
from sims.workload.traffic import PATTERNS, pattern, read_traffic
from topologies import fat_tree


@given(st.integers(2, 60), st.integers(0, 10**6))
def test_a_permutation_leaves_nobody_in_place(n: int, seed: int) -> None:
    who = pattern("permutation", n, 5.0, seed)
    assert who.src.tolist() == list(range(n)) == sorted(who.dst.tolist())
    assert (who.src != who.dst).all()
    assert who.dst.tolist() == pattern("permutation", n, 5.0, seed).dst.tolist()


@given(st.integers(2, 60), st.data())
def test_a_shift_goes_round(n: int, data: st.DataObject) -> None:
    step = data.draw(st.integers(1, n - 1))
    assert pattern(f"shift:{step}", n, 1.0).dst.tolist() == [(i + step) % n for i in range(n)]
    assert pattern("shift", n, 1.0).dst.tolist() == [(i + n // 2) % n for i in range(n)]


def test_incast_has_one_receiver_who_does_not_send() -> None:
    who = pattern("incast", 4, 7.0)
    assert (who.src.tolist(), who.dst.tolist()) == ([1, 2, 3], [0, 0, 0])
    assert who.size.tolist() == [7.0] * 3 and who.start.tolist() == [0.0] * 3 and len(who) == 3


@pytest.mark.parametrize(
    ("text", "n", "size", "message"),
    [
        ("permutaton", 4, 1.0, r"traffic: 'permutaton': neither .*did you mean 'permutation'"),
        ("incast:2", 4, 1.0, r"traffic: 'incast:2': incast takes no parameter"),
        ("shift:0", 4, 1.0, r"step: '0': a whole number from 1 to 3"),
        ("shift:4", 4, 1.0, r"step: '4': a whole number from 1 to 3"),
        ("shift:\u00b2", 4, 1.0, r"step: '\u00b2': a whole number from 1 to 3"),
        ("incast", 1, 1.0, r"traffic: 'incast': needs at least two endpoints"),
        ("incast", 4, 0.0, r"size: 0.0: a finite number of bytes above zero"),
        ("incast", 4, float("nan"), r"size: nan: a finite number of bytes above zero"),
    ],
)
def test_illegal_patterns(text: str, n: int, size: float, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        pattern(text, n, size)


def test_every_pattern_is_described_and_made() -> None:
    assert all(len(pattern(name, 6, 1.0)) for name in PATTERNS)


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "flows.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read_in_any_order_of_columns(tmp_path: Path) -> None:
    who = read_traffic(write(tmp_path, "start_s, dst,src ,size_bytes\n0.5,1,0,1e9\n\n0,2,3,8\n"), 4)
    assert (who.src.tolist(), who.dst.tolist()) == ([0, 3], [1, 2])
    assert (who.size.tolist(), who.start.tolist()) == ([1e9, 8.0], [0.5, 0.0])
    assert read_traffic(write(tmp_path, "src,dst,size_bytes\n0,1,8"), 4).start.tolist() == [0.0]
    assert who.src.dtype == np.int64


HEAD = "src,dst,size_bytes,start_s\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"line 1, column [0-9]+: no column src, dst, size_bytes"),
        ("src,size_bytes\n0,1\n", r"line 1, column [0-9]+: no column dst; needed are src, dst, size_bytes"),
        ("src,dst,size_bytes,colour\n", r"line 1, column [0-9]+: unknown or repeated column colour"),
        ("src,dst,size_bytes,dst\n", r"line 1, column [0-9]+: unknown or repeated column dst"),
        (HEAD, r"holds no flows"),
        (HEAD + "0,1,8\n", r"line 2, column [0-9]+: 3 values for 4 columns"),
        (HEAD + "0,1,8,0\n\n0,x,8,0\n", r"line 4, column [0-9]+: dst = 'x': a whole number"),
        (HEAD + "0,1.5,8,0\n", r"line 2, column [0-9]+: dst = '1.5': a whole number"),
        (HEAD + f"0,{10**30},8,0\n", r"line 2, column [0-9]+: dst = '10+': a whole number"),
        (HEAD + "0,1,8,soon\n", r"line 2, column [0-9]+: start_s = 'soon': a number"),
        (
            HEAD + "0,1,8,0\n\n0,4,8,0\n4,0,8,0\n0,5,8,0\n",
            r"line 5, column [0-9]+: src = 4: endpoints are 0 to 3",
        ),
        (
            HEAD + "0,1,8,0\n\n0,4,8,0\n0,5,8,0\n",
            r"line 4, column [0-9]+: dst = 4: endpoints are 0 to 3 \(and 1 more line\)",
        ),
        (HEAD + "-1,1,8,0\n", r"line 2, column [0-9]+: src = -1: endpoints are 0 to 3"),
        (HEAD + "2,2,8,0\n", r"line 2, column [0-9]+: dst = 2: a flow goes to another endpoint than its own"),
        (HEAD + "0,1,0,0\n", r"line 2, column [0-9]+: size_bytes = 0.0: a finite number above zero"),
        (HEAD + "0,1,nan,0\n", r"line 2, column [0-9]+: size_bytes = nan: a finite number above zero"),
        (HEAD + "0,1,8,-1\n", r"line 2, column [0-9]+: start_s = -1.0: a finite number, zero or more"),
        (HEAD + "0,1,8,inf\n", r"line 2, column [0-9]+: start_s = inf: a finite number, zero or more"),
        (
            HEAD + "0,1,8," + "0" * 200_000,
            r"line 2, column [0-9]+: is not CSV: field larger than field limit",
        ),
        (b"src,dst\xff\n", r"cannot be read"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_traffic(write(tmp_path, text), 4)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.csv: cannot be read"):
        read_traffic(tmp_path / "none.csv", 4)


NAMED = nx.relabel_nodes(
    fat_tree(endpoints=8, radix=8, tiers=2, gpus_per_server=2),
    {i: f"n{i // 2 + 1:02}/{i % 2}" for i in range(8)},
)
NAMES = NodeNames(Fabric.from_graph(NAMED))


def test_a_file_names_endpoints_hosts_and_lists(tmp_path: Path) -> None:
    text = """src,dst,size_bytes,start_s
n01,n02,1e9,0
"n[01,03]","n[02,04]",2e9,1
n04/1,"n[01-02]",3e9,2
"n[01-02]",7,4e9,3
5,6,5e9,4
"""
    who = read_traffic(write(tmp_path, text), 8, NAMES)
    by_hand = [
        *[(0, 2, 1, 0), (1, 3, 1, 0)],  # GPU by GPU
        *[(0, 2, 2, 1), (1, 3, 2, 1), (4, 6, 2, 1), (5, 7, 2, 1)],
        *[(7, 0, 3, 2), (7, 1, 3, 2), (7, 2, 3, 2), (7, 3, 3, 2)],
        *[(0, 7, 4, 3), (1, 7, 4, 3), (2, 7, 4, 3), (3, 7, 4, 3)],
        (5, 6, 5, 4),
    ]
    assert list(zip(who.src, who.dst, who.size / 1e9, who.start)) == by_hand


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (
            "n01,n05,8",
            "line 2, column [0-9]+: dst = 'n05': no node is called so in .*: the nearest is 'n0[1-4]",
        ),
        (
            '"n[01-03]",n04,8',
            "line 2, column 12: dst = 'n04': 6 endpoints to 2: as many on either side, or one on one of them",
        ),
        ("n01,n01,8", "line 2, column [0-9]+: dst = 0: a flow goes to another endpoint than its own"),
        ("n01/0,9,8", "line 2, column [0-9]+: dst = '9': an endpoint is a number from 0 to 7 or a name"),
        ('"n[0-999999999]",n01,8', "line 2, column [0-9]+: src = .*: stands for 1,000,000,000 names"),
        ("n01,n02,none", "line 2, column [0-9]+: size_bytes = 'none': a number"),
    ],
)
def test_bad_names_in_a_file(tmp_path: Path, line: str, rule: str) -> None:
    with pytest.raises(FileFormatError, match=rule):
        read_traffic(write(tmp_path, f"src,dst,size_bytes\n{line}\n"), 8, NAMES)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_spreadsheet_may_write_commas_in_numbers(tmp_path: Path, mark: str) -> None:
    plain = read_traffic(write(tmp_path, "src,dst,size_bytes,start_s\n0,1,1000.5,0.01\n2,3,8,0.125\n"), 8)
    text = "src,dst,size_bytes,start_s\n0,1,1000.5,0.01\n2,3,8,0.125\n".replace(",", mark)
    found = read_traffic(write(tmp_path, text.replace(".", ",")), 8)
    for name in ("src", "dst", "size", "start"):
        assert getattr(found, name).tolist() == getattr(plain, name).tolist()
    with pytest.raises(FileFormatError, match=r"line 2, column [0-9]+: size_bytes = '1,000': a number"):
        read_traffic(write(tmp_path, f"src{mark}dst{mark}size_bytes\n0{mark}1{mark}1,000\n"), 8)
