"""Execution traces of Chakra, a file for each rank: protobuf (``NAME.0.et``) or JSON (``NAME.0.json``).

Compute nodes take their recorded time; sends and receives are messages; collectives become the messages of a
ring, and an all-to-all one to each. Sizes are as ASTRA-sim reads them: what one rank holds before the
collective. Knows nodes and their attributes; no network.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fabric.machine.document import parse_json, read_text
from fabric.machine.json_place import json_place
from fabric.machine.under_way import watched
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from sims.workload.trace.trace import CALC, MOST, RECV, SEND, Builder, Trace

__all__ = ["looks_like_chakra", "read_chakra"]

TYPES = (
    "INVALID_NODE", "METADATA_NODE", "MEM_LOAD_NODE", "MEM_STORE_NODE", "COMP_NODE", "COMM_SEND_NODE",
    "COMM_RECV_NODE", "COMM_COLL_NODE",
)  # fmt: skip
COLLECTIVES = (
    "ALL_REDUCE", "REDUCE", "ALL_GATHER", "GATHER", "SCATTER", "BROADCAST", "ALL_TO_ALL", "REDUCE_SCATTER",
    "REDUCE_SCATTER_BLOCK", "BARRIER",
)  # fmt: skip
_RUN = ("ALL_REDUCE", "ALL_GATHER", "ALL_TO_ALL", "REDUCE_SCATTER")
_OF_RANK = re.compile(r"(.*?)([0-9]{1,7})(\.(?:et|json))", re.DOTALL)
_NO_TIME = "without a recorded time"


class Item(NamedTuple):
    """A node by its number in the list of a file of JSON; its place is looked for when it is said."""

    file: str
    key: str
    number: int

    def __str__(self) -> str:
        place = json_place(self.file, (self.key, self.number))
        return f"{self.key}[{self.number}]{', ' if place else ''}{place}"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of the file; ``said``: its attributes."""

    where: Item | str
    number: int
    kind: str
    seconds: float
    after: tuple[int, ...]
    said: Mapping[str, Any]


def looks_like_chakra(name: str, start: str) -> bool:
    """Whether a file of this name that begins so may be one of a rank.

    >>> looks_like_chakra("job.0.et", "\\x07"), looks_like_chakra("job.0.json", '{"nodes": []}')
    (True, True)
    """
    match = _OF_RANK.fullmatch(name)
    return match is not None and (match[3] == ".et" or start.lstrip().startswith("{"))


def read_chakra(path: str | os.PathLike[str]) -> Trace:
    """The trace of all ranks: of the file and of its neighbours, of the same name but for the rank.

    ``notes`` says which nodes are not run and take no time, with their number: memory, computing without a
    recorded time, and collectives of other kinds.

    Raises:
        FileFormatError: no such file, a rank is missing, a node waits for one that is not there, ranks of a
            group have unlike collectives; as ``Builder.trace``.
        FabricsimError: protobuf is not installed.
    """
    name = os.fspath(path)
    files = _ranks(name)
    builder = Builder(name)
    left: Counter[str] = Counter()
    calls: dict[str, dict[int, list[tuple[Node, int, int]]]] = defaultdict(lambda: defaultdict(list))
    for rank, file in enumerate(watched(files, len(files))):
        number_of: dict[int, int] = {}
        waits: list[tuple[Node, int]] = []
        for node in sorted(_nodes(file), key=lambda node: node.number):
            if node.number in number_of:
                raise FileFormatError(file, str(node.where), f"node {node.number} is there twice")
            first = last = _add(builder, file, rank, node, left, len(files))
            if node.kind == "COMM_COLL_NODE" and _collective(node) in _RUN:
                last = builder.add(node.where, CALC, rank, 0.0, lane=-1 - node.number)
                calls[str(node.said.get("pg_name") or "")][rank].append((node, first, last))
            number_of[node.number] = last
            waits.append((node, first))
        for node, first in waits:
            for one in node.after:
                if one not in number_of:
                    raise FileFormatError(file, str(node.where), f"waits for node {one}, which is not there")
                builder.after[first].append(number_of[one])
    for group in calls.values():
        _expand(builder, name, group, left)
    notes = (
        [f"not run, and taking no time: {', '.join(f'{n:,} {what}' for what, n in left.items())}"]
        if left
        else []
    )
    return builder.trace(Path(name).name, len(files), notes)


def _add(builder: Builder, file: str, rank: int, node: Node, left: Counter[str], ranks: int) -> int:
    if node.kind in ("COMM_SEND_NODE", "COMM_RECV_NODE"):
        end = "comm_dst" if node.kind == "COMM_SEND_NODE" else "comm_src"
        peer, size, tag = (_whole(file, node, key) for key in (end, "comm_size", "comm_tag"))
        kind = SEND if end == "comm_dst" else RECV
        return builder.add(node.where, kind, rank, float(size), peer=peer, tag=tag)
    if node.kind == "COMP_NODE":
        left.update([f"COMP_NODE {_NO_TIME}"] if not node.seconds else ())
        return builder.add(node.where, CALC, rank, node.seconds, lane=0)
    if node.kind == "COMM_COLL_NODE":
        _whole(file, node, "comm_size")
        if _collective(node) not in _RUN:
            left.update([_collective(node)])
    elif node.kind != "METADATA_NODE":
        left.update([node.kind])
    return builder.add(node.where, CALC, rank, 0.0, lane=-1 - node.number)  # a lane of its own


def _collective(node: Node) -> str:
    value = node.said.get("comm_type")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(COLLECTIVES):
        return COLLECTIVES[value]
    return str(value)[:40].encode(errors="replace").decode().upper()


def _whole(file: str, node: Node, key: str) -> int:
    value = node.said.get(key, 0 if key == "comm_tag" else None)
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        value = int(value)  # JSON of protobuf has 64 bits as texts
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise FileFormatError(file, str(node.where), f"{key} is {str(value)[:40]!r}: a whole number is due")
    return value


def _expand(
    builder: Builder, name: str, group: Mapping[int, Sequence[tuple[Node, int, int]]], left: Counter[str]
) -> None:
    """The messages of the collectives of one group, the k-th of each rank together."""
    ranks = sorted(group)
    if len({len(calls) for calls in group.values()}) != 1:
        some = ", ".join(f"rank {rank} has {len(group[rank])}" for rank in ranks[:3])
        raise FileFormatError(name, "", f"ranks of a group have unlike numbers of collectives: {some}")
    for number, calls in enumerate(zip(*(group[rank] for rank in ranks))):
        kinds = {(_collective(node), _whole(name, node, "comm_size")) for node, *_ in calls}
        if len(kinds) != 1:
            first, second = sorted(map(str, kinds))[:2]
            raise FileFormatError(
                name, str(calls[1][0].where), f"ranks of a group differ: {first} and {second}"
            )
        ((kind, size),) = kinds
        n = len(ranks)
        if 4 * n * n + len(builder) > 2 * MOST:
            raise FileFormatError(
                name, str(calls[0][0].where), f"{kind} of {n:,} ranks has too many messages"
            )
        tag = -1 - number  # of no message in the file
        if kind == "ALL_TO_ALL":
            _to_each(builder, ranks, calls, size / n, tag)
        else:
            steps = 2 * (n - 1) if kind == "ALL_REDUCE" else n - 1
            _ring(builder, ranks, calls, size if kind == "ALL_GATHER" else size / n, steps, tag)


def _ring(
    builder: Builder,
    ranks: Sequence[int],
    calls: Sequence[tuple[Node, int, int]],
    size: float,
    steps: int,
    tag: int,
) -> None:
    """``steps`` messages from each to the next; each but the first waits for the one that came before it."""
    n = len(ranks)
    came = [first for _, first, _ in calls]
    for _ in range(steps if n > 1 else 0):
        arrived = []
        for i, (node, first, last) in enumerate(calls):
            sent = builder.add(node.where, SEND, ranks[i], size, peer=ranks[(i + 1) % n], tag=tag)
            got = builder.add(node.where, RECV, ranks[i], size, peer=ranks[i - 1], tag=tag)
            builder.after[sent] += [first, came[i]]
            builder.after[got].append(first)
            builder.after[last] += [sent, got]
            arrived.append(got)
        came = arrived
    for _, first, last in calls:
        builder.after[last].append(first)


def _to_each(
    builder: Builder, ranks: Sequence[int], calls: Sequence[tuple[Node, int, int]], size: float, tag: int
) -> None:
    for i, (node, first, last) in enumerate(calls):
        for j in (k % len(ranks) for k in range(i + 1, i + len(ranks))):
            sent = builder.add(node.where, SEND, ranks[i], size, peer=ranks[j], tag=tag)
            got = builder.add(node.where, RECV, ranks[i], size, peer=ranks[j], tag=tag)
            builder.after[sent].append(first)
            builder.after[got].append(first)
            builder.after[last] += [sent, got]
        builder.after[last].append(first)


def _ranks(name: str) -> list[str]:
    """The files of all ranks, by rank."""
    match = _OF_RANK.fullmatch(os.path.basename(name))
    if match is None:
        raise FileFormatError(name, "", "the file of a rank is called NAME.RANK.et or NAME.RANK.json")
    folder = Path(name).parent
    found = {}
    for file in sorted(folder.iterdir()):
        other = _OF_RANK.fullmatch(file.name)
        if other and (other[1], other[3]) == (match[1], match[3]):
            found[int(other[2])] = str(file)
    missing = next((rank for rank in range(len(found)) if rank not in found), None)
    if missing is not None:
        raise FileFormatError(name, "", f"rank {missing} of {counted(len(found), 'rank')} has no file")
    return [found[rank] for rank in range(len(found))]


def _nodes(file: str) -> Iterator[Node]:
    if file.endswith(".et"):
        from sims.workload.trace.chakra_protobuf import protobuf_nodes

        rows: Iterator[tuple[Item | str, dict[str, Any]]] = protobuf_nodes(file)
    else:
        rows = _json_nodes(file)
    for where, row in rows:
        yield _node(file, where, row)


def _json_nodes(file: str) -> Iterator[tuple[Item | str, dict[str, Any]]]:
    data = parse_json(read_text(file), file)
    key = "nodes" if isinstance(data, dict) and "nodes" in data else "node"
    nodes = data.get(key) if isinstance(data, dict) else None
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise FileFormatError(file, "", 'is no trace of Chakra: no list "nodes"')
    for i, node in enumerate(nodes):
        yield Item(file, key, i), node


def _node(file: str, where: Item | str, row: Mapping[str, Any]) -> Node:
    def whole(key: str, value: Any) -> int:
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            rule = "a whole number is due, below 2^63"
            raise FileFormatError(file, str(where), f"{key} is {json.dumps(value)[:40]}: {rule}")
        return value

    kind = row.get("type", 0)
    if isinstance(kind, int) and not isinstance(kind, bool) and 0 <= kind < len(TYPES):
        kind = TYPES[kind]
    if kind not in TYPES:
        raise FileFormatError(file, str(where), f"type {json.dumps(kind)[:40]}: one of {', '.join(TYPES)}")
    after = []
    for key in ("ctrl_deps", "ctrlDeps", "data_deps", "dataDeps"):
        listed = row.get(key, [])
        if not isinstance(listed, list):
            raise FileFormatError(file, str(where), f"{key}: a list is due")
        after += [whole(key, value) for value in listed]
    said: dict[str, Any] = {}
    for one in row.get("attr", []) if isinstance(row.get("attr", []), list) else []:
        if isinstance(one, dict):
            values = [value for key, value in one.items() if key not in ("name", "doc_string", "docString")]
            said[str(one.get("name"))] = values[0] if values else None
    micros = row.get("duration_micros", row.get("durationMicros", 0))
    return Node(
        where=where,
        number=whole("id", row.get("id", 0)),
        kind=kind,
        seconds=whole("duration_micros", micros) * 1e-6,
        after=tuple(after),
        said=said,
    )
