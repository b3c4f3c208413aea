"""The words of errors, and that they survive being rebuilt in another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from fabric.words.errors import (
    FabricsimError,
    FileFormatError,
    NoRouteError,
    ParameterError,
    SchemaError,
    TooLargeError,
)

ERRORS = [
    (FabricsimError("two", 2), "two 2"),
    (ParameterError("k", 5, "an even number"), "k: 5: an even number"),
    (
        ParameterError("routing", "ecpm", "unknown policy", ("ecmp", "dmodk")),
        "routing: 'ecpm': unknown policy (did you mean 'ecmp'? legal: ecmp, dmodk)",
    ),
    (ParameterError("routing", "?", "unknown", ("ecmp",)), "routing: '?': unknown (legal: ecmp)"),
    (ParameterError("x", "y" * 100, "short"), "x: '" + "y" * 76 + "...: short"),
    (SchemaError("g", ["a", "b"]), "graph g: a; b"),
    (SchemaError("g", ["a"] * 12), "graph g: " + "; ".join("a" * 10) + "; and 2 more"),
    (NoRouteError(1, 2, 1), "no path from endpoint 1 to endpoint 2"),
    (NoRouteError(1, 2, 1_001, "cut"), "no path from endpoint 1 to endpoint 2 (and 1,000 more pairs): cut"),
    (FileFormatError("f.csv", "line 3", "odd"), "f.csv: line 3: odd"),
    (FileFormatError("f.csv", "", "odd"), "f.csv: odd"),
    (
        TooLargeError("tree", 2e12, 1e9),
        "tree: needs about 2,000.0 GB of memory, 1.0 GB are available: ask for less or use a larger machine",
    ),
]


@pytest.mark.parametrize("error, words", ERRORS, ids=[type(e).__name__ for e, _ in ERRORS])
def test_words(error: FabricsimError, words: str) -> None:
    assert str(error) == words and isinstance(error, FabricsimError)


@pytest.mark.parametrize("error, words", ERRORS, ids=[type(e).__name__ for e, _ in ERRORS])
def test_errors_survive_being_rebuilt(error: FabricsimError, words: str) -> None:
    again = [pickle.loads(pickle.dumps(error)), copy.copy(error), type(error)(*error.args)]
    for other in again:
        assert type(other) is type(error) and str(other) == words and vars(other) == vars(error)


def test_choices_may_be_any_iterable() -> None:
    error = ParameterError("x", "b", "one of them", (c for c in "abc"))
    assert error.choices == ("a", "b", "c") and str(error) == str(type(error)(*error.args))


FAULTS = ("cables=0.5%", "cables=26", "switches=tier2:3", "the path of a file", "none")


@pytest.mark.parametrize(
    ("value", "choices", "meant"),
    [
        *((text, FAULTS, "") for text in ("cables=-1", "cables=200%", "cables=a", "switches=-1", "links=1")),
        *(("cable=1", FAULTS, "cables=1"), ("swiches=tier2:3", FAULTS, "switches=tier2:3")),
        *(("cable", FAULTS, "cables="), ("cables", FAULTS, "cables="), ("non", FAULTS, "none")),
        *((number, ("4096", "8192", "1"), "") for number in (4095, -4096, "8,193", 1.5, "10%", "1e4")),
        *(("float33", ("float32", "half"), "float32"), ("4k", ("4096", "8192"), "")),
        ("custom:layer=3", ("llama", "custom:layers=N,hidden=N"), "custom:layers=3"),
    ],
)
def test_a_spelling_is_suggested_for_a_name_and_never_for_a_number(
    value: object, choices: tuple[str, ...], meant: str
) -> None:
    told = str(ParameterError("x", value, "wrong", choices))
    assert told.endswith(f"legal: {', '.join(choices)})")
    assert (f"did you mean {meant!r}? " in told) == ("did you mean" in told) == bool(meant)


@pytest.mark.parametrize("needed", [1e9, 1e14, 1e15, 1.6e26])
def test_what_would_be_needed_is_told_in_few_digits(needed: float) -> None:
    said = str(TooLargeError("tree", needed, 1e9))
    assert len(said.partition(" GB")[0]) < len("tree: needs about 000,000.0") + 1
