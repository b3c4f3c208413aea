"""Slow, readable twins of the fast code, on the graph itself. They import nothing from ``fabric``."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations
from typing import Any

import networkx as nx


def switches(G: nx.Graph) -> list:
    return [n for n, kind in G.nodes(data="kind") if kind == "switch"]


def gpus(G: nx.Graph) -> list:
    return [n for n, kind in G.nodes(data="kind") if kind == "gpu"]


def attachments(G: nx.Graph, gpu: Any) -> list:
    return [v for v in G[gpu] if G.nodes[v]["kind"] == "switch"]


def tiered(G: nx.Graph) -> bool:
    trunk = G.subgraph(switches(G)).edges
    return all(G.nodes[u]["tier"] != G.nodes[v]["tier"] for u, v in trunk)


def states(G: nx.Graph, free: bool, node: Any, rising: bool) -> Iterator[tuple[Any, bool]]:
    """Where a legal path goes on from (switch, still rising?): up only while rising; anywhere if ``free``."""
    kind, tier = G.nodes(data="kind"), G.nodes(data="tier")
    for v in G[node]:
        if kind[v] == "switch":
            up = free or tier[v] > tier[node]
            if rising or not up:
                yield v, up


def legal_distances(G: nx.Graph, start: Any, rising: bool = True) -> dict:
    """Links of the shortest legal path from a switch to each: breadth first over (switch, still rising?)."""
    G = G.subgraph(switches(G)).copy()
    free = not tiered(G)
    seen, queue, result = {(start, rising): 0}, deque([(start, rising)]), {start: 0}
    while queue:
        state = queue.popleft()
        for follower in states(G, free, *state):
            if follower not in seen:
                seen[follower] = seen[state] + 1
                result.setdefault(follower[0], seen[follower])
                queue.append(follower)
    return result


def hops(G: nx.Graph) -> tuple[tuple[int, int], ...]:
    """Ordered pairs of endpoints by links between them: two in a server, else by the nearest switches."""
    table = {u: legal_distances(G, u) for u in switches(G)}
    inside = {i: {v for v in G[i] if G.nodes[v]["kind"] == "nvswitch"} for i in gpus(G)}
    count: Counter[int] = Counter()
    for a, b in permutations(gpus(G), 2):
        if inside[a] & inside[b]:
            count[2] += 1
            continue
        ways = [table[u][v] for u in attachments(G, a) for v in attachments(G, b) if v in table[u]]
        if ways:
            count[min(ways) + 2] += 1
    return tuple(sorted(count.items()))


def shortest_paths(G: nx.Graph, a: Any, b: Any) -> int:
    """Shortest legal paths between two switches, parallel cables counted apart: by trying every one."""
    length, free = legal_distances(G, a).get(b), not tiered(G)

    def count(node: Any, rising: bool, left: int | None) -> int:
        if left == 0:
            return int(node == b)
        steps = states(G, free, node, rising)
        return sum(G[node][v].get("cables", 1) * count(v, up, left - 1) for v, up in steps)

    return 0 if length is None else count(a, True, length)


def progressive_filling(
    flows: list[dict[int, Fraction]], capacity: list[Fraction], limits: list[Fraction] | None = None
) -> list[Fraction | None]:
    """Max-min rates by definition: all flows rise together; a full link or its limit stops a flow. Exact."""
    rates: list[Fraction | None] = [None] * len(flows)
    rising = {f for f in range(len(flows)) if flows[f] or limits}
    while rising:
        left = list(capacity)
        for rate, links in zip(rates, flows):
            for link, weight in links.items():
                left[link] -= (rate or 0) * weight
        weight = [sum((flows[f].get(link, 0) for f in rising), Fraction(0)) for link in range(len(capacity))]
        levels = [left[link] / weight[link] for link in range(len(capacity)) if weight[link]]
        levels += [limits[f] for f in rising] if limits else []
        level = min(levels)
        full = {link for link in range(len(capacity)) if weight[link] and left[link] / weight[link] == level}
        for f in list(rising):
            if full & flows[f].keys() or (limits and limits[f] == level):
                rates[f] = level
                rising.remove(f)
    return rates


def dmodk_nodes(k: int, s: int, d: int) -> list[int]:
    """Zahavi's D-Mod-K on the k-ary tree: endpoints, leaves, spines (pod, i), cores i + r*j."""
    r, n = k // 2, k**3 // 4
    leaf, spine, core = n, n + k * r, n + 2 * k * r
    if s // r == d // r:
        middle = [leaf + s // r]
    else:
        i = d % r
        up, down = spine + s // (r * r) * r + i, spine + d // (r * r) * r + i
        top = [up] if up == down else [up, core + i + r * (d // r % r), down]
        middle = [leaf + s // r, *top, leaf + d // r]
    return [s, *middle, d]


def spray(G: nx.Graph, a: Any, b: Any) -> Counter[tuple[Any, Any]]:
    """The share of a flow's bytes on the cables of each arc, split evenly over all next cables. Exact.

    For endpoints that the fabric joins, outside of one scale-up domain.
    """
    table = {u: legal_distances(G, u) for u in attachments(G, a)}
    ways = [(u, v) for u in table for v in attachments(G, b) if v in table[u]]
    shortest = min(table[u][v] for u, v in ways)
    ways = [(u, v) for u, v in ways if table[u][v] == shortest]
    load: Counter[tuple[Any, Any]] = Counter()
    for u, v in ways:
        load[a, u] += Fraction(1, len(ways))
        load[v, b] += Fraction(1, len(ways))
        here: Counter[tuple[Any, bool]] = Counter({(u, True): Fraction(1, len(ways))})
        for left in range(shortest, 0, -1):
            following: Counter[tuple[Any, bool]] = Counter()
            for (node, rising), share in here.items():
                ahead = [
                    (w, up)
                    for w, up in states(G, not tiered(G), node, rising)
                    if legal_distances(G, w, up).get(v) == left - 1
                ]
                cables = sum(G[node][w].get("cables", 1) for w, _ in ahead)
                for w, up in ahead:
                    part = share * Fraction(G[node][w].get("cables", 1), cables)
                    load[node, w] += part
                    following[w, up] += part
            here = following
    return load


def follow(tables: dict[tuple[Any, Any], Any], first: Any, destination: Any) -> list[Any]:
    """The nodes from switch ``first`` on, as the tables say: (switch, destination) -> next hop."""
    path = [first]
    while path[-1] != destination:
        path.append(tables[path[-1], destination])
    return path


def ugal(flows: list[list[tuple[list[int], list[int]]]], capacity: list[float]) -> list[list[bool]]:
    """Which parts of each flow take their second path: part by part, of all flows at once.

    ``flows[i][p]``: the links of the minimal and of the other path of part p.
    """
    load = [0.0] * len(capacity)
    takes: list[list[bool]] = [[] for _ in flows]
    for part in range(len(flows[0])):
        before = list(load)

        def cost(path: list[int], before: list[float] = before) -> float:
            return len(path) * max((before[link] / capacity[link] for link in path), default=0.0)

        for choice, flow in zip(takes, flows):
            minimal, other = flow[part]
            choice.append(cost(other) < cost(minimal))
            for link in other if choice[-1] else minimal:
                load[link] += 1
    return takes
