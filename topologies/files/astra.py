"""A topology as the network file of ASTRA-sim's analytical backend, YAML: written only.

That network is a product of dimensions, each a switch or a ring, in which nothing contends. So what is
written is a fabric of which that is true: servers behind scale-up switches, and a fat tree of full bisection;
or a torus. Knows shapes; no cable by itself.
"""

from __future__ import annotations

import os
from math import prod

import networkx as nx
import numpy as np

from fabric.graph.schema import GPU, NVSWITCH, Columns, read_columns
from fabric.machine.whole_file import replaced
from fabric.words.errors import ParameterError
from topologies.files.tree_shape import tree_shape

__all__ = ["write_astra"]

_GB = 2**30  # bytes of what ASTRA-sim calls GB (bw_GBps_to_Bpns)
_Dimension = tuple[str, int, float, float]  # kind, members, bytes/s of each, seconds


def write_astra(G: nx.Graph, path: str | os.PathLike[str]) -> None:
    """Write the dimensions, scale-up first: kind, members, GB/s of a member each way, and ns of latency.

    The latency of a switch is half of that of the longest way through it, as ASTRA-sim counts two hops of it
    for a message (Switch::compute_hops_count), and of a ring that of one cable.
    Contention, routing, names and delays by tier have no place in it. The file appears whole or not at all.

    Raises:
        ParameterError: a fabric that is no such product, with the reason.
        SchemaError: the graph breaks the schema.
    """
    if G.is_directed() or G.is_multigraph():
        rule = "an undirected nx.Graph: parallel cables are the edge attribute cables"
        raise ParameterError("G", type(G).__name__, rule)
    c = read_columns(G)
    found = _torus(G, c) or _tree(c)
    columns = {
        "topology": [kind for kind, *_ in found],
        "npus_count": [str(members) for _, members, *_ in found],
        "bandwidth": [f"{rate / _GB:.15g}" for *_, rate, _ in found],
        "latency": [f"{delay * 1e9:.15g}" for *_, delay in found],
    }
    notes = {"bandwidth": "  # GB/s, of 2^30 bytes", "latency": "  # ns of each hop"}
    lines = [f"{key}: [ {', '.join(values)} ]{notes.get(key, '')}\n" for key, values in columns.items()]
    with replaced(path) as file:
        file.write("# ASTRA-sim, analytical network: what contends in the fabric does not contend here\n")
        file.writelines(lines)


def _torus(G: nx.Graph, c: Columns) -> list[_Dimension]:
    """A ring per dimension; nothing where the graph is no torus with one endpoint a switch."""
    params = G.graph.get("params")
    if G.graph.get("family") != "torus" or not isinstance(params, dict):
        return []
    dims = params.get("dims", ())
    dims = [dims] if isinstance(dims, int) else list(dims)
    once = params.get("endpoints_per_switch", 1) == 1 and params.get("wrap", True) is True
    if not once or prod(dims) != int((c.kind == GPU).sum()) or np.any(c.kind == NVSWITCH):
        rule = "of tori those that wrap, with one endpoint a switch and no servers, are rings of ASTRA-sim"
        raise ParameterError("topology", c.name, rule)
    trunk = (c.kind[c.tail] != GPU) & (c.kind[c.head] != GPU)
    rates, delays = set(c.rate[trunk].tolist()), set(c.delay[trunk].tolist())
    if len(rates) != 1 or len(delays) != 1:
        raise ParameterError("topology", c.name, "a ring of ASTRA-sim has links that are all alike")
    return [("Ring", n, max(rates), max(delays)) for n in dims]


def _tree(c: Columns) -> list[_Dimension]:
    """A switch for servers and one for all between them."""
    shape = tree_shape(c)
    if shape is None or not shape.full:
        what = (
            "its cables are no generalised fat tree" if shape is None else "it has less capacity up than down"
        )
        rule = "is a product of switches and rings in which nothing contends, and this fabric is none"
        raise ParameterError("topology", c.name, f"ASTRA-sim's analytical network {rule}: {what}")
    ends = int((c.kind == GPU).sum())
    gpus, found = 1, []
    scaleup = np.flatnonzero((c.kind[c.tail] == NVSWITCH) | (c.kind[c.head] == NVSWITCH))
    if len(scaleup):
        of = np.where(c.kind[c.tail] == NVSWITCH, c.tail, c.head)[scaleup]
        sizes = np.unique(np.unique(of, return_counts=True)[1])
        rates = np.unique(c.rate[scaleup])
        if len(sizes) != 1 or len(rates) != 1 or ends % int(sizes[0]):
            raise ParameterError("topology", c.name, "servers of ASTRA-sim are all alike, and these are not")
        gpus = int(sizes[0])
        found.append(("Switch", gpus, float(rates[0]), float(c.delay[scaleup].max())))
    if ends > gpus:
        rate = shape.rate[0] * shape.w[0] * shape.p[0]
        found.append(("Switch", ends // gpus, rate, sum(shape.delay)))
    return found
