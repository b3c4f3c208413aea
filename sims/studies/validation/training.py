"""Training steps against what Meta prints of Llama 3 405B: one row sets the speed of the others."""

from __future__ import annotations

from functools import cache

from sims.jobs.train.job import TrainJob
from sims.studies.validation.case import Case, Point
from topologies.named import named

__all__ = ["llama3", "llama3_rows"]

# arXiv:2407.21783, table 4: GPUs, dimensions, sequence, sequences of a step (16M tokens), TFLOP/s of a GPU.
_MEASURED = (8192, "tp=8,pp=16,dp=rest", 8192, 2048, 430.0)
_PREDICTED = (
    (16384, "tp=8,pp=16,dp=rest", 8192, 2048, 400.0),
    (16384, "tp=8,cp=16,pp=16,dp=rest", 131072, 128, 380.0),
)
# Its section 3.3.2: the first chunk has the embedding alone and the last one the output, so 126 layers make
# 128 chunks; parameters are not given up after forward.
_HOW = {"model": "llama3-405b", "interleave": "8", "sharding": "fsdp-keep", "latency_profile": "ib-ndr"}


@cache
def _job(gpus: int, groups: str, sequence: int, batch: int, compute: str) -> TrainJob:
    topology = named(f"preset:superpod-h100:su={gpus // 256}")
    said = {"groups": f"mesh:{groups}", "sequence": str(sequence), "batch": str(batch), "compute": compute}
    return TrainJob(topology.fabric(), topology=topology.text, digest=topology.digest, **_HOW, **said)


@cache
def llama3_rows() -> tuple[float, tuple[tuple[str, float, float], ...]]:
    """The share of peak that the first row comes to; of others a label, what is printed, and predicted."""
    gpus, groups, sequence, batch, reached = _MEASURED
    flops = _job(gpus, groups, sequence, batch, "0.5").training
    assert flops is not None
    seconds = flops.flops / gpus / reached / 1e12
    share = _job(gpus, groups, sequence, batch, f"step={seconds:.9g}s").compute
    found = []
    for gpus, groups, sequence, batch, reached in _PREDICTED:
        row = _job(gpus, groups, sequence, batch, f"{share:.6g}").row()
        found.append((f"{gpus:,} GPUs, {groups}, {sequence:,} tokens", reached, row.tflops))
    return share, tuple(found)


def llama3(full: bool) -> Case:
    """Llama 3 405B: TFLOP/s of a GPU at 16,384 GPUs, with the speed of computing that 8,192 have."""
    share, rows = llama3_rows()
    return Case(
        name="a training step of Llama 3 405B",
        tested=f"fabricsim train, computing at {share:.1%} of peak",
        against="arXiv:2407.21783, table 4",
        unit="TFLOP/s a GPU",
        points=tuple(Point(label=label, expected=printed, got=got) for label, printed, got in rows),
        rule="within a factor",
        tolerance=1.1,
        basis="the row of 8,192 GPUs (430) sets the speed; a tenth for what is not alike everywhere",
        note="the network is a rail-optimized tree in place of Meta's, and the interleaving (8) is inferred",
    )
