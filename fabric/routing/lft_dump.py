"""Forwarding tables as InfiniBand's tools print them: ``opensm-lfts.dump``, ``dump_lfts`` and ``ibroute``.

Knows their lines, LIDs and GUIDs; does not know which nodes of a graph these are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fabric.machine.document import open_text
from fabric.words.errors import FileFormatError
from fabric.words.place import Pieces, at

__all__ = ["Entry", "Node", "is_lft_dump", "read_lft_dump"]

_BEGIN = (r"\s*Unicast ", r"lids ", r"\[[^\]]{0,40}\] ", r"of ", r"switch ")
_END = (r"guid ", r"0x([0-9a-f]{1,16}) ", r"\('?(.*?)'?\):\s*")
_HEADERS = (
    Pieces(*_BEGIN, r"Lid ", r"([0-9]{1,5}) ", *_END),
    Pieces(*_BEGIN, r"DR ", r"path ", r"()", r"[^()]{0,400}? ", *_END),
)
_ENTRY = Pieces(r"\s*(0x[0-9a-f]{1,4}|[0-9]{1,5})\s+", r"([0-9]{1,3})(?=\s|$)", r"\s*(.*?)\s*")
_WHO = re.compile(r"[:#] \(?(Channel Adapter|Switch|Router) portguid 0x([0-9a-f]{1,16}): '(.*)'\)?")
_ASIDE = re.compile(
    r"Lid\s+Out\b|Port\s+Info\b|[0-9]+ (valid )?lids dumped|\*\*\* WARNING|[#$]|ib(warn|panic):"
)
_TOTAL = Pieces(r"\s*[0-9]+ ", r"(?:valid )?", r"lids ", r"dumped")
_SNIFFED, _LONGEST = 65_536, 4_096  # characters of a file and of a line
_NO_PORT = (0, 255)  # the switch itself, and nowhere


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """How a dump calls a node: ``names`` to look it up by, the surest first, and the one to print."""

    names: tuple[str, ...]
    shown: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Where a switch sends what is for ``lid``; ``destination`` says whose that is where the line does.
    ``place``: line and column of its port.
    """

    place: tuple[int, int]
    switch: Node
    lid: int
    destination: Node
    port: int


def is_lft_dump(path: str) -> bool:
    """Whether the file begins as such a dump does, perhaps behind other text."""
    with open_text(path) as file:
        return "Unicast lids [" in file.read(_SNIFFED)


def read_lft_dump(path: str) -> Iterator[Entry]:
    """Each line that names a port, in the order of the file, read as it is asked for.

    Raises:
        FileFormatError: with line and column: neither of these, or an entry before any switch.
    """
    switch: Node | None = None
    nodes: dict[tuple[int, str], Node] = {}
    with open_text(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST), ""), 1):
            if header := _HEADERS[0].fullmatch(line) or _HEADERS[1].fullmatch(line):
                lid, guid, name = header.groups()
                switch = _node(guid, name, lid)
            elif entry := _ENTRY.fullmatch(line):
                to, port, who = int(entry[1], 0 if entry[1].startswith("0x") else 10), int(entry[2]), entry[3]
                if switch is None:
                    where = at(number, entry.start(1) + 1)
                    raise FileFormatError(path, where, "an entry before the line of a switch")
                if not 0 < to < 0xC000 or port in _NO_PORT:
                    continue
                if (to, who) not in nodes:
                    found = _WHO.fullmatch(who)
                    nodes[to, who] = _node(found[2], found[3], str(to)) if found else _node("", "", str(to))
                place, end = (number, entry.start(2) + 1), nodes[to, who]
                yield Entry(place=place, switch=switch, lid=to, destination=end, port=port)
            elif (text := line.strip()) and not _ASIDE.match(text):
                column = max(one.stops(line) for one in (*_HEADERS, _ENTRY, _TOTAL))
                rule = "an entry is LID and port, such as 0x0001 007, below a line 'Unicast lids ...'"
                raise FileFormatError(path, at(number, column), f"{text[:60]!r}: {rule}")


def _node(guid: str, name: str, lid: str | None) -> Node:
    names = [f"0x{int(guid, 16):016x}"] if guid else []
    names += [name] if name else []
    names += [f"lid {lid}"] if lid else []
    return Node(names=tuple(names), shown=name or names[-1])
