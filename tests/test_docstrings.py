"""The examples of all docstrings, run as they stand; each package is marked as typed."""

import doctest
from importlib import import_module

import pytest
from project import ROOT

ROOMS = ("fabric", "topologies", "sims")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCES
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name):
    failed, tried = doctest.testmod(import_module(name))
    assert tried, f"{name}: the examples stand where nothing finds them"
    assert not failed


@pytest.mark.parametrize("room", ROOMS)
def test_packages_are_typed(room):
    assert (ROOT / room / "py.typed").exists()
