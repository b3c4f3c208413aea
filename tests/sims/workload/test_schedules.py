"""Phase and Schedule keep what they promise, and replay catches what is wrong with a schedule."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.workload.collectives.doubling import halving_doubling, recursive_doubling
from sims.workload.collectives.ring import ring
from sims.workload.collectives.tree import double_binary_tree
from sims.workload.replay import ReplayError, replay
from sims.workload.schedule import COPY, REDUCE, Phase, Schedule, frozen

SWAP = {"kind": "round", "src": [0, 1], "dst": [1, 0], "first": [0, 0], "count": 1, "modulus": 1}
PIPE = {"kind": "pipeline", "stage": [0, 1], "segment_bytes": 100}


def with_phase(schedule: Schedule, k: int, **changes: object) -> Schedule:
    phases = list(schedule.phases)
    phases[k] = replace(phases[k], **changes)
    return replace(schedule, phases=tuple(phases))


# --- bytes and structure -----------------------------------------------------------------------------------


def test_bytes_of_a_ring_are_a_chunk_per_repeat() -> None:
    phase = ring(8).phases[0]
    assert phase.bytes_of(4096.0, 8) == (14.0, 512.0)
    assert (phase.lockstep, phase.latency_steps, phase.stages) == (True, 14, 1)


def test_who_adds_most_tells_how_many_messages_are_added() -> None:
    """Three ranks send to rank 1 and one to rank 0; copies are not added, nor what is gathered later."""
    star = {"src": [1, 0, 2, 3], "dst": [0, 1, 1, 1], "first": [0] * 4, "count": 1, "modulus": 1}
    assert Phase(kind="round", op=REDUCE, **star).additions(1) == 3
    assert Phase(kind="round", op=COPY, **star).additions(1) == 0
    assert Phase(kind="round", op=frozen([REDUCE, REDUCE, COPY, COPY], np.int8), **star).additions(1) == 1
    assert ring(8).phases[0].additions(14) == 7


def test_bytes_of_a_round_are_sent_once() -> None:
    phase = halving_doubling(8).phases[1]  # the second exchange carries a quarter
    assert phase.bytes_of(4096.0, 8) == (1.0, 1024.0)
    assert (phase.lockstep, phase.latency_steps, phase.stages) == (False, 1, 1)


@pytest.mark.parametrize(
    ("size", "segments"),
    [(0.0, 1), (1.0, 1), (200.0, 1), (201.0, 1.005), (2000.0, 10), (2001.0, 10.005)],
)
def test_bytes_of_a_pipeline(size: float, segments: int) -> None:
    phase = double_binary_tree(8, segment=100).phases[0]  # half the size per tree, stages = 2 log2(8)
    assert phase.bytes_of(size, 2) == (pytest.approx(6 + segments - 1, rel=1e-14), min(size / 2, 100))
    assert (phase.lockstep, phase.latency_steps, phase.stages) == (True, 6, 6)


def test_chunks_move_cyclically_inside_their_region() -> None:
    phase = Phase(
        kind="ring",
        src=[0, 1],
        dst=[1, 0],
        first=[1, 3],
        count=2,
        modulus=4,
        base=[10, 20],
        shift=-1,
        repeat=3,
        ring_size=2,
        copy_from=2,
    )
    assert phase.chunks_at(0).tolist() == [[11, 12], [23, 20]]
    assert phase.chunks_at(2).tolist() == [[13, 10], [21, 22]]
    assert [phase.ops_at(t).tolist() for t in range(3)] == [[REDUCE] * 2, [REDUCE] * 2, [COPY] * 2]


def test_chunks_do_not_overflow_on_long_rings() -> None:
    phase = ring(100_000).phases[0]
    assert phase.chunks_at(199_997)[:3, 0].tolist() == [3, 4, 5]


def test_arrays_are_read_only_and_frozen_ones_are_shared() -> None:
    mine = np.array([0, 1], dtype=np.int32)
    shared = frozen([1, 0])
    phase = Phase(**{**SWAP, "src": mine, "dst": shared})
    mine[0] = 5
    assert phase.src.tolist() == [0, 1]
    assert phase.dst is shared
    with pytest.raises(ValueError, match="read-only"):
        phase.src[0] = 1


def test_they_print_themselves() -> None:
    assert repr(ring(8)) == "<Schedule ring: 8 ranks, 1 phase, 8 transfers>"
    assert repr(ring(8).phases[0]) == "<Phase ring: 8 transfers of 1 chunk x 14>"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "star"}, "kind: 'star'.*legal: ring, round, pipeline"),
        ({"dst": [1]}, r"dst: \(1,\): one entry per transfer: \(2,\)"),
        ({"via": [1]}, r"via: \(1,\): one entry per transfer"),
        ({"src": [], "dst": [], "first": []}, "at least one transfer"),
        ({"count": 0}, "count: 0: 1 to modulus = 1"),
        ({"count": 2}, "count: 2: 1 to modulus = 1"),
        ({"op": 2}, "op: 2: REDUCE"),
        ({"op": [0, 3]}, "op: .*: REDUCE"),
        ({"repeat": 0}, "repeat: 0"),
        ({**PIPE, "repeat": 2}, "repeat: 2: .*1 in a pipeline"),
        ({"stage": [0, 1]}, "stage: .*a pipeline has a stage"),
        ({**PIPE, "stage": None}, "stage: not given: a pipeline has a stage"),
        ({**PIPE, "stage": [0, -1]}, "stage >= 0"),
        ({**PIPE, "segment_bytes": 0}, "segment_bytes: 0: above zero in a pipeline"),
        ({"segment_bytes": 9}, "segment_bytes: 9: .*else 0"),
        ({"ring_size": 2}, "only a ring has ring_size"),
        ({"copy_from": 0}, "only a ring has ring_size and copy_from"),
        ({"kind": "ring", "ring_size": 1}, "ring_size: 1: at least 2"),
        ({"kind": "ring", "ring_size": 3}, "divides 2 transfers"),
        ({"kind": "ring", "ring_size": 2, "dst": [1, 1]}, r"dst\[i\] == src\[i \+ 1\]"),
    ],
)
def test_a_phase_refuses_a_broken_layout(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Phase(**{**SWAP, **changes})


@pytest.mark.parametrize("field", ["n", "chunks", "pipeline"])
def test_a_schedule_refuses_nothing(field: str) -> None:
    with pytest.raises(ParameterError, match=f"{field}: 0: at least 1"):
        replace(recursive_doubling(2), **{field: 0})


# --- replay ------------------------------------------------------------------------------------------------


def test_the_smallest_all_reduce() -> None:
    replay(Schedule(name="swap", n=2, chunks=1, phases=(Phase(**SWAP),)))


def test_one_way_is_not_enough() -> None:
    phase = Phase(**{**SWAP, "src": [0], "dst": [1], "first": [0]})
    message = "schedule half: rank 0, chunk 0: holds the contribution of rank 1 0 times, not once$"
    with pytest.raises(ReplayError, match=message):
        replay(Schedule(name="half", n=2, chunks=1, phases=(phase,)))


def test_twice_is_too_much() -> None:
    twice = Schedule(name="twice", n=2, chunks=1, phases=(Phase(**SWAP), Phase(**SWAP)))
    with pytest.raises(ReplayError, match=r"rank 0 2 times, not once \(and 1 more cells are wrong\)"):
        replay(twice)


def test_transfers_of_a_round_read_the_state_before_it() -> None:
    """0 -> 1 -> 2 in one round: rank 2 gets nothing of rank 0."""
    phase = Phase(**{**SWAP, "src": [0, 1], "dst": [1, 2]})
    with pytest.raises(ReplayError, match="rank 0, chunk 0"):
        replay(Schedule(name="chain", n=3, chunks=1, phases=(phase,)))
    chain = Phase(**{**SWAP, **PIPE, "dst": [1, 2]})  # the same as stages
    back = Phase(**{**SWAP, "src": [2, 2], "dst": [0, 1], "op": COPY})
    replay(Schedule(name="chain", n=3, chunks=1, phases=(chain, back)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dst": [0, 0]}, "rank 0: a transfer goes from the rank to itself"),
        ({"dst": [2, 0]}, "rank 2: a transfer names it, but there are 2 ranks"),
        ({"src": [0, -1]}, "rank -1: a transfer names it"),
        ({"via": [-1, 2]}, "rank 2: a transfer goes via a rank that is not there"),
        ({"base": 1}, "chunk 1: a region reaches it: chunks are 0 to 0"),
        ({"modulus": 3}, "chunk 2: a region reaches it"),
        ({"base": -1}, "a region reaches it"),
    ],
)
def test_replay_refuses_impossible_transfers(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ReplayError, match=message):
        replay(Schedule(name="x", n=2, chunks=1, phases=(Phase(**{**SWAP, **changes}),)))


@pytest.mark.parametrize("op", [[COPY, COPY], [COPY, REDUCE]])
def test_replay_refuses_a_race(op: list[int]) -> None:
    phase = Phase(**{**SWAP, "src": [0, 1], "dst": [2, 2], "op": op})
    with pytest.raises(ReplayError, match="rank 2, chunk 0: copied to while something else arrives"):
        replay(Schedule(name="race", n=3, chunks=1, phases=(phase,)))


SCHEDULES = {
    "ring": ring,
    "recursive-doubling": recursive_doubling,
    "halving-doubling": halving_doubling,
    "tree": double_binary_tree,
}


@pytest.mark.parametrize("n", [6, 13, 16, 150])  # 150: by fingerprints, except recursive doubling and tree
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_single_lost_transfer_is_noticed(name: str, n: int) -> None:
    schedule = SCHEDULES[name](n)
    rng = np.random.default_rng(n)
    for k, phase in enumerate(schedule.phases):
        if phase.kind == "ring":
            continue  # the layout check refuses a ring with a gap
        lost = int(rng.integers(len(phase)))
        arrays = {}
        for field in ("src", "dst", "first", "base", "op", "stage"):
            value = getattr(phase, field)
            arrays[field] = np.delete(value, lost) if isinstance(value, np.ndarray) else value
        if len(phase) > 1:
            with pytest.raises(ReplayError):
                replay(with_phase(schedule, k, **arrays))
        with pytest.raises(ReplayError):
            replay(replace(schedule, phases=schedule.phases[:k] + schedule.phases[k + 1 :]))


@pytest.mark.parametrize("n", [6, 13, 16, 150])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_wrong_operation_is_noticed(name: str, n: int) -> None:
    schedule = SCHEDULES[name](n)
    for k, phase in enumerate(schedule.phases):
        other = 1 - phase.op
        with pytest.raises(ReplayError):
            replay(with_phase(schedule, k, op=other))


@pytest.mark.parametrize("n", [7, 150])
@pytest.mark.parametrize(
    "changes",
    [{"repeat": -1}, {"copy_from": -1}, {"copy_from": 1}, {"shift": 2}, {"shift": 1}],
    ids=str,
)
def test_a_wrong_ring_is_noticed(n: int, changes: dict[str, int]) -> None:
    schedule = ring(n)
    (field, by) = next(iter(changes.items()))
    with pytest.raises(ReplayError):
        replay(with_phase(schedule, 0, **{field: getattr(schedule.phases[0], field) + by}))


@pytest.mark.parametrize("n", [2, 5, 12])
@pytest.mark.parametrize("name", SCHEDULES)
def test_fingerprints_and_exact_counts_agree(name: str, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = SCHEDULES[name](n)
    wrong = with_phase(schedule, -1, op=1 - schedule.phases[-1].op)
    with pytest.raises(ReplayError) as exact:
        replay(wrong)
    monkeypatch.setattr("sims.workload.replay._EXACT_CELLS", 0)
    replay(schedule)
    with pytest.raises(ReplayError) as random:
        replay(wrong)
    assert (random.value.rank, random.value.chunk) == (exact.value.rank, exact.value.chunk)


def test_a_wrong_chunk_is_noticed() -> None:
    first = ring(9).phases[0].first.copy()
    first[4] += 1
    with pytest.raises(ReplayError, match="schedule ring: rank"):
        replay(with_phase(ring(9), 0, first=first))


def test_a_replay_error_is_not_the_users_and_survives_a_process_pool() -> None:
    error = ReplayError("ring", 3, 5, "is wrong")
    assert isinstance(error, AssertionError)
    assert str(pickle.loads(pickle.dumps(error))) == "schedule ring: rank 3, chunk 5: is wrong"
