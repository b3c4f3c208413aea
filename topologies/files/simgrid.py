"""A topology as a platform file of SimGrid, XML of version 4.1: written only. Knows hosts, links and routes.

A generalised fat tree whose cables are alike is a cluster zone, ``topology="FAT_TREE"``; any other graph is
a zone in which each node is a host or a router, each cable a link, and ways are the shortest (``Floyd``, for
small ones) or found when asked for (``DijkstraCache``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod
from xml.sax.saxutils import quoteattr

import networkx as nx

from fabric.graph.schema import GPU, NVSWITCH, Columns, read_columns
from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError
from topologies.files.tree_shape import TreeShape, tree_shape

__all__ = ["write_simgrid"]

_HEAD = '<?xml version="1.0"?>\n<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">\n'
_SMALL = 200  # nodes up to which all ways are computed at the start
_SPEED = "1Gf"  # of a host, as SimGrid wants one: a GPU's work is not in a topology


def write_simgrid(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the platform: endpoints are hosts ``gpu-0`` and so on, or by their names where these differ.

    Delays are those of cables; switches add none. Parallel cables are one link of their sum, as SimGrid
    shares a route's links; servers and scale-up switches are left out, with a comment. The file appears whole
    or not at all.

    Raises:
        ParameterError: a directed graph or a multigraph.
        SchemaError: the graph breaks the schema.
    """
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    c = read_columns(G)
    shape = tree_shape(c)
    alike = shape is not None and len({*shape.rate}) == 1 and len({*shape.delay}) == 1
    with replaced(path) as file:
        file.write(_HEAD + '<platform version="4.1">\n')
        if scaleup := int((c.kind == NVSWITCH).sum()):
            file.write(f"  <!-- left out: {scaleup:,} scale-up switches -->\n")
        file.writelines(_cluster(shape) if shape is not None and alike else _zone(c))
        file.write("</platform>\n")


def _cluster(shape: TreeShape) -> Iterator[str]:
    """The zone of a fat tree; ``topo_parameters`` are tiers; children; parents; parallel cables."""
    lists = (",".join(map(str, one)) for one in (shape.m, shape.w, shape.p))
    yield (
        f'  <cluster id="fabric" prefix="gpu-" radical="0-{prod(shape.m) - 1}" suffix="" speed="{_SPEED}"\n'
        f'           bw="{shape.rate[0]:.15g}Bps" lat="{shape.delay[0]:.15g}s"\n'
        f'           topology="FAT_TREE" topo_parameters="{len(shape.m)};{";".join(lists)}"\n'
        '           sharing_policy="SPLITDUPLEX"/>\n'
    )


def _zone(c: Columns) -> Iterator[str]:
    names = list(c.labels or ())
    if len(set(names)) < len(c.ids):
        names = [f"{'gpu' if kind == GPU else 'switch'}-{i}" for i, kind in enumerate(c.kind.tolist())]
    called = [quoteattr(name) for name in names]
    nodes = [i for i, kind in enumerate(c.kind.tolist()) if kind != NVSWITCH]
    yield f'  <zone id="fabric" routing="{"Floyd" if len(nodes) <= _SMALL else "DijkstraCache"}">\n'
    for i in nodes:
        kind = f'host id={called[i]} speed="{_SPEED}"' if c.kind[i] == GPU else f"router id={called[i]}"
        yield f"    <{kind}/>\n"
    edges = [
        (e, u, v)
        for e, (u, v) in enumerate(zip(c.tail.tolist(), c.head.tolist()))
        if NVSWITCH not in (c.kind[u], c.kind[v])
    ]
    for e, *_ in edges:
        rate = sum(c.cable_rates.get(e) or [float(c.rate[e])] * int(c.cables[e]))
        yield (
            f'    <link id="link-{e}" bandwidth="{rate:.15g}Bps" latency="{float(c.delay[e]):.15g}s" '
            'sharing_policy="SPLITDUPLEX"/>\n'
        )
    for e, u, v in edges:
        for a, b, way in ((u, v, "UP"), (v, u, "DOWN")):
            yield (
                f'    <route src={called[a]} dst={called[b]} symmetrical="NO">'
                f'<link_ctn id="link-{e}" direction="{way}"/></route>\n'
            )
    yield "  </zone>\n"
