"""Which algorithm and protocol NCCL chose for each size: what NCCL_DEBUG_SUBSYS=TUNING prints.

``AllReduce: 4096 Bytes -> Algo RING proto LL channel{Lo..Hi}={0..1}``; before 2.24 the two were numbers.
"""

from __future__ import annotations

import re

__all__ = ["chosen_by_nccl"]

# Begins at a word's start and gives nothing back, so a log of any kind costs its length.
_LINE = re.compile(
    r"(?<!\w)(?:(\w{1,40}+): ++)?(\d{1,18}+) Bytes -> Algo ++(\w{1,40}+) ++proto ++(\w{1,40}+)",
    re.IGNORECASE,
)
_ALGORITHMS = ("TREE", "RING", "COLLNET_DIRECT", "COLLNET_CHAIN", "NVLS", "NVLS_TREE", "PAT")
_PROTOCOLS = ("LL", "LL128", "SIMPLE")


def chosen_by_nccl(text: str, tool: str = "all_reduce") -> dict[int, tuple[str, str]]:
    """By bytes: algorithm and protocol, in capitals, for the collective of ``tool``; the last line of a size
    counts, and one that names no collective.

    >>> chosen_by_nccl("AllReduce: 4096 Bytes -> Algo Ring proto LL channel{Lo..Hi}={0..1}")
    {4096: ('RING', 'LL')}
    >>> chosen_by_nccl("8 Bytes -> Algo 0 proto 2 time 26.4")
    {8: ('TREE', 'SIMPLE')}
    """
    found = {}
    for collective, size, algorithm, protocol in _LINE.findall(text):
        if collective.lower() in ("", tool.replace("_", "")):
            names = _named(algorithm, _ALGORITHMS), _named(protocol, _PROTOCOLS)
            found[int(size)] = names
    return found


def _named(word: str, names: tuple[str, ...]) -> str:
    if word.isdigit():
        return names[int(word)] if int(word) < len(names) else word
    return word.upper().replace("NVLSTREE", "NVLS_TREE")
