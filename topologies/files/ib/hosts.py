"""Which adapters of a discovered network stand in one host: by their descriptions, else by the card.

Knows how descriptions are written; no cables, no ports. The usual one is "HOST DEVICE" (rdma-ndd, openibd).
A device is called as its driver or udev calls it, or as an operator likes; so a name that no driver gives
counts where it has a digit in it and nothing else follows. Adapters that name no host are joined by their
system image GUID, which those on one card share.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from topologies.files.ib.notes import count, names, some
from topologies.files.ib.records import Records

__all__ = ["by_host", "host_and_device", "natural"]

_LONGEST = 256  # an InfiniBand node description has 64 bytes

# Names by the kernel (mlx5_0, mlx5_bond_0, hfi1_0, qib0, bnxt_re0 ...), by udev (ib, roce, iw and opa, then P
# for the PCI domain, p, s, f, o or x and numbers: ibP2p1s0, rocep65s0f1, ibx98039b...), and HCA-1.
_DRIVERS = (
    "amso|bnxt_re|cxgb|efa|ehca|erdma|hfi|hns|i40iw|ib|infiniband|ionic|ipath|irdma|iw|mana|mlx|mthca|nes|"
    "ocrdma|opa|qedr|qib|rdma|roce|rxe|siw|usnic|vmw_pvrdma"
)
_DEVICE = rf"(?:HCA[-_ ]?[0-9]+|hca[-_]?[0-9]+|(?:{_DRIVERS})[A-Za-z0-9_]*?[0-9][A-Za-z0-9_]*)"
_PORT = r"(?:[\s:/,]+(?:port\s*)?[0-9]{1,3})?"
_HOST_FIRST = re.compile(rf"(\S.*?)(?:\s+|[:/,@]\s*)({_DEVICE}{_PORT})")
_KERNEL_GLUED = re.compile(r"(\S+?)[-_.](mlx[45]_(?:bond_)?[0-9]+|hfi1_[0-9]+|HCA-[0-9]+)")
_HOST_LAST = re.compile(rf"({_DEVICE})(?:\s+|[:/,@]\s*)(\S+)")
_OTHER = re.compile(r"(\S+)\s+([A-Za-z][\w.-]*[0-9][\w.-]*)")
_HOST_ALONE = re.compile(r"[A-Za-z][\w.-]*[0-9][\w.-]*")
_NO_HOST = re.compile(
    r"(localhost|ubuntu|debian|centos|rocky|linux|unknown|\(none\))(\..*)?|MT[0-9]{4,}\b.*"
    r"|(Mellanox|NVIDIA|QLogic|Intel|Cornelis|Voltaire|Topspin|Cisco|Sun|IBM|HPE?)(\s.*)?",
    re.I,
)


def host_and_device(text: str) -> tuple[str, str] | None:
    """The host and the device (or "") that a description names, or nothing where it names none.

    >>> host_and_device("gh00 ibP2p1s0"), host_and_device("MT4129 ConnectX7   Mellanox Technologies")
    (('gh00', 'ibP2p1s0'), None)
    """
    text = text.strip().strip("'")
    if len(text) > _LONGEST or re.fullmatch(_DEVICE, text):
        return None  # no description, or that of a device on no host
    if (match := _HOST_LAST.fullmatch(text)) and not re.fullmatch(f"(?:port)?[0-9]*|{_DEVICE}", match[2]):
        found = match[2], match[1]
    elif match := _HOST_FIRST.fullmatch(text) or _KERNEL_GLUED.fullmatch(text) or _OTHER.fullmatch(text):
        found = match[1], match[2]
    elif _HOST_ALONE.fullmatch(text):
        found = text, ""
    else:
        return None
    return None if _NO_HOST.fullmatch(found[0]) else found


def by_host(
    adapters: Sequence[str], records: Records, notes: list[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Adapters of each host, hosts and adapters in natural order; and those of no known host, in file order.

    A host name that occurs twice with one device is that of several machines, and so names no host.
    """
    hosts: dict[str, list[tuple[Any, str]]] = defaultdict(list)
    for node in adapters:
        if found := host_and_device(records.nodes[node]):
            # Without a device the GUIDs, which a maker gives in order, put adapters apart.
            hosts[found[0]].append((natural(found[1] or node), node))
    shared = {host for host, found in hosts.items() if len({device for device, _ in found}) < len(found)}
    if shared:
        shown = some(sorted(shared))
        notes.append(f"Made no server of {count(shared, 'host name')} shared by several machines ({shown}).")
    named = {
        host: [n for _, n in sorted(hosts[host])] for host in sorted(hosts, key=natural) if host not in shared
    }
    _join_cards(adapters, records, named, notes)
    labelled = {node for host in named.values() for node in host}
    generic = [node for node in adapters if node not in labelled]
    if generic:
        shown = names(records, generic)
        notes.append(f"Put {count(generic, 'adapter')} in no server, for want of a host name ({shown}).")
    return named, generic


def _join_cards(
    adapters: Sequence[str], records: Records, named: dict[str, list[str]], notes: list[str]
) -> None:
    """Add to ``named`` adapters without a host whose card has others: to its host, or as one of its own."""
    host_of = {node: host for host, nodes in named.items() for node in nodes}
    cards: dict[int, list[str]] = defaultdict(list)
    for node in adapters:
        if node in records.system:
            cards[records.system[node]].append(node)
    joined: list[str] = []
    for card, nodes in cards.items():
        loose = [node for node in nodes if node not in host_of]
        hosts = Counter(host_of[node] for node in nodes if node in host_of)
        if not loose or len(nodes) < 2 or len(hosts) > 1:  # a card may serve several hosts
            continue
        named.setdefault(next(iter(hosts), f"card 0x{card:016x}"), []).extend(loose)
        joined += loose
    if joined:
        shown = names(records, joined)
        notes.append(f"Told the host of {count(joined, 'adapter')} by the card that it is on ({shown}).")


def natural(text: str) -> tuple[tuple[str | int, ...], str]:
    """Sorts host-2 before host-10; the text itself decides between host-2 and host-02."""
    parts = re.split("([0-9]{1,18})", text)
    return tuple(int(part) if i % 2 else part for i, part in enumerate(parts)), text
