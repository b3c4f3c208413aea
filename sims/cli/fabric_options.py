"""How a command names its fabric: one argument or one of three options, and what they become.

Knows typer's options and the catalogue; runs no command.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from fabric.machine.collector import collector_paused, keep
from fabric.machine.memory import available_memory
from fabric.machine.under_way import working
from fabric.words.errors import ParameterError
from sims.cli.progress import Progress

if TYPE_CHECKING:
    import networkx as nx

    from fabric import Fabric
    from topologies.named import NamedTopology
    from topologies.parts.memory import Size

__all__ = [
    "FABRIC_OPTIONS",
    "Graph",
    "Opened",
    "Preset",
    "Spec",
    "Topology",
    "built",
    "made",
    "named",
    "opened",
]

Spec = Annotated[
    str | None,
    typer.Argument(
        help="The fabric: FAMILY:key=value,..., preset:NAME or the path of a graph file.", show_default=False
    ),
]
Topology = Annotated[
    str | None,
    typer.Option(
        "--topology",
        metavar="FAMILY:key=value,...",
        help="The fabric by family, e.g. fat-tree:k=74.",
        show_default=False,
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset", metavar="NAME[:key=value,...]", help="The fabric by preset.", show_default=False
    ),
]
Graph = Annotated[
    str | None,
    typer.Option(
        "--graph",
        metavar="FILE",
        help="The fabric from a file of any format; what it does not say stands behind it: "
        "FILE:nvlink=450GB/s, FILE:hosts=gpu-*, FILE:hosts_per_switch=4,rate=400Gbps.",
        show_default=False,
    ),
]

FABRIC_OPTIONS = tuple(
    Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
    for name, kind in {"spec": Spec, "topology": Topology, "preset": Preset, "graph": Graph}.items()
)


def named(values: Mapping[str, str | None], default: str | None = None) -> str:
    """The one text that names the fabric, of the ``values`` of FABRIC_OPTIONS.

    Raises:
        ParameterError: none of them is given and there is no ``default``, or several are; ``--graph`` names
            no file.
    """
    preset = values.get("preset")
    given = {
        "SPEC": values.get("spec"),
        "--topology": values.get("topology"),
        "--preset": preset and f"preset:{preset}",
        "--graph": values.get("graph"),
    }
    texts = {option: text for option, text in given.items() if text is not None}
    if len(texts) > 1:
        raise ParameterError(" and ".join(texts), " and ".join(texts.values()), "name the fabric once")
    if not texts:
        if default is not None:
            return default
        rule = "name the fabric: FAMILY:key=value,... (fat-tree:k=8), preset:NAME or the path of a graph file"
        raise ParameterError("topology", None, rule)
    ((option, text),) = texts.items()
    if option == "--graph" and not Path(text.split(":", 1)[0]).exists() and not Path(text).exists():
        raise ParameterError("--graph", text, "no such file")
    return text


class Opened(NamedTuple):
    """A fabric and what is said of it: its canonical text, the hash of its file, its maker's notes."""

    fabric: Fabric
    text: str
    digest: str
    notes: list[str]


# Seconds per node or edge of building, and as much of compiling; measured on 100,000 endpoints and a million.
_GRAPH, _ARRAYS = 1.4e-6, 0.22e-6
# Bytes of a graph per link of its fabric, about; of the memory that is left so many times a graph has room.
_HELD, _ROOM = 270, 8
Fits = Callable[[str, "Size"], None]  # raises where a topology of this name and size is too large


def built(
    text: str, progress: Progress, fits: Fits | None = None, *, compiled: bool = False
) -> tuple[nx.Graph, NamedTopology]:
    """The graph that ``text`` names, and what it names; where it is no file, ``fits`` is asked before.

    ``compiled``: it is only to be compiled, so that a large one may be left as arrays.
    """
    progress.step("building the topology")
    from topologies.named import named as named_topology

    topology = named_topology(text)
    if fits and topology.size:
        fits(topology.text, topology.size)
    graph = made(topology, compiled=compiled)
    if topology.is_file:
        graph.graph["name"] = text  # so that what is wrong with the file is said of the file
    return graph, topology


def made(topology: NamedTopology, *, compiled: bool = False) -> nx.Graph:
    """The graph that is named, and meanwhile about how long that takes; ``compiled`` as of ``built``."""
    if topology.is_file:
        return topology.graph()  # says itself how far it is
    with working(_seconds(topology, compiled)):
        return topology.compilable() if compiled else topology.graph()


def _seconds(topology: NamedTopology, compiled: bool, graph: nx.Graph | None = None) -> float:
    """Of one core, about, to build the graph, or to compile it: of a file, the ``graph`` that came of it."""
    from topologies.named import LARGE

    if topology.size is None:
        return 0.0 if graph is None else (len(graph) + graph.number_of_edges()) * _GRAPH
    as_arrays = compiled and topology.size.endpoints >= LARGE
    return (topology.size.nodes + topology.size.edges) * (_ARRAYS if as_arrays else _GRAPH)


def opened(
    text: str, progress: Progress, *, allow_partition: bool = False, fits: Fits | None = None
) -> Opened:
    """Build or read the topology that ``text`` names and compile it; ``fits`` as of ``built``."""
    from fabric import Fabric
    from topologies.named import LARGE
    from topologies.parts.arrays import Arrays

    with collector_paused():
        graph, topology = built(text, progress, fits, compiled=True)
        gc.freeze()  # the graph is here to stay: later collections need not walk it
        progress.step("compiling the topology")
        with working(_seconds(topology, True, graph)), topology.placing():
            fabric = Fabric.from_graph(graph, allow_partition=allow_partition)
    if fabric.n_links * _HELD * _ROOM < available_memory():
        keep(graph)
    notes = list(graph.graph.get("notes", ()))
    if isinstance(graph, Arrays):
        notes.append(
            f"From {LARGE:,} endpoints on a fabric is compiled from its builder's arrays, not from a graph."
        )
    return Opened(fabric, topology.text, topology.digest, notes)
