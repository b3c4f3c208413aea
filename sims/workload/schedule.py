"""Schedule: what a collective moves, as plain arrays. No network, no clock, no placement.

A schedule is a sequence of phases, a phase is a set of transfers between *ranks*. Data is counted in equal
chunks, so that one schedule serves every message size; bytes appear only in :meth:`Phase.bytes_of`.
:mod:`sims.workload.replay` checks a schedule without any network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_REDUCE
from sims.workload.switch_limits import NO_LIMITS, SwitchLimits

__all__ = ["COPY", "REDUCE", "Kind", "Phase", "Schedule", "frozen"]

REDUCE: Final = 0  # the receiver adds what arrives to what it holds
COPY: Final = 1  # the receiver replaces what it holds by what arrives

Kind = Literal["ring", "round", "pipeline", "exchange", "switched"]
_KINDS = ("ring", "round", "pipeline", "exchange", "switched")
_WHOLE = 1e-9  # of a number of segments: what rounding may leave


def frozen(values: ArrayLike, dtype: Any = np.int32) -> NDArray[Any]:
    """``values`` as a read-only array of ``dtype``; an array that is that already is returned itself.

    Phases keep the identity of frozen arrays, so phases with the same transfers can share them.

    >>> a = frozen([2, 0, 1])
    >>> frozen(a) is a, a.flags.writeable
    (True, False)
    """
    if isinstance(values, np.ndarray) and values.dtype == dtype and not values.flags.writeable:
        return values
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Phase:
    """Transfers that belong together, one array entry per transfer (k transfers in all).

    In repeat ``t`` = 0 .. ``repeat`` - 1 transfer ``i`` moves from ``src[i]`` to ``dst[i]`` the ``count``
    chunks ``base[i] + (first[i] + shift * t + j) mod modulus`` for j = 0 .. ``count`` - 1. All transfers of a
    repeat (of a stage, in a pipeline) read what their senders held before it.

    - ``kind="round"``: one barrier; each transfer runs at its own rate, the next phase waits for all.
    - ``kind="ring"``: lockstep, ``repeat`` times. The transfers are laid out ring after ring, each
      ``ring_size`` long and in cyclic order: inside a ring ``dst[i] == src[i + 1]``, and the last one
      closes it. From repeat ``copy_from`` on every transfer is a COPY (None: never), so that a whole ring
      all-reduce is one phase.
    - ``kind="pipeline"``: lockstep. The data of each transfer is cut into segments of ``segment_bytes``, the
      last one of what is left; one segment makes the transfers in the order of ``stage`` (0-based) and the
      next segment follows one stage behind, so in the steady state all transfers run at once.
    - ``kind="exchange"``: a round in lockstep, for more transfers than can have a rate each.

    - ``kind="switched"``: lockstep. Switches add up and spread: each entry is one rank, ``src`` and ``dst``
      alike, on the ``tree`` of that number. Ranks whose op is REDUCE send their chunks into the tree, and
      those of COPY receive the sum of all that was sent.

    Arrays are made read-only; what arrives writeable is copied first.

    Args:
        kind: as above.
        src: int32 [k], sending rank.
        dst: int32 [k], receiving rank.
        first: int32 [k], first chunk within the region that starts at ``base``.
        count: consecutive chunks of every transfer (cyclic within the region), 1 .. ``modulus``.
        modulus: chunks in a region.
        base: int32 [k] or one number, first chunk of the region.
        shift: how far the chunks move on with every repeat.
        op: REDUCE or COPY, for the phase or int8 [k].
        repeat: how often the phase repeats; 1 unless a ring, or a round that stands for so many like it.
        copy_from: ring only, the first repeat that copies whatever ``op`` says, or None.
        ring_size: ring only, transfers in one ring.
        stage: pipeline only, int32 [k].
        segment_bytes: pipeline only, bytes of a segment.
        via: int32 [k], the rank whose NIC relays the transfer, -1 where the sender's own does; None: nowhere.
        weight: float64 [k], bytes of each transfer over those of ``count`` chunks, where groups of ranks cut
            their data in different ways, or parts are unequal; None: 1 everywhere.
        tree: switched only, int32 [k].
        limits: switched only, of the switches of trees.
        cells: makes int64 [k, count], the chunks of each transfer from ``base`` on, where they do not follow
            one another.

    Raises:
        ParameterError: a shape or a layout promised above is broken. (Whether the transfers add up to the
            collective is the business of :func:`sims.workload.replay.replay`.)
    """

    kind: Kind
    src: NDArray[np.int32]
    dst: NDArray[np.int32]
    first: NDArray[np.int32]
    count: int
    modulus: int
    base: NDArray[np.int32] | int = 0
    shift: int = 0
    op: NDArray[np.int8] | int = REDUCE
    repeat: int = 1
    copy_from: int | None = None
    ring_size: int = 0
    stage: NDArray[np.int32] | None = None
    segment_bytes: int = 0
    via: NDArray[np.int32] | None = None
    weight: NDArray[np.float64] | None = None
    tree: NDArray[np.int32] | None = None
    limits: SwitchLimits = NO_LIMITS
    cells: Callable[[], NDArray[np.int64]] | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.src)
        for name, dtype in (
            *(("src", np.int32), ("dst", np.int32), ("first", np.int32)),
            *(("base", np.int32), ("op", np.int8), ("stage", np.int32), ("via", np.int32)),
            *(("weight", np.float64), ("tree", np.int32)),
        ):
            value = getattr(self, name)
            if value is None or (name in ("base", "op") and np.ndim(value) == 0):
                continue
            array = frozen(value, dtype)
            if array.shape != shape or array.ndim != 1:
                raise ParameterError(name, array.shape, f"one entry per transfer: {shape}")
            object.__setattr__(self, name, array)
        self._check()

    def _check(self) -> None:
        if self.kind not in _KINDS:
            raise ParameterError("kind", self.kind, "unknown kind of phase", _KINDS)
        if not len(self):
            raise ParameterError("src", 0, "a phase has at least one transfer")
        if not 1 <= self.count <= self.modulus:
            raise ParameterError("count", self.count, f"1 to modulus = {counted(self.modulus, 'chunk')}")
        if not np.isin(self.op, (REDUCE, COPY)).all():
            raise ParameterError("op", self.op, "REDUCE (0) or COPY (1)")
        if (self.tree is not None) != (self.kind == "switched"):
            raise ParameterError("tree", self.tree, "switched phases have one per rank, others have none")
        if self.repeat < 1 or (self.repeat > 1 and self.kind == "pipeline"):
            raise ParameterError("repeat", self.repeat, "at least 1, and 1 in a pipeline")
        if (self.stage is not None) != (self.kind == "pipeline") or (
            self.stage is not None and self.stage.min() < 0
        ):
            raise ParameterError(
                "stage", self.stage, "a pipeline has a stage >= 0 per transfer, others have none"
            )
        if (self.segment_bytes > 0) != (self.kind == "pipeline"):
            raise ParameterError("segment_bytes", self.segment_bytes, "above zero in a pipeline, else 0")
        if self.kind == "ring":
            self._check_ring()
        elif self.ring_size or self.copy_from is not None:
            raise ParameterError("kind", self.kind, "only a ring has ring_size and copy_from")

    def _check_ring(self) -> None:
        if self.ring_size < 2 or len(self) % self.ring_size:
            raise ParameterError(
                "ring_size", self.ring_size, f"at least 2, and divides {counted(len(self), 'transfer')}"
            )
        src, dst = (a.reshape(-1, self.ring_size) for a in (self.src, self.dst))
        if not ((dst[:, :-1] == src[:, 1:]).all() and (dst[:, -1] == src[:, 0]).all()):
            raise ParameterError("dst", self.dst, "inside a ring dst[i] == src[i + 1], cyclically")

    def __len__(self) -> int:
        """Transfers in one repeat."""
        return len(self.src)

    def __repr__(self) -> str:
        repeat = f" x {self.repeat:,}" if self.repeat > 1 else ""
        return (
            f"<Phase {self.kind}: {counted(len(self), 'transfer')} of {counted(self.count, 'chunk')}{repeat}>"
        )

    @property
    def lockstep(self) -> bool:
        """Whether all transfers progress in proportion (ring, pipeline) or each at its own rate (round)."""
        return self.kind != "round"

    @property
    def stages(self) -> int:
        """Stages that one segment passes through in a pipeline, else 1."""
        return 1 if self.stage is None else int(self.stage.max()) + 1

    @cached_property
    def by_stage(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of a pipeline: int64 [k], transfers stage after stage; [stages + 1], where each stage begins.

        >>> line = Phase(kind="pipeline", src=[1, 0, 0], dst=[2, 1, 3], first=[0, 0, 0], count=1, modulus=1,
        ...              stage=[1, 0, 0], segment_bytes=1)
        >>> [found.tolist() for found in line.by_stage]
        [[1, 2, 0], [0, 2, 3]]
        """
        assert self.stage is not None
        small = self.stage.astype(np.min_scalar_type(self.stages))  # few stages: sorted by counting
        begins = np.cumsum(np.bincount(self.stage, minlength=self.stages))
        return np.argsort(small, kind="stable"), np.concatenate([[0], begins])

    @property
    def latency_steps(self) -> int:
        """Consecutive hops whose latencies add: ``repeat`` (ring, round), ``stages`` (pipeline)."""
        return self.stages if self.kind == "pipeline" else self.repeat

    @property
    def transfers(self) -> tuple[int, ...]:
        """What tells the transfers of one phase from those of another, their chunks left out."""
        return id(self.src), id(self.dst), id(self.via), id(self.weight)

    def bytes_of(self, size: float, chunks: int) -> tuple[float, float]:
        """How often one transfer sends, and how much each time, when ``size`` bytes are cut into chunks.

        Args:
            size: bytes of a message.
            chunks: of a message, in the schedule that this phase belongs to.

        Returns:
            ``(steps, bytes)``: the phase takes ``steps`` lockstep steps, in each of which every transfer (of
            a pipeline: every transfer in the steady state) carries ``bytes``. Ring, round: ``repeat`` steps.
            Pipeline: the transfer's T bytes go in p = max(1, T / segment_bytes) segments, of which the last
            one is a part where p is no whole number, and it leaves after ``stages + p - 1`` steps.

        >>> one = {"src": [0], "dst": [1], "first": [0], "count": 1, "modulus": 2}
        >>> Phase(kind="pipeline", stage=[0], segment_bytes=100, **one).bytes_of(800.0, 2)
        (4.0, 100.0)
        >>> Phase(kind="pipeline", stage=[0], segment_bytes=100, **one).bytes_of(850.0, 2)
        (4.25, 100.0)
        """
        moved = self.count / chunks * size
        if self.kind != "pipeline":
            return float(self.repeat), moved
        amount = min(moved, float(self.segment_bytes))
        segments = moved / amount if amount else 1.0
        if abs(segments - round(segments)) < _WHOLE * segments:  # thirds of a message, say
            segments = float(round(segments))
        return self.stages + segments - 1, amount

    def additions(self, steps: float) -> float:
        """How many messages the rank that has most to add adds in ``steps`` steps, one after another.

        >>> ring = Phase(kind="ring", src=[0, 1], dst=[1, 0], first=[0, 1], count=1, modulus=2, shift=-1,
        ...              repeat=2, copy_from=1, ring_size=2)
        >>> ring.additions(ring.repeat)
        1
        """
        if self.tree is not None:  # switches add, not ranks
            return 0
        added = self.dst[np.broadcast_to(np.asarray(self.op) == REDUCE, self.dst.shape)]
        most = int(np.bincount(added).max()) if len(added) else 0
        return most * (steps if self.copy_from is None else min(steps, self.copy_from))

    def chunks_at(self, t: int) -> NDArray[np.int64]:
        """int64 [k, count]: the chunks that each transfer moves in repeat ``t``."""
        base = self.base[:, None] if isinstance(self.base, np.ndarray) else self.base
        if self.cells is not None:
            return self.cells() + base
        start = self.first.astype(np.int64) + self.shift * t % self.modulus
        inside = (start[:, None] + np.arange(self.count)) % self.modulus
        return inside + base

    def cells_of(self, copies: int) -> Callable[[], NDArray[np.int64]] | None:
        """``cells`` of as many transfers like these, one set after the other."""
        return None if self.cells is None else partial(_again, self.cells, copies)

    def ops_at(self, t: int) -> NDArray[np.int8]:
        """int8 [k]: REDUCE or COPY of each transfer in repeat ``t``."""
        op = COPY if self.copy_from is not None and t >= self.copy_from else self.op
        return np.broadcast_to(np.asarray(op, np.int8), self.src.shape)


def _again(cells: Callable[[], NDArray[np.int64]], copies: int) -> NDArray[np.int64]:
    return np.tile(cells(), (copies, 1))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Schedule:
    """A collective over ranks 0 .. ``n`` - 1 on data cut into equal chunks: phases, one after another.

    Args:
        name: of the algorithm.
        n: ranks.
        chunks: equal pieces of one message; chunk indices of the phases are below it, or below its product
            with the messages that the collective has.
        phases: in order; none if there is nothing to move (n = 1).
        note: what a reader of the results should be told, or "".
        pipeline: slices of the data that follow each other through the phases; 1: the phases run one after
            another. (How a slice is replayed does not depend on it.)
        collective: the name of what it does, one of COLLECTIVES; each of its parts has equally many chunks.
        parts: int32, one entry per chunk: the part that it is of; None: part after part.
        root: the rank that is the root, where the collective has one.
        protocol: of NCCL: its algorithm, its protocol and the ranks of a group, ``ring ll128 64``; "": none
            is said.

    Raises:
        ParameterError: ``n``, ``chunks`` or ``pipeline`` below 1.
    """

    name: str
    n: int
    chunks: int
    phases: tuple[Phase, ...]
    note: str = ""
    pipeline: int = 1
    collective: str = ALL_REDUCE.name
    parts: NDArray[np.int32] | None = None
    root: int = 0
    protocol: str = ""

    def __post_init__(self) -> None:
        for name in ("n", "chunks", "pipeline"):
            if getattr(self, name) < 1:
                raise ParameterError(name, getattr(self, name), "at least 1")

    def __repr__(self) -> str:
        transfers = sum(len(phase) for phase in self.phases)
        counts = {"rank": self.n, "phase": len(self.phases), "transfer": transfers}
        return f"<Schedule {self.name}: {', '.join(counted(n, noun) for noun, n in counts.items())}>"

    def sent(self, size: float) -> NDArray[np.float64]:
        """float64 [n]: bytes that each rank sends in all when the message has ``size`` bytes.

        Relayed transfers count at their sender, not at the rank whose NIC they use.
        """
        total = np.zeros(self.n)
        for phase in self.phases:
            src = phase.src if phase.tree is None else phase.src[phase.ops_at(0) == REDUCE]
            sent = np.bincount(src, weights=phase.weight, minlength=self.n)
            total += sent * (phase.repeat * phase.count / self.chunks)
        return total * size
