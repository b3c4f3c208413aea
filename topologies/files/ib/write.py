"""A topology as ibnetdiscover would print it: what ibsim takes for a network, and other tools read.

Knows the records of the file and the limits of one subnet; runs no tool. Scale-up switches have no place in
it, nor have delays; ``read_ibnetdiscover`` assumes both anew.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import networkx as nx
import numpy as np

from fabric.graph.schema import GPU, NVSWITCH, SWITCH, Columns, read_columns
from fabric.machine.whole_file import replaced
from fabric.measures.subnet import UNICAST_LIDS
from fabric.words.errors import ParameterError
from fabric.words.units import format_rate
from topologies.files.ib.hosts import host_and_device
from topologies.files.ib.records import LANE_GBPS

__all__ = ["descriptions", "neighbours", "nodes_of_guids", "speed", "write_ibnetdiscover"]

_MOST_PORTS = 254  # a port number is a byte; 0 is the switch itself, 255 is no port
_LANES = (4, 2, 1, 8, 12)  # in the order in which a rate is spelled: cables have four lanes
_LOCAL = 0x02 << 56  # the bit of a GUID that nobody was given
_DESCRIPTION = 63  # bytes of a node description, and its end


def write_ibnetdiscover(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the network of ``G``; ``read_ibnetdiscover`` gives back its nodes, cables, rates and ports.

    Nodes keep their GUIDs where all have one and the next ones are free for the ports, and ports their
    numbers where all of a node have one from 1 to 254; others are numbered. LIDs count up from 1, one for
    each port of an adapter and for each switch. Scale-up switches are left out. The file appears whole or not
    at all.

    Raises:
        ParameterError: more LIDs than a subnet has, more than 254 ports of a node, or a rate that is no
            number of lanes times a speed of InfiniBand.
        SchemaError: the graph breaks the schema.
        FabricsimError: the file cannot be written.
    """
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    records = _records(G)
    with replaced(path) as file:
        file.writelines(records)


def speed(rate: float) -> str:
    """How InfiniBand spells bytes per second of one direction: lanes and speed.

    >>> speed(50e9), speed(25e9), speed(12.5e9)
    ('4xNDR', '4xHDR', '4xEDR')
    """
    for lanes in _LANES:
        for name, gbps in LANE_GBPS.items():
            if abs(lanes * gbps * 1e9 / 8 - rate) <= 1e-9 * rate:
                return f"{lanes}x{name}"
    rates = {f"{lanes}x{name}": lanes * gbps for name, gbps in LANE_GBPS.items() for lanes in (1, 4)}
    legal = [f"{name} {gbps:.4g}Gbps" for name, gbps in sorted(rates.items(), key=lambda item: item[1])]
    rule = "an InfiniBand cable is 1, 2, 4, 8 or 12 lanes of one speed"
    raise ParameterError("rate", format_rate(rate), rule, legal)


def neighbours(c: Columns) -> list[dict[int, tuple[int, str]]]:
    """Behind each port number that is written, per node: who is cabled to it, and how tables in CSV call the
    port: as the graph does, else by its number among the parallel cables.
    """
    cables = list(_cables(c))
    beside: dict[tuple[int, int], int] = defaultdict(int)
    named: list[tuple[tuple[int, str], tuple[int, str]]] = []
    for u, v, p, q, _ in cables:
        beside[u, v] += 1
        count = str(beside[u, v])
        named.append(((v, p or count), (u, q or count)))
    return [{port: named[k][end] for port, (k, end) in own.items()} for own in _ports(c, cables)]


def nodes_of_guids(G: nx.Graph, c: Columns) -> dict[str, int]:
    """The node of each GUID that is written, as ``0x...``: of switches, of adapters and of their ports."""
    found: dict[str, int] = {}
    for i, (guid, own) in enumerate(zip(_guids(G, c), _ports(c, list(_cables(c))))):
        if c.kind[i] != NVSWITCH:
            ports = own if c.kind[i] == GPU else ()
            found.update((f"0x{guid + port:016x}", i) for port in (0, *ports))
    return found


def descriptions(c: Columns) -> list[str]:
    """What each node calls itself: its name, of 63 bytes at most and no other's.

    An endpoint is "HOST DEVICE"; where the names do not tell which endpoints share a server, all are named
    anew, ``server-0 mlx5_0`` and so on.
    """
    given = [_plain(text) for text in c.labels or map(str, c.ids)]
    ends = np.flatnonzero(c.kind == GPU).tolist()
    if not _tells_servers(c, ends, given):
        place: dict[int, int] = defaultdict(int)
        wide = len(str(max(len(c.kind), int(c.server.max(initial=0)))))
        for i in ends:
            server = int(c.server[i])
            device = place[server] if server >= 0 else 0
            place[server] += 1
            host = f"server-{server:0{wide}}" if server >= 0 else f"gpu-{i:0{wide}}"
            given[i] = f"{host} mlx5_{device}"
    seen: dict[str, int] = defaultdict(int)
    for text in given:
        seen[text] += 1
    return [text if seen[text] == 1 else f"{text[:40]} number {i}" for i, text in enumerate(given)]


def _tells_servers(c: Columns, ends: Sequence[int], given: Sequence[str]) -> bool:
    """Whether the names of the endpoints, read as those of adapters, put the same ones into one server."""
    hosts: dict[object, set[int]] = defaultdict(set)
    servers: dict[object, set[int]] = defaultdict(set)
    devices = set()
    for i in ends:
        found = host_and_device(given[i])
        if c.labels is None or found is None or found in devices:
            return False
        devices.add(found)
        hosts[found[0]].add(i)
        servers[int(c.server[i]) if c.server[i] >= 0 else ("alone", i)].add(i)
    return sorted(map(sorted, hosts.values())) == sorted(map(sorted, servers.values()))


def _plain(text: str) -> str:
    """``text`` without what ends a description: quotes and what cannot be printed."""
    kept = "".join("'" if mark == '"' else mark if mark.isprintable() else " " for mark in text)
    return kept.encode()[:_DESCRIPTION].decode(errors="ignore").strip() or "unnamed"


def _records(G: nx.Graph) -> Iterable[str]:
    c = read_columns(G, allow_uncabled=True)
    cables = list(_cables(c))
    ports = _ports(c, cables)
    used = [len(own) for own in ports]
    need = sum(1 if c.kind[i] == SWITCH else used[i] for i in range(len(used)) if c.kind[i] != NVSWITCH)
    if need > UNICAST_LIDS:
        rule = f"a subnet has {UNICAST_LIDS:,} LIDs, one for each port of an adapter and each switch: planes "
        rule += "and islands can be written apart"
        raise ParameterError("topology", c.name, f"needs {need:,} LIDs: {rule}")
    names, guids = descriptions(c), _guids(G, c)
    lid, next_lid = [0] * len(used), 1
    for i in np.argsort(c.kind, kind="stable").tolist():
        lid[i] = next_lid
        next_lid += (0 if c.kind[i] == NVSWITCH else 1) if c.kind[i] != GPU else used[i]

    lines: list[list[str]] = [[] for _ in used]
    place = [{port: j for j, port in enumerate(sorted(own))} for own in ports]
    number = [dict(zip(own.values(), own)) for own in ports]
    spelled = {rate: speed(rate) for rate in {rate for *_, rate in cables}}

    def word(i: int, port: int) -> tuple[str, str, int]:
        """The id of a node, the GUID of its port in brackets (none of a switch), and the LID there."""
        if c.kind[i] == SWITCH:
            return f"S-{guids[i]:016x}", "", lid[i]
        own = guids[i] if used[i] == 1 else guids[i] + port
        return f"H-{guids[i]:016x}", f"({own:x})", lid[i] + place[i][port]

    for k, (u, v, _, _, rate) in enumerate(cables):
        p, q = number[u][k, 0], number[v][k, 1]
        for (a, pa), (b, pb) in (((u, p), (v, q)), ((v, q), (u, p))):
            (_, own, here), (far, brackets, there) = word(a, pa), word(b, pb)
            said = f'"{names[b]}" lid {there} {spelled[rate]}'
            if own:
                said = f"lid {here} lmc 0 {said}"
            lines[a].append(f'[{pa}]{own}\t"{far}"[{pb}]{brackets}\t\t# {said}\n')
    return _pieces(c, names, guids, lid, ports, lines)


def _pieces(
    c: Columns,
    names: Sequence[str],
    guids: Sequence[int],
    lid: Sequence[int],
    ports: Sequence[dict[int, tuple[int, int]]],
    lines: Sequence[list[str]],
) -> Iterator[str]:
    scaleup = int(np.sum(c.kind == NVSWITCH))
    left_out = f" Left out: {scaleup:,} scale-up switches." if scaleup else ""
    yield f"#\n# Topology file: {_plain(c.name)}, made by fabricsim and not discovered.{left_out}\n#\n"
    for i in np.argsort(-np.minimum(c.kind, SWITCH), kind="stable").tolist():  # switches first
        if c.kind[i] == NVSWITCH:
            continue
        most, guid = max(ports[i], default=1), f"{guids[i]:x}"
        yield f"\nvendid=0x0\ndevid=0x0\nsysimgguid=0x{guid}\n"
        if c.kind[i] == SWITCH:
            yield f"switchguid=0x{guid}({guid})\n"
            yield f'Switch\t{most} "S-{guids[i]:016x}"\t\t# "{names[i]}" enhanced port 0 lid {lid[i]} lmc 0\n'
        else:
            yield f'caguid=0x{guid}\nCa\t{most} "H-{guids[i]:016x}"\t\t# "{names[i]}"\n'
        yield from sorted(lines[i], key=lambda line: int(line[1 : line.index("]")]))
    yield "\n"


def _cables(c: Columns) -> Iterator[tuple[int, int, str | None, str | None, float]]:
    """Ends, ports (None: unknown) and rate of each cable that leads to no scale-up switch."""
    first = 0
    for e, (u, v, count) in enumerate(zip(c.tail.tolist(), c.head.tolist(), c.cables.tolist())):
        rates = c.cable_rates.get(e) or [float(c.rate[e])] * count
        if NVSWITCH not in (c.kind[u], c.kind[v]):
            for j, rate in enumerate(rates):
                at = (-1, -1) if c.cable_ports is None else c.cable_ports[:, first + j].tolist()
                p, q = (c.port_names[x] if x >= 0 else None for x in at)
                yield u, v, p, q, rate
        first += count


def _ports(
    c: Columns, cables: Sequence[tuple[int, int, str | None, str | None, float]]
) -> list[dict[int, tuple[int, int]]]:
    """Of each node its port numbers, and the cable in each with the end that it is: as known, or counted."""
    known: list[list[tuple[str | None, tuple[int, int]]]] = [[] for _ in c.kind]
    for k, (u, v, p, q, _) in enumerate(cables):
        known[u].append((p, (k, 0)))
        known[v].append((q, (k, 1)))
    found: list[dict[int, tuple[int, int]]] = []
    for i, own in enumerate(known):
        if len(own) > _MOST_PORTS:
            rule = f"{len(own)} ports: a node of InfiniBand has {_MOST_PORTS} at most"
            raise ParameterError("topology", str(c.labels[i] if c.labels else c.ids[i]), rule)
        said = [int(p) if p is not None and re.fullmatch("[1-9][0-9]{0,2}", p) else 0 for p, _ in own]
        if not all(0 < p <= _MOST_PORTS for p in said) or len(set(said)) < len(said):
            said = list(range(1, len(own) + 1))
        found.append({port: cable for port, (_, cable) in zip(said, own)})
    return found


def _apart(c: Columns, texts: Sequence[str]) -> bool:
    """Whether no GUID is taken twice, those of the adapters' ports among them."""
    ports = np.bincount(np.concatenate([c.tail, c.head]), np.tile(c.cables, 2), len(c.kind)).astype(int)
    kinds = zip(texts, c.kind.tolist(), ports.tolist())
    taken = [
        int(text, 16) + port
        for text, kind, count in kinds
        if kind != NVSWITCH
        for port in range(count + 1 if kind == GPU else 1)
    ]
    return len(set(taken)) == len(taken)


def _guids(G: nx.Graph, c: Columns) -> list[int]:
    """The GUID of each node: its own where all have one and the next ones are free.

    ibsim counts the GUIDs of an adapter's ports up from the adapter's.
    """
    texts = [str(data.get("guid", "")) for _, data in G.nodes(data=True)]
    inside = [text for text, kind in zip(texts, c.kind.tolist()) if kind != NVSWITCH]
    if all(re.fullmatch("0x[0-9a-f]{1,16}", text) for text in inside) and _apart(c, texts):
        return [int(text, 16) if text else 0 for text in texts]
    return [_LOCAL | (i + 1) << 8 for i in range(len(texts))]
