"""Topologies as text: every value reads as its type, what is written reads back, each promise broken once."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.words.errors import ParameterError
from fabric.words.grammar import read_arguments, write_arguments
from fabric.words.parameter import BOOLEAN, RATE, RATE_OR_ZERO, RATIOS, TIME, TIMES, WHOLE, Parameter
from topologies.catalogue import FAMILIES
from topologies.named import PRESETS

TABLE = {"k": WHOLE, "rails": BOOLEAN, "rate": RATE, "nvlink": RATE_OR_ZERO, "delay": TIMES, "ratio": RATIOS}


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (WHOLE, "100_000", 100_000),
        (BOOLEAN, "Yes", True),
        (BOOLEAN, "0", False),
        (RATE, "400Gbps", 50e9),
        (RATE, "50 GB/s", 50e9),
        (RATE_OR_ZERO, "0", 0.0),
        (RATE_OR_ZERO, "0GB/s", 0.0),
        (RATE_OR_ZERO, "450GB/s", 450e9),
        (TIME, "25ns", 25e-9),
        (TIMES, "25ns/250ns", (25e-9, 250e-9)),
        (TIMES, "25ns/250ns/250ns", (25e-9, 250e-9)),  # the last repeats
        (RATIOS, "3", 3),
        (RATIOS, "3/1.5", (3, 1.5)),
    ],
)
def test_values(parameter: Parameter, text: str, value: Any) -> None:
    found = parameter.read("x", text)
    assert found == value and type(found) is type(value)
    assert parameter.read("x", parameter.write(found)) == value


def test_arguments_come_in_the_order_of_the_table() -> None:
    found = read_arguments("it", " rate = 400Gbps , k=8,ratio=3/1", TABLE)
    assert list(found.items()) == [("k", 8), ("rate", 50e9), ("ratio", (3, 1))]
    assert write_arguments("it", found, TABLE) == "it:k=8,rate=400Gbps,ratio=3"
    assert read_arguments("it", "", TABLE) == {} and write_arguments("it", {}, TABLE) == "it"


@given(st.floats(1.0, 1e15), st.lists(st.floats(0, 1e3), min_size=1, max_size=4), st.integers(0, 10**15))
def test_what_is_written_reads_back(rate: float, delays: list[float], k: int) -> None:
    """Rates exactly, times to the 15 digits that a decimal keeps."""
    text = write_arguments("it", {"k": k, "rate": rate, "nvlink": rate, "delay": delays}, TABLE)
    found = read_arguments("it", text.partition(":")[2], TABLE)
    assert (found["k"], found["rate"], found["nvlink"]) == (k, rate, rate)
    padded = [*found["delay"], *[found["delay"][-1]] * len(delays)][: len(delays)]
    assert padded == pytest.approx(delays, rel=1e-14)
    assert write_arguments("it", found, TABLE) == write_arguments(
        "it", read_arguments("it", write_arguments("it", found, TABLE)[3:], TABLE), TABLE
    )


@pytest.mark.parametrize(("name", "builder"), [*FAMILIES.items(), *PRESETS.items()])
def test_every_table_names_the_parameters_of_its_function(name: str, builder: Any) -> None:
    signature = inspect.signature(builder.function).parameters
    assert list(signature) == list(builder.parameters)
    for key, parameter in builder.parameters.items():
        parameter.read(key, parameter.example)
        default = signature[key].default
        if default not in (None, inspect.Parameter.empty):
            assert builder.given({key: parameter.read(key, parameter.write(default))}) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kk=8", r"parameter of it: 'kk': unknown \(did you mean 'k'\? legal: k, rails, rate"),
        ("k=8,k=8", "it: k: '8': given twice, '8' before"),
        ("k", "it: 'k': key=value is needed, such as k=8 or rails=true"),
        ("k=", "key=value is needed"),
        ("k=8.0", "k: '8.0': a whole number"),
        ("k=-8", "k: '-8': a whole number"),
        ("k=1e3", "k: '1e3': a whole number"),
        ("rails=maybe", "rails: 'maybe': true or false"),
        ("rate=400", "rate: '400': a unit is needed: write it as 400Gbps"),
        ("rate=0Gbps", "rate: '0Gbps': a rate above zero"),
        ("nvlink=450", "nvlink: '450': a unit is needed"),
        ("nvlink=0 parsecs", "unknown unit 'parsecs'"),
        ("delay=25ns/5", "delay: '5': a unit is needed"),
        ("delay=25ns/", "delay: '': a number with a unit"),
        ("ratio=3/0", "ratio: '3/0': a number above zero per tier"),
        ("ratio=three", "ratio: 'three': a number above zero per tier"),
    ],
)
def test_illegal_text(text: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        read_arguments("it", text, TABLE)
