"""htsim's ``.topo``: a fat tree of two or three tiers as counts, read and written. Knows no cable by itself.

A line is a key and a number: ``Nodes``, ``Tiers``, ``Podsize``, then for each ``Tier`` its ``Radix_Down``,
``Radix_Up``, ``Bundle`` (parallel cables down), ``Downlink_speed_Gbps``, ``Downlink_Latency_ns`` and
``Switch_Latency_ns``. Names, servers and scale-up switches have no place in it.
"""

from __future__ import annotations

import os
from math import prod
from pathlib import Path

import networkx as nx

from fabric.graph.schema import GPU, read_columns
from fabric.machine.document import open_text
from fabric.machine.whole_file import replaced
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from fabric.words.place import Pieces, at, word_at
from topologies.files.tree_shape import tree_shape

__all__ = ["looks_like_htsim", "read_htsim", "write_htsim"]

_KEYS = {
    "nodes", "tiers", "podsize", "tier", "downlink_speed_gbps", "radix_down", "radix_up", "queue_down",
    "queue_up", "oversubscribed", "bundle", "switch_latency_ns", "downlink_latency_ns",
}  # fmt: skip
_LINE = Pieces(r"\s*([A-Za-z_]+)\s+", r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(?!\S)", r"\s*")
_NEAR = 1e-9  # relative; rounding of units
_LONGEST, _MOST_LINES = 4_096, 10_000


def looks_like_htsim(start: str) -> bool:
    """Whether a file that begins so is one: its first line but comments says ``Nodes``, its next ``Tiers``.

    >>> looks_like_htsim("# two\\nNodes 32\\nTiers 2\\n"), looks_like_htsim("Nodes 3\\n0->1")
    (True, False)
    """
    lines = (line.strip() for line in start.split("\n"))
    words = [line.split()[0].lower() for line in lines if line and not line.startswith("#")][:2]
    return words == ["nodes", "tiers"]


def write_htsim(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the counts of a fat tree. The file appears whole or not at all.

    Raises:
        ParameterError: no generalised fat tree of two or three tiers with one leaf for each endpoint, or what
            htsim's own reader refuses or cuts off: a rate or a delay that is no whole number of Gb/s or ns
            above zero, an oversubscription that is no whole number, cables up a leaf of another rate.
        SchemaError: the graph breaks the schema.
    """
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    c = read_columns(G)
    shape = tree_shape(c)
    if shape is None or len(shape.m) not in (2, 3) or shape.w[0] != 1 or shape.p[0] != 1:
        rule = (
            "htsim's .topo is for fat trees of two or three tiers, each endpoint with one cable to one leaf"
        )
        raise ParameterError("topology", c.name, rule)

    if shape.rate[0] != shape.rate[1]:
        rule = "htsim counts the ports of leaves alone: their cables up and down need one rate"
        raise ParameterError("topology", c.name, rule)

    def whole(what: str, value: float) -> str:
        if round(value) < 1 or abs(value - round(value)) > _NEAR * value:
            rule = f"htsim reads whole numbers above zero, and {what} would be {value:.6g}"
            raise ParameterError("topology", c.name, rule)
        return str(round(value))

    tiers, nodes = len(shape.m), int((c.kind == GPU).sum())
    lines = [f"Nodes {nodes}", f"Tiers {tiers}", f"Podsize {prod(shape.m[:2]) if tiers == 3 else nodes}"]
    for t in range(tiers):
        lines += ["", f"Tier {t}", f"Downlink_speed_Gbps {whole('Gb/s', shape.rate[t] * 8 / 1e9)}"]
        lines += [f"Radix_Down {shape.m[t] * shape.p[t]}"]
        if t + 1 < tiers:
            up = shape.w[t + 1] * shape.p[t + 1]
            over = shape.m[t] * shape.p[t] * shape.rate[t] / (up * shape.rate[t + 1])
            lines += [f"Radix_Up {up}", f"Oversubscribed {whole('an oversubscription', over)}"]
        lines += [f"Bundle {shape.p[t]}"] if t else []
        lines += [
            f"Downlink_Latency_ns {whole('a delay in ns', shape.delay[t] * 1e9)}",
            "Switch_Latency_ns 0",
        ]
    with replaced(path) as file:
        file.write("\n".join([*lines, ""]))


def read_htsim(path: str | os.PathLike[str]) -> nx.Graph:
    """The fat tree that the counts describe: PGFT of ``Radix_Down / Bundle`` children a switch.

    A link that states no latency has none; half of a switch's latency is put on either cable of a way
    through it. ``graph["notes"]`` says what was left out: queues.

    Raises:
        FileFormatError: with line and column: a line that is none, a key twice; or counts that do not fit.
    """
    from topologies.families.pgft import pgft

    name = os.fspath(path)
    given, tiers = _counts(name)
    h = len(tiers)
    bundle = [int(tier.get("bundle", 1)) for tier in tiers]
    down = [int(tier["radix_down"]) for tier in tiers]
    up = [int(tier.get("radix_up", 0)) for tier in tiers]
    if any(d % b for d, b in zip(down, bundle)) or any(u % b for u, b in zip(up, bundle[1:])):
        raise FileFormatError(
            name, "", f"Radix_Down {down} and Radix_Up {up} are no multiples of Bundle {bundle}"
        )
    m = [d // b for d, b in zip(down, bundle)]
    w = [1] + [u // b for u, b in zip(up[:-1], bundle[1:])]
    if prod(m) != given["nodes"] or (h == 3 and m[0] * m[1] != given.get("podsize", m[0] * m[1])):
        pods = f", {int(given.get('podsize', 0)):,} in a pod" if h == 3 else ""
        rule = f"{prod(m):,} by its radixes ({' x '.join(map(str, m))})"
        raise FileFormatError(name, "", f"Nodes {int(given['nodes']):,}{pods}, and {rule}")
    inside = [tier.get("switch_latency_ns", 0.0) / 2 for tier in tiers]
    delay = [
        (tiers[t].get("downlink_latency_ns", 0.0) + inside[t] + (inside[t - 1] if t else 0)) * 1e-9
        for t in range(h)
    ]
    rates = [tier["downlink_speed_gbps"] * 1e9 / 8 for tier in tiers]
    try:
        G = pgft(m=m, w=w, p=bundle, rate=rates[0], delay=delay)
    except FabricsimError as error:
        raise FileFormatError(name, "", str(error)) from None
    for u, v, data in G.edges(data=True):
        data["rate"] = rates[max(G.nodes[u]["tier"], G.nodes[v]["tier"]) - 1]
    notes = (
        ["Left out the sizes of queues."] if any("queue_down" in t or "queue_up" in t for t in tiers) else []
    )
    about = {"name": Path(name).stem, "family": "htsim", "params": {"file": Path(name).name}}
    G.graph.update(**about, notes=[*G.graph.get("notes", ()), *notes])
    return G


def _counts(name: str) -> tuple[dict[str, float], list[dict[str, float]]]:
    """What stands before the tiers, and in each of them."""
    given: dict[str, float] = {}
    tiers: list[dict[str, float]] = []
    with open_text(name) as file:
        for number, raw in enumerate(iter(lambda: file.readline(_LONGEST), ""), 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            match = _LINE.fullmatch(raw)
            key = match[1].lower() if match else ""
            if match is None or key not in _KEYS or number > _MOST_LINES:
                known = line.split()[0].lower() in _KEYS
                where = at(number, _LINE.stops(raw) if known and not match else word_at(raw, 0))
                rule = "a line is a key and a number, such as Radix_Down 16"
                raise FileFormatError(name, where, f"{line[:60]!r}: {rule}")
            where = at(number, match.start(2) + 1)
            if key == "tier":
                if float(match[2]) != len(tiers) or len(tiers) == 3:
                    raise FileFormatError(name, where, f"tier {match[2]}, where {len(tiers)} is due")
                tiers.append({})
                continue
            into = tiers[-1] if tiers else given
            if key in into:
                raise FileFormatError(name, at(number, match.start(1) + 1), f"{match[1]} is given twice")
            into[key] = float(match[2])
    if given.get("tiers") != len(tiers) or not 2 <= len(tiers) <= 3:
        rule = f"Tiers {given.get('tiers', 0):g}, and {len(tiers)} stand in the file: two or three are read"
        raise FileFormatError(name, "", rule)
    for t, tier in enumerate(tiers):
        for key in ("radix_down", "downlink_speed_gbps", *(("radix_up",) if t + 1 < len(tiers) else ())):
            if not tier.get(key):
                raise FileFormatError(name, "", f"tier {t} lacks {key.title()}, a number above zero")
        tier.update(
            {key: float(int(tier[key])) for key in ("radix_down", "radix_up", "bundle") if key in tier}
        )
        if not tier.get("bundle", 1):
            raise FileFormatError(name, "", f"tier {t}: Bundle 0")
    return given, tiers
