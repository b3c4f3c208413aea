"""Which file format a graph is written to, by its ending, and which one a file is in, by its beginning."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import networkx as nx

from fabric.machine.collector import collector_paused
from fabric.machine.document import open_text
from fabric.machine.under_way import PER_BYTE, reading
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.given import require_path
from fabric.words.place import place_in
from topologies.files.astra import write_astra
from topologies.files.dot import write_dot
from topologies.files.dot_reader import looks_like_dot, read_dot
from topologies.files.foreign import foreign_text, foreign_xml
from topologies.files.gexf import read_gexf
from topologies.files.gml import looks_like_gml, read_gml
from topologies.files.graphml import write_graphml
from topologies.files.graphml_reader import read_graphml
from topologies.files.htsim import looks_like_htsim, read_htsim, write_htsim
from topologies.files.ib.ibnetdiscover import looks_like_ibnetdiscover, read_ibnetdiscover
from topologies.files.ib.write import write_ibnetdiscover
from topologies.files.infragraph import looks_like_infragraph, read_infragraph
from topologies.files.link_csv import write_link_csv
from topologies.files.link_csv_header import looks_like_link_csv
from topologies.files.link_csv_reader import read_link_csv
from topologies.files.link_table import write_cable_plan, write_dot_plan
from topologies.files.listed_twice import cables_once
from topologies.files.nccl_topo import read_nccl_topo
from topologies.files.node_link import read_node_link, write_node_link
from topologies.files.simgrid import write_simgrid
from topologies.files.slurm import write_slurm, write_slurm_yaml
from topologies.files.slurm_reader import looks_like_slurm, read_slurm
from topologies.files.topology_txt import (
    looks_like_topology_txt,
    read_topology_txt,
    write_topology_txt,
)

__all__ = ["READERS", "WRITERS", "file_format", "read_graph", "reading_graph", "write_graph"]

WRITERS: Mapping[str, Callable[[nx.Graph, str | os.PathLike[str]], None]] = {
    ".json": write_node_link,
    ".graphml": write_graphml,
    ".dot": write_dot,
    ".csv": write_link_csv,
    ".ibnetdiscover": write_ibnetdiscover,
    ".txt": write_topology_txt,
    ".conf": write_slurm,
    ".yaml": write_slurm_yaml,
    ".topo": write_htsim,
    ".xml": write_simgrid,
    ".yml": write_astra,
    ".plan.csv": write_cable_plan,
    ".plan.dot": write_dot_plan,
}

READERS: Mapping[str, Callable[[str | os.PathLike[str]], nx.Graph]] = {
    "node-link": cables_once(read_node_link),
    "GraphML": cables_once(read_graphml),
    "GEXF": cables_once(read_gexf),
    "GML": cables_once(read_gml),
    "link-csv": cables_once(read_link_csv),
    "DOT": cables_once(read_dot),
    "ibnetdiscover": read_ibnetdiscover,
    "topology.txt": read_topology_txt,
    "Slurm": read_slurm,
    "htsim": read_htsim,
    "NCCL topology": read_nccl_topo,
    "InfraGraph": read_infragraph,
}

# Seconds of one core for a byte of the file, the graph that comes of it included, where not as usual; of
# htsim's, which says any tree in a few lines, nothing is known.
_PER_BYTE = {"node-link": 1e-7, "topology.txt": 3.4e-7, "Slurm": 5e-6, "htsim": 0.0}

_SNIFFED = 65_536  # characters at the beginning of a file that are looked at; a dump may begin behind them
_XML = re.compile(r"<(\?xml|!|(\w+:)?(graphml|gexf|system)\b)", re.I)
_ROOT = re.compile(r"(?:<\?.*?\?>|<!--.*?-->|<![^>\[]*(?:\[.*?\]\s*)?>|[^<])*+<(?:\w+:)?(\w+)", re.DOTALL)
_ROOTS = {"graphml": "GraphML", "gexf": "GEXF", "system": "NCCL topology"}
_READ = (
    "read are node-link JSON, GraphML, GEXF, GML, DOT, a link CSV (source, target, ...), the output of "
    "ibnetdiscover, topology.txt, htsim's .topo, InfraGraph, NCCL's topology and Slurm's"
)


def write_graph(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph in the format of the ending of ``path``, whole or not at all.

    ``.json``: node-link, all of it. ``.graphml``: all of it, of small graphs. ``.csv``: links, without the
    attributes of the graph as a whole. ``.dot``: to be drawn, names or ids only. ``.ibnetdiscover``: the
    network without scale-up and delays, for ibsim. ``.txt``: ``topology.txt`` of RDMA simulators.
    ``.topo``: a fat tree for htsim. ``.xml``: SimGrid. ``.yml``: ASTRA-sim, where nothing contends.
    ``.conf`` and ``.yaml``: hosts and switches for Slurm.
    ``.plan.csv``: a cable plan as SONiC has it; ``.plan.dot``: one in DOT, with all ports.

    Raises:
        ParameterError: another ending, or what the format refuses.
        SchemaError: values that the format cannot hold.
    """
    require_path("path", path)
    endings = [ending.lower() for ending in Path(path).suffixes]
    form = next((form for form in ("".join(endings[-2:]), "".join(endings[-1:])) if form in WRITERS), None)
    if form is None:
        raise ParameterError("path", os.fspath(path), "the ending of the file tells its format", WRITERS)
    WRITERS[form](G, path)


def read_graph(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in a file of any of the ``READERS``, told apart by its contents, whatever its ending.

    Raises:
        FileFormatError: none of them, or it breaks its own format; with the place.
    """
    require_path("path", path)
    reader = READERS[file_format(path)]
    with collector_paused():  # of millions of objects, none of which is garbage
        return reader(path)


@contextmanager
def reading_graph(path: str | os.PathLike[str]) -> Iterator[None]:
    """Inside, the graph in a file is read, about as long as its format takes for a byte.

    Raises:
        FileFormatError: as ``file_format``.
    """
    with reading(path, per_byte=_PER_BYTE.get(file_format(path), PER_BYTE)):
        yield


def file_format(path: str | os.PathLike[str]) -> str:
    """Which of ``READERS`` the file needs, by its contents. A dump may begin anywhere, behind other text."""
    name = os.fspath(path)
    with open_text(name) as file:
        start = file.read(_SNIFFED)
        text = start.lstrip()
        if text.startswith("{"):
            return "InfraGraph" if looks_like_infragraph(text) else "node-link"
        if _XML.match(text):
            root = _ROOT.match(text)
            if root and root[1].lower() not in _ROOTS:
                raise _foreign(name, start, root)
            return _ROOTS[root[1].lower()] if root else "GraphML"
        if looks_like_htsim(text):
            return "htsim"
        if looks_like_infragraph(text):
            return "InfraGraph"
        if looks_like_slurm(text):
            return "Slurm"
        if looks_like_gml(text):
            return "GML"
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
    if not text:
        raise FileFormatError(name, "", "is empty: no graph" if not start else "holds blanks only: no graph")
    if text.startswith("<") and (root := _ROOT.match(text)) and not root[1][0].isdecimal():
        raise _foreign(name, start, root)
    if what := foreign_text(start):
        raise FileFormatError(name, "", f"{what}; {_READ}")
    known = (
        "neither node-link JSON nor the output of ibnetdiscover, GraphML or a link CSV (source, target, ...) "
        "nor DOT, GEXF, GML, topology.txt, htsim's .topo, InfraGraph, NCCL's or Slurm's topology"
    )
    raise FileFormatError(name, "", known)


def _foreign(name: str, start: str, root: re.Match[str]) -> FileFormatError:
    """Of XML that is no graph; ``start``: of the file, ``root``: found in it behind blanks."""
    here = len(start) - len(root.string) + root.string.rfind("<", 0, root.start(1))
    return FileFormatError(name, place_in(start, here), f"{foreign_xml(root[1])}; {_READ}")


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a file, the longest in pieces: what is no text may have none."""
    return iter(lambda: file.readline(_SNIFFED), "")
