"""How it is timed: ``engine``, and the settings of the packet model, ``packet``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sims.settings.setting import PartOption, Setting, one_of

__all__ = ["ENGINE", "ENGINES", "PACKET"]

ENGINES = ("flow", "bound", "packet")

ENGINE = Setting(
    name="engine",
    place=80,
    default="flow",
    metavar="NAME",
    help="flow (shared links on the SimPy clock), bound (closed forms, a bound from above) or packet (small "
    "fabrics).",
    choices=lambda: ENGINES,
    spell=one_of("engine", ENGINES, "unknown engine"),
    later=False,
    noun="engine",
    nouns="engines",
)


def _spell(text: str) -> str:
    from sims.models.packet.settings import parse_packet_settings

    return str(parse_packet_settings(text)) if text else ""


def _all_parts() -> Iterable[str]:
    from sims.models.packet.settings import PARTS

    return PARTS


def _parts(text: str) -> Mapping[str, str | None]:
    return dict.fromkeys(_all_parts())


_ONLY = "Of --engine packet: "
PACKET = Setting(
    name="packet",
    place=90,
    default="",
    help="",
    part_options=(
        PartOption(
            option="--cc",
            part="cc",
            metavar="CONTROL",
            help=_ONLY
            + "none (as fast as the NIC can), window, per queue pair, or hop-by-hop, a queue and credits for "
            "each flow at every port.  [default: none]",
        ),
        PartOption(
            option="--mtu",
            part="mtu",
            metavar="SIZE",
            help=_ONLY + "payload of a full packet; a large one is coarser and quicker.  [default: 4KiB]",
        ),
        PartOption(
            option="--header",
            part="header",
            metavar="BYTES",
            help=_ONLY + "what each packet has besides its payload.  [default: 82, RoCEv2 over IPv4]",
        ),
        PartOption(
            option="--buffer",
            part="buffer",
            metavar="SIZE",
            help=_ONLY
            + "bytes behind each link into a switch, with hop-by-hop for each flow.  [default: 64 packets, 2 "
            "with hop-by-hop, and the link's round trip]",
        ),
        PartOption(
            option="--switching",
            part="switching",
            metavar="HOW",
            help=_ONLY + "cut-through or store-and-forward.  [default: cut-through]",
        ),
        PartOption(
            option="--steps",
            part="steps",
            metavar="WHEN",
            help=_ONLY + "a rank begins the next phase on receipt of what is due to it, or at a barrier.  "
            "[default: receipt]",
        ),
    ),
    head_part="cc",
    spell=_spell,
    parts=_parts,
    all_parts=_all_parts,
)
