"""Ring: an all-reduce for every n, servers and channels; each rank sends 2(n-1)/n of the message."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.words.errors import ParameterError
from sims.workload.collectives.ring import ring
from sims.workload.replay import replay
from sims.workload.schedule import Schedule

SIZE = 2.0**20


def check(schedule: Schedule) -> None:
    replay(schedule)
    n = schedule.n
    assert schedule.sent(SIZE) == pytest.approx(2 * (n - 1) / n * SIZE)
    for phase in schedule.phases:
        src, dst = (a.reshape(-1, phase.ring_size) for a in (phase.src, phase.dst))
        assert (dst == np.roll(src, -1, axis=1)).all()
        assert (np.sort(src, axis=1) == np.arange(n)).all()  # every ring visits every rank


@pytest.mark.parametrize("n", [*range(1, 34), 257, 300])
def test_plain(n: int) -> None:
    schedule = ring(n)
    check(schedule)
    assert schedule.chunks == n
    assert len(schedule.phases) == (n > 1)
    if n > 1:
        (phase,) = schedule.phases
        assert (phase.kind, phase.ring_size, phase.latency_steps) == ("ring", n, 2 * (n - 1))
        assert (phase.repeat, phase.copy_from, phase.via) == (2 * (n - 1), n - 1, None)


def test_order() -> None:
    schedule = ring(4, order=[2, 0, 3, 1])
    check(schedule)
    assert schedule.phases[0].src.tolist() == [2, 0, 3, 1]
    assert schedule.phases[0].dst.tolist() == [0, 3, 1, 2]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(1, 24))
def test_any_servers_order_and_channels(data: st.DataObject, n: int) -> None:
    servers = data.draw(st.lists(st.integers(-1, 5), min_size=n, max_size=n))
    order = data.draw(st.permutations(range(n)))
    channels = data.draw(st.none() | st.integers(1, 5))
    schedule = ring(n, order=order, servers=servers, channels=channels)
    check(schedule)
    for phase in schedule.phases:
        assert phase.via is not None
        relayed = np.flatnonzero(phase.via >= 0)
        label = np.asarray(servers)
        assert (label[phase.via[relayed]] == label[phase.src[relayed]]).all()  # a NIC of the sender's server
        assert (phase.via[relayed] != phase.src[relayed]).all()
        # A ring leaves each server once, so it crosses between servers once per server.
        names = [("alone", i) if s == -1 else s for i, s in enumerate(servers)]
        crossing = sum(names[a] != names[b] for a, b in zip(phase.src, phase.dst))
        assert crossing == (len(set(names)) if len(set(names)) > 1 else 0) * (len(phase) // n)


def test_two_servers_of_three_by_hand() -> None:
    r"""Ring j starts at member j of each server and leaves from member j-1 through the NIC of member j.

    server 0: ranks 0 1 2      ring 0: 0 1 2 | 3 4 5      ring 1: 1 2 0 | 4 5 3      ring 2: 2 0 1 | 5 3 4
    server 1: ranks 3 4 5      via:        0 |     3                  1 |     4                  2 |     5
    """
    schedule = ring(6, servers=[0, 0, 0, 1, 1, 1])
    (phase,) = schedule.phases
    assert schedule.chunks == 18
    assert phase.src.reshape(3, 6).tolist() == [[0, 1, 2, 3, 4, 5], [1, 2, 0, 4, 5, 3], [2, 0, 1, 5, 3, 4]]
    assert phase.via is not None
    assert phase.via.reshape(3, 6).tolist() == [
        [-1, -1, 0, -1, -1, 3],
        [-1, -1, 1, -1, -1, 4],
        [-1, -1, 2, -1, -1, 5],
    ]
    assert np.unique(phase.base).tolist() == [0, 6, 12]
    check(schedule)


def test_uneven_servers_and_more_channels_than_members() -> None:
    schedule = ring(6, servers=[7, 4, 7, 7, 4, -1], channels=4)  # servers {0 2 3}, {1 4}, {5}
    (phase,) = schedule.phases
    assert phase.src.reshape(4, 6).tolist() == [
        [0, 2, 3, 1, 4, 5],
        [2, 3, 0, 4, 1, 5],
        [3, 0, 2, 1, 4, 5],
        [0, 2, 3, 4, 1, 5],
    ]
    assert phase.via is not None
    assert phase.via.reshape(4, 6)[:, [2, 4, 5]].tolist() == [[0, 1, -1], [2, 4, -1], [3, 1, -1], [0, 4, -1]]
    check(schedule)


def test_every_nic_of_a_server_carries_one_channel() -> None:
    n, g = 64, 8
    (phase,) = ring(n, servers=np.arange(n) // g).phases
    leaving = phase.src // g != phase.dst // g
    assert phase.via is not None
    nic = np.where(phase.via >= 0, phase.via, phase.src)[leaving]
    assert (np.bincount(nic, minlength=n) == 1).all()
    assert (np.bincount(phase.dst[leaving], minlength=n) == 1).all()
    assert (nic % g == phase.dst[leaving] % g).all()  # and stays on its rail


def test_default_channels() -> None:
    assert ring(6).chunks == 6
    assert ring(6, servers=[0, 0, 0, 1, 1, -1]).chunks == 3 * 6
    assert ring(6, servers=[-1] * 6).chunks == 6
    alone = ring(6, servers=[3] * 6)  # one server: all its rings would be the same
    assert alone.chunks == 6
    assert alone.phases[0].via is not None
    assert (alone.phases[0].via == -1).all()


def test_large_with_channels() -> None:
    check(ring(96, servers=np.arange(96) // 8))


def test_a_hundred_thousand_ranks_are_quick() -> None:
    servers = np.arange(100_000) // 8
    begin = time.process_time()
    schedule = ring(100_000, servers=servers)
    assert time.process_time() - begin < 0.3
    assert schedule.chunks == len(schedule.phases[0]) == 800_000


@pytest.mark.parametrize(
    ("n", "arguments", "message"),
    [
        (0, {}, "ranks: 0: a whole number, at least 1"),
        (2.5, {}, "ranks: 2.5"),
        (3, {"order": [0, 1, 1]}, r"order: .*each rank 0 \.\. 2 once"),
        (3, {"order": [0, 1]}, r"order: .*each rank 0 \.\. 2 once"),
        (3, {"servers": [0, 1]}, "servers: .*one whole-number label for each of 3 ranks"),
        (3, {"servers": [0.5, 1, 1]}, "servers: .*whole-number label"),
        (3, {"channels": 0}, "channels: 0: a whole number, at least 1"),
        (3, {"channels": True}, "channels: True: a whole number"),
        (100_000, {"channels": 30_000}, "channels: 30000: channels \\* ranks is at most 2,147,483,647"),
    ],
)
def test_illegal(n: int, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ring(n, **arguments)
