"""``fabricsim topology bom``: parse, one API call, write."""

from __future__ import annotations

from typing import Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.fabric_options import Graph, Preset, Topology, built, named
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, Out
from sims.cli.progress import Progress
from sims.scenario.files import ROW_FORMATS

__all__ = ["bom"]


def bom(
    specs: Annotated[
        list[str] | None,
        typer.Argument(metavar="SPEC...", help="One or more fabrics, side by side.", show_default=False),
    ] = None,
    topology: Topology = None,
    preset: Preset = None,
    graph: Graph = None,
    prices: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|sample",
            help="Prices, and figures other than the shipped ones (TOML); sample is the shipped file.",
            show_default=False,
        ),
    ] = None,
    floor: Annotated[
        str,
        typer.Option(
            metavar="KEY=VALUE,...",
            help="Where no delay is given, lengths by this floor plan (keys: table floor of --show-prices).",
            show_default=False,
        ),
    ] = "",
    gpu: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Add the power of GPUs, servers, cooling: a100, h100, h200, b200, gb200 or one of --prices.",
            show_default=False,
        ),
    ] = None,
    pue: Annotated[
        float | None,
        typer.Option(
            help="With --gpu: power of the site over that of its machines.  [default: 1.25]",
            show_default=False,
        ),
    ] = None,
    show_prices: Annotated[
        bool, typer.Option("--show-prices", help="Print the shipped price file and end.")
    ] = False,
    out: Out = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """Say what it takes to build, and with --prices what it costs.

    Switches, cables, transceivers, NICs, free ports, power; with --gpu that of the whole site.
    """
    wanted = outputs(out, form, json, rows=ROW_FORMATS)
    from sims.scenario.files import write_records
    from sims.show.words.bom import bill_lines
    from sims.studies.bom import bill
    from sims.studies.bom.parts import read_parts, sample_text, with_floor
    from sims.studies.bom.site import PUE, site

    if show_prices:
        print(sample_text(), end="")
        return
    if pue is not None and gpu is None:
        raise ParameterError("--pue", pue, "the PUE of a site, whose servers --gpu names")
    parts, bills = with_floor(read_parts(prices), floor), []
    with Progress(silent=alone(wanted.values())) as progress:
        if topology or preset or graph or not specs:
            specs = [*(specs or []), named({"topology": topology, "preset": preset, "graph": graph})]
        with progress.stoppable():
            for spec in progress.each(specs, len(specs)):
                network, source = built(spec, progress)
                network.graph["name"] = source.text
                progress.step("counting")
                with source.placing():
                    bills.append(bill(network, parts))
        if not bills:
            return
        sites = (
            [site(made, parts, gpu, PUE if pue is None else pue) for made in bills] if gpu is not None else []
        )
        progress.print(bill_lines(bills, parts, sites))
        rows = [row for made in bills for row in made.rows()]
        wanted["rows"].write(write_records, rows + [row for power in sites for row in power.rows()])
