"""How a command names its fabric: one argument or one of three options, and what they become.

Knows typer's options and the catalogue; runs no command.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from fabric.words.errors import ParameterError
from sims.cli.progress import Progress

if TYPE_CHECKING:
    import networkx as nx

    from fabric import Fabric

__all__ = [
    "AllowPartition",
    "Degrade",
    "Fail",
    "Graph",
    "Opened",
    "Out",
    "Preset",
    "Profile",
    "Routing",
    "Seed",
    "Sets",
    "Spec",
    "Topology",
    "built",
    "joined",
    "named",
    "opened",
    "share",
    "whole",
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
        help="The fabric from a file: node-link JSON, GraphML, link CSV or ibnetdiscover "
        "(FILE:nvlink=450GB/s adds scale-up switches).",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Write the rows: .csv, .json, .jsonl or .parquet.", show_default=False
    ),
]

ROUTING_HELP = (
    "ecmp[:qps=Q,salt=none], dmodk, adaptive, spray, static:file=TABLE.csv (switch,destination,next_hop); "
    "without tiers also adaptive:paths=K, valiant and ugal. A transfer has Q queue pairs: by default one for "
    "each plane of a NIC."
)
Routing = Annotated[str, typer.Option(metavar="POLICY", help=ROUTING_HELP)]
Profile = Annotated[
    str,
    typer.Option(
        "--latency-profile",
        metavar="NAME|FILE.toml[:constant=value,...]",
        help="roce-400g, ib-ndr, ideal, nccl-ring-ll|ll128|simple, nccl-tree-ll|ll128|simple, nccl-nvlstree "
        "or a file; constants can be replaced, e.g. ib-ndr:switch_latency=300ns.",
    ),
]
Seed = Annotated[
    str,
    typer.Option(
        metavar="NUMBER", help="Draws random placements and traffic, the salts of ECMP, detours, faults."
    ),
]
Upgrade = Annotated[
    list[str] | None,
    typer.Option(
        "--upgrade",
        metavar="KIND[=FACTOR]",
        help="Make every cable of a kind faster, twice if no factor is given: leaf-spine, spine-core=1.5, "
        "every-cable. May be given again.",
        show_default=False,
    ),
]
Fail = Annotated[
    list[str] | None,
    typer.Option(
        "--fail",
        metavar="WHAT",
        help="What has failed from the start: cables=0.5%, cables=26, cables=tier1:26, switches=tier2:3, or "
        "a file with a node or two (a comma between: their cables) per line. May be given again.",
        show_default=False,
    ),
]
Degrade = Annotated[
    list[str] | None,
    typer.Option(
        "--degrade",
        metavar="WHAT:rate=SHARE",
        help="Cables that run at a part of their rate: cables=1%:rate=25%, FILE:rate=25%. May be given "
        "again.",
        show_default=False,
    ),
]
AllowPartition = Annotated[
    bool, typer.Option("--allow-partition", help="Faults may cut endpoints off from each other.")
]

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one setting or a part of one: topology.k=32, switch_latency=300ns. May be repeated.",
        show_default=False,
    ),
]


def named(
    spec: str | None,
    topology: str | None,
    preset: str | None,
    graph: str | None,
    default: str | None = None,
    sets: list[str] | None = None,
) -> str:
    """The one text that names the fabric, ``sets`` applied to it."""
    text = _named_once(spec, topology, preset, graph, default)
    if not sets:
        return text
    from sims.settings.assignments import overridden

    return overridden({"topology": [text]}, sets)["topology"]


def _named_once(
    spec: str | None, topology: str | None, preset: str | None, graph: str | None, default: str | None
) -> str:
    given = {
        "SPEC": spec,
        "--topology": topology,
        "--preset": preset and f"preset:{preset}",
        "--graph": graph,
    }
    named = {option: text for option, text in given.items() if text is not None}
    if len(named) > 1:
        raise ParameterError(" and ".join(named), " and ".join(named.values()), "name the fabric once")
    if not named:
        if default is not None:
            return default
        rule = "name the fabric: FAMILY:key=value,..., preset:NAME or the path of a graph file"
        raise ParameterError("topology", None, rule)
    ((option, text),) = named.items()
    if option == "--graph" and not Path(text.split(":", 1)[0]).exists() and not Path(text).exists():
        raise ParameterError("--graph", text, "no such file")
    return text


class Opened(NamedTuple):
    """A fabric and what is said of it: its canonical text, the hash of its file, its maker's notes."""

    fabric: Fabric
    text: str
    digest: str
    notes: list[str]


def built(text: str, progress: Progress) -> tuple[nx.Graph, str]:
    """The graph that ``text`` names, and the hash of its file, "" where it is none."""
    progress.step("building the topology")
    from topologies import load
    from topologies.catalogue import source_digest

    graph = load(text)
    digest = source_digest(text)
    if digest:
        graph.graph["name"] = text  # so that what is wrong with the file is said of the file
    return graph, digest


def opened(text: str, progress: Progress, *, allow_partition: bool = False) -> Opened:
    """Build or read the topology that ``text`` names and compile it."""
    from topologies.catalogue import canonical

    graph, digest = built(text, progress)
    progress.step("compiling")
    from fabric import Fabric

    gc.freeze()  # the graph is here to stay: later collections need not walk it
    fabric = Fabric.from_graph(graph, allow_partition=allow_partition)
    return Opened(fabric, canonical(text), digest, list(graph.graph.get("notes", ())))


def joined(texts: list[str] | None) -> str:
    """The one text of an option of faults that may be given more than once."""
    return ";".join(texts) if texts else "none"


def whole(option: str, text: str) -> int:
    """The whole number that an option holds."""
    if not text.isascii() or not text.isdigit() or int(text) >= 2**63:
        raise ParameterError(option, text, "a whole number, zero or more, below 2^63")
    return int(text)


def share(option: str, text: str) -> float:
    """The share of the makespan that an option holds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 0.5:
        raise ParameterError(option, text, "a share of the makespan, a number from 0 (exact) to 0.5")
    return value
