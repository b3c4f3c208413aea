"""``topology.txt`` of the RDMA simulators (HPCC, ns3-rdma, SimAI, astra-sim): read and written.

Counts of nodes, switches and links; the ids of switches; a line per link: ends, rate, delay and error rate.
SimAI's first line says ``nodes GPUs-per-server NVSwitches switches links GPU`` and its ids begin with those
of NVSwitches. No names, servers without NVSwitch, tiers or ports stand in it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import networkx as nx

from fabric.graph.schema import NVSWITCH, SWITCH, read_columns
from fabric.machine.collector import collector_paused
from fabric.machine.document import open_text
from fabric.machine.whole_file import replaced
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.place import Pieces, at, words
from fabric.words.units import parse_delay, parse_rate
from topologies.files.ib.tiers import infer_tiers
from topologies.files.parallel import Listed, joined

__all__ = ["looks_like_topology_txt", "read_topology_txt", "write_topology_txt"]

_N = r"([0-9]{1,9})"
_COUNTS = Pieces(rf"\s*{_N}", rf"\s+{_N}", rf"\s+{_N}", r"\s*")
_SERVER_COUNTS = Pieces(r"\s*", *[rf"{_N}\s+"] * 5, r"[A-Za-z]\w{0,20}\s*")
_LINK = Pieces(
    *(rf"\s*{_N}", r"\s+", _N, r"\s+", r"([0-9.]+\w*bps)", r"\s+", r"([0-9.]+[a-z]*s)(?!\S)"),
    *(r"(?:\s+([0-9.eE+-]{1,20}))?", r"\s*"),
    flags=re.I,
)
_LONGEST = 1_048_576  # characters of a line: the ids of all switches stand in one
_RULE = "a link is two nodes, rate, delay and error rate, such as 0 16 400Gbps 0.0005ms 0"


def looks_like_topology_txt(start: str) -> bool:
    """Whether a file that begins so is one: counts in its first line, and a link or ids of switches below.

    >>> looks_like_topology_txt("3 1 2\\n2\\n0 2 100Gbps 1us 0\\n"), looks_like_topology_txt("3 1 2\\nhello")
    (True, False)
    """
    lines = [line.strip() for line in start.split("\n", 40) if line.strip()]
    if not lines or not (_COUNTS.fullmatch(lines[0]) or _SERVER_COUNTS.fullmatch(lines[0])):
        return False
    return any(_LINK.fullmatch(line) for line in lines[1:40]) or all(
        re.fullmatch(r"[0-9][0-9\s]*", line) for line in lines[1:2]
    )


def write_topology_txt(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the graph, its nodes numbered in its order, SimAI's way where it has scale-up switches.

    The file appears whole or not at all.

    Raises:
        ParameterError: a directed graph or a multigraph.
        SchemaError: the graph breaks the schema.
        FabricsimError: the file cannot be written.
    """
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    c = read_columns(G, allow_uncabled=True)
    scaleup, switches = (
        [i for i, kind in enumerate(c.kind.tolist()) if kind == k] for k in (NVSWITCH, SWITCH)
    )
    counts = f"{len(switches)} {int(c.cables.sum())}"
    if scaleup:
        sizes = Counter(
            end for edge in zip(c.tail.tolist(), c.head.tolist()) for end in edge if c.kind[end] == NVSWITCH
        )
        counts = f"{len(c.kind)} {max(sizes.values(), default=1)} {len(scaleup)} {counts} NONE"
    else:
        counts = f"{len(c.kind)} {counts}"
    with replaced(path) as file:
        file.write(f"{counts}\n{' '.join(map(str, [*scaleup, *switches]))}\n")
        for e, (u, v, delay) in enumerate(zip(c.tail.tolist(), c.head.tolist(), c.delay.tolist())):
            for rate in c.cable_rates.get(e) or [float(c.rate[e])] * int(c.cables[e]):
                file.write(f"{u} {v} {_rate(rate)} {_delay(delay)} 0\n")


def read_topology_txt(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in the file: every node that a link or the list of switches names, under its number.

    Tiers are inferred from where the endpoints are; lines of the same two nodes are parallel cables. GPUs on
    one NVSwitch are a server. ``graph["notes"]`` says so, and where the count of links is not that of lines.

    Raises:
        FileFormatError: with line and column: a line cannot be read, a node is out of range, the file is cut
            off.
    """
    name = os.fspath(path)
    with collector_paused():
        return _read(name)


def _read(name: str) -> nx.Graph:
    lines = _lines(name)
    number, text = next(lines, (0, ""))
    plain, server = _COUNTS.fullmatch(text), _SERVER_COUNTS.fullmatch(text)
    if plain:
        nodes, switches, links, scaleup = *map(int, plain.groups()), 0
    elif server:
        nodes, _, scaleup, switches, links = map(int, server.groups())
    else:
        rule = "counts of nodes, switches and links are needed, such as 20 4 32"
        column = max(_COUNTS.stops(text), _SERVER_COUNTS.stops(text))
        raise FileFormatError(name, at(max(number, 1), column), f"{text.strip()[:60]!r}: {rule}")
    kinds: dict[int, str] = {}
    listed: list[Listed] = []
    errors = 0
    for number, text in lines:
        if len(kinds) < scaleup + switches:
            for column, word in words(text):
                node = _node(name, number, column, word, nodes)
                if node in kinds or len(kinds) >= scaleup + switches:
                    what = "is listed twice" if node in kinds else f"is one more than {scaleup + switches}"
                    raise FileFormatError(name, at(number, column), f"switch {node} {what}")
                kinds[node] = "nvswitch" if len(kinds) < scaleup else "switch"
            continue
        match = _LINK.fullmatch(text)
        if match is None:
            where = at(number, _LINK.stops(text))
            raise FileFormatError(name, where, f"{text.strip()[:60]!r}: {_RULE}")
        u, v = int(match[1]), int(match[2])
        if u >= nodes or v >= nodes:
            end = 1 if u >= nodes else 2
            _node(name, number, match.start(end) + 1, match[end], nodes)
        if u == v:
            raise FileFormatError(name, at(number, match.start(2) + 1), f"node {u} is cabled to itself")
        rate, delay = _values(name, number, match)
        errors += bool(match[5] and match[5].strip("0.eE+-"))
        listed.append(Listed(f"line {number}", u, v, {"rate": rate, "delay": delay}))
    if len(kinds) < scaleup + switches:
        rule = f"{len(kinds)} of {scaleup + switches} switches are listed: the file is cut off"
        raise FileFormatError(name, at(max(number, 1), max(len(text.rstrip()), 1)), rule)
    return _graph(name, nodes, links, kinds, listed, errors)


def _graph(
    name: str, nodes: int, links: int, kinds: dict[int, str], listed: list[Listed], errors: int
) -> nx.Graph:
    notes: list[str] = []
    if links != len(listed):
        notes.append(f"Read {counted(len(listed), 'link')}, where the first line says {links:,}.")
    if errors:
        notes.append(f"Left out the error rates of {counted(errors, 'link')}: cables here lose nothing.")
    named = dict.fromkeys(end for edge in listed for end in (edge.u, edge.v))
    known = sorted(named.keys() | kinds.keys())
    if len(known) < nodes:
        notes.append(f"Left out {counted(nodes - len(known), 'node')} without a link.")
    for node in known:
        kinds.setdefault(node, "gpu")
    G = nx.Graph(name=Path(name).stem, family="topology.txt", params={"file": Path(name).name})
    G.add_nodes_from((node, {"kind": kinds[node], "tier": 0}) for node in known)
    G.add_edges_from(joined(name, listed, parallel=True, directed=False, notes=notes))
    to_ends: Counter[str] = Counter()
    trunks: dict[str, Counter[str]] = {str(i): Counter() for i in known if kinds[i] == "switch"}
    servers: dict[int, int] = {}
    for u, v, data in G.edges(data=True):
        for here, there in ((u, v), (v, u)):
            if kinds[here] == "switch" and kinds[there] == "gpu":
                to_ends[str(here)] += data.get("cables", 1)
            elif kinds[here] == kinds[there] == "switch":
                trunks[str(here)][str(there)] += data.get("cables", 1)
            elif kinds[here] == "nvswitch" and kinds[there] == "gpu":
                G.nodes[there]["server"] = servers.setdefault(here, len(servers))
    for switch, tier in infer_tiers(to_ends, trunks).items():
        G.nodes[int(switch)]["tier"] = tier or 2
    for node in known:
        if kinds[node] == "nvswitch":
            G.nodes[node].update({"tier": 1, **({"server": servers[node]} if node in servers else {})})
    counts = ", ".join(f"{n:,} in tier {t}" for t, n in sorted(_tiers(G).items()))
    if counts:
        notes.append(f"Inferred the tiers of switches from where the endpoints are: {counts}.")
    G.graph["notes"] = notes
    return G


def _tiers(G: nx.Graph) -> Counter[int]:
    return Counter(data["tier"] for _, data in G.nodes(data=True) if data["kind"] == "switch")


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """The number and text of each line that is no comment and not blank."""
    with open_text(name) as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST), ""), 1):
            if (text := line.lstrip()) and not text.startswith("#"):
                yield number, line


def _node(name: str, line: int, column: int, word: str, nodes: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", word) or int(word) >= nodes:
        rule = f"{word[:40]!r}: a node is a whole number below {nodes}"
        raise FileFormatError(name, at(line, column), rule)
    return int(word)


def _values(name: str, line: int, link: re.Match[str]) -> tuple[float, float]:
    """Rate (bytes/s) and delay (s) of a link."""
    try:
        return _rate_of(link[3]), _delay_of(link[4])
    except ParameterError as error:
        wrong = 3 if error.name == "rate" else 4
        raise FileFormatError(name, at(line, link.start(wrong) + 1), str(error)) from None


@lru_cache(maxsize=256)
def _rate_of(text: str) -> float:
    unit = re.sub(r"bps$", "bps", text, flags=re.I)
    return parse_rate(
        re.sub(r"([kmgtp])bps$", lambda m: f"{m[1].upper() if m[1] != 'k' else 'k'}bps", unit), "rate"
    )


_delay_of = lru_cache(maxsize=256)(partial(parse_delay, name="time"))


def _rate(rate: float) -> str:
    bits = rate * 8
    return f"{bits / 1e9:.15g}Gbps" if bits >= 1e8 else f"{bits:.15g}bps"


def _delay(delay: float) -> str:
    return f"{delay * 1e9:.15g}ns"
