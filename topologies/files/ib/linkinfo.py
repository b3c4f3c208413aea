"""Lines of ``iblinkinfo``, plain and ``-l``: one end of a cable, where it leads, and what it runs at.

Knows these lines and those of ``ibnetdiscover -p``, which say the same; no graph.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Side", "as_port_list", "heading", "is_linkinfo", "side"]

# Gb/s per lane as the tool prints it, which is signalling: 2.5 Gbps is SDR. Newer tools print 25.78125 and
# more, or the name of the speed.
_SPEEDS = {
    "2.5": "SDR",
    "5.0": "DDR",
    "10.0": "QDR",
    "10.3125": "FDR10",
    "14.0625": "FDR",
    "25.78125": "EDR",
    "53.125": "HDR",
    "106.25": "NDR",
    "212.5": "XDR",
}
_KINDS = {"Switch": "SW", "CA": "CA", "Rt": "RT", "RT": "RT", "Router": "RT"}
_GUID = "0x([0-9a-fA-F]{1,16})"
_HEADING = re.compile(rf"(Switch|CA|Rt|RT|Router):\s+(?:{_GUID}\s+)?(.*):")
_SIDE = re.compile(
    rf"(?:{_GUID}\s+)?(?:\"\s*(.*?)\"\s+)?([0-9]{{1,5}})\s+([0-9]{{1,3}})\[.{{0,6}}?\]\s+==\((.{{0,80}}?)\)==>\s+"
    rf"(?:{_GUID}\s+)?(?:([0-9]{{1,5}})\s+([0-9]{{1,3}}))?\[.{{0,6}}?\]\s+\"(.*?)\"\s*\(.*\)\s*"
)
_RATE = re.compile(r"\s*([0-9]+)X\s+([0-9.]+\s*Gbps|[A-Z0-9]+)\b.*")


class Side(NamedTuple):
    """One end: GUID and name where the line has them, LID and port, the rate as ``4xNDR`` ("": no link), and
    the same of the other end.
    """

    guid: str | None
    name: str | None
    lid: str
    port: int
    rate: str
    peer_guid: str | None
    peer_lid: str | None
    peer_port: int | None
    peer_name: str


def is_linkinfo(text: str) -> bool:
    """Whether only ``iblinkinfo`` prints such a line."""
    return "==(" in text and ")==>" in text


def heading(text: str) -> tuple[str, str | None, str] | None:
    """The kind of node, GUID (of switches) and name of whose ports the next lines are.

    >>> heading("Switch: 0x0002c90000100001 leaf 1:")
    ('Switch', '0002c90000100001', 'leaf 1')
    """
    match = _HEADING.fullmatch(text)
    return (match[1], match[2], match[3].strip()) if match else None


def side(text: str) -> Side | None:
    """What the line says; None where it cannot be read.

    >>> side('6 1[ ] ==( 4X 25.78125 Gbps Active/ LinkUp)==> 3 1[ ] "host-2 mlx5_0" ( )')[2:5]
    ('6', 1, '4xEDR')
    """
    match = _SIDE.fullmatch(text)
    if match is None:
        return None
    guid, name, lid, port, state, peer_guid, peer_lid, peer_port, peer_name = match.groups()
    rate = _RATE.fullmatch(state)
    if "Down" in state or peer_port is None or rate is None:
        return Side(guid, name, lid, int(port), "", None, None, None, "")
    number = rate[2].removesuffix("Gbps").strip()
    speed = _SPEEDS.get(number, number)
    return Side(
        guid, name, lid, int(port), f"{rate[1]}x{speed}", peer_guid, peer_lid, int(peer_port), peer_name
    )


def as_port_list(lines: Sequence[str]) -> list[str]:
    """The lines with those of ``iblinkinfo`` as ``ibnetdiscover -p`` has them, each in its place.

    A node that no line calls a switch or an adapter (``-l``) is a switch where several ports have its GUID.
    The plain form names the far end by its LID alone: a side whose LID no other line has stays as it is.
    """
    sides: dict[int, tuple[str, Side]] = {}
    kinds: dict[str, str] = {}
    ports: dict[str, set[int]] = defaultdict(set)
    by_lid: dict[str, tuple[str, str]] = {}
    above: tuple[str, str | None, str] | None = None
    for i, line in enumerate(lines):
        found = side(line) if is_linkinfo(line) else None
        if found is None:
            above = heading(line) or above
            continue
        guid = found.guid or (above[1] if above else None)
        name = found.name if found.name is not None else (above[2] if above else "")
        if guid is None:
            continue
        if found.name is None and above:
            kinds[guid] = _KINDS[above[0]]
        ports[guid].add(found.port)
        by_lid[found.lid] = guid, name
        sides[i] = guid, found._replace(name=name)
    text = list(lines)
    for i, (guid, one) in sides.items():
        peer_guid = one.peer_guid or by_lid.get(one.peer_lid or "", ("", ""))[0]
        head = f"{_kind(guid, kinds, ports)} {one.lid} {one.port} 0x{guid}"
        if not one.rate:
            text[i] = f"{head} 4x SDR '{one.name}'"  # no link: the words of the other tool, too
        elif peer_guid:
            rate = one.rate.replace("x", "x ")
            far = f"{_kind(peer_guid, kinds, ports)} {one.peer_lid} {one.peer_port} 0x{peer_guid}"
            text[i] = f"{head} {rate} - {far} ( '{one.name}' - '{one.peer_name}' )"
    return ["" if i not in sides and heading(line) else line for i, line in enumerate(text)]


def _kind(guid: str, kinds: Mapping[str, str], ports: Mapping[str, Collection[int]]) -> str:
    return kinds.get(guid, "SW" if len(ports.get(guid, ())) > 1 else "CA")
