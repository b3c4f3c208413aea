"""Every option that takes a file, and every format of graphs: its reader is fuzzed, and names places."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from typer.main import get_command

sys.path.append(str(Path(__file__).parent))
import test_wrong_values
import test_wrong_words
from readers import READERS as FUZZED

from sims.cli.main import app
from topologies.files.exchange import READERS

FORMATS = {
    "node-link": ["node-link"],
    "GraphML": ["GraphML"],
    "GEXF": ["GEXF"],
    "GML": ["GML"],
    "link-csv": ["link CSV", "neighbours"],
    "DOT": ["DOT"],
    "ibnetdiscover": ["ibnetdiscover", "iblinkinfo"],
    "topology.txt": ["topology.txt"],
    "Slurm": ["Slurm", "Slurm YAML"],
    "htsim": ["htsim"],
    "NCCL topology": ["NCCL topology"],
    "InfraGraph": ["InfraGraph", "InfraGraph expanded"],
}
GRAPH = [name for names in FORMATS.values() for name in names]
LOG = ["log", "JSON log", "Inspector", "records CSV", "records JSON"]
ROWS = ["rows CSV", "rows JSON", "rows JSONL"]
SETTINGS = {  # that may name a file, with or without an option of their own
    "topology": GRAPH,
    "routing": ["static tables", "forwarding dumps"],
    "placement": ["placement"],
    "latency_profile": ["profile"],
    "fail": ["fault file"],
    "degrade": ["fault file"],
    "faults": ["schedule"],
    "traffic": ["traffic", "matrix", "connections"],
    "mix": ["scenario of jobs"],
    "trace": ["GOAL", "Chakra"],
}
READ = {  # by option or argument
    **{name.replace("_", "-"): readers for name, readers in SETTINGS.items()},
    **dict.fromkeys(("spec", "graph", "file", "specs", "preset", "topology"), GRAPH),
    **dict.fromkeys(("log", "overlay", "baseline"), LOG),
    **dict.fromkeys(("rows", "paths", "sides"), ROWS),
    "SPEC.toml": ["sweep"],
    "scenario": ["scenario of jobs"],
    "job": ["job"],
    "prices": ["prices"],
    "times": ["measured times"],
    "hosts": ["hosts of runs"],
    "set": [],
}
WRITTEN = {"show-prices", "out", "row", "plot", "timeline", "ports", "explain-plot"}
NAMES_A_FILE = re.compile(r"FILE|FOLDER|LOG|ROWS|\.toml|\.csv|\b[aA]? (graph )?file\b")
# Held to it by tests of their own: test_record_place.py.
OTHERWISE = {"rows CSV"}


def options() -> Iterator[tuple[str, str]]:
    """Command and name of all options and arguments whose words speak of a file."""

    def inside(command: Any, name: str) -> Iterator[tuple[str, str]]:
        if hasattr(command, "list_commands"):
            context = click.Context(command)
            for one in command.list_commands(context):
                yield from inside(command.get_command(context, one), f"{name} {one}".strip())
            return
        for one in command.params:
            said = f"{one.metavar or ''} {getattr(one, 'help', '') or ''}"
            if NAMES_A_FILE.search(said) and "standard output" not in said:
                yield name, one.metavar if one.metavar == "SPEC.toml" else one.opts[0].lstrip("-")

    yield from inside(get_command(app), "")


def test_every_option_that_takes_a_file_has_a_reader_here() -> None:
    """A new one is entered in READ, or in WRITTEN."""
    found = set(options())
    assert not {(command, name) for command, name in found if name not in READ and name not in WRITTEN}
    assert len(found) > 100


def test_every_format_of_graphs_has_a_reader_here() -> None:
    assert set(FORMATS) == set(READERS)


@pytest.mark.parametrize("reader", sorted({one for readers in [*READ.values(), GRAPH] for one in readers}))
def test_every_reader_is_fuzzed_and_names_places(reader: str) -> None:
    assert reader in FUZZED
    assert reader in {*test_wrong_words.FREE, *test_wrong_values.FREE, *OTHERWISE}
