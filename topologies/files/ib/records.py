"""The lines of InfiniBand ``ibnetdiscover`` output as records: nodes, and a link per listed side of a cable.

Reads both forms that the tool prints, the topology file and the list of ports of ``ibnetdiscover -p``, and
what ``iblinkinfo`` prints, which is such a list.
Does not know endpoints, servers or tiers, and does not check that the two sides of a cable agree.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn

from fabric.machine.document import open_text
from fabric.words.errors import FileFormatError
from fabric.words.place import Pieces, at
from topologies.files.ib.linkinfo import SIDE, is_linkinfo, known, ports_of
from topologies.files.ib.linkinfo import stops as side_stops
from topologies.files.ib.port_line import Port, port_of
from topologies.files.ib.port_line import stops as port_stops

__all__ = ["Link", "Records", "looks_like_ibnetdiscover", "read_records"]

# Gb/s of data per lane and direction: signalling rate times line code, as InfiniBand defines each speed
# (InfiniBand Architecture Specification volume 2; the IBTA roadmap for HDR and later). SDR, DDR, QDR signal
# 2.5, 5 and 10 Gb/s with 8b/10b; FDR10, FDR and EDR 10.3125, 14.0625 and 25.78125 Gb/s with 64b/66b: four
# lanes of FDR carry 54.5 Gb/s, not the 56 of the trade name, which is signalling rounded; EDR is 100 exactly.
# HDR, NDR and XDR (PAM4 at 53.125, 106.25 and 212.5 Gb/s, with error correction) carry what their names say.
LANE_GBPS = {
    "SDR": 2.0,
    "DDR": 4.0,
    "QDR": 8.0,
    "FDR10": 10.0,
    "FDR": 14.0625 * 64 / 66,
    "EDR": 25.0,
    "HDR": 50.0,
    "NDR": 100.0,
    "XDR": 200.0,
}
LANES = ("1", "2", "4", "8", "12")

_GUID = r"[0-9a-fA-F]{1,16}"
_EXT = r"(?:\[ext [0-9]+\])?"  # the port's label on the outside of a chassis
_NODE = Pieces(
    r"(Switch|Ca|Rt)\s+", r"[0-9]+\s+", r'"', r"([SHR])-", rf'({_GUID})"', r"\s*#\s*", r'"(.*)"', r"(.*)"
)
_LID = re.compile(r"\blid ([0-9]{1,5})\b")
_N = r"([0-9]{1,9})"  # a port
_OWN = rf"(?:\(({_GUID})\))?\s*"  # the GUID of the port of an adapter
_LINK, *_LINKS = (  # the first has all that may be missing as such; the others, as it is there or not
    Pieces(
        *(r"\[", rf"{_N}\]{_EXT}\s*", *own, r'"', r"([SHR])-", rf'({_GUID})"\[', rf"{_N}\]{_EXT}\s*", *other),
        *(r"#\s*", *lid, r'"(.*)"', r"\s*lid ", r"([0-9]+)\s+", r"(\S.*)"),
    )
    for own, other, lid in (
        ((_OWN,), (_OWN,), (r"(?:lid ([0-9]+) lmc [0-9]+\s*)?",)),
        ((r"\(", rf"({_GUID})\)\s*"), (), (r"lid ", r"([0-9]+) ", r"lmc ", r"[0-9]+\s*")),
        ((), (r"\(", rf"({_GUID})\)\s*"), ()),
    )
)
_STARTS_NODE = re.compile(r'(Switch|Ca|Rt)\s+[0-9]+\s+"')
_STARTS_LINK = re.compile(r"\[[0-9]+\]")
_STARTS_PORT = re.compile(r"(CA|SW|RT)\s+[0-9]+\s+[0-9]+\s+0x")
_IDS = Pieces(r"(vendid|devid|sysimgguid|switchguid|caguid|rtguid)=", r"0x([0-9a-fA-F]{1,16})")
_AGGREGATOR = (0x2C9, 0xCF09)  # vendor and device id of the SHARP aggregation node
_HEADING = re.compile(r"((Non-)?Chassis|Spine|Line)\b")
# What libibumad, libibmad, libibnetdisc and the tool itself print between records.
_MESSAGE = re.compile(
    r"(\S*/)?[\w.-]+\.c:\s?[0-9]+|(ib(warn|panic|debug|error|netdiscover|_?umad)|umad|mad_rpc|DR path)\b",
    re.I,
)
# "[root@ib01 ~]# exit", "admin@ib01:/tmp$", "ib01:~ #", "(base) root@ib01:~#", "$": pasted with a dump.
_PROMPT = re.compile(r"(\(\S+\)\s*)?[\[<]?([\w.-]+@[\w.-]+|[\w.-]+:[~/])[^\"#$%>]{0,200}[#$%>]|[$%>](\s|$)")
_RATE = re.compile(r"(\S+)x\s*([A-Z0-9]+)(\s|$)")
_LETTER = {"CA": "H", "SW": "S", "RT": "R"}
_LONGEST = 4_096  # characters of a line by which a file is told from others


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One side of a cable as one line lists it; ``rate`` in bytes/s of data per direction. ``column``: where
    the port of the other end stands in the line.
    """

    line: int
    column: int
    node: str
    port: int
    peer: str
    peer_port: int
    rate: float


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a file says: the description of each node, and the links.

    A node id is "S-" (switch), "H-" (adapter) or "R-" (router) and the GUID. ``nodes`` is in order of first
    mention, ``described`` holds those with a record of their own. ``system`` is the system image GUID of a
    node and ``device`` its (vendor, device) id, where the file states them: switch and adapters in one case,
    and adapters on one card, share the former. ``addresses`` are the GUIDs and LIDs of a node and its ports,
    as ``0x...`` and ``lid N``. ``unconnected`` are the lines of ports without a peer,
    ``unknown_rate`` of links without a known rate; ``messages`` are lines of other text.
    """

    nodes: dict[str, str] = field(default_factory=dict)
    described: set[str] = field(default_factory=set)
    system: dict[str, int] = field(default_factory=dict)
    device: dict[str, tuple[int, int]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    addresses: dict[str, dict[str, None]] = field(default_factory=dict)
    unconnected: list[int] = field(default_factory=list)
    unknown_rate: list[int] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    @cached_property
    def aggregators(self) -> set[str]:
        """Adapters that are the units for in-network reduction (SHARP) inside switches: by their device id.

        Only of a node whose ids the file does not state (``-p``, or no record of its own) the text counts.
        """
        return {
            node
            for node, text in self.nodes.items()
            if node[0] == "H"
            and (self.device[node] == _AGGREGATOR if node in self.device else "Aggregation Node" in text)
        }

    @cached_property
    def built_in(self) -> set[str]:
        """Other adapters in the case of a switch, whose system image GUID they share, such as gateways."""
        switches = {guid for node, guid in self.system.items() if node[0] == "S"}
        inside = {node for node, guid in self.system.items() if node[0] == "H" and guid in switches}
        return inside - self.aggregators


def looks_like_ibnetdiscover(lines: Iterable[str]) -> bool:
    """True where one of the lines is one that only ``ibnetdiscover`` writes, whatever comes before it.

    >>> looks_like_ibnetdiscover(["$ ibnetdiscover", "vendid=0x2c9"]), looks_like_ibnetdiscover(["{}"])
    (True, False)
    """
    return any(_is_ours(line[:_LONGEST].strip()) for line in lines)


def read_records(path: str | os.PathLike[str]) -> Records:
    """The records of the file: every node mentioned, and every listed side of a cable with a known rate.

    Raises FileFormatError, with line and column, where the file is cut off in a record or is something else.
    """
    name = os.fspath(path)
    with open_text(name) as file:
        listing = known(file) if any(map(is_linkinfo, file)) and not file.seek(0) else None
        file.seek(0)
        return _Reader(name, ports_of(file, listing) if listing else file).read()


def _is_ours(line: str) -> bool:
    starts = (_STARTS_NODE, _STARTS_PORT, _IDS, _LINK)
    return (
        line.startswith("# Topology file") or is_linkinfo(line) or any(start.match(line) for start in starts)
    )


class _Reader:
    """The state between lines: whose record we are in, and whether the node of one is still to come."""

    def __init__(self, path: str, lines: Iterable[str | Port]) -> None:
        self.path, self.lines = path, iter(lines)
        self.records = Records()
        self.node = ""  # whose link lines these are
        self.began = 0  # the line of a vendid= ... whose Switch or Ca line has not come yet
        self.ids: dict[str, int] = {}  # what the lines of the record that has begun say
        self.adapters: dict[tuple[str, int], str] = {}
        self.indent = 0  # of the line

    def read(self) -> Records:
        started, last = False, 0
        for number, line in enumerate(self.lines, 1):
            if isinstance(line, Port):
                started, last = True, number
                self._port(number, line)
                continue
            text = line.strip()
            if not text:
                continue
            last = number
            started = started or _is_ours(text)
            if text[0] == "#":
                continue
            if not started:  # a shell prompt, or what the tool wrote to its standard error
                self.records.messages.append(text)
            else:
                self.indent = line.find(text)
                self._line(number, text)
        if not last:
            raise FileFormatError(self.path, "", "the file is empty")
        if not started:
            raise FileFormatError(self.path, at(1), "not ibnetdiscover output")
        if self.began:
            raise FileFormatError(
                self.path, at(self.began), "the file ends inside this record: it is cut off"
            )
        if not self.records.nodes:
            raise FileFormatError(self.path, at(last), "the file ends before any node is described")
        return self.records

    def _line(self, number: int, line: str) -> None:
        if _STARTS_LINK.match(line):
            self._link(number, line)
        elif _STARTS_NODE.match(line):
            self._node(number, line)
        elif _STARTS_PORT.match(line):
            port = port_of(line)
            if port is None:
                self._refuse(number, port_stops(line), f"the port cannot be read: {_short(line)}")
            self._port(number, port._replace(column=self.indent + port.column))
        elif ids := _IDS.match(line):
            self.began = self.began or number
            self.ids[ids[1]] = int(ids[2], 16)
        elif _MESSAGE.match(line) or _PROMPT.match(line):
            self.records.messages.append(line)
        elif is_linkinfo(line):
            rule = f"cut off, or its far end is a LID that no line describes: {_short(line)}"
            self._refuse(number, _far_lid(line) or side_stops(line), rule)
        elif not _HEADING.match(line):
            column = max(_link_stops(line), port_stops(line), _NODE.stops(line), _IDS.stops(line))
            self._refuse(number, column, f"not a line of ibnetdiscover output: {_short(line)}")

    def _node(self, number: int, line: str) -> None:
        match = _NODE.fullmatch(line)
        if match is None:
            self._refuse(number, _NODE.stops(line), f"the node cannot be read: {_short(line)}")
        _, letter, guid, description, rest = match.groups()
        self.node, self.began = f"{letter}-{guid.lower():0>16}", 0
        lid = _LID.search(rest)
        self._called(self.node, guid, lid and lid[1])
        self.records.nodes[self.node] = description
        self.records.described.add(self.node)
        if self.ids.get("sysimgguid"):  # some firmware leaves it 0
            self.records.system[self.node] = self.ids["sysimgguid"]
        if {"vendid", "devid"} <= self.ids.keys():
            self.records.device[self.node] = self.ids["vendid"], self.ids["devid"]
        self.ids = {}

    def _link(self, number: int, line: str) -> None:
        match = _LINK.fullmatch(line)
        if match is None:
            self._refuse(number, _link_stops(line), f"the link cannot be read: {_short(line)}")
        if not self.node or self.began:
            self._refuse(number, 1, "a link outside the record of a node")
        port, own, letter, guid, peer_port, other, lid, description, peer_lid, rate = match.groups()
        peer = f"{letter}-{guid.lower():0>16}"
        if own:  # of a switch it would be that of the switch, and none stands there
            self._called(self.node, own, lid)
        self._called(peer, other or guid, peer_lid)
        self.records.nodes.setdefault(peer, description)
        here, there = (self.node, int(port)), (peer, int(peer_port))
        columns = (self.indent + match.start(5) + 1, self.indent + match.start(10) + 1)
        self._add(number, columns, here, there, rate)

    def _port(self, number: int, port: Port) -> None:
        node = self._owner(port.kind, port.guid, port.number, port.name)
        self.records.described.add(node)
        self._called(node, f"{port.guid:x}", port.lid)
        if port.peer is None:
            self.records.unconnected.append(number)
            return
        kind, lid, peer_number, guid, name = port.peer
        peer = self._owner(kind, guid, peer_number, name)
        self._called(peer, f"{guid:x}", lid)
        self._add(number, (port.column,) * 2, (node, port.number), (peer, peer_number), port.rate)

    def _owner(self, kind: str, guid: int, port: int, description: str) -> str:
        """The node of a port in the list of ports, which gives the GUID of the port and not of the node.

        The ports of a switch share its GUID. On adapters of several ports the port GUIDs count up from the
        node's, so ports of one description with the same GUID less port number are one adapter.
        """
        node = f"{_LETTER[kind]}-{guid:016x}"
        if kind == "CA":
            node = self.adapters.setdefault((description, guid - port), node)
        self.records.nodes.setdefault(node, description)
        return node

    def _called(self, node: str, guid: str, lid: str | None) -> None:
        addresses = self.records.addresses.setdefault(node, {})
        addresses[f"0x{guid.lower():0>16}"] = None
        if lid and lid != "0":
            addresses[f"lid {lid}"] = None

    def _add(
        self, number: int, columns: tuple[int, int], here: tuple[str, int], there: tuple[str, int], rate: str
    ) -> None:
        """Note a link; ``columns``: of the port of its other end, and of its rate."""
        if (
            "??" in rate or "undefined" in rate
        ):  # the tool's words for a port that is down or that it cannot decode
            self.records.unknown_rate.append(number)
            return
        match = _RATE.match(rate)
        if match is None or match[1] not in LANES or match[2] not in LANE_GBPS:
            lanes = f"{', '.join(LANES)} lanes of {', '.join(LANE_GBPS)}"
            self._refuse(number, columns[1] - self.indent, f"unknown rate {_short(rate)}: known are {lanes}")
        speed = int(match[1]) * LANE_GBPS[match[2]] * 1e9 / 8
        (node, port), (peer, peer_port) = here, there
        self.records.links.append(
            Link(
                line=number,
                column=columns[0],
                node=node,
                port=port,
                peer=peer,
                peer_port=peer_port,
                rate=speed,
            )
        )

    def _refuse(self, number: int, column: int, problem: str) -> NoReturn:
        goes_on = any(isinstance(line, Port) or line.strip() for line in self.lines)
        last = "" if goes_on else " (the last line: is the file cut off?)"
        raise FileFormatError(self.path, at(number, self.indent + column), problem + last)


def _link_stops(line: str) -> int:
    return max(one.stops(line) for one in (_LINK, *_LINKS))


def _far_lid(line: str) -> int:
    """The column of the LID at the far end of a line of ``iblinkinfo``; 0 where it cannot be read."""
    match = SIDE.fullmatch(line)
    return match.start(7) + 1 if match and match[7] else 0


def _short(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")
