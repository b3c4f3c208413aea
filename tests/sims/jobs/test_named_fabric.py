"""A fabric named by a text, in Python, is what the command line makes of it."""

import networkx as nx
import pytest
from typer.testing import CliRunner

from fabric import Fabric
from fabric.words.errors import ParameterError, TooLargeError
from sims import all_reduce, collective, simulate
from sims.cli.main import app
from sims.scenario.rows import read_rows
from topologies import load
from topologies.files.exchange import write_graph as save


@pytest.mark.parametrize("spec", ["fat-tree:k=4", "Fat-Tree: k=4", "preset:hpn-pod"])
def test_a_text_is_the_fabric_that_it_names(spec):
    (row,) = all_reduce(spec, "tree", "1MiB", ranks=8)
    (same,) = all_reduce(Fabric.from_graph(load(spec)), "tree", 2**20, ranks=8)
    assert row.time_s == same.time_s
    assert simulate(row.scenario) == row


def test_a_row_is_that_of_the_command(tmp_path):
    out = tmp_path / "rows.json"
    words = [
        "collective",
        "all-gather",
        "fat-tree:k=4",
        "--algorithm",
        "ring",
        "--size",
        "1MiB",
        "--out",
        str(out),
    ]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert read_rows(out) == collective("all-gather", "fat-tree:k=4", "ring", ["1MiB"])


def test_a_file_counts_by_its_contents(tmp_path):
    path = tmp_path / "own.graphml"
    save(load("star:endpoints=4"), path)
    (row,) = all_reduce(str(path), "ring", "1KiB")
    assert simulate(row.scenario) == row
    save(load("star:endpoints=4,rate=200Gbps"), path)
    (other,) = all_reduce(str(path), "ring", "1KiB")
    assert other.key != row.key


def test_settings_that_concern_the_graph_reach_it(tmp_path):
    path = tmp_path / "islands.graphml"
    graph = nx.disjoint_union(load("star:endpoints=4"), load("star:endpoints=4"))
    save(graph, path)
    (row,) = all_reduce(str(path), "ring", "1KiB", ranks=4, allow_partition=True)
    assert row.time_s > 0


def test_sizes_are_texts_numbers_or_both():
    rows = all_reduce("star:endpoints=4", "ring", ["1KiB", 5, "8:32:x2"])
    assert [row.scenario.size_bytes for row in rows] == [1024, 5, 8, 16, 32]


def test_what_names_nothing_is_refused_in_one_line():
    with pytest.raises(ParameterError, match="did you mean 'fat-tree'"):
        all_reduce("fat-tre:k=4")
    with pytest.raises(TooLargeError):
        all_reduce("fat-tree:k=4000")
