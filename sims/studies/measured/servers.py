"""Servers: machines of which no more is taken than what is published of one server; nothing is fitted.

Each stands for logs of nccl-tests: GPUs, NICs and their rates, on a network without latency or losses of its
own ("ideal"), so that latencies and shares of bandwidth are those of NCCL's protocols.
"""

from __future__ import annotations

from sims.studies.measured.machine import NCCL, Machine

__all__ = ["SERVERS"]

A100, H100, B200 = 300e9, 450e9, 900e9  # bytes/s of a GPU's NVLink, each way
LIBFABRIC = "libfabric"  # of EFA and of Slingshot


def _server(name: str, words: str, nics: float, inside: float, gpus: int = 8, plugin: str = "") -> Machine:
    """``nics``: bytes/s of all that carry the traffic of GPUs; each of ``gpus`` has an equal share."""
    return Machine(
        name=name,
        words=words,
        kind=NCCL,
        node_rate=nics,
        rank_rate=nics / gpus,
        inside=inside,
        profile="ideal",
        plugin=plugin,
    )


SERVERS = (
    _server("a100-2hdr", "virtual servers of eight A100, two HDR each", 50e9, A100),
    _server("gb200-nvl4", "NVLink domains of four GB200, a 400G each", 200e9, B200, 4),
    _server("gb200-nvl8", "NVLink domains of eight GB200, a 400G each", 400e9, B200),
    _server("h100-ndr", "servers of eight H100, eight NDR each", 400e9, H100),
    _server("h100-ndr200", "servers of four H100, four NDR200 each", 100e9, H100, 4),
    _server("h800-ndr", "four H800 of a server (NVLink at 200 GB/s), their four NDR", 200e9, 200e9, 4),
    _server("a100-ndv4", "Azure ND A100 v4: eight A100, eight HDR", 200e9, A100),
    _server("dgx-a100", "DGX A100: eight A100, eight HDR", 200e9, A100),
    _server("a100-crusoe", "Crusoe: eight A100, eight HDR", 200e9, A100),
    _server("a100-oci", "Oracle BM.GPU4.8: eight A100, 16 x 100G RoCE", 200e9, A100),
    _server("p4de-efa", "AWS p4de: eight A100, 4 x 100G EFA", 50e9, A100, plugin=LIBFABRIC),
    _server("p5-efa", "AWS p5: eight H100, 32 x 100G EFA", 400e9, H100, plugin=LIBFABRIC),
    _server("h100-xe9680", "Dell XE9680: eight H100, eight NDR", 400e9, H100),
    _server("h100-ib", "a cluster of eight servers of eight H100, eight 400G InfiniBand each", 400e9, H100),
    _server("h100-nebius", "Nebius: eight H100, eight NDR", 400e9, H100),
    _server("h100-a3high", "Google A3 High: eight H100, 4 x 200G", 100e9, H100, plugin="GPUDirect-TCPX"),
    _server("h100-a3mega", "Google A3 Mega: eight H100, 8 x 200G", 200e9, H100, plugin="GPUDirect-TCPXO"),
    _server("h100-kestrel", "Kestrel of NREL: four H100, 2 x 200G Slingshot", 50e9, H100, 4, LIBFABRIC),
    _server("gh200-alps", "Alps of CSCS: four GH200, 4 x 200G Slingshot", 100e9, H100, 4, LIBFABRIC),
    _server("gh200-cray", "HPE Cray EX: four GH200, 4 x 200G Slingshot", 100e9, H100, 4, LIBFABRIC),
    _server("h200-a3ultra", "Google A3 Ultra: eight H200, 8 x 400G RoCE", 400e9, H100),
    _server("b200-a4", "Google A4: eight B200, 8 x 400G RoCE", 400e9, B200),
    _server("b200-lambda", "Lambda: eight B200, eight NDR", 400e9, B200),
)
