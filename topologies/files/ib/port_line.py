"""A line of ``ibnetdiscover -p``: one port of a node, what it runs at, and the port at the other end.

Knows these lines; no records and no graph.
"""

from __future__ import annotations

from typing import NamedTuple

from fabric.words.place import Pieces

__all__ = ["Port", "port_of", "stops"]

_GUID, _NUMBER = r"[0-9a-fA-F]{1,16}", r"([0-9]{1,9})"
_END = (r"(CA|SW|RT)\s+", r"([0-9]+)\s+", rf"{_NUMBER}\s+", rf"0x({_GUID})\s+")
_LINKED = Pieces(*_END, r"(\S+x?\s+\S+)\s+", r"-\s+", *_END, r"\(\s*", r"'(.*)' - '(.*)'", r"\s*\)")
_ALONE = Pieces(*_END, r"(\S+x?\s+\S+)\s+", r"'(.*)'")


class Port(NamedTuple):
    """A port: the kind of its node (CA, SW, RT), LID, number, GUID, rate, the column of that, and the name of
    the node; ``peer``: kind, LID, number, GUID and name at the other end, None where there is no link.
    """

    kind: str
    lid: str
    number: int
    guid: int
    rate: str
    column: int
    name: str
    peer: tuple[str, str, int, int, str] | None


def port_of(text: str) -> Port | None:
    """The port of a line without blanks round it; None where it cannot be read.

    >>> port_of("SW 6 1 0x30 4x EDR - CA 3 1 0x11 ( 'leaf' - 'host-2 mlx5_0' )").peer
    ('CA', '3', 1, 17, 'host-2 mlx5_0')
    """
    match, peer = _LINKED.fullmatch(text), None
    if match:
        peer = (match[6], match[7], int(match[8]), int(match[9], 16), match[11])
    elif (match := _ALONE.fullmatch(text)) is None:
        return None
    kind, lid, number, guid, rate, *_ = match.groups()
    name = match[10] if peer else match[6]
    return Port(kind, lid, int(number), int(guid, 16), rate, match.start(5) + 1, name, peer)


def stops(text: str) -> int:
    """The column from which on a line is none of a port."""
    return max(_LINKED.stops(text), _ALONE.stops(text))
