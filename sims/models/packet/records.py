"""Records: ports, flows, messages and packets as arrays for the compiled loop, queues of them, and its heap.

A queue is a chain through its members, each of which stands in one queue at most: a packet on a line or
before a port, a flow among the senders of a port, a time in a list of times. What each field means is said at
the attributes of the same name (sims.models.packet.parts, control, network).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sims.models.kernel import kernel

__all__ = [
    *("ARRIVALS", "BOOKED", "FLOW", "HEAP", "KINDS", "LINE", "MESSAGE", "PACKET", "PORT", "POST", "PULL"),
    *("LANE", "QUEUE", "REACH", "RESUME", "RETURNED", "RETURNS", "SENDERS", "STATE", "STOOD", "TIME"),
    *("WAITING", "WAKE", "Records"),
    *("append", "forget", "forget_until", "insort", "new_packet", "new_time", "next_serial", "pop", "push"),
    *("push_as", "remove"),
]

_Records = NDArray[np.void]


def _record(reals: str, whole: str) -> np.dtype[np.void]:
    return np.dtype([(name, "f8") for name in reals.split()] + [(name, "i8") for name in whole.split()])


PORT = _record(
    "slowness delay latency busy wake bytes waited paused load",
    "node free fullest deepest packets pulling waiting",
)
# ``path``: where in Records.path its links begin; ``starts``: a list of ports; ``into``: where in
# Records.into its lists begin; ``sending``, ``expecting``, ``last``: of its messages.
FLOW = _record(
    "back size pace most due",
    "dst path fixed first order to starts into windowed flying number highest stalled sending expecting last "
    "next prev",
)
# A flow at a port of its way, numbered as in Records.path; only where flows are kept apart.
LANE = _record("held", "flow hop port free last standing waking next prev")
# ``at``, ``serial``: of the event by which it is handed over (at: -1, at once), then of that of its receipt.
MESSAGE = _record("unsent value at", "serial flow unreceived next")
PACKET = _record("due ready sent use wire", "flow message number hop came next prev")
TIME = _record("at use", "next prev")
QUEUE = _record("", "head tail count")
HEAP = _record("at wake", "serial kind who")
# Of one network: settings, where the loop stands, what it has seen. ``until``: where it stops; ``heap``:
# events; ``spare_*``: a chain of those that may be used again, ``new_*``: the first that never was,
# ``used_*``: how many are in use; ``need``: how many more need room; ``drawn``: random numbers used;
# ``done``: a chain of messages whose receipt is settled; ``apart``: whether flows are kept apart;
# ``lanes``: the first queue of the first lane, which has two.
STATE = _record(
    "now until trip mtu header full received total worst",
    "until_serial stored ordered shortest serial heap "
    "spare_packet new_packet used_packets spare_time new_time used_times "
    "drawn done need patience flow came delivered disordered hops apart lanes",
)

REACH, WAKE, PULL, RESUME, POST, STOOD, RETURNED = range(7)  # kinds of events
LINE, WAITING, SENDERS, RETURNS, BOOKED = range(5)  # queues of a port
KINDS = 5
ARRIVALS = KINDS  # times the number of ports: of the first flow


class Records(NamedTuple):
    """All that a network is. Ports are numbered as links are; ``ways``: (targets, links), a list of ports
    each, -1 where it has not been asked for. A list of ports is a line of ``lists``, (first, count) in
    ``members``; ``into``: (entries, 2), a switch and a list.
    """

    ports: _Records
    flows: _Records
    lanes: _Records
    messages: _Records
    packets: _Records
    times: _Records
    queues: _Records
    heap: _Records
    state: _Records
    path: NDArray[np.int64]
    lists: NDArray[np.int64]
    members: NDArray[np.int64]
    ways: NDArray[np.int32]
    into: NDArray[np.int64]
    draws: NDArray[np.float64]
    bins: NDArray[np.int64]


@kernel
def append(queues: _Records, items: _Records, of: int, item: int) -> None:
    """Put an item last."""
    queue = queues[of]
    items[item].next, items[item].prev = -1, queue.tail
    if queue.count:
        items[queue.tail].next = item
    else:
        queue.head = item
    queue.tail = item
    queue.count += 1


@kernel
def remove(queues: _Records, items: _Records, of: int, item: int) -> int:
    """Take an item out, wherever it stands."""
    queue = queues[of]
    after, before = items[item].next, items[item].prev
    if before < 0:
        queue.head = after
    else:
        items[before].next = after
    if after < 0:
        queue.tail = before
    else:
        items[after].prev = before
    queue.count -= 1
    return item


@kernel
def new_packet(net: Records) -> int:
    """A packet that nobody uses."""
    state = net.state[0]
    state.used_packets += 1
    found: int = state.spare_packet
    if found >= 0:
        state.spare_packet = net.packets[found].next
    else:
        found = state.new_packet
        state.new_packet += 1
    return found


@kernel
def new_time(net: Records, at: float, use: float) -> int:
    """A time that nobody uses, set."""
    state = net.state[0]
    state.used_times += 1
    found: int = state.spare_time
    if found >= 0:
        state.spare_time = net.times[found].next
    else:
        found = state.new_time
        state.new_time += 1
    net.times[found].at, net.times[found].use = at, use
    return found


@kernel
def forget(net: Records, of: int, item: int) -> None:
    """Take a time out of its list, for good."""
    remove(net.queues, net.times, of, item)
    state = net.state[0]
    net.times[item].next = state.spare_time
    state.spare_time = item
    state.used_times -= 1


@kernel
def insort(net: Records, of: int, at: float) -> None:
    """Put a time into an ascending list, behind those that are equal."""
    item, queue = new_time(net, at, 0.0), net.queues[of]
    append(net.queues, net.times, of, item)
    before = net.times[item].prev
    if queue.count == 1 or net.times[before].at <= at:
        return
    remove(net.queues, net.times, of, item)
    while before >= 0 and net.times[before].at > at:
        before = net.times[before].prev
    after = queue.head if before < 0 else net.times[before].next
    net.times[item].next, net.times[item].prev = after, before
    net.times[after].prev = item
    if before < 0:
        queue.head = item
    else:
        net.times[before].next = item
    queue.count += 1


@kernel
def forget_until(net: Records, of: int, at: float) -> int:
    """Take the times that are not after ``at`` out of an ascending list. Returns how many there were."""
    queue, found = net.queues[of], 0
    while queue.count and net.times[queue.head].at <= at:
        forget(net, of, queue.head)
        found += 1
    return found


@kernel
def next_serial(net: Records) -> int:
    """The number of the next event: of two at the same time the lower comes first."""
    state = net.state[0]
    state.serial += 1
    serial: int = state.serial - 1
    return serial


@kernel
def push(net: Records, at: float, kind: int, who: int, wake: float) -> None:
    """Schedule an event."""
    push_as(net, at, next_serial(net), kind, who, wake)


@kernel
def push_as(net: Records, at: float, serial: int, kind: int, who: int, wake: float) -> None:
    """Schedule an event that has its number."""
    state, heap = net.state[0], net.heap
    place = state.heap
    state.heap += 1
    while place:
        parent = (place - 1) >> 1
        above = heap[parent]
        if above.at < at or (above.at == at and above.serial < serial):
            break
        heap[place] = above
        place = parent
    event = heap[place]
    event.at, event.serial, event.kind, event.who, event.wake = at, serial, kind, who, wake


@kernel
def pop(net: Records) -> None:
    """Take the first event out of the heap."""
    state, heap = net.state[0], net.heap
    state.heap -= 1
    count = state.heap
    at, serial = heap[count].at, heap[count].serial
    place = 0
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        one = heap[child]
        if child + 1 < count:
            other = heap[child + 1]
            if other.at < one.at or (other.at == one.at and other.serial < one.serial):
                child += 1
                one = other
        if at < one.at or (at == one.at and serial < one.serial):
            break
        heap[place] = one
        place = child
    heap[place] = heap[count]
