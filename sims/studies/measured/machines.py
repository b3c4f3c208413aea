"""Machines: those that somebody has measured, by name.

Built from what is published of each. The only numbers that are fitted are those of profiles, which say so.
"""

from __future__ import annotations

from dataclasses import replace

from fabric.words.errors import ParameterError
from sims.studies.measured.machine import HOST, KERNEL, NCCL, Machine
from sims.studies.measured.servers import SERVERS

__all__ = ["MACHINES", "machine"]


def machine(name: str) -> Machine:
    """The machine of this name.

    Raises:
        ParameterError: there is none; the known ones are listed.

    >>> machine("leonardo").topology(4, 1)
    'fat-tree:radix=128,endpoints=4,rate=25GB/s'
    """
    if name not in MACHINES:
        raise ParameterError("system", name, "unknown system", MACHINES)
    return MACHINES[name]


_LEONARDO = Machine(
    name="leonardo",
    words="Leonardo Booster: Dragonfly+, 4 x HDR100 a node, of which a process takes two; Open MPI",
    kind=HOST,
    node_rate=25e9,
    rank_rate=25e9,
    inside=10e9,
    profile="host-mpi",
    site="leonardo",
)
_ALL = (
    _LEONARDO,
    replace(
        _LEONARDO,
        name="leonardo-shared",
        words="Leonardo with several processes a node, which take the same two ports",
    ),
    Machine(
        name="lumi",
        words="LUMI: Slingshot dragonfly, 4 x 200G a node, of which a process takes one; Cray MPICH",
        kind=HOST,
        node_rate=100e9,
        rank_rate=25e9,
        inside=10e9,
        profile="host-mpi:injection=0.21",
    ),
    Machine(
        name="marenostrum5",
        words="MareNostrum 5: fat tree, NDR200, one rail a process (UCX_MAX_RNDV_RAILS=1); Open MPI",
        kind=HOST,
        node_rate=25e9,
        rank_rate=25e9,
        inside=10e9,
        profile="host-mpi:injection=0.62",
    ),
    Machine(
        name="marenostrum5-gpu",
        words="MareNostrum 5 accelerated: four H100 and 4 x NDR200 a node; hierarchical, MPI between nodes",
        kind=NCCL,
        node_rate=100e9,
        rank_rate=25e9,
        inside=450e9,
        profile="nccl-ring-simple",
    ),
    Machine(
        name="a100-hdr",
        words="32 servers of eight A100, four HDR each",
        kind=NCCL,
        node_rate=100e9,
        rank_rate=12.5e9,
        inside=300e9,
        profile="nccl-tree-ll",
    ),
    Machine(
        name="gb200-nvl72",
        words="GB200 NVL72: 72 GPUs a rack on NVLink 5, 4 x 400G a tray of four",
        kind=NCCL,
        node_rate=72 * 50e9,
        rank_rate=50e9,
        inside=900e9,
        profile="nccl-ring-simple:scaleup_bandwidth=0.93",
        # Over racks its latency is that of LL128, and its bandwidth that of nine NICs at NCCL's 48 GB/s.
        profiles={"ring:channels=9": "nccl-ring-ll128:bandwidth=0.96"},
    ),
    Machine(
        name="h100-ndr-sharp",
        words="servers of eight H100, eight NDR each, SHARP",
        kind=NCCL,
        node_rate=400e9,
        rank_rate=50e9,
        inside=450e9,
        profile="nccl-nvls:scaleup_bandwidth=0.62",
    ),
    Machine(
        name="h20-ndr",
        words="servers of eight H20, eight NDR each",
        kind=NCCL,
        node_rate=400e9,
        rank_rate=50e9,
        inside=450e9,
        profile="nccl-nvlstree",
    ),
    Machine(
        name="h800-deepep",
        words="servers of eight H800 (NVLink at 200 GB/s), eight 400G each; DeepEP's low-latency kernels",
        kind=KERNEL,
        node_rate=400e9,
        rank_rate=50e9,
        inside=200e9,
        profile="ideal:base=45us",
    ),
    Machine(
        name="p4d-efa",
        # The log has six channels, of three NICs, as NVIDIA concludes there: four were seen to give 40 GB/s.
        words="AWS p4d: servers of eight A100, of four 100G EFA each three in use",
        kind=NCCL,
        node_rate=37.5e9,
        rank_rate=37.5e9 / 8,
        inside=300e9,
        profile="nccl-ring-simple:bandwidth=0.85",  # of EFA
        profiles={"chain-tree": "nccl-tree-simple:bandwidth=0.782"},  # the same, with the tree's 0.92
        plugin="libfabric",
    ),
)
MACHINES = {one.name: one for one in (*_ALL, *SERVERS)}
