"""The project's table of measured times, made anew from the published files that lie beside the checkout.

``python tests/support/measured_table.py FOLDER`` prints it. Left out are algorithms without a name, not of
ours, or a radix that nobody says; GPU memory over MPI, which goes another way; fewer elements than ranks, for
which libraries take another algorithm than they are told; what was evidently not run as it is called;
and broadcasts that end sooner than a message can have come to the last rank.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import defaultdict
from pathlib import Path

HEAD = "system,run,nodes,per_node,collective,algorithm,called,size_bytes,time_us,busbw_GBps,source"
_PICO = {
    ("ALLREDUCE", "ring"): "ring",
    ("ALLREDUCE", "recursive_doubling"): "recursive-doubling",
    ("ALLREDUCE", "rabenseifner"): "halving-doubling",
    ("ALLREDUCE", "allreduce_hier_bw"): "hierarchical-halving-doubling",  # grows by log2 of the nodes
    ("ALLGATHER", "ring"): "ring",
    ("ALLGATHER", "recursive_doubling"): "recursive-doubling",
    ("ALLGATHER", "brucks"): "bruck",
    ("REDUCE_SCATTER", "ring"): "ring",
    ("REDUCE_SCATTER", "recursive_halving"): "recursive-halving",
    ("BCAST", "binomial"): "binomial",
    ("BCAST", "scatter_allgather"): "scatter-allgather",
    ("REDUCE", "binomial"): "binomial",
    ("ALLTOALL", "linear"): "linear",
    ("ALLTOALL", "pairwise"): "pairwise",
    ("ALLTOALL", "modified_bruck"): "bruck",
    ("GATHER", "binomial"): "binomial",
    ("GATHER", "linear"): "linear",
    ("SCATTER", "binomial"): "binomial",
    ("SCATTER", "linear"): "linear",
}
_COLLECTIVES = {
    "ALLREDUCE": "all-reduce",
    "ALLGATHER": "all-gather",
    "REDUCE_SCATTER": "reduce-scatter",
    "BCAST": "broadcast",
    "REDUCE": "reduce",
    "ALLTOALL": "all-to-all",
    "GATHER": "gather",
    "SCATTER": "scatter",
}
_WHOLE = ("BCAST", "REDUCE")  # nothing is cut: any number of elements will do
_WHOLE_TOO = ("ALLREDUCE", "recursive-doubling")
_FLOOR_NS = 1000  # a message: what gets to n ranks in less than log2 n of these was timed at the root alone
_SAME, _OTHER = 0.1, 0.3  # within a tenth of what it is not called, and a third off what it is


def _lines(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _ours(row: dict[str, str]) -> str | None:
    name = row["algorithm"]
    stem = name.rsplit("_", 1)[0] if name.endswith(("_ompi", "_over", "_mpich")) else name
    return _PICO.get((row["collective"], stem))


def _per_node(row: dict[str, str]) -> int:
    return 4 if row["notes"] == "4 tasks per node" else int(row["tasks_per_node"])


def _mislabelled(rows: list[dict[str, str]]) -> set[tuple[str, ...]]:
    """Runs in which a library's algorithm takes, at every large size, what another one takes written by hand,
    and not what its own does: a setting that the library did not heed."""
    times: dict[tuple[str, ...], dict[int, float]] = defaultdict(dict)
    for row in rows:
        where = (row["run"], row["collective"], row["nodes"], row["tasks_per_node"])
        times[(*where, row["algorithm"])][int(row["bytes"])] = float(row["median_ns"])

    def off(a: dict[int, float], b: dict[int, float]) -> list[float]:
        return [abs(a[size] / b[size] - 1) for size in a if size in b and size >= 65536]

    found = set()
    for key, own in times.items():
        name = key[-1].rsplit("_", 1)[0]
        same = {other[-1]: t for other, t in times.items() if other[:-1] == key[:-1]}
        hand = {called: t for called, t in same.items() if called.endswith("_over")}
        if not key[-1].endswith("_mpich") or f"{name}_over" not in hand:
            continue
        from_own = off(own, hand[f"{name}_over"])
        for other, t in hand.items():
            near = off(own, t) if other != f"{name}_over" else []
            if near and from_own and max(near) < _SAME and min(from_own) > _OTHER:
                found.add(key)
    return found


def _pico(folder: Path) -> list[str]:
    rows = _lines(folder / "pico" / "measured.csv")
    wrong = _mislabelled(rows)
    lines = []
    for row in rows:
        algorithm, ranks = _ours(row), int(row["nodes"]) * _per_node(row)
        key = (row["run"], row["collective"], row["nodes"], row["tasks_per_node"], row["algorithm"])
        whole = row["collective"] in _WHOLE or (
            algorithm == "recursive-doubling" and row["collective"] == "ALLREDUCE"
        )
        if algorithm is None or key in wrong or (int(row["bytes"]) < 4 * ranks and not whole):
            continue
        if float(row["median_ns"]) < _FLOOR_NS * math.log2(ranks) and row["collective"] == "BCAST":
            continue
        hierarchical = algorithm.startswith("hierarchical")
        if (row["gpu_aware"] == "yes") != hierarchical or float(row["median_ns"]) <= 0:
            continue
        system = row["system"].replace("mare_nostrum", "marenostrum5") + ("-gpu" if hierarchical else "")
        system += "-shared" if _per_node(row) > 1 and not hierarchical else ""
        lines.append(
            f"{system},{row['run']},{row['nodes']},{_per_node(row)},{_COLLECTIVES[row['collective']]},{algorithm},"
            f"{row['algorithm']},{row['bytes']},{float(row['median_ns']) / 1e3:.6g},,pico"
        )
    return sorted(lines, key=_order)


def _order(line: str) -> tuple[object, ...]:
    system, run, nodes, per_node, collective, algorithm, called, size, *_ = line.split(",")
    return system, collective, algorithm, called, int(nodes), int(per_node), run, int(size)


_PUBLISHED = {  # of the published tables: system and algorithm by how a line begins, GPUs of a node
    "CoreWeave H100": ("h100-ndr-sharp", "in-network:pipeline=8", "coreweave"),
    "CoreWeave GB200 NVL72 one": ("gb200-nvl72", "ring", "coreweave"),
    "CoreWeave GB200 NVL72 twenty": ("gb200-nvl72", "ring:channels=9", "coreweave"),
    "Azure ND H100": ("h100-ndr-sharp", "in-network:pipeline=8", "azure"),
    "AWS p4d": ("p4d-efa", "ring", "nccl-527"),
    "32 x 8 A100": ("a100-hdr", "chain-tree", "nccl-652"),
    "2 x 8 H20": ("h20-ndr", "hierarchical-tree", "nccl-1244"),
    "H800 CX7": ("h800-deepep", "linear", "deepep"),
}


def _nccl(folder: Path) -> list[str]:
    lines = []
    for row in _lines(folder / "nccl.csv"):
        found = [value for start, value in _PUBLISHED.items() if row["system"].startswith(start)]
        if not found:  # of the same data as above
            continue
        ((system, algorithm, source),) = found
        gpus, per_node = int(row["gpus"]), int(row["gpus_per_domain"])
        if source == "nccl-527" and gpus == 2 * per_node:
            algorithm = "chain-tree"  # which NCCL chooses for two servers, and for more a ring
        collective = row["collective"].partition(" (")[0]
        lines.append(
            f"{system},{source},{gpus // per_node},{per_node},{collective},{algorithm},,{row['size_bytes']},"
            f"{row['time_us']},{'' if row['time_us'] else row['busbw_GBps']},{source}"
        )
    return sorted(lines, key=_order)


def table(folder: Path) -> list[str]:
    """The lines of the table that ``folder``, with ``nccl.csv`` and ``pico/``, makes; without its head."""
    return _nccl(folder) + _pico(folder)


if __name__ == "__main__":
    print(HEAD)
    print("\n".join(table(Path(sys.argv[1]))))
