"""``fabricsim latency``: one-way latency over all pairs, idle and under load. Parse, one call, write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fabric.words.errors import ParameterError
from sims.cli.fabric_options import opened
from sims.cli.output import alone, outputs
from sims.cli.output_options import Format, Json, Out
from sims.cli.progress import Progress
from sims.cli.setting_options import Texts, with_settings
from sims.scenario.files import FIGURE_FORMATS, ROW_FORMATS

if TYPE_CHECKING:
    from topologies.parts.memory import Size

__all__ = ["latency"]


@with_settings("topology", "latency_profile", "routing", "seed")
def latency(
    texts: Texts,
    load: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE[,SHARE...]",
            help="Also under load, by the packet model: the share of each endpoint's rate that it sends, in "
            "messages to random others (0.3,0.6,0.9).",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Bytes of each such message.  [default: 4KiB, one packet]", show_default=False),
    ] = None,
    out: Out = None,
    form: Format = None,
    json: Json = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw the distribution: .svg, .png or .pdf.", show_default=False
        ),
    ] = None,
) -> None:
    """Count pairs of endpoints by one-way latency.

    By hop class: how many pairs are how far apart, exact at any size.
    """
    wanted = outputs(out, form, json, plot=plot, rows=ROW_FORMATS, figure=FIGURE_FORMATS)
    from fabric.measures.hops import require_countable
    from fabric.words.units import parse_size
    from sims.jobs.loaded_latency import check_loads, loaded, parse_loads, require_few
    from sims.jobs.one_way import one_way, require_classes
    from sims.scenario.files import write_records
    from sims.settings.setup import Setup
    from sims.show.words.latency import class_records, latency_lines, load_lines

    asked = Setup(**{name: text for name, text in texts.items() if name != "topology"})
    policy, profile, draw = asked.policy(), asked.profile, asked.seed
    loads = parse_loads(load) if load is not None else ()
    if size is not None and not loads:
        raise ParameterError("--size", size, "the size of the messages of --load, which is not given")
    amount = parse_size(size or "4KiB")
    require_classes(policy)

    def fits(name: str, size: Size) -> None:
        require_few(loads, size.endpoints)
        require_countable(name, size.places, size.switches)

    with Progress(silent=alone(wanted.values())) as progress:
        fabric, text, _, notes = opened(texts["topology"], progress, fits=fits)
        if loads:
            check_loads(fabric, profile, policy, loads, amount, draw)
        progress.step("counting pairs")
        classes = one_way(fabric, profile, policy, draw)
        progress.print(latency_lines(text, fabric, profile, policy, classes, notes))
        records = class_records(text, profile, policy, classes)
        under_load = []
        progress.step("packets under load")
        try:
            for share in progress.each(loads, len(loads)):
                found = loaded(
                    *(fabric, profile, policy, share, amount, draw),
                    tell=lambda words: progress.say([words]),
                )
                under_load.append(found)
                progress.print(load_lines(found, first=len(under_load) == 1))
                records += class_records(text, profile, policy, found.classes, load=share, size=amount)
        finally:
            # Also after Ctrl-C: what is finished is kept.
            wanted["rows"].write(write_records, records)
        if wanted["figure"]:
            progress.drawing()
            from sims.show.figures import save_figure
            from sims.show.figures.latency import latency_figure

            drawn = latency_figure(classes, under_load, text, profile, fabric.disclaimer)
            wanted["figure"].write(lambda path: save_figure(drawn, path))
