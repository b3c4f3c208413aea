"""Columns read by runs of one object, against each value read by itself."""

import numpy as np
import pytest

from fabric.graph.column import Column

ONE, TWO = float("1.5"), float("2.5")


@pytest.mark.parametrize(
    "values",
    [[], [ONE], [ONE] * 40 + [TWO] * 40, [ONE] * 40 + [TWO] + [ONE] * 40, [i / 2 for i in range(40)]],
    ids=["none", "one", "runs", "back again", "all apart"],
)
def test_as_an_array(values: list[float]) -> None:
    column = Column.of([{"rate": value} for value in values], "rate")
    assert column.array(np.float64).tolist() == values and not column.lacking
    assert column.array(np.int64, lambda value: int(2 * value)).tolist() == [int(2 * v) for v in values]


@pytest.mark.parametrize("place", [0, 17, 99])
def test_no_value_hides_behind_an_equal_one(place: int) -> None:
    values: list[object] = [1] * 100
    values[place] = True
    found = Column("cables", values).violations(lambda i: f"edge {i}", "a number", lambda v: v is not True)
    assert list(found) == [f"edge {place}: cables = True: a number"]


def test_what_some_lack() -> None:
    column = Column.of([{"rate": 1.0}, {}], "rate")
    assert column.lacking and column.values == [1.0, None]
    assert list(column.violations(lambda i: f"edge {i}", "a rate", bool)) == ["edge 1: missing rate: a rate"]
    assert Column.of([{}, {"server": 3}], "server", -1).array(np.int32).tolist() == [-1, 3]


def test_what_all_lack_is_one_run() -> None:
    column = Column.of([{}, {}, {}], "server", -1)
    assert column.lacking and column.values == [-1, -1, -1] and column.first.tolist() == [0]
    assert column.array(np.int32).tolist() == [-1, -1, -1]
    assert list(column.violations(str, "a number", lambda v: v == -1)) == []
    assert Column.alike("cables", 1, 0).array(np.int32).tolist() == []


def test_runs_of_one_object_begin_where_it_is_another() -> None:
    values = [ONE, ONE, float("1.5"), TWO, TWO]  # an equal one is another object
    assert Column("rate", values).first.tolist() == [0, 2, 3]
