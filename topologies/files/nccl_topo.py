"""NCCL's topology XML (``NCCL_TOPO_DUMP_FILE``): one server with its GPUs, NICs and NVLinks. Read only.

Knows its elements ``system``, ``cpu``, ``pci``, ``gpu``, ``nvlink``, ``nic`` and ``net``; no network between
servers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import networkx as nx

from fabric.machine.xml_file import Element, elements, parse_xml, value_place
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from fabric.words.units import format_rate
from topologies.parts.argument import Delays, count

__all__ = ["Server", "read_nccl_topo", "read_server"]

# Bytes/s each way of one NVLink, by compute capability as the file has it (sm): NVLink 1 to 5 as NVIDIA's
# data sheets state them (both ways: GB200 1.8 TB/s over 18 links, H100 900 GB/s over 18, A100 600 over 12,
# V100 300 over 6).
_NVLINK = ((100, 50e9), (70, 25e9), (60, 20e9))
_MBPS = 1e6 / 8
_MOST_GPUS = 1_024


@dataclass(frozen=True, kw_only=True)
class Server:
    """``gpus`` GPUs with ``nvlink`` bytes/s each way to the others of the server (0: none); ``nics``: bytes/s
    of each NIC; ``rate``: of these to each GPU, bytes/s.
    """

    gpus: int
    nvlink: float
    nics: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        return sum(self.nics) / self.gpus


def read_server(path: str | os.PathLike[str]) -> Server:
    """The server in the file.

    A GPU's NVLinks count however they end, at a switch or at another GPU: what it can send to all others.
    NICs are those that ``net`` elements name, each counted once for its ``dev`` and ``port``.

    Raises:
        FileFormatError: with line and column: another file, no GPU, GPUs of unequal NVLinks, a NIC without
            speed.
    """
    name = os.fspath(path)
    root = parse_xml(name)
    if root.tag != "system":
        raise FileFormatError(name, root.where, f"<{root.tag[:40]}>: NCCL's topology is a <system>")
    gpus = list(elements(root, "gpu"))
    if not gpus:
        raise FileFormatError(name, root.where, "holds no <gpu>")
    if len(gpus) > _MOST_GPUS:
        raise FileFormatError(name, root.where, f"{len(gpus):,} GPUs: a server has {_MOST_GPUS:,} at most")
    rates = [_nvlink(name, gpu) for gpu in gpus]
    for gpu, rate in zip(gpus, rates):
        if rate != rates[0]:
            rule = f"{format_rate(rate)} of NVLink, and the first GPU has {format_rate(rates[0])}"
            raise FileFormatError(name, gpu.where, rule)
    nics: dict[tuple[str, str], float] = {}
    for net in elements(root, "net"):
        speed = _number(name, net, "speed")
        if speed <= 0:
            rule = f"speed {net.get('speed')!r} of a NIC: Mb/s above zero"
            raise FileFormatError(name, value_place(name, net, "speed"), rule)
        nics.setdefault((net.get("name", "") or net.get("dev", ""), net.get("port", "")), speed * _MBPS)
    lost = sum(1 for _ in elements(root, "nic")) if not nics else 0
    notes = [f"Left out {counted(lost, 'NIC')} without a <net>, of which nothing is said."] if lost else []
    return Server(gpus=len(gpus), nvlink=rates[0], nics=tuple(nics.values()), notes=tuple(notes))


def read_nccl_topo(
    path: str | os.PathLike[str],
    *,
    servers: Annotated[int, count("servers like this one")] = 1,
    delay: Delays = (25e-9, 250e-9),
) -> nx.Graph:
    """``servers`` of the server in the file, every NIC on one switch that is as wide as all of them.

    Each GPU is an endpoint with its share of the NICs. For a network between servers give the file to a
    family, as in ``fat-tree:k=8,server=FILE``.

    Raises as ``read_server``; a file without a NIC holds one server.
    """
    from topologies.families.star import star

    found = read_server(path)
    name = os.fspath(path)
    if servers > 1 and not found.nics:
        raise FileFormatError(name, "", "names no NIC, by which servers could reach each other")
    if found.gpus == 1 and servers == 1:
        raise FileFormatError(name, "", "one GPU has nobody to talk to: say servers=2 or more")
    rate = found.rate or 1e9
    G = star(
        endpoints=servers * found.gpus,
        rate=rate,
        delay=delay,
        gpus_per_server=found.gpus,
        nvlink=found.nvlink if found.gpus > 1 else 0.0,
    )
    said = (
        f"{counted(found.gpus, 'GPU')} with {format_rate(found.nvlink)} of NVLink each"
        if found.nvlink
        else ""
    )
    said = said or f"{counted(found.gpus, 'GPU')} without NVLink"
    nics = (
        f"{counted(len(found.nics), 'NIC')}, {format_rate(found.rate)} for each GPU"
        if found.nics
        else "no NIC"
    )
    one = f"A server has {said} and {nics}; all NICs are on one switch without contention."
    about = {"name": Path(name).stem, "family": "nccl-topology", "params": {"file": Path(name).name}}
    G.graph.update(**about, notes=[one, *found.notes])
    return G


def _nvlink(name: str, gpu: Element) -> float:
    links = sum(_number(name, one, "count") for one in elements(gpu, "nvlink"))
    if not links:
        return 0.0
    sm = _number(name, gpu, "sm")
    for least, rate in _NVLINK:
        if sm >= least:
            return links * rate
    raise FileFormatError(name, value_place(name, gpu, "sm"), f"sm {gpu.get('sm')!r}: NVLink came with 60")


def _number(name: str, element: Element, key: str) -> float:
    text = element.get(key, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        rule = f"{key} {text[:40]!r} of <{element.tag[:40]}>: a whole number is due"
        raise FileFormatError(name, value_place(name, element, key), rule)
    return float(text)
