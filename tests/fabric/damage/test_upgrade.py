"""Upgrades as text: one spelling for equal ones, and what each makes faster."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric
from fabric.damage.upgrade import format_upgrades, improved, parse_upgrades
from fabric.measures.places import cable_kinds
from fabric.words.errors import ParameterError
from topologies import load


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("none", "none"),
        ("", "none"),
        ("leaf-spine", "leaf-spine=2"),
        (" spine - core = 1.5x ;leaf-spine=2x", "leaf-spine=2;spine-core=1.5"),
        ("leaf-spine;leaf-spine=1.5", "leaf-spine=3"),
        ("endpoint - scale-up switch", "endpoint-scale-up-switch=2"),
        ("every-cable=0.25", "every-cable=0.25"),
    ],
)
def test_equal_upgrades_are_written_alike(text: str, same: str) -> None:
    assert format_upgrades(parse_upgrades(text)) == same
    assert format_upgrades(parse_upgrades(same)) == same


def test_each_kind_is_as_much_faster_as_it_says() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=4,gpus_per_server=2"))
    names, index = cable_kinds(fabric)
    faster = improved(fabric, parse_upgrades("every-cable=3;leaf-spine=2;endpoint-scale-up-switch=0.5"))
    factor = {"endpoint - leaf": 3, "endpoint - scale-up switch": 1.5, "leaf - spine": 6, "spine - core": 3}
    assert np.array_equal(faster.capacity, fabric.capacity * [factor[names[i]] for i in index])
    assert improved(fabric, ()) is fabric


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leaf-spine=-1", "upgrade leaf-spine: '-1': a factor above zero, at most 1,000, in plain digits"),
        *(
            (f"leaf-spine={x}", f"upgrade leaf-spine: '{x}': a factor")
            for x in ("fast", "1e3", "1e300", "nan")
        ),
        ("leaf-spine=", "upgrade leaf-spine: '': a factor"),
        ("leaf_spine", "upgrade: 'leaf_spine': kinds of cable with ; between them"),
        ("leaf-spine=0", "upgrade leaf-spine: '0': a factor above zero"),
        ("leaf-spine=1001", "at most 1,000"),
        ("leaf-spine;", "upgrade: ''"),
        ("none;leaf-spine", "upgrade: 'none'"),
    ],
)
def test_what_is_no_upgrade_is_refused(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parse_upgrades(text)


def test_a_kind_that_a_fabric_has_not_names_those_that_it_has() -> None:
    fabric = Fabric.from_graph(load("star:endpoints=4"))
    with pytest.raises(
        ParameterError, match=r"'leaf-spine': no kind of cable of star.*endpoint-leaf, every-cable"
    ):
        improved(fabric, parse_upgrades("leaf-spine"))


@pytest.mark.parametrize("factor", ["0.00001", "1.23456789012345", "1000", "0.1"])
def test_a_factor_is_written_digit_by_digit(factor: str) -> None:
    upgrades = parse_upgrades(f"leaf-spine={factor}")
    assert format_upgrades(upgrades) == f"leaf-spine={factor}"
    assert parse_upgrades(format_upgrades(upgrades)) == upgrades
