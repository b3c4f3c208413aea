"""Runs repeated where they ran: the hosts that are read, the job that is run, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project import ROOT

from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from sims import collective
from sims.studies.measured.machines import machine
from sims.studies.measured.places import read_places
from sims.studies.measured.residuals import residuals
from sims.studies.measured.table import measured

RUN = "2025_03_13___15_47_02"
HOSTS = ("lrdn0041", "lrdn0084", "lrdn3001", "lrdn0140")
ALLOC = ROOT.parent / "shared" / "measured" / "pico" / "alloc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [f"{rank},{host}.leonardo.local" for rank, host in enumerate(HOSTS)]
    (tmp_path / f"{RUN}.csv").write_text("MPI_Rank,allocation\n" + "\n   ".join(lines) + "\n\0\0")
    return tmp_path


def test_hosts_are_read_by_rank_without_their_domain(folder: Path) -> None:
    assert read_places(folder) == {RUN: HOSTS}


def test_such_a_run_is_the_job_on_those_hosts_and_no_other_is_taken(folder: Path) -> None:
    rows = [row for row in measured() if row.system == "leonardo" and row.nodes == 4]
    found, left_out = residuals(rows, places=read_places(folder))
    assert found and not left_out
    assert {one.of.run for one in found} == {RUN}
    assert len(found) == sum(row.run == RUN for row in rows)
    of = found[0].of
    (row,) = collective(
        of.collective,
        machine("leonardo").whole_site(1),
        of.algorithm,
        of.size_bytes,
        placement=f"hostlist:{','.join(HOSTS)}",
        latency_profile=machine("leonardo").latency_profile(of.algorithm),
        routing="adaptive",
        engine="bound",
    )
    assert found[0].modelled == pytest.approx(row.time_s, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rank,host\n0,a\n", "the columns MPI_Rank and allocation are needed"),
        ("MPI_Rank,allocation\n0,a\n2,b\n", "2 ranks: 0, 1, ... are needed, each with its host"),
        ("MPI_Rank,allocation\n0,\n", "each with its host"),
        ("", "nothing: the columns"),
    ],
)
def test_a_table_that_is_none(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(FileFormatError, match=re.escape(rule)):
        read_places(tmp_path)


def test_a_folder_without_tables(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"a table RUN\.csv for each run is needed"):
        read_places(tmp_path)


def test_all_hosts_of_runs_of_leonardo_are_those_of_the_preset() -> None:
    if not ALLOC.exists():
        pytest.skip("the host tables of measured runs are not beside this checkout")
    places = {run: hosts for run, hosts in read_places(ALLOC).items() if hosts[0].startswith("lrdn")}
    rows = [row for row in measured() if row.run in places and row.system == "leonardo"]
    try:
        found, left_out = residuals(rows, places=places)
    except FabricsimError as error:
        pytest.fail(str(error))
    assert len(found) == len(rows) > 150 and not left_out


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("rank,host\n0,a\n", "line 1, column 10"),
        ("MPI_Rank,allocation\n0,a\n  2,b\n", "line 3, column 3"),
        ("MPI_Rank,allocation\n0,a\n0,b\n", "line 3, column 1"),
        ("MPI_Rank,allocation\n0,\n", "line 2, column 3"),
        (f"MPI_Rank,allocation\n0,{'a' * 200_000}\n", "line 2, column 3"),
        ("a" * 200_000, "line 1, column 1"),
    ],
)
def test_the_place_of_what_is_none(text: str, where: str, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(FileFormatError) as caught:
        read_places(tmp_path)
    assert caught.value.where == where
