"""The tasks of a step by model: every turn of every stage, its messages, gradients, parameters. No network.

A stage has a lane for computing, one for each neighbour that it sends to, one for gradients (``dp``), and one
for parameters that are gathered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

from sims.workload.job.pipeline import Turn
from sims.workload.job.precision import GRADIENT
from sims.workload.job.sizes import (
    GATHER,
    REDUCE,
    SCATTER,
    Once,
    call_of,
    gathered_again,
    gradient_bytes,
    message_bytes,
    piece,
    weight_bytes,
    work,
)
from sims.workload.job.tasks import Part, Task
from sims.workload.job.training import Training

__all__ = ["OPTIMIZER", "send_call", "step_tasks"]

OPTIMIZER = "optimizer"
_LEAST_BUCKET, _BUCKET_OF_A_RANK = 40_000_000, 1_000_000  # parameters; Megatron-LM, distributed data parallel
_BytesOf = Callable[[Training, int], tuple[float, float]]
_MOST_PIECES = 12_000  # tasks that a step is cut into for FSDP's units


def send_call(source: int, target: int) -> str:
    """The name of the messages of all ranks of a stage to those of another.

    >>> send_call(3, 4)
    'pp 3>4'
    """
    return f"pp {source}>{target}"


def step_tasks(job: Training, once: Once) -> list[Task]:
    """One step of ``job``. ``once``: as of sims.workload.job.sizes.work."""
    made = _Step(job, once)
    for stage in range(job.pp):
        made.stage(stage)
    made.tied()
    made.norm()
    for stage in range(job.pp):
        made.optimizer(stage)
    return made.tasks()


class _Step:
    """Tasks under keys, by which others say what they wait for, before they have numbers."""

    def __init__(self, job: Training, once: Once) -> None:
        self.job, self.once = job, once
        self._made: list[tuple[str, str, tuple[Part, ...], list[Hashable]]] = []
        self._number: dict[Hashable, int] = {}
        self._grads: dict[int, list[Hashable]] = {stage: [] for stage in range(job.pp)}
        self._known: dict[tuple[int, bool], list[Part]] = {}

    def tasks(self) -> list[Task]:
        number = self._number
        return [
            Task(name=name, lane=lane, parts=parts, after=tuple(number[key] for key in after))
            for name, lane, parts, after in self._made
        ]

    def add(
        self, key: Hashable, name: str, lane: str, parts: Sequence[Part], after: Sequence[Hashable] = ()
    ) -> None:
        self._number[key] = len(self._made)
        self._made.append((name, lane, tuple(parts), list(after)))

    def stage(self, stage: int) -> None:
        """All turns of a stage in their order, and what each sets off."""
        job = self.job
        previous: list[Hashable] = []
        behind: list[Hashable] = []  # what is gathered behind the turn before
        ahead = job.replicated and (
            job.sharding == "fsdp-keep" or (job.sharding == "zero1" and job.overlap == "all")
        )
        if ahead:
            for chunk in job.own_chunks(stage):
                for number in range(self._buckets(chunk)):
                    self._gather(("ahead", chunk, number), stage, chunk, self._buckets(chunk), number)
        for turn in job.orders[stage]:
            pieces = self._pieces(turn, ahead)
            for number in range(pieces):
                after = (self._needs(turn) if number == 0 else []) + behind
                if job.sharding == "fsdp" and job.replicated:
                    key = ("gather", turn, number)
                    self._gather(key, stage, turn.chunk, pieces, number, previous[-2:-1])
                    after.append(key)
                elif ahead and turn.forward and turn.microbatch == 0:
                    after.append(("ahead", turn.chunk, number))
                name = _name(turn, job.interleave) + (f".{number}" if pieces > 1 else "")
                self.add((turn, number), name, f"stage {stage}", self._work(turn, number, pieces), after)
                behind = self._again(stage, turn, number, pieces, [*after, *previous[-1:]])
                previous.append((turn, number))
                if self._reduces(turn):
                    self._reduce(stage, turn, number, pieces, [(turn, number), *behind])
            self._number[turn] = self._number[turn, pieces - 1]
            self._send(stage, turn)
        self._grads[stage] += behind
        if job.overlap == "none" and job.sharding != "fsdp":
            last = job.orders[stage][-1]
            for chunk in job.own_chunks(stage):
                self._reduce(stage, Turn(False, job.microbatches - 1, chunk), 0, 1, [last, *behind])

    def _again(
        self, stage: int, turn: Turn, number: int, pieces: int, after: Sequence[Hashable]
    ) -> list[Hashable]:
        """Gather inputs again from when a piece of a backward turn starts; what the next one waits for."""
        parts = [] if turn.forward else gathered_again(self.job, turn.chunk, self.once)
        if not (parts := list(piece(parts, number, pieces))):
            return []
        key = ("inputs", turn, number)
        self.add(key, f"inputs {turn.chunk}.{number}", f"stage {stage} tp", parts, after)
        return [key]

    def _work(self, turn: Turn, number: int, pieces: int) -> tuple[Part, ...]:
        key = turn.chunk, turn.forward
        if key not in self._known:
            self._known[key] = work(self.job, turn.chunk, turn.forward, self.once)
        return piece(self._known[key], number, pieces)

    def _needs(self, turn: Turn) -> list[Hashable]:
        """What comes from other stages."""
        last = self.job.chunks - 1
        if turn.forward:
            return [("message", turn)] if turn.chunk > 0 else []
        return [("message", turn)] if turn.chunk < last else []

    def _send(self, stage: int, turn: Turn) -> None:
        job = self.job
        to = turn.chunk + (1 if turn.forward else -1)
        if not 0 <= to < job.chunks:
            return
        target, key = to % job.pp, ("message", turn._replace(chunk=to))
        part = Part(kind="pp", call=send_call(stage, target), size=message_bytes(job))
        self.add(key, f"send {_name(turn, job.interleave)}", f"{stage}>{target}", [part], [turn])

    def _reduces(self, turn: Turn) -> bool:
        """Whether gradients are reduced behind this turn."""
        job = self.job
        if turn.forward or not job.replicated:
            return False
        last = turn.microbatch == job.microbatches - 1
        return job.sharding == "fsdp" or (last and job.overlap != "none")

    def _pieces(self, turn: Turn, ahead: bool) -> int:
        """Into how many equal tasks a turn is cut, so that others can begin behind each."""
        job = self.job
        if job.sharding == "fsdp" and job.replicated:
            each = _MOST_PIECES // (2 * job.microbatches * job.chunks)
            return max(1, min(job.layers[turn.chunk], each))
        if self._reduces(turn) or (ahead and turn.forward and turn.microbatch == 0):
            return self._buckets(turn.chunk)
        return 1

    def _buckets(self, chunk: int) -> int:
        bucket = self.job.bucket or max(_LEAST_BUCKET, _BUCKET_OF_A_RANK * self.job.replicas)
        return max(1, math.ceil((self.job.dense(chunk) + self.job.experts(chunk)) / bucket))

    def _gather(
        self,
        key: Hashable,
        stage: int,
        chunk: int,
        pieces: int,
        number: int,
        after: Sequence[Hashable] = (),
    ) -> None:
        """Parameters of one of ``pieces`` of a chunk, to all replicas."""
        parts = self._over_replicas(GATHER, stage, chunk, pieces, weight_bytes)
        self.add(key, f"parameters {chunk}.{number}", f"stage {stage} parameters", parts, after)

    def _reduce(self, stage: int, turn: Turn, number: int, pieces: int, after: Sequence[Hashable]) -> None:
        operation = REDUCE if self.job.sharding == "plain" else SCATTER
        parts = self._over_replicas(operation, stage, turn.chunk, pieces, gradient_bytes)
        if parts:
            key = ("reduce", turn, number)
            self._grads[stage].append(key)
            name = f"gradients {turn.chunk}.{number}"
            self.add(key, name, f"stage {stage} dp", parts, after)

    def _over_replicas(
        self,
        operation: str,
        stage: int,
        chunk: int,
        pieces: int,
        bytes_of: _BytesOf,
    ) -> list[Part]:
        """One of ``pieces`` of a chunk's parameters or gradients: those of dense layers, those of experts."""
        job, found = self.job, []
        for kind, size, ranks in zip(("dp", "edp"), bytes_of(job, chunk), (job.replicas, job.edp)):
            if size and ranks > 1:
                found.append(Part(kind=kind, call=call_of(kind, operation, stage), size=size / pieces))
        return found

    def tied(self) -> None:
        """The gradient of the embedding, which the first and the last stage share."""
        job = self.job
        if not job.model.tied or job.pp == 1:
            return
        size = GRADIENT * job.model.embedding / job.tp
        after = [*(self._grads[0] or [job.orders[0][-1]])]
        after += self._grads[job.pp - 1] or [job.orders[-1][-1]]
        part = Part(kind="embedding", call=call_of("embedding", REDUCE, 0), size=size)
        self.add("tied", "embedding", "embedding", [part], after)
        for stage in (0, job.pp - 1):
            self._grads[stage].append("tied")

    def norm(self) -> None:
        """The norm of all gradients, by which they are clipped: what every optimizer waits for."""
        after = [key for keys in self._grads.values() for key in keys]
        self.add("norm", "norm", "norm", (), [*after, *(order[-1] for order in self.job.orders)])

    def optimizer(self, stage: int) -> None:
        """Its step, then the parameters that are gathered behind it."""
        job = self.job
        after = [*self._grads[stage], "norm"]
        part = Part(kind=OPTIMIZER, seconds=job.optimizer)
        self.add(("optimizer", stage), "optimizer", f"stage {stage}", [part], after)
        if job.sharding == "zero1" and job.overlap != "all":
            keys: list[Hashable] = []
            for chunk in job.own_chunks(stage):
                for number in range(self._buckets(chunk)):
                    key = ("behind", chunk, number)
                    parts = self._over_replicas(GATHER, stage, chunk, self._buckets(chunk), weight_bytes)
                    if parts:
                        name = f"parameters {chunk}.{number}"
                        self.add(key, name, f"stage {stage} parameters", parts, [("optimizer", stage)])
                        keys.append(key)
            self.add(("end", stage), "end", f"stage {stage}", (), keys)


def _name(turn: Turn, interleave: int) -> str:
    chunk = f"/{turn.chunk}" if interleave > 1 else ""
    return f"{'F' if turn.forward else 'B'}{turn.microbatch}{chunk}"
