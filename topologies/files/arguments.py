"""What a user may say behind the path of a graph file, ``FILE:key=value,...``: by the format of the file.

Knows formats by their names; reads no graph.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import networkx as nx

from fabric.machine.collector import collector_paused
from fabric.words.errors import FileFormatError, ParameterError
from topologies.files.bare import dressed
from topologies.files.exchange import READERS, file_format
from topologies.files.ib.ibnetdiscover import read_ibnetdiscover
from topologies.files.infragraph import read_infragraph
from topologies.files.link_table import read_link_table
from topologies.files.nccl_topo import read_nccl_topo
from topologies.files.slurm_reader import read_slurm
from topologies.parts.builder import Builder

__all__ = ["file_builder"]

_COLUMNS = ("source", "target")  # said of a table whose titles tell nothing


def file_builder(path: str, text: str = "") -> Builder:
    """What reads the file with the arguments that its format takes; ``text``: those that are given.

    Raises:
        FileFormatError: no format that is known.
        ParameterError: of a format that takes none and says it all itself.
    """
    try:
        form = file_format(path)
    except FileFormatError:
        if not any(f"{column}=" in text for column in _COLUMNS):
            raise
        form = "link-csv"
    found = _builders().get(form)
    if found is None:
        key, _, value = text.partition(",")[0].partition("=")
        raise ParameterError(
            key.strip() or "arguments", value.strip(), f"{path} is {form}, which says it itself"
        )
    return found


@cache
def _builders() -> dict[str, Builder]:
    whole: dict[str, Callable[..., nx.Graph]] = {
        "ibnetdiscover": read_ibnetdiscover,
        "link-csv": read_link_table,
        "Slurm": read_slurm,
        "NCCL topology": read_nccl_topo,
        "InfraGraph": read_infragraph,
    }
    bare = {form: _dressed(form) for form in ("node-link", "GraphML", "GEXF", "GML", "DOT")}
    return {form: Builder(name=form, function=function) for form, function in (whole | bare).items()}


def _dressed(form: str) -> Callable[..., nx.Graph]:
    @wraps(dressed)
    def read(path: str, **arguments: Any) -> nx.Graph:
        with collector_paused():
            return dressed(READERS[form](path), **arguments)

    return read
