"""Where the nodes of a small fabric stand: in rows by tier, or on a plane without tiers. No ink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.graph.fabric import Fabric
from fabric.measures.groups import Arcs, Hierarchy, of_endpoints

__all__ = ["plane_layout", "row_layout"]

_ROUNDS = 400  # of stress majorisation
_GAP_ENDPOINT, _GAP_POD = 0.45, 0.9  # between servers, in endpoints; between pods, in leaves


def row_layout(
    fabric: Fabric, tree: Hierarchy, width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x of the endpoints and of the switches, from 0 to ``width``.

    Pods stand side by side, as wide as the fullest of their rows needs; what is above several pods is
    spread over all of them. Endpoints stand by server, below their pod; where servers reach into several
    pods, below all.
    """
    access = of_endpoints(fabric)
    h = max(tree.top - 1, 0)
    pod = tree.group[h]
    pods = int(pod.max()) + 1
    first = np.full(fabric.n_endpoints, fabric.n_switches)
    np.minimum.at(first, access.src, access.dst)
    together = _owners_together(fabric, access, pod)
    home = np.append(pod, pods - 1)[first] if together else np.zeros(fabric.n_endpoints, np.int64)
    taken = np.bincount(home, minlength=pods) if together else np.zeros(pods)

    in_rows = np.max([np.bincount(pod[tree.height == row], minlength=pods) for row in range(h + 1)], axis=0)
    crowd = max(1.0, float(taken.max()) / max(float(in_rows.max()), 1.0))  # endpoints are this much narrower
    room = np.maximum(in_rows, taken / crowd).clip(1)
    plane = np.zeros(pods, np.int64)
    plane[pod[pod >= 0]] = tree.group[tree.top][pod >= 0]
    order = np.lexsort((np.arange(pods), plane))  # planes stay side by side
    left = np.empty(pods)
    left[order] = np.cumsum(room[order] + _GAP_POD) - room[order] - _GAP_POD
    scale = width / float(np.max(left + room))
    left, right = left * scale, (left + room) * scale

    endpoint_x = np.zeros(fabric.n_endpoints)
    server = np.where(fabric.server >= 0, fabric.server, fabric.n_endpoints + first)
    order = np.lexsort((np.arange(fabric.n_endpoints), first, server, home))
    slot = (
        0.5
        + np.arange(len(order))
        + _GAP_ENDPOINT * np.cumsum(np.diff(server[order], prepend=server[order[0]]) != 0)
    )
    for p in np.unique(home):
        mine = home[order] == p
        low, high = (left[p], right[p]) if together else (0.0, width)
        at = slot[mine] - slot[mine][0] + 0.5
        endpoint_x[order[mine]] = low + at * (high - low) / (at[-1] + 0.5)
    switch_x = np.zeros(fabric.n_switches)
    for row in range(tree.top + 1):
        group = tree.group[max(row, h)]
        for g in np.unique(group[tree.height == row]):
            mine = np.flatnonzero((tree.height == row) & (group == g))
            inside = np.unique(pod[(group == g) & (pod >= 0)])
            low, high = (left[inside].min(), right[inside].max()) if len(inside) else (0.0, width)
            switch_x[mine] = low + (np.arange(len(mine)) + 0.5) * (high - low) / len(mine)
    return endpoint_x, switch_x


def _owners_together(fabric: Fabric, access: Arcs, pod: NDArray[np.int64]) -> bool:
    """Whether no server and no endpoint has cables into two pods, or to what is above pods."""
    if not len(access.src):
        return False
    owner = np.where(fabric.server >= 0, fabric.server, -1 - np.arange(fabric.n_endpoints))[access.src]
    owner = np.unique(owner, return_inverse=True)[1]
    low = np.full(int(owner.max()) + 1, len(pod))
    high = np.full(len(low), -1)
    np.minimum.at(low, owner, pod[access.dst])
    np.maximum.at(high, owner, pod[access.dst])
    return bool(np.all((low == high) & (low >= 0)))


def plane_layout(count: int, arcs: Arcs, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """(switches, 2): places within the unit circle; groups stand round, else distance follows hops."""
    groups = int(group.max(initial=0)) + 1
    if groups > 1:
        return _rounds(group, groups)
    place = _stress(_hops(count, arcs))
    gap = np.abs(place[:, None] - place[None, :]).max(axis=2) + 9 * np.eye(count)
    if count > 1 and gap.min() < 0.6 / count:  # two would lie on one another
        place = _circle(count)
    return place


def _circle(count: int) -> NDArray[np.float64]:
    angle = np.pi / 2 - 2 * np.pi * np.arange(count) / max(count, 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _rounds(group: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
    """Every group a small circle, the groups on a large one."""
    place = np.zeros((len(group), 2))
    radius = min(0.3, 0.7 * np.sin(np.pi / groups))
    for g, centre in enumerate(_circle(groups)):
        mine = np.flatnonzero(group == g)
        place[mine] = centre * (1 - radius) + radius * 0.8 * _circle(len(mine))
    return place


def _hops(count: int, arcs: Arcs) -> NDArray[np.float64]:
    """(switches, switches): hops between them; what cannot be reached stands one beyond the farthest."""
    near = np.zeros((count, count), bool)
    near[arcs.src, arcs.dst] = True
    hops = np.full((count, count), -1.0)
    front, step = np.eye(count, dtype=bool), 0
    while front.any():
        hops[front] = step
        front = ((front.astype(np.float32) @ near) > 0) & (hops < 0)
        step += 1
    hops[hops < 0] = step
    return hops


def _stress(hops: NDArray[np.float64]) -> NDArray[np.float64]:
    """The plane drawing of least stress (Gansner, Koren, North, 2004), weights 1 / hops^2, within the unit
    circle.
    """
    count = len(hops)
    if count < 3:
        return _circle(count)
    weight = np.where(hops > 0, 1 / np.maximum(hops, 1) ** 2, 0)
    np.fill_diagonal(weight, 0)
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    best, least = _circle(count), np.inf
    for start in (_circle(count), np.random.default_rng(0).normal(size=(count, 2))):
        place = start
        for _ in range(_ROUNDS):
            far = np.linalg.norm(place[:, None] - place[None, :], axis=2)
            pull = -weight * hops / np.where(far > 1e-9, far, np.inf)
            np.fill_diagonal(pull, -pull.sum(axis=1))
            place = inverse @ (pull @ place)
        far = np.linalg.norm(place[:, None] - place[None, :], axis=2)
        stress = float(np.sum(weight * (far - hops) ** 2))
        if stress < least - 1e-6:
            best, least = place, stress
    best = best - best.mean(axis=0)
    return best / np.linalg.norm(best, axis=1).max()
