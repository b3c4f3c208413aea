"""The options of the packet engine, and the text of its settings that they make. Runs no command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from fabric.words.errors import ParameterError

__all__ = ["Buffer", "Control", "Header", "Mtu", "Ports", "Steps", "Switching", "check_packet", "packet_text"]

_PACKETS = "Options of --engine packet"
Control = Annotated[
    str | None,
    typer.Option(
        "--cc",
        metavar="CONTROL",
        help="none (as fast as the NIC can) or window, per queue pair.  [default: none]",
        show_default=False,
        rich_help_panel=_PACKETS,
    ),
]
Mtu = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Payload of a full packet; a large one is coarser and quicker.  [default: 4KiB]",
        show_default=False,
        rich_help_panel=_PACKETS,
    ),
]
Header = Annotated[
    str | None,
    typer.Option(
        metavar="BYTES",
        help="What each packet has besides its payload.  [default: 82, RoCEv2 over IPv4]",
        show_default=False,
        rich_help_panel=_PACKETS,
    ),
]
Buffer = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Behind each link into a switch.  [default: 64 packets and the link's round trip]",
        show_default=False,
        rich_help_panel=_PACKETS,
    ),
]
Switching = Annotated[
    str | None,
    typer.Option(
        metavar="HOW",
        help="cut-through or store-and-forward.  [default: cut-through]",
        show_default=False,
        rich_help_panel=_PACKETS,
    ),
]
Ports = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write what each port saw, queues and pauses: .csv, .json or .jsonl.",
        show_default=False,
        rich_help_panel=_PACKETS,
    ),
]
Steps = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="A rank begins the next phase on receipt of what is due to it, or at a barrier.  "
        "[default: receipt]",
        show_default=False,
        rich_help_panel=_PACKETS,
    ),
]


def packet_text(engine: str, **given: str | None) -> str:
    """The text of the packet engine's settings that the options hold.

    Raises:
        ParameterError: a setting for another engine, or an illegal value.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if engine != "packet":
        for name, value in chosen.items():
            raise ParameterError(f"--{name}", value, f"an option of --engine packet, not of {engine}")
        return ""
    from sims.models.packet.settings import parse_packet_settings

    return str(parse_packet_settings(":" + ",".join(f"{name}={value}" for name, value in chosen.items())))


def check_packet(texts: Mapping[str, str]) -> None:
    """Refuse packet settings where another engine runs."""
    if texts["packet"] and texts["engine"] != "packet":
        rule = f"a setting of --engine packet, not of {texts['engine']}"
        raise ParameterError("--set packet", texts["packet"].lstrip(":"), rule)
