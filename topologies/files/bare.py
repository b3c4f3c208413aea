"""A graph of another program, without our attributes, made one by what stands behind its path.

``FILE:hosts_per_switch=4`` takes its nodes for switches and puts endpoints on them; ``FILE:hosts=gpu-*``
takes those of its nodes for endpoints and all others for switches. Knows no file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Any

import networkx as nx

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from fabric.words.parameter import Parameter
from fabric.words.units import format_rate, format_time, parse_count, parse_rate
from topologies.files.ib.hosts import natural
from topologies.files.ib.tiers import infer_tiers
from topologies.files.lift import from_networkx
from topologies.parts.argument import Argument, Delay, GpusPerServer, Nvlink, Rate, one_of

__all__ = ["BareDelay", "BareRate", "Column", "Hosts", "HostsPerSwitch", "Per", "RateUnit", "dressed"]

_RATE, _ACCESS, _TRUNK = 50e9, 25e-9, 250e-9  # what is assumed where neither file nor user says it


def _plain(name: str, value: Any) -> Any:
    return value


def _count_or_name(name: str, text: str) -> int | str:
    value = parse_count(text)
    return text if value is None else value


def text_of(line: str, example: str, legal: str) -> Argument:
    """An argument that is a text as it stands."""
    spelling = Parameter(read=lambda name, text: text, write=str, example=example)
    return Argument(spelling=spelling, check=_plain, line=line, legal=legal)


HostsPerSwitch = Annotated[
    int | str | None,
    Argument(
        spelling=Parameter(read=_count_or_name, write=str, example="4"),
        check=_plain,
        line="every node is a switch, with so many endpoints; or the attribute of nodes that says how many",
        legal="a whole number, or the name of an attribute",
    ),
]
Hosts = Annotated[
    str | None,
    text_of(
        "the nodes that are endpoints; all others are switches", "gpu-*", "names, * and ? in them, | between"
    ),
]
Per = Annotated[
    str,
    one_of(
        "what an endpoint is: a node that hosts names, or each cable of one, a server",
        "of a few",
        "host",
        "cable",
    ),
]
RateAttribute = Annotated[
    str | None, text_of("the attribute of cables that holds their rate", "speed", "the name of an attribute")
]
RateUnit = Annotated[
    str | None,
    text_of("the unit of rates that are bare numbers", "Gbps", "a unit of rates, such as Gbps or GB/s"),
]
Column = Annotated[
    str | None, text_of("the title of this column in the file", "peer", "a title in the header")
]
BareRate = Annotated[float | None, Rate.__metadata__[0]]
BareDelay = Annotated[float | None, Delay.__metadata__[0]]


def dressed(
    G: nx.Graph,
    *,
    hosts_per_switch: HostsPerSwitch = None,
    hosts: Hosts = None,
    per: Per = "host",
    rate: BareRate = None,
    delay: BareDelay = None,
    rate_attribute: RateAttribute = None,
    rate_unit: RateUnit = None,
    gpus_per_server: GpusPerServer = 0,
    nvlink: Nvlink = 0.0,
) -> nx.Graph:
    """``G`` as a topology; ``G`` stays as it is, and so does what its nodes and cables say of themselves.

    hosts_per_switch: as in ``from_networkx``. hosts: patterns of names or ids, ``|`` between; ``per`` "cable"
    makes an endpoint of each cable of such a node, and the node a server. rate (bytes/s) and delay (s): of
    cables that say none; without it 400 Gbps, and 25 ns to an endpoint, 250 ns between switches, with a note.
    rate_attribute: where cables hold their rate, as a text with its unit or as a number in ``rate_unit``.
    gpus_per_server, nvlink (bytes/s): servers of so many endpoints in natural order, with a scale-up switch.

    Raises:
        ParameterError: nothing says which nodes are endpoints, or two do; no node is called so; no rate.

    >>> H = dressed(nx.Graph([("leaf", "gpu-0"), ("leaf", "gpu-1")]), hosts="gpu-*")
    >>> [(data["kind"], data["tier"]) for _, data in H.nodes(data=True)]
    [('gpu', 0), ('gpu', 0), ('switch', 1)]
    """
    title = str(G.graph.get("name") or "the graph")
    kinds = sum("kind" in data for _, data in G.nodes(data=True))
    if (hosts is None) == (hosts_per_switch is None) and kinds < len(G):
        rule = "say which are endpoints, hosts=gpu-*, or how many each has: hosts_per_switch=4"
        raise ParameterError("hosts", hosts, f"{title} does not say what its nodes are: {rule}")
    if kinds == len(G) and (hosts is not None or hosts_per_switch is not None):
        name, value = ("hosts", hosts) if hosts is not None else ("hosts_per_switch", hosts_per_switch)
        raise ParameterError(name, value, f"{title} says itself what each of its nodes is")
    found = _cabled(G, rate_attribute, rate_unit, rate)
    if hosts_per_switch is not None:
        if per != "host":
            raise ParameterError("per", per, "goes with hosts: nodes that are endpoints")
        return _lifted(found, hosts_per_switch, delay, gpus_per_server, nvlink)
    H = _marked(found, hosts, per)
    _fill_tiers(H)
    silent = 0
    for u, v, data in H.edges(data=True):
        if "delay" not in data:
            silent += 1
            trunk = "gpu" not in (H.nodes[u].get("kind"), H.nodes[v].get("kind"))
            data["delay"] = delay if delay is not None else _TRUNK if trunk else _ACCESS
    if silent and delay is None:
        said = f"{format_time(_ACCESS)} of delay to endpoints and {format_time(_TRUNK)} between switches"
        _note(H, f"Assumed {said}, of {counted(silent, 'edge')} that say none.")
    _add_servers(H, gpus_per_server, nvlink)
    return H


def _cabled(G: nx.Graph, attribute: str | None, unit: str | None, rate: float | None) -> nx.Graph:
    """A copy of G in which every edge has its rate."""
    H = nx.Graph(**G.graph)
    H.graph["notes"] = list(G.graph.get("notes", ()))
    H.add_nodes_from((node, dict(data)) for node, data in G.nodes(data=True))
    H.add_edges_from((u, v, dict(data)) for u, v, data in G.edges(data=True))
    silent = 0
    for u, v, data in H.edges(data=True):
        if attribute is not None:
            if attribute not in data:
                raise ParameterError("rate_attribute", attribute, f"no such attribute on edge {u!r} - {v!r}")
            data["rate"] = _rate(f"{attribute} of edge {u!r} - {v!r}", data[attribute], unit)
            data.pop("rates", None)
        elif "rate" not in data:
            data["rate"] = _RATE if rate is None else rate
            silent += 1
    if silent and rate is None:
        _note(H, f"Assumed {format_rate(_RATE)} of {counted(silent, 'edge')} that say no rate.")
    return H


def _rate(where: str, value: Any, unit: str | None) -> float:
    text = str(value).strip()
    if isinstance(value, int | float) or text.replace(".", "", 1).isdecimal():
        if unit is None:
            raise ParameterError(
                where, value, "a number without a unit: say rate_unit, such as rate_unit=Gbps"
            )
        text = f"{float(text):.15g}{unit}" if float(text) >= 1e-9 else f"{text}{unit}"
    return parse_rate(text, where)


def _lifted(G: nx.Graph, per_switch: int | str, delay: float | None, gpus: int, nvlink: float) -> nx.Graph:
    """The nodes as switches with endpoints; cables keep rates and ports."""
    M = nx.MultiGraph()
    M.add_nodes_from(G.nodes(data=True))
    for u, v, data in G.edges(data=True):
        for one in data.get("rates") or [data["rate"]] * data.get("cables", 1):
            M.add_edge(u, v, rate=one)
    servers: dict[str, Any] = {"gpus_per_server": gpus, "nvlink": nvlink} if gpus else {}
    if nvlink and not gpus:
        raise ParameterError("nvlink", nvlink, "needs servers: give gpus_per_server, 2 or more")
    delays = (_ACCESS, _TRUNK) if delay is None else (delay,)
    access = min((data["rate"] for *_, data in G.edges(data=True)), default=_RATE)
    name = str(G.graph.get("name") or "") or None
    H = from_networkx(
        M, hosts_per_switch=per_switch, rate=access, rate_attribute="rate", delay=delays, name=name, **servers
    )
    names = dict(G.nodes(data="name"))
    first = sum(kind == "gpu" for _, kind in H.nodes(data="kind"))
    for i, called in enumerate(names.values()):
        if called:
            H.nodes[first + i]["name"] = str(called)
    place = {node: first + i for i, node in enumerate(G)}
    for u, v, data in G.edges(data=True):
        rates = data.get("rates") or [data["rate"]] * data.get("cables", 1)
        if data.get("ports") and len(data["ports"]) == len(rates):  # cables are by rate there
            order = sorted(range(len(rates)), key=rates.__getitem__)
            H.edges[place[u], place[v]]["ports"] = [tuple(data["ports"][i]) for i in order]
    said = f"Endpoints have the lowest rate of a cable, {format_rate(access)}."
    H.graph["notes"] = [*G.graph["notes"], *H.graph.get("notes", ()), said]
    return H


def _marked(G: nx.Graph, hosts: str | None, per: str) -> nx.Graph:
    """G with a kind for each node, endpoints first; ``per`` "cable": one for each cable of a host."""
    patterns = [text.strip() for text in (hosts or "").split("|") if text.strip()]

    def called(node: Hashable) -> bool:
        texts = (str(G.nodes[node].get("name", node)), str(node))
        return any(fnmatchcase(text, pattern) for text in texts for pattern in patterns)

    ends = [n for n, d in G.nodes(data=True) if (d.get("kind") == "gpu" if "kind" in d else called(n))]
    if not ends:
        some = ", ".join(str(G.nodes[n].get("name", n)) for n in list(G)[:3])
        raise ParameterError("hosts", hosts, f"no node is called so (there are {some} ...)")
    ends.sort(key=lambda node: natural(str(G.nodes[node].get("name", node))))
    chosen = set(ends)
    H = nx.Graph(**G.graph)
    rest = [(n, d) for n, d in G.nodes(data=True) if n not in chosen]
    if per == "host":
        H.add_nodes_from((n, {**G.nodes[n], "kind": "gpu", "tier": 0}) for n in ends)
        H.add_nodes_from((n, {"kind": "switch", **d}) for n, d in rest)
        H.add_edges_from(_in_order(G, H))
        return H
    alone = [G.nodes[v].get("name", v) for u in ends for v in G[u] if v in chosen]
    if alone:
        raise ParameterError(
            "per", per, f"{alone[0]} is cabled to another host: an endpoint per host is needed"
        )
    cables = [(server, one) for server, node in enumerate(ends) for one in _each(G, node)]
    for server, (node, i, *_) in cables:
        name = f"{G.nodes[node].get('name', node)} {i}"
        H.add_node(name, kind="gpu", tier=0, name=name, server=server)
    H.add_nodes_from((n, {"kind": "switch", **d}) for n, d in rest)
    for _, (node, i, peer, data) in cables:
        H.add_edge(f"{G.nodes[node].get('name', node)} {i}", peer, **data)
    H.add_edges_from(edge for edge in _in_order(G, H) if chosen.isdisjoint(edge[:2]))
    return H


def _each(G: nx.Graph, node: Hashable) -> Iterator[tuple[Hashable, int, Hashable, dict[str, Any]]]:
    """Each cable of a node: the node, its number there, the peer, the attributes of an edge of it alone."""
    place = {n: i for i, n in enumerate(G)}
    number = 0
    for peer, data in G[node].items():
        count = data.get("cables", 1)
        for j in range(count):
            one = {k: x for k, x in data.items() if k not in ("cables", "rates", "ports")}
            if data.get("rates"):
                one["rate"] = data["rates"][j]
            if data.get("ports"):
                pair = tuple(data["ports"][j])
                one["ports"] = [pair[::-1] if place[node] > place[peer] else pair]
            yield node, number, peer, one
            number += 1


def _in_order(G: nx.Graph, H: nx.Graph) -> Iterator[tuple[Hashable, Hashable, dict[str, Any]]]:
    """The edges of G with ports in the order of the nodes of H."""
    old, new = ({n: i for i, n in enumerate(X)} for X in (G, H))
    for u, v, data in G.edges(data=True):
        if data.get("ports") and u in new and v in new and (old[u] > old[v]) != (new[u] > new[v]):
            data = data | {"ports": [tuple(pair)[::-1] for pair in data["ports"]]}
        yield u, v, data


def _fill_tiers(H: nx.Graph) -> None:
    """Tiers of the switches that have none, from where the endpoints are."""
    silent = [n for n, d in H.nodes(data=True) if "tier" not in d]
    if not silent:
        return
    called = {node: str(i) for i, node in enumerate(H)}
    to_ends: Counter[str] = Counter()
    trunks: dict[str, Counter[str]] = {
        called[n]: Counter() for n, d in H.nodes(data=True) if d.get("kind") == "switch"
    }
    for u, v, data in H.edges(data=True):
        for here, there in ((called[u], called[v]), (called[v], called[u])):
            if here in trunks and there in trunks:
                trunks[here][there] += data.get("cables", 1)
            elif here in trunks:
                to_ends[here] += data.get("cables", 1)
    tiers = infer_tiers(to_ends, trunks)
    for node in silent:
        H.nodes[node]["tier"] = tiers.get(called[node], 1) or 2
    counts = Counter(d["tier"] for _, d in H.nodes(data=True) if d.get("kind") == "switch")
    found = ", ".join(f"{n:,} in tier {t}" for t, n in sorted(counts.items()))
    _note(H, f"Inferred the tiers of switches from where the endpoints are: {found}.")


def _add_servers(H: nx.Graph, gpus: int, nvlink: float) -> None:
    ends = [n for n, d in H.nodes(data=True) if d["kind"] == "gpu"]
    if gpus:
        if len(ends) % gpus or any("server" in H.nodes[n] for n in ends):
            rule = f"no divisor of {len(ends):,} endpoints" if len(ends) % gpus else "the graph has servers"
            raise ParameterError("gpus_per_server", gpus, rule)
        for i, node in enumerate(ends):
            H.nodes[node]["server"] = i // gpus
    members: dict[int, list[Hashable]] = {}
    for node in ends:
        if H.nodes[node].get("server") is not None:
            members.setdefault(H.nodes[node]["server"], []).append(node)
    several = {server: nodes for server, nodes in members.items() if len(nodes) > 1}
    if nvlink and not several:
        raise ParameterError(
            "nvlink", nvlink, "needs servers of two endpoints: give gpus_per_server or per=cable"
        )
    for server, nodes in several.items() if nvlink else ():
        name = f"server {server} scale-up"
        H.add_node(name, kind="nvswitch", tier=1, name=name, server=server)
        H.add_edges_from((node, name, {"rate": float(nvlink), "delay": _ACCESS}) for node in nodes)


def _note(H: nx.Graph, text: str) -> None:
    H.graph["notes"] = [*H.graph.get("notes", ()), text]
