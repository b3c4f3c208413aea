"""Policies as text, and their limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric import Adaptive, Dmodk, Ecmp, Spray, Static, Ugal, Valiant
from fabric.routing.policies import (
    POLICIES,
    Policy,
    parse_policy,
    policy_file,
    policy_help,
    policy_text,
    register,
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


def test_each_policy_knows_its_name_and_parts() -> None:
    for name, kind in POLICIES.items():
        assert kind.name == name and all(hasattr(kind, part) for part in kind.parts)
    assert list(POLICIES) == ["ecmp", "dmodk", "adaptive", "spray", "static", "valiant", "ugal"]


def test_what_a_text_leaves_open_is_one_for_each_plane() -> None:
    assert parse_policy("ecmp:salt=none", planes=4) == Ecmp(qps=4, salt="none")
    assert parse_policy("ecmp:qps=1", planes=4) == Ecmp() and parse_policy("adaptive", planes=4) == Adaptive()
    texts = "ecmp", "ecmp:qps=1", "ecmp:salt=none", "adaptive:paths=8,qps=1", "valiant:paths=9"
    assert [policy_text(text) for text in texts] == [*texts[:3], "adaptive", "valiant:paths=9"]


def test_help_names_all_policies() -> None:
    assert policy_help() == (
        "ecmp[:qps=Q,salt=none], dmodk, adaptive, spray, static:file=TABLE.csv (switch,destination,next_hop)"
        " or a dump of OpenSM"
        "; without tiers also adaptive:paths=K, valiant and ugal."
    )


@pytest.mark.parametrize(
    "text, words",
    [
        ("ecpm", "routing: 'ecpm': unknown policy .did you mean 'ecmp'. legal: ecmp, dmodk, adaptive"),
        ("ecmp:qp=4", "parameter of routing ecmp: 'qp': unknown .did you mean 'qps'"),
        ("ecmp:seed=4", "parameter of routing ecmp: 'seed': unknown .legal: qps, salt"),
        ("ecmp:qps", "routing ecmp: 'qps': key=value is needed, such as qps=8"),
        ("ecmp:qps=1.5", "routing ecmp: qps: '1.5': a whole number"),
        ("ecmp:qps=²", "routing ecmp: qps: '²': a whole number"),
        ("ecmp:qps=0", "routing ecmp: qps: 0: a whole number from 1 to 1024"),
        ("ecmp:qps=2,qps=3", "routing ecmp: qps: '3': given twice, '2' before"),
        ("ecmp:salt=pepper", "routing ecmp: salt: 'pepper': one of a few words .legal: switch, none"),
        ("adaptive:paths=0", "routing adaptive: paths: 0: a whole number from 1 to 256"),
        ("valiant:paths=257", "routing valiant: paths: 257: a whole number from 1 to 256"),
        ("ugal:qps=2", "parameter of routing ugal: 'qps': unknown .*legal: paths"),
        ("spray:qps=2", "parameter of routing spray: 'qps': routing spray takes no parameter"),
        ("static", "routing static: file: not given: the path of a CSV file"),
        ("static:TABLE.csv", "routing static: 'TABLE.csv': key=value is needed, such as unrouted=refuse or"),
        ("ecmp:qps=1025", "routing ecmp: qps: 1025: a whole number from 1 to 1024"),
        ("dmodk:qps=2", "routing dmodk: qps: 2: must be 1: the source and the queue pair never matter"),
        ("adaptive:qps=2", "routing adaptive: qps: 2: must be 1: traffic is spread perfectly already"),
    ],
)
def test_illegal_text(text: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        parse_policy(text)


def test_a_name_is_taken_once() -> None:
    class Other(Policy):
        name = "ecmp"

    with pytest.raises(ParameterError, match=r"policy: 'ecmp': is the name of .*ecmp\.Ecmp"):
        register(Other)
    assert POLICIES["ecmp"] is Ecmp
    assert register(Ecmp) is Ecmp  # again, as when a module is loaded anew


def test_an_unknown_salt() -> None:
    with pytest.raises(ParameterError, match=r"salt: 'pepper': unknown salt .legal: switch, none"):
        Ecmp(salt="pepper")


def test_half_a_queue_pair() -> None:
    with pytest.raises(ParameterError, match=r"qps: 1\.5: a whole number from 1 to 1024"):
        Ecmp(qps=1.5)  # type: ignore[arg-type]
