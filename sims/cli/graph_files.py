"""``fabricsim topology export | import``: graphs and their files. Parse, one API call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.fabric_options import made, named
from sims.cli.output import alone, outputs
from sims.cli.output_options import format_option, out_option
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, with_settings

__all__ = ["export", "import_"]

GraphFormat = Annotated[
    str | None,
    format_option(
        "json, graphml, dot, csv, ibnetdiscover, txt, conf, yaml, topo, xml, yml, plan.csv or plan.dot",
        "json",
    ),
]


@with_settings("topology")
def export(
    texts: Texts,
    out: Annotated[list[Path], out_option("The file, whose ending tells its format; - is standard output.")],
    form: GraphFormat = None,
) -> None:
    """Write the graph in a format that other programs read.

    Node-link JSON holds all of it; .graphml is for small graphs, .dot to be drawn, .csv a list of links,
    .ibnetdiscover what ibsim takes for an InfiniBand network, .txt the topology.txt of RDMA simulators, .conf
    and .yaml Slurm's topology, .topo htsim's, .xml SimGrid's, .yml ASTRA-sim's, .plan.csv a cable plan as
    SONiC has it, .plan.dot one in DOT, with ports.
    """
    from topologies.files.exchange import WRITERS, write_graph

    wanted = outputs(out, form, graph=tuple(WRITERS))
    from topologies.named import named as named_topology

    with Progress(silent=alone(wanted.values())) as progress:
        progress.step("building the topology")
        built = made(named_topology(texts["topology"]))
        progress.step("writing")
        wanted["graph"].write(lambda path: write_graph(built, path))
        if said := built.graph.get("disclaimer"):
            progress.print([f"note: {said}"])


def import_(
    file: Annotated[
        str,
        typer.Argument(help="A graph file of any format, FILE:key=value,... where it does not say all."),
    ],
    out: Annotated[list[Path], out_option("The node-link JSON file; - is standard output.")],
) -> None:
    """Read a file or dump, check it, write node-link JSON."""
    wanted = outputs(out, graph=(".json",))
    from fabric.graph.schema import read_columns
    from topologies import write_node_link
    from topologies.named import named as named_topology

    with Progress(silent=alone(wanted.values())) as progress:
        progress.step("reading the file")
        built = made(named_topology(named({"graph": file})))
        read_columns(built)  # what breaks the schema is refused here, not in the command that uses it
        if notes := built.graph.get("notes"):
            progress.print(f"note: {note}" for note in notes)
        progress.step("writing")
        wanted["graph"].write(lambda path: write_node_link(built, path))
