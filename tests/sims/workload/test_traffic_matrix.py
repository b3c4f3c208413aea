"""Traffic as matrices and as htsim's connections: two spellings are one traffic; bad cells by place."""

from __future__ import annotations

import numpy as np
import pytest

from fabric.words.errors import FileFormatError
from sims.workload.connections import write_connections
from sims.workload.traffic import Traffic, pattern, read_traffic

TABLE = np.array([[5, 0, 1e9], [2e9, 0, 0], [0, 3e9, 7]])
FLOWS = [(0, 2, 1e9), (1, 0, 2e9), (2, 1, 3e9)]


def flows(traffic: Traffic) -> list[tuple[int, int, float]]:
    return list(zip(traffic.src.tolist(), traffic.dst.tolist(), traffic.size.tolist()))


def test_a_matrix_is_what_each_sends_to_another(tmp_path):
    np.save(tmp_path / "m.npy", TABLE)
    np.savetxt(tmp_path / "m.csv", TABLE, delimiter=",")
    np.savetxt(tmp_path / "m.txt", TABLE, fmt="%d")
    for name in ("m.npy", "m.csv", "m.txt"):
        found = read_traffic(tmp_path / name, 4)
        assert flows(found) == FLOWS and not found.start.any(), name


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0,1,2\n1,0\n", "line 2, column [0-9]+: 2 values, and 3 in the first row"),
        ("0,1\n1,-3\n", r"line 2, column 3: -3\.0: bytes, a finite number, zero or more"),
        ("0,1\n1,x\n", "line 2, column 3: 'x' is no number"),
        ("0,1\n", "a matrix of 1 x 2: a row and a column for each endpoint"),
        ("1,0\n0,1\n", "holds no flows"),
        ("0,1,1,1,1\n" * 5, "line 5, column [0-9]+: more rows than the fabric has endpoints, 4"),
        ("0,1e999\n1,0\n", "line 1, column 3: inf: bytes"),
    ],
)
def test_matrices_that_are_none_are_refused_with_the_place(rows, message, tmp_path):
    (tmp_path / "m").write_text(rows)
    with pytest.raises(FileFormatError, match=message):
        read_traffic(tmp_path / "m", 4)


def test_arrays_that_are_none_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([["a", "b"]]))
    with pytest.raises(FileFormatError, match="an array of <U1: numbers are needed"):
        read_traffic(tmp_path / "a.npy", 4)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:40])
    with pytest.raises(FileFormatError, match="no array of NumPy that can be read"):
        read_traffic(tmp_path / "a.npy", 4)
    np.save(tmp_path / "a.npy", np.ones((5, 5)))
    with pytest.raises(FileFormatError, match="5 endpoints, and the fabric has 4"):
        read_traffic(tmp_path / "a.npy", 4)


def test_htsims_connections_are_read_back(tmp_path):
    given = pattern("shift:3", 8, 2e6)
    write_connections(tmp_path / "c.cm", given, 8)
    text = (tmp_path / "c.cm").read_text()
    assert text.startswith("Nodes 8\nConnections 8\n0->3 id 1 start 0 size 2000000\n")
    found = read_traffic(tmp_path / "c.cm", 8)
    assert flows(found) == flows(given)
    (tmp_path / "c.cm").write_text("Nodes 2\nConnections 1\n0->1 id 1 start 1000000 size 5\n")
    assert read_traffic(tmp_path / "c.cm", 8).start.tolist() == [1e-6]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0->1", "0->9", "line 3, column [0-9]+: '0->9 id 1 start 0 size 5': two endpoints from 0 to 7"),
        ("size 5", "size 0", "line 3, column [0-9]+: .*a size above zero"),
        ("size 5", "size 5 trigger 1", "line 3, column [0-9]+: a trigger: flows that wait"),
        ("Connections 1", "Connections 2", "1 connections, and the file says 2"),
        ("0->1", "0-1", "line 3, column [0-9]+: '0-1 id 1 start 0 size 5': a line is SRC->DST"),
    ],
)
def test_connections_that_are_none_are_refused(old, new, message, tmp_path):
    (tmp_path / "c").write_text("Nodes 2\nConnections 1\n0->1 id 1 start 0 size 5\n".replace(old, new))
    with pytest.raises(FileFormatError, match=message):
        read_traffic(tmp_path / "c", 8)
