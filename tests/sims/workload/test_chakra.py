"""Execution traces of Chakra: both forms are one trace; collectives take what closed forms say."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fabric import Dmodk, Fabric
from fabric.words.errors import FileFormatError
from sims.models.profiles import PROFILES
from sims.models.trace.fluid import RoutedTrace
from sims.workload.trace import Trace, read_trace
from topologies import load

COLLECTIVE = {"ALL_REDUCE": 0, "ALL_GATHER": 2, "ALL_TO_ALL": 6, "REDUCE_SCATTER": 7, "BARRIER": 9}


def node(number: int, kind: int, *after: int, micros: int = 0, **said: Any) -> dict[str, Any]:
    attr = [
        {"name": key, ("string_val" if isinstance(v, str) else "int64_val"): v} for key, v in said.items()
    ]
    return {
        "id": number,
        "type": kind,
        "ctrl_deps": [],
        "data_deps": list(after),
        "duration_micros": micros,
        "attr": attr,
    }


def call(number: int, kind: str, size: int, *after: int, **said: Any) -> dict[str, Any]:
    return node(number, 7, *after, comm_type=COLLECTIVE[kind], comm_size=size, **said)


SMALL = call(1, "ALL_REDUCE", 8)


def written(ranks: list[list[dict[str, Any]]], folder) -> Trace:
    for rank, nodes in enumerate(ranks):
        (folder / f"job.{rank}.json").write_text(json.dumps({"nodes": nodes}))
    return read_trace(folder / "job.0.json")


def seconds(trace: Trace) -> float:
    star = Fabric.from_graph(load(f"star:endpoints={max(2, trace.ranks)},rate=400Gbps,delay=0s"))
    return RoutedTrace(star, trace, Dmodk(), PROFILES["ideal"], np.arange(trace.ranks)).run().makespan


@pytest.mark.parametrize("n", [2, 4, 5])
@pytest.mark.parametrize(
    ("kind", "factor"),
    [
        ("ALL_REDUCE", lambda n: 2 * (n - 1) / n),
        ("REDUCE_SCATTER", lambda n: (n - 1) / n),
        ("ALL_GATHER", lambda n: n - 1),
        ("ALL_TO_ALL", lambda n: (n - 1) / n),
    ],
)
def test_a_collective_takes_what_its_bytes_need(kind, factor, n, tmp_path):
    """S bytes of each rank at 50 GB/s: 2 (n-1)/n S, (n-1)/n S, and (n-1) S where each gives S to all."""
    trace = written([[call(1, kind, 1_000_000)] for _ in range(n)], tmp_path)
    assert seconds(trace) == pytest.approx(factor(n) * 1e6 / 50e9)


def test_computing_messages_and_groups_by_hand(tmp_path):
    """Ranks 0 and 1 compute 30 us and reduce 1 MB, 20 us; 2 and 3 reduce at once; 1 sends 2 0.5 MB, 10 us."""
    first = [node(1, 4, micros=30), call(2, "ALL_REDUCE", 1_000_000, 1, pg_name="a")]
    other = [call(2, "ALL_REDUCE", 1_000_000, pg_name="b")]
    message = {"comm_size": 500_000, "comm_tag": 5}
    ranks = [
        first,
        [*first, node(3, 5, 2, comm_dst=2, **message)],
        [*other, node(3, 6, comm_src=1, **message)],
        other,
    ]
    trace = written(ranks, tmp_path)
    assert seconds(trace) == pytest.approx(60e-6) and trace.notes == ()


def test_what_is_not_run_is_named_with_its_number(tmp_path):
    ranks = [[node(1, 1), node(2, 2), node(3, 4), call(4, "BARRIER", 0, 2, 3), node(5, 4, 4, micros=7)]] * 2
    trace = written(ranks, tmp_path)
    (note,) = trace.notes
    assert (
        note == "not run, and taking no time: 2 MEM_LOAD_NODE, 2 COMP_NODE without a recorded time, 2 BARRIER"
    )
    assert seconds(trace) == pytest.approx(7e-6)


def test_the_protobuf_form_is_the_same_trace(tmp_path):
    pytest.importorskip("google.protobuf")
    from sims.workload.trace.chakra_protobuf import node_class

    ranks = [[node(1, 4, micros=3), call(2, "ALL_REDUCE", 800, 1, pg_name="g")] for _ in range(3)]
    plain = written(ranks, tmp_path)
    for rank, nodes in enumerate(ranks):
        pieces = [b"\x0a\x050.0.4"]  # what the file is, in its first message
        for one in nodes:
            made = node_class()(
                id=one["id"],
                type=one["type"],
                data_deps=one["data_deps"],
                duration_micros=one["duration_micros"],
            )
            for attribute in one["attr"]:
                made.attr.add(**attribute)
            pieces.append(made.SerializeToString())
        (tmp_path / f"job.{rank}.et").write_bytes(b"".join(bytes([len(piece)]) + piece for piece in pieces))
    binary = read_trace(tmp_path / "job.1.et")
    for name in ("kind", "rank", "peer", "amount", "partner"):
        assert getattr(binary, name).tolist() == getattr(plain, name).tolist()
    assert binary.after == plain.after
    content = (tmp_path / "job.0.et").read_bytes()
    (tmp_path / "job.0.et").write_bytes(content[:-3])
    with pytest.raises(
        FileFormatError, match=r"job\.0\.et: byte [0-9]+: a message of .* bytes: the file is cut off"
    ):
        read_trace(tmp_path / "job.0.et")


@pytest.mark.parametrize(
    ("ranks", "message"),
    [
        ([[node(1, 4, 9)], []], r"nodes\[0\], line 1, column 12: waits for node 9, which is not there"),
        ([[node(1, 4), node(1, 4)], []], r"nodes\[1\], line 1, column 102: node 1 is there twice"),
        ([[call(1, "ALL_REDUCE", 8)], [call(1, "ALL_REDUCE", 9)]], "ranks of a group differ"),
        ([[SMALL], [SMALL, call(2, "ALL_REDUCE", 8)]], "unlike numbers of collectives: rank 0 has 1, rank 1"),
        ([[node(1, 5, comm_dst=1, comm_size="x")], []], "comm_size is 'x': a whole number is due"),
        ([[node(1, 77)], []], "type 77: one of INVALID_NODE"),
        ([[node(1, 4, micros=3), node(2**63, 4, 1, micros=1)], []], "id is 9223372036854775808: a whole"),
        ([[node(1, 4, 2**64, micros=1)], []], "is due, below 2.63"),
        ([[node(1, 4, 2, micros=1), node(2, 4, 1, micros=1)], []], "2 operations wait for each other"),
    ],
)  # fmt: skip
def test_traces_that_cannot_run_are_refused(ranks, message, tmp_path):
    with pytest.raises(FileFormatError, match=message):
        written(ranks, tmp_path)


def test_a_rank_without_a_file_is_named(tmp_path):
    written([[node(1, 4)], [node(1, 4)], [node(1, 4)]], tmp_path)
    (tmp_path / "job.1.json").unlink()
    with pytest.raises(FileFormatError, match="rank 1 of 2 ranks has no file"):
        read_trace(tmp_path / "job.0.json")


@pytest.mark.parametrize("text", ["leaf-spine:leaves=2,spines=2,endpoints_per_leaf=4", "fat-tree:k=4"])
def test_a_ring_of_a_trace_is_the_ring_of_the_program(text, tmp_path):
    """Two ways: messages that wait for each other here, a schedule of ranks in step there."""
    from sims import all_reduce

    fabric = Fabric.from_graph(load(text))
    n = fabric.n_endpoints
    trace = written([[call(1, "ALL_REDUCE", n * 100_000)] for _ in range(n)], tmp_path)
    found = RoutedTrace(fabric, trace, Dmodk(), PROFILES["ideal"], np.arange(n)).run().makespan
    (row,) = all_reduce(
        fabric, "ring", sizes=[n * 100_000], routing="dmodk", latency_profile="ideal", sync="rank"
    )
    assert found == pytest.approx(row.time_s, rel=1e-6)
