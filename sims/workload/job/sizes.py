"""Sizes: what a chunk of layers computes and sends for a microbatch, as parts of a task. Knows no fabric.

Sources: Narayanan et al., SC'21 (arithmetic, messages between stages); Korthikanti et al., "Reducing
Activation Recomputation in Large Transformer Models", 2022 (sequence parallelism, recomputation); Llama 3,
arXiv:2407.21783, section 3.3.2 (keys and values are gathered over cp).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sims.workload.job.precision import BYTES, GRADIENT
from sims.workload.job.tasks import Part
from sims.workload.job.training import Training

__all__ = [
    "Once",
    "call_of",
    "gathered_again",
    "gradient_bytes",
    "message_bytes",
    "piece",
    "weight_bytes",
    "work",
]

Once = Mapping[
    str, Callable[[str, float], float]
]  # kind -> (operation, bytes) -> s, of what no link is shared
GATHER, SCATTER, REDUCE, EXCHANGE = "all-gather", "reduce-scatter", "all-reduce", "all-to-all"


def call_of(kind: str, operation: str, stage: int) -> str:
    """The name of the program of all groups of a kind in a stage.

    >>> call_of("dp", "all-gather", 3)
    'dp all-gather 3'
    """
    return f"{kind} {operation} {stage}"


def message_bytes(job: Training) -> float:
    """What a rank sends to the next stage for a microbatch: its part of b s h values."""
    return job.tokens * job.model.hidden * BYTES / job.tp


def gradient_bytes(job: Training, chunk: int) -> tuple[float, float]:
    """Gradients of a chunk on a rank: those of its dense layers, those of its experts."""
    return job.dense(chunk) * GRADIENT, job.experts(chunk) * GRADIENT


def weight_bytes(job: Training, chunk: int) -> tuple[float, float]:
    """Parameters of a chunk on a rank, likewise, as computing takes them."""
    less = (BYTES - job.precision.weight) * job.layers[chunk] * job.model.matrices / job.tp
    return job.dense(chunk) * BYTES - less, job.experts(chunk) * job.precision.weight


def work(job: Training, chunk: int, forward: bool, once: Once) -> list[Part]:
    """What a chunk does for one microbatch: it computes, and what it sends meanwhile stands behind that.

    ``once``: how long a collective of a kind takes, for kinds whose groups share no link with anybody else;
    those of other kinds go to the network. Backward is twice forward, and what is computed again.
    """
    found = [Part(seconds=_seconds(job, chunk, forward))]
    for kind, operation, size, times in _sent(job, chunk, forward):
        if not times:
            continue
        if kind in once:
            found.append(Part(kind=kind, seconds=times * once[kind](operation, size)))
        else:
            call = call_of(kind, operation, chunk % job.pp)
            found.append(Part(kind=kind, call=call, size=size, times=times))
    hidden = _behind_weights(job, chunk, once) if not forward else 0.0
    if hidden > 0:
        found.append(Part(kind="tp", seconds=hidden))
    return found


def _seconds(job: Training, chunk: int, forward: bool) -> float:
    model, layers = job.model, job.layers[chunk]
    scores = model.attention_flops(job.sequence, job.causal)
    matrices = (model.matrix_flops() + model.expert_flops() * job.skew) / job.boost
    once = layers * (matrices + scores)
    head = model.head_flops() if chunk == job.chunks - 1 else 0.0
    again = {"none": 0.0, "selective": layers * scores, "full": once}[job.recompute]
    flops = once + head if forward else 2 * (once + head) + again
    return job.tokens * flops / job.tp / job.speed


def _sent(job: Training, chunk: int, forward: bool) -> Iterator[tuple[str, str, float, int]]:
    """Kind, operation, bytes and times of what a chunk waits for."""
    model, layers = job.model, job.layers[chunk]
    runs = layers * (1 if forward or job.recompute != "full" else 2)
    if job.tp > 1:
        each = _splits(job)
        size = 1.0 * job.tokens * model.hidden * BYTES
        if job.parallel:
            yield "tp", GATHER, _gathered_bytes(job), each * runs
            yield "tp", SCATTER, size, each * runs
        else:
            yield "tp", REDUCE, size, each * runs
    if job.cp > 1:
        size = 2.0 * job.micro * job.sequence * model.kv_width * BYTES / job.tp
        yield "cp", GATHER, size, runs
        yield "cp", SCATTER, size, 0 if forward else layers
    if model.experts and job.ep > 1:
        there, back = (_routed_bytes(job, each) for each in (job.precision.product, BYTES))
        if there == back:
            yield "ep", EXCHANGE, back, 2 * runs
        else:
            yield "ep", EXCHANGE, there, runs
            yield "ep", EXCHANGE, back, runs
    if model.experts and job.etp > 1:
        yield "etp", GATHER, job.etp * _routed_bytes(job, job.precision.product), runs
        yield "etp", SCATTER, job.etp * _routed_bytes(job, BYTES), runs


def _gathered_bytes(job: Training) -> float:
    """What tp ranks gather for a matrix product."""
    return 1.0 * job.tokens * job.model.hidden * job.precision.product


def _routed_bytes(job: Training, each: int) -> float:
    """What a rank sends to experts, its part of the tokens to ``top_k`` each, of ``each`` bytes a value."""
    return job.tokens / job.tp * job.model.top_k * job.model.hidden * each


def gathered_again(job: Training, chunk: int, once: Once) -> list[Part]:
    """The inputs that a backward turn gathers again, behind its computing, where that uses the network."""
    if job.tp == 1 or not job.parallel or "tp" in once:
        return []
    times = _splits(job) * job.layers[chunk]
    return [
        Part(kind="tp", call=call_of("tp", GATHER, chunk % job.pp), size=_gathered_bytes(job), times=times)
    ]


def _splits(job: Training) -> int:
    """How often a layer is split over tp: its attention, and a feed-forward layer that tp splits."""
    return 1 if job.model.experts and job.etp == 1 else 2


def _behind_weights(job: Training, chunk: int, once: Once) -> float:
    """Seconds by which gathering inputs again outlasts the gradients of weights, behind which it hides."""
    if job.tp == 1 or not job.parallel or "tp" not in once:
        return 0.0
    gathered = _splits(job) * job.layers[chunk] * once["tp"](GATHER, _gathered_bytes(job))
    flops = job.layers[chunk] * job.model.matrix_flops() / job.boost
    return max(0.0, gathered - job.tokens * flops / job.tp / job.speed)


def piece(parts: list[Part], number: int, pieces: int) -> tuple[Part, ...]:
    """One of equal ``pieces`` of what a task does. Runs stay whole: they are dealt over the pieces.

    >>> [part.times for part in piece([Part(call="a", size=8.0, times=3)], 1, 2)]
    [2]
    """
    found = []
    for part in parts:
        times = part.times * (number + 1) // pieces - part.times * number // pieces
        if part.call and not times:
            continue
        seconds = part.seconds / pieces
        found.append(replace(part, seconds=seconds, times=max(1, times)))
    return tuple(found)
