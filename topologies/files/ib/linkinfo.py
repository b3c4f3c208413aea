"""Lines of ``iblinkinfo``, plain and ``-l``: one end of a cable, where it leads, and what it runs at.

Knows these lines and those of ``ibnetdiscover -p``, which say the same; no graph.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from fabric.words.place import Pieces
from topologies.files.ib.port_line import Port

__all__ = ["SIDE", "Known", "Side", "heading", "is_linkinfo", "known", "ports_of", "side", "stops"]

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
_HEADING = re.compile(rf"(Switch(?=:\s+0x)|CA|Rt|RT|Router):\s+(?:{_GUID}\s+)?(.*):")
_PORT = (r"([0-9]{1,3})", r"\[.{0,6}?\]\s+")
_NEAR = (rf"(?:{_GUID}\s+)?", r"(?:\"\s*(.*?)\"\s+)?", r"([0-9]{1,5})\s+", *_PORT, r"==\((.{0,80}?)\)==>\s+")
_FAR = (r"\[.{0,6}?\]\s+", r"\"(.*?)\"", r"\s*\(.*\)\s*")
SIDE = Pieces(*_NEAR, rf"(?:{_GUID}\s+)?", r"(?:([0-9]{1,5})\s+([0-9]{1,3}))?", *_FAR)
_LINKED = Pieces(*_NEAR, rf"(?:{_GUID}\s+)?", r"([0-9]{1,5})\s+", r"([0-9]{1,3})", *_FAR)
_RATE = re.compile(r"\s*([0-9]+)X\s+([0-9.]+\s*Gbps|[A-Z0-9]+)\b.*")


class Side(NamedTuple):
    """One end: GUID and name where the line has them, LID and port, the rate as ``4x NDR`` ("": no link) and
    where it stands, and the same of the other end.
    """

    guid: str | None
    name: str | None
    lid: str
    port: int
    rate: str
    column: int
    peer_guid: str | None
    peer_lid: str | None
    peer_port: int | None
    peer_name: str


def is_linkinfo(text: str) -> bool:
    """Whether only ``iblinkinfo`` prints such a line."""
    return "==(" in text and ")==>" in text


def stops(text: str) -> int:
    """The column from which on a line is none of a side."""
    return max(SIDE.stops(text), _LINKED.stops(text))


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
    ('6', 1, '4x EDR')
    """
    match = SIDE.fullmatch(text)
    if match is None:
        return None
    guid, name, lid, port, state, peer_guid, peer_lid, peer_port, peer_name = match.groups()
    rate = _RATE.fullmatch(state)
    if "Down" in state or peer_port is None or rate is None:
        return Side(guid, name, lid, int(port), "", 0, None, None, None, "")
    number = rate[2].removesuffix("Gbps").strip()
    speed = _SPEEDS.get(number, number)
    column, near = match.start(5) + rate.start(1) + 1, (guid, name, lid, int(port))
    return Side(*near, f"{rate[1]}x {speed}", column, peer_guid, peer_lid, int(peer_port), peer_name)


class Known(NamedTuple):
    """What all lines of a listing say together: of a GUID its kind and ports, of a LID its GUID."""

    kinds: dict[str, str]
    ports: Mapping[str, Collection[int]]
    by_lid: dict[str, str]


def known(lines: Iterable[str]) -> Known:
    """What has to be known before a line can be read.

    A node that no line calls a switch or an adapter (``-l``) is a switch where several ports have its GUID.
    The plain form names the far end by its LID alone.
    """
    found = Known({}, defaultdict(set), {})
    for _, above, one in _sides(lines):
        guid = _guid(above, one) if one else None
        if one is None or guid is None:
            continue
        if one.name is None and above:
            found.kinds[guid] = _KINDS[above[0]]
        found.ports[guid].add(one.port)  # type: ignore[attr-defined]
        found.by_lid[one.lid] = guid
    return found


def ports_of(lines: Iterable[str], listing: Known) -> Iterator[str | Port]:
    """Each line that can be read as ``ibnetdiscover -p`` has it, that of a heading as nothing, all others as
    they are: a side whose LID no other line has among them.
    """
    for line, above, one in _sides(lines):
        guid = _guid(above, one) if one else None
        if one is None or guid is None:
            yield "" if one is None and heading(line.strip()) else line
            continue
        peer_guid = one.peer_guid or listing.by_lid.get(one.peer_lid or "", "")
        if one.rate and not peer_guid:
            yield line
            continue
        name = one.name if one.name is not None else (above[2] if above else "")
        peer = None
        if one.rate:
            far = one.peer_lid or "", one.peer_port or 0, int(peer_guid, 16), one.peer_name
            peer = (_kind(peer_guid, listing.kinds, listing.ports), *far)
        head = _kind(guid, listing.kinds, listing.ports), one.lid, one.port, int(guid, 16)
        column = one.column + len(line) - len(line.lstrip())
        yield Port(*head, one.rate, column, name, peer)


def _sides(lines: Iterable[str]) -> Iterator[tuple[str, tuple[str, str | None, str] | None, Side | None]]:
    """Each line with the heading above it, and the side that it is."""
    above: tuple[str, str | None, str] | None = None
    for line in lines:
        text = line.strip()
        one = side(text) if is_linkinfo(text) else None
        if one is None:
            above = heading(text) or above
        yield line, above, one


def _guid(above: tuple[str, str | None, str] | None, one: Side) -> str | None:
    return one.guid or (above[1] if above else None)


def _kind(guid: str, kinds: Mapping[str, str], ports: Mapping[str, Collection[int]]) -> str:
    return kinds.get(guid, "SW" if len(ports.get(guid, ())) > 1 else "CA")
