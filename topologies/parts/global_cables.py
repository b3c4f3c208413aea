"""The cables between the groups of a dragonfly, spread evenly.

Knows groups, routers and ports; no endpoints, no rates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["global_cables"]


def global_cables(
    groups: int, routers: int, ports: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(tail, head, cables): the pairs of routers of different groups that are cabled, and by how many cables.

    Each of ``groups`` has ``routers`` routers of ``ports`` global ports; router r of group i is number
    ``i * routers + r``; ``groups`` is at most ``routers * ports + 1``. Each pair of groups gets one cable at
    least, and none gets two more than another. All global ports are used, but one in the whole network where
    groups and global ports of a group are both odd, and all where there is one group only.

    The arrangement is the relative one, in which port k of a group leads k + 1 groups onwards (Hastings et
    al., "Comparing global link arrangements for Dragonfly networks", CLUSTER 2015): with fewer groups than
    routers * ports + 1 it starts again after every groups - 1 ports. The ports that remain behind the last
    full turn lead to the nearest groups on both sides, 1, 2, ... onwards and as many back.

    >>> global_cables(3, 2, 1)  # three groups of two routers: a hexagon, were the groups' own cables drawn
    (array([0, 1, 2]), array([3, 4, 5]), array([1, 1, 1]))
    """
    slots = routers * ports
    offset, port, peer_port = _turns(groups, slots)
    # A cable of offset d from group i is one of offset -d from group i + d; each is taken once.
    group, k = (axis.ravel() for axis in np.indices((groups, len(offset))))
    once = (2 * offset[k] < groups) | ((2 * offset[k] == groups) & (2 * group < groups))
    group, k = group[once], k[once]
    near, far = group * slots + port[k], (group + offset[k]) % groups * slots + peer_port[k]
    if groups > 1 and groups % 2 and slots % (groups - 1) % 2:
        # An odd number of ports remains in an odd number of groups: the last port of each is cabled in pairs
        # along 0, d, 2d, ..., d = (groups - 1) / 2, which visits every group and is no offset used above.
        walk = np.arange(groups, dtype=np.int64) * (groups // 2) % groups * slots + slots - 1
        near, far = np.concatenate([near, walk[0:-1:2]]), np.concatenate([far, walk[1::2]])
    low, high = np.minimum(near, far) // ports, np.maximum(near, far) // ports
    n = groups * routers
    pair, cables = np.unique(low * n + high, return_counts=True)
    return pair // n, pair % n, cables.astype(np.int64)


def _turns(groups: int, slots: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(offset, port, peer's port) of the ports of a group: where each leads, and at which port it arrives.

    Within a turn offsets ascend and are closed under negation: the i-th leads to the i-th from the end.
    """
    if groups < 2:
        none = np.zeros(0, np.int64)
        return none, none, none
    turns, rest = divmod(slots, groups - 1)
    rest -= rest % 2 * (groups % 2)
    full = np.arange(1, groups, dtype=np.int64)
    middle = [np.array([groups // 2])] if rest % 2 else []
    last = np.concatenate([full[: rest // 2], *middle, full[len(full) - rest // 2 :]])
    offset = np.concatenate([np.tile(full, turns), last])
    port = np.arange(len(offset), dtype=np.int64)
    in_turns = turns * len(full)
    start = np.where(port < in_turns, port // len(full) * len(full), in_turns)
    length = np.where(port < in_turns, len(full), rest)
    return offset, port, 2 * start + length - 1 - port
