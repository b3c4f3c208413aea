"""How a command names its fabric: one argument or one of three options, and what they become.

Knows typer's options and the catalogue; runs no command.
"""

from __future__ import annotations

from typing import Annotated

import typer

from fabric.routing.policies import policy_help
from fabric.words.errors import ParameterError
from sims.cli.fabric_options import Graph, Opened, Preset, Spec, Topology, built, opened
from sims.cli.fabric_options import named as one_of_four
from sims.cli.output_options import Out

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


ROUTING_HELP = f"{policy_help()} A transfer has Q queue pairs: by default one for each plane of a NIC."
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
    text = one_of_four({"spec": spec, "topology": topology, "preset": preset, "graph": graph}, default)
    if not sets:
        return text
    from sims.settings.assignments import overridden

    return overridden({"topology": [text]}, sets)["topology"]


def joined(texts: list[str] | None) -> str:
    """The one text of an option of faults that may be given more than once."""
    return ";".join(texts) if texts else "none"


def whole(option: str, text: str) -> int:
    """The whole number that an option holds."""
    if not text.isascii() or not text.isdigit() or len(text) > 4000 or int(text) >= 2**63:
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
