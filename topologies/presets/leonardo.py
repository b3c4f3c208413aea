"""Leonardo: 4,992 hosts on 22 cells of a Dragonfly+, each host on the leaf and in the cell where it stands.

Knows the host map and the published counts; how spines of different cells are paired is assumed.
"""

from __future__ import annotations

from typing import Annotated

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from topologies.parts.argument import Nvlink, Rate, count
from topologies.parts.assemble import Edges, Nodes, assemble
from topologies.parts.memory import Size, require_memory
from topologies.presets.preset import preset
from topologies.presets.sharp import QUANTUM

__all__ = ["leonardo"]

_SPINES = 18  # of a cell
_TRUNK, _HDR100 = 25e9, 12.5e9  # bytes/s
_DELAYS = (25e-9, 100e-9, 250e-9)  # 5 m to the leaf, 20 m to the spine, 50 m between cells: assumed
# The leaf of each host of a rack, in the order of their numbers, and the racks of each cell: pattern, hosts.
_GPU_RACK = "000000002222001122221111111122"
_CPU_RACK = "0" * 26 + "100" * 3 + "1100" + "100" * 3 + "1" * 30
_CELLS = (
    *(((_GPU_RACK, 30),) * 6,) * 19,
    ((_GPU_RACK, 18),) * 2 + ((_CPU_RACK, 48),) * 6,
    *(((_CPU_RACK, 78),) * 8,) * 2,
)
_GPU_HOSTS = 19 * 6 * 30 + 2 * 18


@preset(
    "leonardo",
    "Leonardo's 3,456 GPU and 1,536 CPU hosts where they stand: 22 cells of a Dragonfly+",
    disclaimer=(
        "an illustration built from public figures (hosts by leaf and cell; 18 spines a cell, HDR200 "
        "between switches, HDR100 to hosts), not the operator's design; the pairing of spines across cells "
        "and the lengths of cables are assumed, the cell of storage is left out"
    ),
    in_network=QUANTUM,
    place=45,
    network="InfiniBand",
)
def leonardo(
    *,
    per_node: Annotated[
        int, count("endpoints of a GPU host: 4 GPUs, or 1 with its ports together", most=4)
    ] = 4,
    rate: Rate = _HDR100,
    nvlink: Nvlink = 300e9,
) -> nx.Graph:
    """The network of Leonardo, host by host: ``lrdn0001`` to ``lrdn3456`` have four GPUs, the others none.

    19 cells of 18 leaves with 10 GPU hosts each; one of 36 GPU and 288 CPU hosts; two of 16 leaves and 624
    CPU hosts. A leaf has one cable of 200 Gbps to each of the 18 spines of its cell, a spine one to a spine
    of each other cell. A GPU host has ``per_node`` endpoints of ``rate`` bytes/s each, by default four of an
    HDR100 port; a CPU host has one of HDR100. ``nvlink`` in bytes/s per GPU, each way.

    Assumed: that a spine is joined to the spines of its own number in other cells; the delays; that the two
    cells of 16 leaves have 18 spines too (``topology check`` finds these 36 odd). Left out is a cell of
    storage and logins. Spines are cabled to spines, so this is a graph without tiers.

    Endpoints are called as their host, or ``lrdn0001 gpu0``; nodes have ``pod`` and ``group``, their cell.

    Raises:
        ParameterError: an illegal value.
        TooLargeError: before anything is built, where memory would not suffice.

    Sources: the map of hosts to leaves and cells, HLC-Lab/pico (leonardo.txt, MIT licence); CINECA's pages
    (3,456 hosts with four A100 and 2 x dual-port HDR, 1,536 with one HDR100; Dragonfly+ of HDR); 18 spines
    and their cables as in Turisini et al., "LEONARDO", arXiv:2307.16885, from memory.
    """
    leaves, hosts = _leaves()
    cells = int(leaves[-1]) + 1
    number = np.arange(len(hosts))
    host = np.repeat(number, np.where(number < _GPU_HOSTS, per_node, 1))
    n, leaf_of = len(host), hosts[host]
    scaleup = _GPU_HOSTS if per_node > 1 and nvlink > 0 else 0
    switches = len(leaves) + cells * _SPINES
    trunks = (len(leaves) + cells * (cells - 1) // 2) * _SPINES
    gpus = _GPU_HOSTS * per_node
    edges = n + trunks + (gpus if scaleup else 0)
    require_memory("leonardo", Size(n + switches + scaleup, edges, n, switches, len(leaves)))

    first = n + len(leaves)  # the first spine
    near, far = np.triu_indices(cells, 1)
    spine = np.arange(_SPINES)
    cables = [
        Edges(tail=np.arange(gpus), head=n + leaf_of[:gpus], common={"rate": rate, "delay": _DELAYS[0]}),
        Edges(
            tail=np.arange(gpus, n), head=n + leaf_of[gpus:], common={"rate": _HDR100, "delay": _DELAYS[0]}
        ),
        Edges(
            tail=np.repeat(n + np.arange(len(leaves)), _SPINES),
            head=(first + leaves[:, None] * _SPINES + spine).ravel(),
            common={"rate": _TRUNK, "delay": _DELAYS[1]},
        ),
        Edges(
            tail=(first + near[:, None] * _SPINES + spine).ravel(),
            head=(first + far[:, None] * _SPINES + spine).ravel(),
            common={"rate": _TRUNK, "delay": _DELAYS[2]},
        ),
    ]
    if scaleup:
        head = n + switches + host[:gpus]
        cables.append(Edges(tail=np.arange(gpus), head=head, common={"rate": nvlink, "delay": 5e-9}))
    cell_of_spine = np.repeat(np.arange(cells), _SPINES)
    nodes = [
        Nodes(
            count=n,
            common={"kind": "gpu", "tier": 0},
            columns={"server": host, "pod": leaves[leaf_of]},
            texts={"name": _names(host, gpus if per_node > 1 else 0)},
        ),
        _switches(1, leaves),
        _switches(2, cell_of_spine),
        Nodes(count=scaleup, common={"kind": "nvswitch", "tier": 1}, columns={"server": np.arange(scaleup)}),
    ]
    notes = [
        f"{n:,} endpoints on {len(hosts):,} hosts; {cells} cells of {len(leaves)} leaves and "
        f"{len(cell_of_spine)} spines in all.",
        "Spines are cabled to spines, so this is a graph without tiers: any shortest path is legal.",
    ]
    return assemble({"notes": notes}, nodes, cables)


def _names(host: NDArray[np.int64], gpus: int) -> list[str]:
    """(endpoints,): each as its host, the first ``gpus`` of them with which GPU of it they are."""
    before = np.concatenate([[0], np.cumsum(np.bincount(host))])[host]  # the first endpoint of the host
    return [
        f"lrdn{of + 1:04d}" + (f" gpu{endpoint - first}" if endpoint < gpus else "")
        for endpoint, (of, first) in enumerate(zip(host.tolist(), before.tolist()))
    ]


def _switches(tier: int, cell: NDArray[np.int64]) -> Nodes:
    common = {"kind": "switch", "tier": tier}
    return Nodes(count=len(cell), common=common, columns={"pod": cell, "group": cell})


def _leaves() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(leaves,): the cell of each leaf, and (hosts,): the leaf of each host."""
    cell_of: list[int] = []
    leaf_of: list[int] = []
    for cell, racks in enumerate(_CELLS):
        for pattern, hosts in racks:
            leaf_of += [len(cell_of) + int(leaf) for leaf in pattern[:hosts]]
            cell_of += [cell] * len(set(pattern))
    return np.array(cell_of), np.array(leaf_of)
