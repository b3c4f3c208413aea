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
from topologies.files.ib.linkinfo import as_port_list, is_linkinfo

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
_NODE = re.compile(rf'(Switch|Ca|Rt)\s+[0-9]+\s+"([SHR])-({_GUID})"\s*#\s*"(.*)"(.*)')
_LID = re.compile(r"\blid ([0-9]{1,5})\b")
_N = r"([0-9]{1,9})"  # a port
_LINK = re.compile(
    rf'\[{_N}\]{_EXT}\s*(?:\(({_GUID})\))?\s*"([SHR])-({_GUID})"\[{_N}\]{_EXT}\s*(?:\(({_GUID})\))?'
    r'\s*#\s*(?:lid ([0-9]+) lmc [0-9]+\s*)?"(.*)"\s*lid ([0-9]+)\s+(\S.*)'
)
_PORT = re.compile(
    rf"(CA|SW|RT)\s+([0-9]+)\s+{_N}\s+0x({_GUID})\s+(\S+x?\s+\S+)\s+(?:'(.*)'|"
    rf"-\s+(CA|SW|RT)\s+([0-9]+)\s+{_N}\s+0x({_GUID})\s+\(\s*'(.*)' - '(.*)'\s*\))"
)
_STARTS_NODE = re.compile(r'(Switch|Ca|Rt)\s+[0-9]+\s+"')
_STARTS_LINK = re.compile(r"\[[0-9]+\]")
_STARTS_PORT = re.compile(r"(CA|SW|RT)\s+[0-9]+\s+[0-9]+\s+0x")
_IDS = re.compile(r"(vendid|devid|sysimgguid|switchguid|caguid|rtguid)=0x([0-9a-fA-F]{1,16})")
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
    """One side of a cable as one line lists it; ``rate`` in bytes/s of data per direction."""

    line: int
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

    Raises FileFormatError, with the line, where the file is cut off inside a record or is something else.
    """
    name = os.fspath(path)
    with open_text(path) as file:
        lines = file.read().split("\n")
    if any(map(is_linkinfo, lines)):
        lines = as_port_list([line.strip() for line in lines])
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise FileFormatError(name, "", "the file is empty")
    return _Reader(name, lines).read()


def _is_ours(line: str) -> bool:
    starts = (_STARTS_NODE, _STARTS_PORT, _IDS, _LINK)
    return (
        line.startswith("# Topology file") or is_linkinfo(line) or any(start.match(line) for start in starts)
    )


class _Reader:
    """The state between lines: whose record we are in, and whether the node of one is still to come."""

    def __init__(self, path: str, lines: list[str]) -> None:
        self.path, self.lines = path, lines
        self.records = Records()
        self.node = ""  # whose link lines these are
        self.began = 0  # the line of a vendid= ... whose Switch or Ca line has not come yet
        self.ids: dict[str, int] = {}  # what the lines of the record that has begun say
        self.adapters: dict[tuple[str, int], str] = {}

    def read(self) -> Records:
        started = False
        for number, line in enumerate(map(str.strip, self.lines), 1):
            started = started or _is_ours(line)
            if not started:  # a shell prompt, or what the tool wrote to its standard error
                if line and not line.startswith("#"):
                    self.records.messages.append(line)
            elif line and not line.startswith("#"):
                self._line(number, line)
        if not started:
            raise FileFormatError(self.path, "line 1", "not ibnetdiscover output")
        if self.began:
            raise FileFormatError(
                self.path, f"line {self.began}", "the file ends inside this record: it is cut off"
            )
        if not self.records.nodes:
            raise FileFormatError(
                self.path, f"line {len(self.lines)}", "the file ends before any node is described"
            )
        return self.records

    def _line(self, number: int, line: str) -> None:
        if _STARTS_LINK.match(line):
            self._link(number, line)
        elif _STARTS_NODE.match(line):
            self._node(number, line)
        elif _STARTS_PORT.match(line):
            self._port(number, line)
        elif ids := _IDS.match(line):
            self.began = self.began or number
            self.ids[ids[1]] = int(ids[2], 16)
        elif _MESSAGE.match(line) or _PROMPT.match(line):
            self.records.messages.append(line)
        elif is_linkinfo(line):
            self._refuse(number, f"cut off, or its far end is a LID that no line describes: {_short(line)}")
        elif not _HEADING.match(line):
            self._refuse(number, f"not a line of ibnetdiscover output: {_short(line)}")

    def _node(self, number: int, line: str) -> None:
        match = _NODE.fullmatch(line)
        if match is None:
            self._refuse(number, f"the node cannot be read: {_short(line)}")
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
            self._refuse(number, f"the link cannot be read: {_short(line)}")
        if not self.node or self.began:
            self._refuse(number, "a link outside the record of a node")
        port, own, letter, guid, peer_port, other, lid, description, peer_lid, rate = match.groups()
        peer = f"{letter}-{guid.lower():0>16}"
        if own:  # of a switch it would be that of the switch, and none stands there
            self._called(self.node, own, lid)
        self._called(peer, other or guid, peer_lid)
        self.records.nodes.setdefault(peer, description)
        self._add(number, (self.node, int(port)), (peer, int(peer_port)), rate)

    def _port(self, number: int, line: str) -> None:
        match = _PORT.fullmatch(line)
        if match is None:
            self._refuse(number, f"the port cannot be read: {_short(line)}")
        kind, lid, port, guid, rate, alone, *other = match.groups()
        description = other[4] if alone is None else alone
        node = self._owner(kind, int(guid, 16), int(port), description)
        self.records.described.add(node)
        self._called(node, guid, lid)
        if alone is not None:
            self.records.unconnected.append(number)
            return
        peer_kind, peer_lid, peer_port, peer_guid, _, peer_description = other
        peer = self._owner(peer_kind, int(peer_guid, 16), int(peer_port), peer_description)
        self._called(peer, peer_guid, peer_lid)
        self._add(number, (node, int(port)), (peer, int(peer_port)), rate)

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
        known = self.records.addresses.setdefault(node, {})
        known[f"0x{guid.lower():0>16}"] = None
        if lid and lid != "0":
            known[f"lid {lid}"] = None

    def _add(self, number: int, here: tuple[str, int], there: tuple[str, int], rate: str) -> None:
        if (
            "??" in rate or "undefined" in rate
        ):  # the tool's words for a port that is down or that it cannot decode
            self.records.unknown_rate.append(number)
            return
        match = _RATE.match(rate)
        if match is None or match[1] not in LANES or match[2] not in LANE_GBPS:
            known = f"{', '.join(LANES)} lanes of {', '.join(LANE_GBPS)}"
            self._refuse(number, f"unknown rate {_short(rate)}: known are {known}")
        speed = int(match[1]) * LANE_GBPS[match[2]] * 1e9 / 8
        (node, port), (peer, peer_port) = here, there
        link = Link(line=number, node=node, port=port, peer=peer, peer_port=peer_port, rate=speed)
        self.records.links.append(link)

    def _refuse(self, number: int, problem: str) -> NoReturn:
        last = " (the last line: is the file cut off?)" if number == len(self.lines) else ""
        raise FileFormatError(self.path, f"line {number}", problem + last)


def _short(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")
