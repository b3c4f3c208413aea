"""The cables of a discovered network: each once, agreed between the sides that list it.

Knows ports and rates; does not know which nodes become endpoints of a server, nor tiers.
"""

from __future__ import annotations

from fabric.words.errors import FileFormatError
from fabric.words.place import at
from topologies.files.ib.notes import cable_name, count, names, some
from topologies.files.ib.records import Records

__all__ = ["Cable", "End", "read_cables"]

End = tuple[str, int]  # node id, port
Cable = tuple[End, End]  # the lower end first


def read_cables(file: str, records: Records, notes: list[str]) -> dict[Cable, float]:
    """Rate (bytes/s) of each cable between adapters and switches: no loopback, router or aggregation node.

    A port is on one cable at most. Sentences on what was dropped or found one-sided are added to ``notes``.
    Raises FileFormatError, with the line, where a port has two peers.
    """
    sides = _sides(file, records)
    if records.unknown_rate:
        notes.append(f"Dropped {count(records.unknown_rate, 'link line')} without a known rate.")
    if records.unconnected:
        notes.append(f"Left out {count(records.unconnected, 'port')} without a peer.")
    _drop(sides, records, notes)
    once = [cable_name(records, cable) for cable, rates in sides.items() if len(rates) == 1]
    if once:
        notes.append(f"Took {count(once, 'cable')} listed on one side only ({some(once)}).")
    unequal = [cable_name(records, cable) for cable, rates in sides.items() if len(set(rates.values())) > 1]
    if unequal:
        notes.append(
            f"Took the lower rate of {count(unequal, 'cable')} whose sides differ ({some(unequal)})."
        )
    return {cable: min(rates.values()) for cable, rates in sides.items()}


def _sides(file: str, records: Records) -> dict[Cable, dict[End, float]]:
    """The rate that each side states, by cable. A line listed twice counts once."""
    peers: dict[End, tuple[End, int]] = {}
    sides: dict[Cable, dict[End, float]] = {}
    for link in records.links:
        here, there = (link.node, link.port), (link.peer, link.peer_port)
        for end, other in ((here, there), (there, here)):
            known, line = peers.setdefault(end, (other, link.line))
            if known != other:
                text = f"{_port(end)} is cabled to {_port(other)}, but to {_port(known)} on line {line}"
                raise FileFormatError(file, at(link.line, link.column), text)
        sides.setdefault((min(here, there), max(here, there)), {})[here] = link.rate
    return sides


def _drop(sides: dict[Cable, dict[End, float]], records: Records, notes: list[str]) -> None:
    """Leave the cables between two different nodes, each an adapter of a host or a switch."""
    routers = [node for node in records.nodes if node.startswith("R")]
    loops = [cable for cable in sides if cable[0][0] == cable[1][0]]
    if records.aggregators:
        what = count(records.aggregators, "SHARP aggregation node")
        notes.append(f"Dropped {what}, a part of a switch and no endpoint.")
    if records.built_in:
        shown = names(records, sorted(records.built_in))
        what = count(records.built_in, "adapter")
        notes.append(f"Dropped {what} built into a switch, a gateway and no endpoint ({shown}).")
    if routers:
        notes.append(f"Dropped {count(routers, 'router')} to other subnets ({names(records, routers)}).")
    if loops:
        shown = some([cable_name(records, cable) for cable in loops])
        notes.append(f"Dropped {count(loops, 'loopback cable')} from a node to itself ({shown}).")
    gone = {*records.aggregators, *records.built_in, *routers}
    for cable in [c for c in sides if c[0][0] == c[1][0] or gone & {c[0][0], c[1][0]}]:
        del sides[cable]


def _port(end: End) -> str:
    return f"port {end[1]} of {end[0]}"
