"""Algorithms by name: build and parse_algorithms."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.workload.collectives import algorithms, build, format_algorithm, parse_algorithms
from sims.workload.replay import replay


@pytest.mark.parametrize("name", algorithms())
@pytest.mark.parametrize("n", [1, 8, 24])
def test_build_every_algorithm(name: str, n: int) -> None:
    servers = np.arange(n) // 4
    schedule = build(name, {}, n, servers=servers, groups=servers)
    assert (schedule.name, schedule.n, schedule.pipeline) == (name, n, 1)
    replay(schedule)


@pytest.mark.parametrize("name", algorithms())
def test_a_hundred_thousand_ranks_are_quick(name: str) -> None:
    servers = np.arange(100_000) // 8

    def took() -> float:
        begin = time.process_time()
        build(name, {}, 100_000, servers=servers, groups=servers)
        return time.process_time() - begin

    assert min(took() for _ in range(3)) < 0.3  # the best of three: others may use the machine, too


def test_parameters_reach_the_schedule() -> None:
    servers = [0, 0, 0, 1, 1, 1]
    assert build("ring", {}, 6, servers=servers).chunks == 3 * 6
    assert build("ring", {"channels": 2}, 6, servers=servers).chunks == 2 * 6
    assert build("tree", {"segment": "1KiB"}, 6).phases[0].segment_bytes == 1024
    assert build("tree", {"segment": 77}, 6).phases[0].segment_bytes == 77
    inner = build("hierarchical-tree", {"segment": 2048, "pipeline": True}, 6, groups=servers)
    assert (inner.phases[1].segment_bytes, inner.pipeline) == (2048, 8)
    assert build("hierarchical-ring", {"channels": 2}, 6, groups=servers).chunks == 3 * 2 * 2


@pytest.mark.parametrize("entry", algorithms().values(), ids=algorithms())
def test_entries(entry: Any) -> None:
    assert entry.description
    assert "\n" not in entry.description
    assert set(entry.parameters) <= {
        *("channels", "segment", "pipeline", "protocol"),
        *("radix", "trees", "port_trees", "port_rate"),
    }


@pytest.mark.parametrize(
    ("name", "params", "arguments", "message"),
    [
        ("rng", {}, {}, "algorithm: 'rng': unknown algorithm of all-reduce .did you mean 'ring'"),
        ("auto", {}, {}, "algorithm: 'auto': unknown algorithm"),
        ("ring", {"segment": 1}, {}, "parameter of ring: 'segment': unknown .legal: channels"),
        ("ring", {"channels": 0}, {}, "ring:channels: '0': a whole number, at least 1"),
        (
            "hierarchical-ring",
            {},
            {},
            "groups: not given: hierarchical-ring needs the group of each of the 4 ranks",
        ),
        ("hierarchical-ring", {}, {"groups": [0, 0]}, "needs the group of each of the 4 ranks"),
        ("hierarchical-ring", {}, {"groups": [0, 0, 0, 1]}, "1 differ: group 1 has 1"),
    ],
)
def test_build_refuses(name: str, params: dict[str, Any], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        build(name, params, 4, **arguments)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("ring", [("ring", {})]),
        ("auto", [("auto", {})]),
        (" ring , tree ", [("ring", {}), ("tree", {})]),
        ("ring:,tree: ", [("ring", {}), ("tree", {})]),
        (
            "ring:channels=4,tree:segment=1MiB,hierarchical-ring:pipeline=8",
            [("ring", {"channels": 4}), ("tree", {"segment": 2**20}), ("hierarchical-ring", {"pipeline": 8})],
        ),
        (
            "hierarchical-tree:pipeline=true,segment=64K,halving-doubling",
            [("hierarchical-tree", {"pipeline": 8, "segment": 65536}), ("halving-doubling", {})],
        ),
        ("hierarchical-ring,channels=2", [("hierarchical-ring", {"channels": 2})]),
        ("ring:channels=1,ring:channels=8", [("ring", {"channels": 1}), ("ring", {"channels": 8})]),
    ],
)
def test_parse(text: str, parsed: list[tuple[str, dict[str, Any]]]) -> None:
    assert parse_algorithms(text) == parsed


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("auto", "auto"),
        ("ring", "ring"),
        ("ring:channels=04", "ring:channels=4"),
        ("tree:segment=1MiB", "tree:segment=1048576"),
        ("hierarchical-tree:segment=64K,pipeline=true", "hierarchical-tree:pipeline=8,segment=65536"),
    ],
)
def test_format_is_canonical_and_reads_back(text: str, canonical: str) -> None:
    (one,) = parse_algorithms(text)
    assert format_algorithm(*one) == canonical
    assert parse_algorithms(canonical) == [one]


def test_format_refuses() -> None:
    with pytest.raises(ParameterError, match="algorithm: 'rng': unknown algorithm"):
        format_algorithm("rng", {})
    with pytest.raises(ParameterError, match="parameter of ring: 'segment': unknown"):
        format_algorithm("ring", {"segment": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "algorithm: '': unknown algorithm"),
        ("ring,,tree", "algorithm: '': unknown algorithm"),
        (
            "trees",
            "'trees': unknown algorithm of all-reduce .did you mean 'tree'.*hierarchical-tree.*auto",
        ),
        ("rings:channels=2", "algorithm: 'rings': unknown algorithm"),
        ("channels=4", "algorithm: 'channels=4': a setting needs the name of its algorithm before it"),
        ("ring:channel=4", "parameter of ring: 'channel': unknown .did you mean 'channels'"),
        ("tree,channels=4", "parameter of tree: 'channels': unknown .legal: segment"),
        ("recursive-doubling:channels=4", "'channels': recursive-doubling takes no parameter"),
        ("ring:channels", "algorithm ring: 'channels': key=value is needed"),
        ("ring:channels=", "algorithm ring: 'channels=': key=value is needed"),
        ("ring:channels=0", "ring:channels: '0': a whole number, at least 1"),
        ("ring:channels=2.5", "ring:channels: '2.5': a whole number"),
        ("ring:channels=true", "ring:channels: 'true': a whole number"),
        ("hierarchical-ring:pipeline=-1", "hierarchical-ring:pipeline: '-1': a whole number"),
        ("tree:segment=1MX", "tree:segment: '1MX': unknown unit"),
        ("tree:segment=0", "tree:segment: '0': a size above zero"),
        ("ring:channels=1,channels=2", "algorithm ring: channels: '2': given twice, '1' before"),
        ("ring,tree,ring", "algorithm: 'ring,tree,ring': 'ring' is given twice"),
        ("tree:segment=1MiB,tree:segment=1M", "'tree' is given twice"),
        ("auto:channels=2", "parameter of auto: 'channels': unknown .legal: pipeline"),
    ],
)
def test_parse_refuses(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parse_algorithms(text)
