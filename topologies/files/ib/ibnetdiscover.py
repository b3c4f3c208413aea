"""A discovered InfiniBand network as a topology: reads the output of ``ibnetdiscover``, plain or ``-p``.

Knows the records of the file and the schema of a graph; does not know whether the network hangs together.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import networkx as nx

from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.given import require_path
from fabric.words.units import format_rate, format_time
from topologies.files.ib.cables import Cable, read_cables
from topologies.files.ib.hosts import by_host, natural
from topologies.files.ib.notes import count, names, some
from topologies.files.ib.records import Records, looks_like_ibnetdiscover, read_records
from topologies.files.ib.tiers import infer_tiers
from topologies.parts import checks
from topologies.parts.argument import Delay, Nvlink

__all__ = ["looks_like_ibnetdiscover", "read_ibnetdiscover"]


def read_ibnetdiscover(
    path: str | os.PathLike[str], *, nvlink: Nvlink = 0.0, delay: Delay = 25e-9
) -> nx.Graph:
    """The network in the file, as a graph of the schema: each channel adapter with a link is one endpoint.

    ``nvlink`` (bytes/s) above zero adds a scale-up switch to each server of two adapters or more; ``delay``
    (s) is that of every cable, as the file states none. Endpoints come first, by server and adapter in
    natural order, then those that name no host, in file order; then switches by tier and name; then
    scale-up switches.
    ``graph["notes"]`` says in sentences what was assumed, dropped and found one-sided.
    Raises FileFormatError, with the line, for a file cut off, contradicting itself or of another kind;
    ParameterError for an illegal ``nvlink`` or ``delay``, and for an ``nvlink`` that no server could have.
    """
    nvlink, delay = checks.rate("nvlink", nvlink, or_none=True), checks.delay("delay", delay)
    require_path("path", path)
    file = os.fspath(path)
    records = read_records(path)
    notes: list[str] = []
    if records.messages:
        notes.append(f"Skipped {count(records.messages, 'line')} of other text ({some(records.messages)}).")
    cables = read_cables(file, records, notes)
    if not any(node.startswith("H") for cable in cables for node, _ in cable):
        raise FileFormatError(file, "", "no adapter has a link: there is no endpoint to build a network of")
    linked = {node for cable in cables for node, _ in cable}
    _note_unlinked(records, linked, notes)

    named, generic = by_host([n for n in records.nodes if n in linked and n[0] == "H"], records, notes)
    tiers = _tiers([n for n in records.nodes if n in linked and n[0] == "S"], cables, records, notes)
    order = [node for host in named.values() for node in host] + generic
    order += sorted(tiers, key=lambda n: (tiers[n], natural(records.nodes[n]), n))
    ids = {node: i for i, node in enumerate(order)}
    server = {node: label for label, host in enumerate(named.values()) for node in host}
    repeats = Counter(records.nodes[node] for node in order)

    params = {"file": Path(path).name, "nvlink": nvlink, "delay": delay}
    G = nx.Graph(name=Path(path).stem, family="ibnetdiscover", params=params, notes=notes)
    for node, i in ids.items():
        description, guid = records.nodes[node], "0x" + node[2:]
        unique = f"{description} {guid}" if repeats[description] > 1 else description
        kind = "switch" if node in tiers else "gpu"
        addresses = sorted(records.addresses[node], key=lambda text: (text[0] != "0", len(text), text))
        G.add_node(i, kind=kind, tier=tiers.get(node, 0), name=unique, guid=guid, addresses=addresses)
        if node in server:
            G.nodes[i]["server"] = server[node]
    _add_cables(G, ids, cables, delay)
    adapters = f"each adapter ({len(order) - len(tiers):,})"
    notes.append(f"Assumed one GPU for {adapters}, and {format_time(delay)} of delay on every cable.")
    _add_scale_up(G, named, nvlink, delay)
    return G


def _note_unlinked(records: Records, linked: Collection[str], notes: list[str]) -> None:
    aggregators = records.aggregators | records.built_in
    for letter, what in (("H", "adapter"), ("S", "switch")):
        nodes = [n for n in records.nodes if n[0] == letter and n not in aggregators]
        alone = [n for n in nodes if n not in linked]
        if alone:
            notes.append(f"Left out {count(alone, what)} without a link ({names(records, alone)}).")
        silent = [n for n in nodes if n in linked and n not in records.described]
        if silent:
            shown = names(records, silent)
            notes.append(f"Took {count(silent, what)} known from the other side of a cable only ({shown}).")


def _tiers(
    switches: Sequence[str], cables: Iterable[Cable], records: Records, notes: list[str]
) -> dict[str, int]:
    """Tier of each switch, inferred; an island of switches without endpoints gets tier 2."""
    to_endpoints: Counter[str] = Counter()
    trunks: dict[str, Counter[str]] = {switch: Counter() for switch in switches}
    for (a, _), (b, _) in cables:
        for here, there in ((a, b), (b, a)):
            if here in trunks and there in trunks:
                trunks[here][there] += 1
            elif here in trunks:
                to_endpoints[here] += 1
    tiers = infer_tiers(to_endpoints, trunks)
    islands = [switch for switch, tier in tiers.items() if tier == 0]
    if islands:
        shown = names(records, islands)
        notes.append(f"Put {count(islands, 'switch')} in tier 2, with no endpoint in reach ({shown}).")
    tiers = {switch: tier or 2 for switch, tier in tiers.items()}
    counts = sorted(Counter(tiers.values()).items())
    if counts:
        found = ", ".join(f"{n:,} in tier {tier}" for tier, n in counts)
        notes.append(f"Inferred the tiers of {count(tiers, 'switch')} from where the endpoints are: {found}.")
    return tiers


def _add_cables(G: nx.Graph, ids: dict[str, int], cables: dict[Cable, float], delay: float) -> None:
    """One edge per pair of nodes, its cables in the order of the ports of the node numbered lower."""
    pairs: dict[tuple[int, int], list[tuple[tuple[int, int], float]]] = defaultdict(list)
    for ends, rate in cables.items():
        (u, p), (v, q) = sorted((ids[node], port) for node, port in ends)
        pairs[u, v].append(((p, q), rate))
    for (u, v), found in sorted(pairs.items()):
        found.sort()
        rates = [rate for _, rate in found]
        ports = [ends for ends, _ in found]
        G.add_edge(u, v, rate=min(rates), delay=delay, cables=len(found), ports=ports)
        if len(set(rates)) > 1:
            G.edges[u, v]["rates"] = rates


def _add_scale_up(G: nx.Graph, named: dict[str, list[str]], nvlink: float, delay: float) -> None:
    """With ``nvlink``, a switch joining the adapters of each server; without, a note that there is none."""
    several = [(label, host) for label, (host, nodes) in enumerate(named.items()) if len(nodes) > 1]
    if not several:
        if nvlink:
            rule = "needs a server of two adapters or more, and the file names none: give it without nvlink"
            shown = some([data["name"] for _, data in G.nodes(data=True) if data["kind"] == "gpu"])
            raise ParameterError("nvlink", format_rate(nvlink), f"{rule} (its adapters: {shown})")
        return
    if not nvlink:
        G.graph["notes"].append(
            f"Assumed no scale-up link inside {count(several, 'server')} of several adapters."
        )
        return
    members: dict[int, list[int]] = defaultdict(list)
    for i, label in G.nodes(data="server"):
        members[label].append(i)
    for label, host in several:
        switch = G.number_of_nodes()
        G.add_node(switch, kind="nvswitch", tier=1, name=f"{host} scale-up", server=label)
        G.add_edges_from((i, switch, {"rate": nvlink, "delay": delay, "cables": 1}) for i in members[label])
    G.graph["notes"].append(
        f"Added {count(several, 'scale-up switch')} of {format_rate(nvlink)} per adapter."
    )
