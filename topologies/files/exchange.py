"""Which file format a graph is written to, by its ending, and which one a file is in, by its beginning."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

import networkx as nx

from fabric.machine.document import open_text
from fabric.words.errors import FileFormatError, ParameterError
from topologies.files.dot import write_dot
from topologies.files.dot_reader import looks_like_dot, read_dot
from topologies.files.graphml import read_graphml, write_graphml
from topologies.files.ib.ibnetdiscover import looks_like_ibnetdiscover, read_ibnetdiscover
from topologies.files.ib.write import write_ibnetdiscover
from topologies.files.link_csv import write_link_csv
from topologies.files.link_csv_reader import looks_like_link_csv, read_link_csv
from topologies.files.listed_twice import cables_once
from topologies.files.node_link import read_node_link, write_node_link
from topologies.files.slurm import write_slurm
from topologies.files.topology_txt import (
    looks_like_topology_txt,
    read_topology_txt,
    write_topology_txt,
)

__all__ = ["READERS", "WRITERS", "file_format", "read_graph", "write_graph"]

WRITERS: Mapping[str, Callable[[nx.Graph, str | os.PathLike[str]], None]] = {
    ".json": write_node_link,
    ".graphml": write_graphml,
    ".dot": write_dot,
    ".csv": write_link_csv,
    ".ibnetdiscover": write_ibnetdiscover,
    ".txt": write_topology_txt,
    ".conf": write_slurm,
}

READERS: Mapping[str, Callable[[str | os.PathLike[str]], nx.Graph]] = {
    "node-link": cables_once(read_node_link),
    "GraphML": cables_once(read_graphml),
    "link-csv": cables_once(read_link_csv),
    "DOT": cables_once(read_dot),
    "ibnetdiscover": read_ibnetdiscover,
    "topology.txt": read_topology_txt,
}

_SNIFFED = 65_536  # characters at the beginning of a file that are looked at; a dump may begin behind them
_XML = re.compile(r"<(\?xml|!|(\w+:)?graphml\b)", re.I)


def write_graph(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph in the format of the ending of ``path``, whole or not at all.

    ``.json``: node-link, all of it. ``.graphml``: all of it, of small graphs. ``.csv``: links, without the
    attributes of the graph as a whole. ``.dot``: to be drawn, names or ids only. ``.ibnetdiscover``: the
    network without scale-up and delays, for ibsim. ``.txt``: ``topology.txt`` of RDMA simulators.
    ``.conf``: hosts and switches for Slurm.

    Raises:
        ParameterError: another ending, or what the format refuses.
        SchemaError: values that the format cannot hold.
    """
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise ParameterError("path", os.fspath(path), "the ending of the file tells its format", WRITERS)
    WRITERS[ending](G, path)


def read_graph(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in a file of any of the ``READERS``, told apart by its contents, whatever its ending.

    Raises:
        FileFormatError: none of them, or it breaks its own format; with the place.
    """
    return READERS[file_format(path)](path)


def file_format(path: str | os.PathLike[str]) -> str:
    """Which of ``READERS`` the file needs, by its contents. A dump may begin anywhere, behind other text."""
    name = os.fspath(path)
    with open_text(name) as file:
        start = file.read(_SNIFFED)
        text = start.lstrip()
        if text.startswith("{"):
            return "node-link"
        if _XML.match(text):
            return "GraphML"
        if looks_like_dot(text):
            return "DOT"
        if looks_like_topology_txt(text):
            return "topology.txt"
        if looks_like_link_csv(text):
            return "link-csv"
        file.seek(0)
        if looks_like_ibnetdiscover(_lines(file)):
            return "ibnetdiscover"
    if text.startswith("["):  # or a shell's prompt, of what is no dump
        return "node-link"
    if Path(name).suffix.lower() in (".csv", ".tsv"):
        return "link-csv"
    known = (
        "neither node-link JSON nor the output of ibnetdiscover, GraphML or a link CSV (source, target, ...) "
        "nor DOT or topology.txt"
    )
    raise FileFormatError(name, "", known)


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a file, the longest in pieces: what is no text may have none."""
    return iter(lambda: file.readline(_SNIFFED), "")
