"""Policies as text, their limits, and the hash."""

from __future__ import annotations

import numpy as np
import pytest

from fabric.errors import ParameterError
from fabric.policy import POLICIES, Adaptive, Dmodk, Ecmp, mix, parse_policy


@pytest.mark.parametrize(
    "text, policy",
    [
        ("ecmp", Ecmp(seed=7)),
        ("ecmp:qps=4", Ecmp(qps=4, seed=7)),
        ("dmodk", Dmodk()),
        ("dmodk:qps=1", Dmodk()),
        ("adaptive", Adaptive()),
    ],
)
def test_text(text: str, policy: Ecmp | Dmodk | Adaptive) -> None:
    assert parse_policy(text, seed=7) == policy
    assert parse_policy(str(policy), seed=7) == policy


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
