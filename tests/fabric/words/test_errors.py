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


@pytest.mark.parametrize("needed", [1e9, 1e14, 1e15, 1.6e26])
def test_what_would_be_needed_is_told_in_few_digits(needed: float) -> None:
    said = str(TooLargeError("tree", needed, 1e9))
    assert len(said.partition(" GB")[0]) < len("tree: needs about 000,000.0") + 1
