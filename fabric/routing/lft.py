"""A dump of InfiniBand's forwarding tables on a fabric: whose each LID is, and which cable is in each port.

Knows names and addresses of nodes; walks no path.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from fabric.graph.fabric import Fabric
from fabric.graph.schema import GPU, SWITCH
from fabric.routing.forwarding_tables import Tables
from fabric.routing.lft_dump import Node, read_lft_dump
from fabric.words.errors import FileFormatError
from fabric.words.place import at

__all__ = ["tables_of_dump"]


def tables_of_dump(f: Fabric, path: str) -> Tables:
    """The tables of the dump ``path``, which leave nothing open: what they have no entry for has no way.

    A node is found by its GUID, else by its description, else by its LID. Of an endpoint with several ports
    the entries for its lowest LID count, those for switches never do. Switches, destinations and ports that
    ``f`` does not have are passed over, and said with their number.

    Raises:
        FileFormatError: a line that no such dump has; the graph knows no ports; no line fits it; two differ.
    """
    if f.link_port is None:
        rule = (
            "a dump names ports, and the graph knows none: read it from a dump too, or from a file with ports"
        )
        raise FileFormatError(path, "", rule)
    names = dict(f.addresses)
    for node, label in enumerate(f.labels or map(str, f.ids)):
        names[label] = -1 if label in names else node
    known: dict[Node, int] = {}

    def number(node: Node) -> int:
        if node not in known:
            known[node] = next((n for text in node.names if (n := names.get(text, -1)) >= 0), -1)
        return known[node]

    ports = {name: i for i, name in enumerate(f.port_names)}
    cabled = np.flatnonzero(f.link_port >= 0)
    behind = dict(zip(zip(f.link_src[cabled].tolist(), f.link_port[cabled].tolist()), cabled.tolist()))
    lost: dict[str, Counter[str]] = defaultdict(Counter)
    lowest: dict[int, int] = {}
    rows: list[tuple[int, int, int, int, int, int]] = []
    for entry in read_lft_dump(path):
        switch, end = number(entry.switch), number(entry.destination)
        if switch < 0 or f.kind[switch] != SWITCH:
            lost["switch"][entry.switch.shown] += 1
            continue
        if end < 0 or f.kind[end] != GPU:
            if end < 0:
                lost["destination"][entry.destination.shown] += 1
            continue
        link = behind.get((switch, ports.get(str(entry.port), -1)), -1)
        if link < 0:
            lost["port"][f"{entry.port} of {f.label(switch)}"] += 1
            continue
        lowest[end] = min(entry.lid, lowest.get(end, entry.lid))
        rows.append((*entry.place, switch, end, entry.lid, link))
    said = _passed_over(lost)
    if not rows:
        raise FileFormatError(path, "", f"no line fits {f.name}: {said or 'there is none'}")
    line, column, switch, end, lid, link = np.array(rows, np.int64).T
    mine = lid == np.array([lowest[node] for node in end.tolist()])
    line, column, switch, end, link = (x[mine] for x in (line, column, switch, end, link))
    key = switch * len(f.kind) + end
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero((np.diff(key[order]) == 0) & (np.diff(link[order]) != 0))
    if len(again):
        i = order[again[0] + 1]
        ends = f"{f.label(int(switch[i]))} has another port towards {f.label(int(end[i]))} already"
        raise FileFormatError(path, at(int(line[i]), int(column[i])), ends)
    kept, first = np.unique(key, return_index=True)
    arc = np.searchsorted(f.arc_link, link[first], side="right") - 1
    return Tables(path=path, key=kept, arc=arc, link=link[first], whole=True, passed_over=said)


def _passed_over(lost: dict[str, Counter[str]]) -> str:
    """What is not in the graph, by kind: how many, and the names of three."""
    said = []
    for kind, names in lost.items():
        plural = f"{kind}es" if kind == "switch" else f"{kind}s"
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        what = f"{len(names):,} {kind if len(names) == 1 else plural} that the graph does not have"
        said.append(f"{what} ({', '.join(list(names)[:3])}{more}; {names.total():,} lines)")
    return f"the tables were read without {'; '.join(said)}" if said else ""
