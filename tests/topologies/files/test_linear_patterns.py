"""Patterns that look at a whole file take time in proportion to it: runs of one character, and no end."""

from __future__ import annotations

import time

import pytest

from sims.workload.traffic_matrix import _NUMBERS
from topologies.files.infragraph import looks_like_infragraph
from topologies.files.slurm_reader import _KEY, _YAML

LONG = 50_000


@pytest.mark.parametrize(
    "look",
    [
        lambda: _YAML.match("\n" * LONG + "x"),
        lambda: _YAML.match("\n# a\n  \n---\n" * (LONG // 10) + "x"),
        lambda: _KEY.findall("Switch" + "N" * LONG),
        lambda: _KEY.findall("A " * LONG),
        lambda: _NUMBERS.fullmatch("   ".join(["1"] * LONG) + " x"),
        lambda: _NUMBERS.fullmatch("1 ,\t" * LONG),
        lambda: looks_like_infragraph("devices:\n" + "\n" * LONG + "x"),
        lambda: looks_like_infragraph("devices:\n" + " - " * LONG),
    ],
)
def test_no_run_of_one_character_holds_a_reader_up(look) -> None:
    before = time.process_time()
    look()
    assert time.process_time() - before < 1.0  # a thousandth of it is enough; what is quadratic takes minutes


def test_what_they_find_they_still_find() -> None:
    assert _YAML.match("# a\n\n---\n- topology: tree\n")
    assert _YAML.match("  - topology : x")
    assert not _YAML.match("SwitchName=a\n- topology: x")
    assert _KEY.findall("SwitchName=s0 Nodes = a[1-3]\tLinkSpeed=1") == [
        ("SwitchName", "s0"),
        ("Nodes", "a[1-3]"),
        ("LinkSpeed", "1"),
    ]
    for line in ("1,2", "1 2", " 1.5e9 ;\t-2\t3 ", "0\t1", "1 , 2"):
        assert _NUMBERS.fullmatch(line), line
    assert not _NUMBERS.fullmatch("1,,2") and not _NUMBERS.fullmatch("1") and not _NUMBERS.fullmatch("a,b")
    assert looks_like_infragraph("name: x\ndevices:\n  - components:\n")
