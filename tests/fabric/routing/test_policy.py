"""Policies as text, their limits, and the hash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fabric.routing.policies import (
    POLICIES,
    Adaptive,
    Dmodk,
    Ecmp,
    Policy,
    Spray,
    Static,
    Ugal,
    Valiant,
    mix,
    parse_policy,
    policy_file,
)
from fabric.words.errors import ParameterError


@pytest.mark.parametrize(
    "text, policy",
    [
        ("ecmp", Ecmp(seed=7)),
        ("ecmp:qps=4", Ecmp(qps=4, seed=7)),
        ("dmodk", Dmodk()),
        ("dmodk:qps=1", Dmodk()),
        ("adaptive", Adaptive()),
        ("adaptive:paths=16", Adaptive(paths=16)),
        ("ecmp:qps=4,salt=none", Ecmp(qps=4, salt="none", seed=7)),
        ("ecmp:salt=switch", Ecmp(seed=7)),
        ("spray", Spray()),
        ("valiant", Valiant(seed=7)),
        ("valiant:paths=2", Valiant(paths=2, seed=7)),
        ("ugal:paths=16", Ugal(paths=16, seed=7)),
    ],
)
def test_text(text: str, policy: Policy) -> None:
    assert parse_policy(text, seed=7) == policy
    assert parse_policy(str(policy), seed=7) == policy


def test_the_path_of_tables_may_hold_commas(tmp_path: Path) -> None:
    file = tmp_path / "a,b=c.csv"
    file.touch()
    policy = parse_policy(f"static:file={file}")
    assert policy == Static(file=str(file)) and parse_policy(str(policy)) == policy
    assert policy_file(str(policy)) == file and policy_file("ecmp:qps=2") is None


def test_a_seed_counts_where_something_is_drawn() -> None:
    assert {name for name, kind in POLICIES.items() if kind.drawn} == {"ecmp", "valiant", "ugal"}


def test_each_policy_knows_its_name() -> None:
    assert {name: kind.name for name, kind in POLICIES.items()} == {name: name for name in POLICIES}


@pytest.mark.parametrize(
    "text, words",
    [
        ("ecpm", "routing: 'ecpm': unknown policy .did you mean 'ecmp'. legal: ecmp, dmodk, adaptive"),
        ("ecmp:qp=4", "routing ecmp: 'qp': unknown parameter .did you mean 'qps'"),
        ("ecmp:seed=4", "routing ecmp: 'seed': unknown parameter"),
        ("ecmp:qps", "routing ecmp: qps: '': a whole number"),
        ("ecmp:qps=1.5", "routing ecmp: qps: '1.5': a whole number"),
        ("ecmp:qps=²", "routing ecmp: qps: '²': a whole number"),
        ("ecmp:qps=0", "routing ecmp: qps: 0: a whole number from 1 to 1024"),
        ("ecmp:qps=2,qps=3", "routing ecmp: qps: '3': given twice"),
        ("ecmp:salt=pepper", "routing ecmp: salt: 'pepper': unknown salt .legal: switch, none"),
        ("adaptive:paths=0", "routing adaptive: paths: 0: a whole number from 1 to 256"),
        ("valiant:paths=257", "routing valiant: paths: 257: a whole number from 1 to 256"),
        ("ugal:qps=2", "routing ugal: 'qps': unknown parameter .*legal: paths"),
        ("spray:qps=2", "routing spray: 'qps': spray takes no parameter"),
        ("static", "routing static: file: not given: the path of a CSV file"),
        ("static:TABLE.csv", "routing static: 'TABLE.csv': unknown parameter .legal: file"),
        ("ecmp:qps=1025", "routing ecmp: qps: 1025: a whole number from 1 to 1024"),
        ("dmodk:qps=2", "routing dmodk: qps: 2: 1: the source and the queue pair never matter"),
        ("adaptive:qps=2", "routing adaptive: qps: 2: 1: traffic is spread perfectly already"),
    ],
)
def test_illegal_text(text: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        parse_policy(text)


def test_half_a_queue_pair() -> None:
    with pytest.raises(ParameterError, match=r"qps: 1\.5: a whole number from 1 to 1024"):
        Ecmp(qps=1.5)  # type: ignore[arg-type]


def test_the_hash_is_that_of_splitmix64() -> None:
    """First outputs of the published generator from seed 0, whose state goes up by the golden gamma."""
    gamma = 0x9E3779B97F4A7C15
    states = np.array([0, gamma, 2 * gamma % 2**64], np.uint64)
    assert [hex(v) for v in mix(states).tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
        "0x6c45d188009454f",
    ]
