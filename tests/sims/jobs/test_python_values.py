"""What Python gives where the command line takes texts: numbers, lists, paths; all else is our error."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fabric.words.errors import FabricsimError, ParameterError
from sims import all_reduce, compare, diagnose, expect, goodput, run_trace, train
from sims.cli.main import main
from sims.scenario.files import write_records
from sims.settings.setting import Setting
from sims.settings.setup import Setup
from sims.settings.table import KINDS, SETTINGS, table_of
from topologies import fat_tree, write_node_link

EVERY = {(one.of, name): one for kind in ("", *KINDS) for name, one in table_of(kind).items()}
SMALL = "fat-tree:k=4"


@pytest.mark.parametrize("one", EVERY.values(), ids=lambda one: f"{one.of}.{one.name}")
def test_each_setting_takes_values_as_their_texts_or_refuses_them(one: Setting) -> None:
    for value in (4, 4.0, np.float64(4), np.int64(4)):
        assert one.text_of(value) == "4"
    assert one.text_of(0.5) == one.text_of(np.float64(0.5)) == "0.5"
    assert one.text_of(True) == one.text_of(np.bool_(True)) == "true"
    assert one.text_of(None) == one.text_of(one.default) == one.default
    for wrong in (float("nan"), float("inf"), np.nan, {"a": 1}, 3 + 1j, np.arange(2), object()):
        with pytest.raises(ParameterError):
            one.text_of(wrong)
    for value in (4.0, 4.5, -1, 10**30, True, "?", ["?"]):
        with suppress(FabricsimError):  # either it is legal, or the error is ours
            one.checked(value)
    if one.again:
        assert one.text_of(["x=1", "y=2"]) == "x=1;y=2" and one.text_of([]) == one.default
    else:
        with pytest.raises(ParameterError, match="one value"):
            one.text_of(["x=1"])


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ({"ranks": 4.0, "seed": 3.0}, {"ranks": "4", "seed": "3"}),
        ({"fail": ["cables=1%", "cables=2"]}, {"fail": "cables=1%;cables=2"}),
        ({"repeat": 3, "gap": "1ms"}, {"repeat": "3", "gap": "1ms"}),
        ({"skew": 1.5, "collective": "all-to-all"}, {"skew": "1.5", "collective": "all-to-all"}),
        ({"allow_partition": True}, {"allow_partition": "true"}),
        ({"ranks": None}, {"ranks": "all"}),
    ],
)
def test_a_value_means_what_its_text_means(values: dict[str, Any], texts: dict[str, str]) -> None:
    assert Setup(**values).values == Setup(**texts).values


def test_lists_and_floats_give_the_rows_of_the_texts() -> None:
    rows = all_reduce(SMALL, "ring,tree", "1KiB,1MiB", ranks="4")
    assert all_reduce(SMALL, ["ring", "tree"], ["1KiB", 2.0**20], ranks=4.0) == rows
    assert all_reduce(Path(SMALL), np.array(["ring", "tree"]), np.array([2**10, 2**20]), ranks=4) == rows


@pytest.mark.parametrize("wrong", [{"ranks": 4.5}, {"ranks": float("nan")}, {"sizes": []}, {"sizes": 1.5},
                                   {"sizes": None}, {"algorithm": []}, {"algorithm": 3}])  # fmt: skip
def test_what_is_nothing_is_our_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        all_reduce(SMALL, **{"algorithm": "ring", "sizes": "1KiB", **wrong})


def test_every_job_takes_a_text_and_a_path(tmp_path: Path) -> None:
    trace = tmp_path / "t.goal"
    trace.write_text("num_ranks 2\nrank 0 {\nl1: send 1000b to 1\n}\nrank 1 {\nl1: recv 1000b from 0\n}\n")
    write_node_link(fat_tree(k=4), tmp_path / "g.json")
    for fabric in (SMALL, tmp_path / "g.json", str(tmp_path / "g.json"), fat_tree(k=4)):
        assert goodput(fabric, step="20s", duration="2d", runs=8.0).gpus == 16
        assert run_trace(fabric, trace).scenario.trace == str(trace)
        assert expect(fabric, sizes=["1MiB"], tolerance=0.2).marks
        assert train(fabric, model="llama3-8b", groups="tp=8,dp=rest", batch=16.0).gpus == 16


def test_a_log_is_read_where_its_path_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "x.log"
    words = f"fabricsim allreduce {SMALL} --algorithm ring --size 1M:16M:x4 --format nccl-tests --out {log}"
    monkeypatch.setattr("sys.argv", words.split())
    with pytest.raises(SystemExit):
        main()
    found = expect(SMALL, log=log, algorithm="ring", tolerance=0.2)
    assert found.passed and [mark.size for mark in found.marks] == [2**20, 2**22, 2**24]
    assert diagnose(str(log), SMALL, algorithm="ring", tolerance=0.2).log == found.log
    with pytest.raises(FabricsimError, match=r"nothing\.log"):
        diagnose("nothing.log", SMALL)


def test_sizes_that_nobody_names_are_those_of_the_command() -> None:
    assert [mark.size for mark in expect("star:endpoints=4", tolerance=0.2).marks] == [
        8 * 4**i for i in range(16)
    ]


def test_sides_of_a_comparison_are_paths_or_topologies_too(tmp_path: Path) -> None:
    sides = SMALL, "fat-tree:k=8"
    how: dict[str, Any] = {"algorithm": "ring", "sizes": "1MiB"}
    rows = [all_reduce(side, **how) for side in sides]
    write_records(tmp_path / "a.csv", [row.to_dict() for row in rows[0]])
    found = compare(*rows)
    assert compare(*sides, **how) == compare(tmp_path / "a.csv", sides[1], **how) == found
    with pytest.raises(ParameterError, match="these are rows"):
        compare(tmp_path / "a.csv", rows[1], **how)
    with pytest.raises(FabricsimError, match=r"none\.csv"):
        compare("none.csv", rows[1])


def test_the_settings_that_may_be_given_again_are_known() -> None:
    assert {name for name, one in SETTINGS.items() if one.again} == {"fail", "degrade", "upgrade"}
