"""``fabricsim opensm``: the forwarding tables of the real OpenSM. Parse, one call, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.output import alone, outputs
from sims.cli.output_options import out_option
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, with_settings

__all__ = ["opensm"]


@with_settings("topology")
def opensm(
    texts: Texts,
    out: Annotated[
        list[Path], out_option("The tables: .csv, for --routing static:file=; - is standard output.")
    ],
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="Of OpenSM: ftree, minhop, updn or dfsssp.")
    ] = "ftree",
) -> None:
    """Run the real OpenSM over a fabric, and write its tables.

    ibsim simulates the network (Debian: ibsim-utils, opensm). The routes of all pairs are counted on every
    link, beside those of dmodk.
    """
    wanted = outputs(out, table=(".csv",))
    import tempfile

    from fabric import Dmodk, Fabric, Static
    from sims.show.words.opensm import routes_lines
    from sims.studies.opensm import all_routes, opensm_tables, write_tables
    from topologies import load

    with Progress(silent=alone(wanted.values())) as progress, tempfile.TemporaryDirectory() as folder:
        progress.step("building the topology")
        graph = load(texts["topology"])
        fabric = Fabric.from_graph(graph)
        progress.step(f"OpenSM, {engine}")
        tables = opensm_tables(graph, engine)
        progress.step("counting routes")
        write_tables(tables, f"{folder}/tables.csv")
        static = Static(file=f"{folder}/tables.csv", unrouted="refuse")
        counts = {engine: all_routes(fabric, static), "dmodk": all_routes(fabric, Dmodk())}
        progress.print(routes_lines(texts["topology"], fabric, len(tables), counts))
        wanted["table"].write(lambda path: write_tables(tables, path))
