"""Conditions: they agree with Python where both can compute, and compute nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.words.errors import ParameterError
from sims.studies.sweep.condition import Condition, Value

NAMES: dict[str, Value] = {"ranks": 64, "endpoints": 1024, "size": 2**20, "share": 0.5}

numbers = st.recursive(
    st.integers(0, 20).map(str) | st.sampled_from(["0.25", "1.5", *NAMES]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda text: f"(-{text})"),
        inner.map(lambda text: f"{text} ** 2" if text.isdigit() else f"({text})"),
    ),
    max_leaves=6,
)
comparisons = st.tuples(
    numbers,
    st.sampled_from(["<", "<=", "==", "!=", ">", ">="]),
    numbers,
    st.sampled_from(["<", ">="]),
    numbers,
)
truths = st.recursive(
    comparisons.map(" ".join) | st.tuples(numbers, numbers).map(lambda t: f"{t[0]} in ({t[1]}, 3, 64)"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(truths)
def test_agrees_with_python(text: str) -> None:
    if len(text) > 1000:
        return
    try:
        expected = eval(text, {"__builtins__": {}}, dict(NAMES))
    except ZeroDivisionError:
        with pytest.raises(ParameterError, match="division by zero"):
            Condition(text).holds(NAMES.__getitem__)
        return
    assert Condition(text).holds(NAMES.__getitem__) is expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "ranks.__class__.__mro__",
        "ranks.bit_length()",
        "(lambda: 1)() == 1",
        "[r for r in (1, 2)] == 1",
        "{1: 2} == 1",
        "ranks[0] == 1",
        "(x := 3) == 3",
        "f'{ranks}' == '64'",
        "1 if ranks else 2",
        "ranks & 1 == 1",
        "1j == 1",
        "b'x' == 1",
        "None == 1",
        "... == 1",
        "~ranks == 1",
        "ranks is 64",
        "yield",
        "import os",
        "ranks = 3",
        "",
        "ranks <",
        "\x00",
        "-" * 900 + "1",
        "not " * 200 + "ranks",
        "(" * 450 + "1" + ")" * 450,
        "1 + " * 240 + "1 == 1",
        "1 == " + "9" * 1000,
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="where"):
        Condition(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("9 ** 9 ** 9 > 1", "power"),
        ("2 ** 10000 > 1", "power"),
        ("(9.0 ** 250) ** 200 > 1", "division by zero|too large"),
        ("(-8) ** 0.5 == 1", "not a real number"),
        ("ranks % 0 == 1", "at position 1: division by zero"),
        ("ranks", "true or false is needed, this is 64"),
        ("ranks and size > 1", "true or false"),
        ("ranks + 'ring' > 1", "a number is needed"),
        ("ranks == 'ring'", "is compared with a number"),
        ("ranks in 64", "after in comes a list"),
        ("(1, 2) == (1, 2)", "with in only"),
        ("(1 < 2) == 1", "cannot be compared"),
    ],
)
def test_what_has_no_value_is_told(text: str, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        Condition(text).holds(NAMES.__getitem__)


def test_texts_with_a_unit_are_quantities() -> None:
    values: dict[str, Value] = {"size": 2**20, "topology.rate": 50e9, "latency": 3e-7, "algorithm": "ring"}
    for text in (
        'size >= "1MiB"',
        '"512K" < size <= "1M"',
        'topology.rate == "400Gbps"',
        'latency == "300ns"',
        'size in ("8", "1MiB")',
        "size >= 1MiB",
        "512K < size <= 1M and latency == 0.3us",
        "topology.rate == 50GB/s",
        "topology.rate/1GB/s == 50",
        "size in (8, 1MiB) and 'size 1MiB' != algorithm and size < 1e9",
        'algorithm in ("ring", "tree")',
    ):
        assert Condition(text).holds(values.__getitem__), text


def test_a_mistake_behind_a_quantity_is_at_its_place() -> None:
    for text in ("size >= 1MiB and ranks % 0", "size >= '1MiB' and ranks % 0"):
        with pytest.raises(ParameterError, match=f"at position {text.index('ranks') + 1}: division by zero"):
            Condition(text).holds({"size": 2**20, "ranks": 8}.__getitem__)
    with pytest.raises(ParameterError, match=r"at position 7: invalid syntax .*\(equal is written ==\)"):
        Condition("ranks = 64")


def test_names_are_told_and_asked_for_only_where_needed() -> None:
    condition = Condition("topology.name != 'fat-tree' or topology.k > ranks")
    assert condition.names == ("topology.name", "topology.k", "ranks")
    assert condition.holds({"topology.name": "star"}.__getitem__)
