"""A frame says of rows what the rows say, column by column."""

import copy
import pickle

import numpy as np
import pytest

import sims
import topologies
from fabric.words.errors import ParameterError
from sims.scenario.row import Failure
from topologies import fat_tree

ROWS = [
    *sims.all_reduce(fat_tree(k=4, gpus_per_server=2), "ring:channels=2,hierarchical-ring", "1KiB,1MiB"),
    *sims.all_reduce(fat_tree(k=6), "ring", "1KiB", routing="dmodk"),
]


def test_each_column_is_what_its_row_says():
    table = sims.frame(ROWS, "arrays")
    assert {len(column) for column in table.values()} == {len(ROWS)}
    for name in ("time_s", "busbw_GBps", "used", "planes", "limit_link"):
        assert table[name].tolist() == [getattr(row, name) for row in ROWS]
    for name in ("routing", "size_bytes", "algorithm", "seed"):
        assert table[name].tolist() == [getattr(row.scenario, name) for row in ROWS]
    assert table["key"].tolist() == [row.key for row in ROWS]
    peak = table["utilisation.leaf -> spine.peak"]
    assert peak.tolist() == [row.utilisation["leaf -> spine"]["peak"] for row in ROWS]


def test_parts_are_numbers_and_nan_where_a_row_has_none():
    table = sims.frame(ROWS, "arrays")
    np.testing.assert_array_equal(table["algorithm.channels"], [2, 2, np.nan, np.nan, np.nan])
    assert table["routing.name"].tolist() == ["ecmp"] * 4 + ["dmodk"]
    assert table["size_bytes"].dtype == np.int64
    assert table["time_s"].dtype == np.float64


def test_points_that_failed_have_no_results():
    lost = Failure(scenario=ROWS[0].scenario, error="no path", version="0")
    table = sims.frame([ROWS[0], lost], "arrays")
    assert table["error"].tolist() == ["", "no path"]
    np.testing.assert_array_equal(np.isnan(table["time_s"]), [False, True])
    assert table["topology"].tolist() == [ROWS[0].scenario.topology] * 2


def test_no_rows_are_no_columns():
    assert sims.frame([], "arrays") == {}


def test_arrays_show_themselves_and_give_several_columns_at_once():
    table = sims.frame(ROWS * 4, "arrays")
    few = table[["used", "size_bytes", "time_s"]]
    assert list(few) == ["used", "size_bytes", "time_s"] and few["used"] is table["used"]
    head, first, *_, last = repr(few).splitlines()
    assert head.split() == list(few)
    assert first.split() == ["ring:channels=2", "1024", f"{ROWS[0].time_s:.6g}"]
    assert last == f"and {4 * len(ROWS) - 12:,} more rows"
    assert repr(table).endswith(f"and {4 * len(ROWS) - 12:,} more rows and {len(table) - 8:,} more columns")
    with pytest.raises(KeyError, match=r"algoritm.*did you mean 'algorithm'"):
        table["algoritm"]
    assert repr(sims.frame([], "arrays")) == ""


def test_what_is_not_there_names_what_is():
    row = ROWS[0]
    for name, said in (
        ("busbw", "'Row' object has no attribute 'busbw': did you mean 'busbw_GBps'?"),
        ("size_bytes", "'Row' object has no attribute 'size_bytes': a setting, so .scenario.size_bytes"),
        ("nothing_like_it", "'Row' object has no attribute 'nothing_like_it'"),
        ("_repr_png_", "'Row' object has no attribute '_repr_png_'"),
    ):
        with pytest.raises(AttributeError) as missing:
            getattr(row, name)
        assert str(missing.value) == said
    assert pickle.loads(pickle.dumps(row)) == copy.copy(row) == row
    with pytest.raises(AttributeError, match="did you mean 'all_reduce'"):
        sims.al_reduce  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'fat_tree'"):
        topologies.fat_trees  # noqa: B018
    for fabric in ("fat-tree:k=4", fat_tree(k=4)):
        for word, near in (("size", "sizes"), ("algoritm", "algorithm"), ("seeed", "seed")):
            with pytest.raises(ParameterError, match=f"setting: '{word}': unknown .did you mean '{near}'"):
                sims.all_reduce(fabric, **{word: "1"})


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_libraries_get_the_same_columns(library):
    pytest.importorskip(library)
    table, arrays = sims.frame(ROWS, library), sims.frame(ROWS, "arrays")
    assert list(table.columns) == list(arrays)
    assert list(table["busbw_GBps"]) == arrays["busbw_GBps"].tolist()


def test_another_library_is_refused():
    with pytest.raises(ParameterError, match="library: 'excel': unknown"):
        sims.frame(ROWS, "excel")


def test_rows_and_fabrics_show_themselves_in_a_line_and_in_notebooks():
    row = ROWS[0]
    said = "all-reduce ring:channels=2, 16 ranks, size 1 KiB"
    assert repr(row).startswith(f"<Row graph fat-tree:k=4,gpus_per_server=2: {said}")
    assert f"{row.busbw_GBps:.4g} GB/s" in repr(row)
    assert len(repr(row)) < 250
    page = row._repr_html_()
    assert page.startswith("<table>")
    assert f"{row.busbw_GBps:.4g} GB/s</td>" in page
