"""Layers: a fabric as a tree of parts that can be opened, from groups of switches down to a GPU. Knows no
traffic.

A part stands in the part around it: a pod in the fabric, a leaf in its pod, a server below its leaf (below
each of them, where its GPUs are cabled to several), a GPU in its server. The cables of a part are those
that lead out of it: of a server those to that leaf, of a GPU all to the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH
from fabric.measures.groups import Hierarchy, hierarchy, of_endpoints

__all__ = ["Layers", "Layout", "layers_of"]

_GROUPS = {1: "pod", 2: "block of pods"}
_PLANE, _LARGER, _GROUP, _SERVER, _GPU, _SCALE_UP = (
    "plane",
    "larger block",
    "group",
    "server",
    "GPU",
    "scale-up",
)
_AGAIN, _SPAN = 2**20, 2**42  # of keys: more than groups with one first endpoint, and than keys of groups
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Which part the traffic of each link leaves (``out``) or enters (``into``): (layers, links), -1 for
    none.

    ``capacity``: (links,) in bytes/s; ``cables``: (parts,).
    """

    out: Ints
    into: Ints
    capacity: NDArray[np.float64]
    cables: Ints

    def use(self, carried: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(parts,) each, of ``carried`` (links,) bytes: seconds at full rate on all cables of a part
        together and on the fullest, in the direction that takes longer; NaN for a part without cables.
        """
        parts = len(self.cables)
        mean, peak = np.full(parts, np.nan), np.full(parts, np.nan)
        for way in (self.out, self.into):
            for part in way:
                mine = part >= 0
                where, load, rate = part[mine], carried[mine], self.capacity[mine]
                total = np.bincount(where, weights=rate, minlength=parts)
                some = total > 0
                share = np.bincount(where, weights=load, minlength=parts)[some] / total[some]
                mean[some] = np.fmax(mean[some], share)
                np.fmax.at(peak, where, load / rate)
        return mean, peak


@dataclass(frozen=True, kw_only=True, eq=False)
class Layers:
    """The parts of a fabric. ``top``: those that stand in no other; ``head``: how many switches are above
    them all, and what these are called.

    Per part (parts,): ``kind``; ``number``, from 0 among all of its kind; ``switches``: how many of the kind
    ``heads`` (parts,) are at its top; ``inside``: the parts in it, in the order of their first endpoint;
    ``holds``: how many these are, also where they are not kept; ``partner``: of a GPU, the part that is its
    way to the scale-up switch, else -1; ``cables`` out of it, and ``rate``: bytes/s of these, one way.
    """

    name: str
    head: tuple[int, str]
    top: tuple[int, ...]
    kind: tuple[str, ...]
    number: tuple[int, ...]
    heads: tuple[str, ...]
    switches: tuple[int, ...]
    inside: tuple[tuple[int, ...], ...]
    holds: tuple[int, ...]
    partner: tuple[int, ...]
    cables: Ints
    rate: NDArray[np.float64]
    endpoints: int
    keys: tuple[Ints, ...]  # of each layer, ascending
    kept: Ints  # numbers of the parts among those of all layers

    def __len__(self) -> int:
        return len(self.kept)

    def again(self, fabric: Fabric) -> Layout:
        """Where the links of ``fabric`` are: the same fabric, with fewer cables or with switches joined."""
        return _layout(fabric, self.keys, self.kept)


def _layout(fabric: Fabric, keys: Sequence[Ints], kept: Ints) -> Layout:
    place = np.full(sum(map(len, keys)), -1)
    place[kept] = np.arange(len(kept))
    start = 0
    both: tuple[list[Ints], list[Ints]] = ([], [])
    for layer, own in zip(_stacked(fabric), keys):
        for way, found in zip((layer.out, layer.into), both):
            at = np.minimum(np.searchsorted(own, way), len(own) - 1)
            found.append(np.where((way >= 0) & (own[at] == way), place[start + at], -1))
        start += len(own)
    out, into = np.stack(both[0]), np.stack(both[1])
    cables = np.bincount(out[out >= 0], minlength=len(kept))
    return Layout(out=out, into=into, capacity=fabric.capacity, cables=cables)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layer:
    """``keys``: (parts,) of a layer, ascending; ``around``: (parts,) the key of the part around it, in the
    layer before; ``out``, ``into``: (links,) the key of the part that the traffic of each leaves or enters,
    or -1.
    """

    kind: str
    head: str
    keys: Ints
    around: Ints
    switches: Ints
    out: Ints
    into: Ints
    span: int = 1  # of a part that is an end below a leaf, the key is end * span + leaf


def _stacked(fabric: Fabric) -> Iterator[_Layer]:
    """The layers of a fabric from above. Keys are the same for a fabric with fewer cables or joined
    switches: the first endpoint of a group, and which of the groups it is that have this one first.
    """
    tree, access = hierarchy(fabric), of_endpoints(fabric)
    n = fabric.n_endpoints
    src, dst = fabric.link_src.astype(np.int64), fabric.link_dst.astype(np.int64)
    kind = fabric.kind
    label = np.full(len(kind), -1)
    before: Ints = np.zeros(fabric.n_switches, np.int64)
    leaf = before
    for name, head, group, own in _switch_layers(tree, fabric):
        first = np.full(int(group.max()) + 1, n)
        np.minimum.at(first, group[access.dst][group[access.dst] >= 0], access.src[group[access.dst] >= 0])
        order = np.argsort(first, kind="stable")
        again = np.arange(len(order)) - np.searchsorted(first[order], first[order])
        key_of = np.empty(len(order), np.int64)
        key_of[order] = first[order] * _AGAIN + again
        key = np.where(group >= 0, key_of[group], -1)
        label[n : n + fabric.n_switches] = key
        crosses = (label[src] != label[dst]) & (kind[src] == SWITCH) & (kind[dst] == SWITCH)
        inside = np.flatnonzero(group >= 0)
        keys, where = np.unique(key[inside], return_index=True)
        yield _Layer(
            kind=name,
            head=head,
            keys=keys,
            around=before[inside[where]],
            switches=np.bincount(np.searchsorted(keys, key[inside[own[inside]]]), minlength=len(keys)),
            out=np.where(crosses, label[src], -1),
            into=np.where(crosses, label[dst], -1),
        )
        before = leaf = key
    yield from _ends(fabric, leaf, src, dst)


def _switch_layers(tree: Hierarchy, fabric: Fabric) -> Iterator[tuple[str, str, Ints, NDArray[np.bool_]]]:
    """Name, name of the switches on top, (switches,) group of each or -1, and which of them are on top."""
    every = np.ones(fabric.n_switches, bool)
    if not tree.tiered:
        if tree.group[0].max() > 0:
            yield _GROUP, "switch", tree.group[0], every
        yield "switch", "switch", np.arange(fabric.n_switches), every
        return
    count = 1
    for height in range(tree.top, -1, -1):
        group, own = tree.group[height], tree.height == height
        number = int(group.max()) + 1
        if height == 0 or number > count:
            name = (
                tree.names[0]
                if height == 0
                else _PLANE
                if height == tree.top
                else _GROUPS.get(height, _LARGER)
            )
            yield name, tree.names[height], group, own
            count = number


def _ends(fabric: Fabric, leaf: Ints, src: Ints, dst: Ints) -> Iterator[_Layer]:
    """Servers below each leaf and their GPUs; or GPUs below leaves. Then GPUs on their scale-up switch."""
    n, kind = fabric.n_endpoints, fabric.kind
    up, down = (src < n) & (kind[dst] == SWITCH), (dst < n) & (kind[src] == SWITCH)
    leaf_of = np.full(len(kind), -1)
    leaf_of[n : n + fabric.n_switches] = leaf
    grouped = bool(np.all(fabric.server >= 0)) and n > 0
    owner = fabric.server.astype(np.int64) if grouped else np.arange(n)

    def pair(end: Ints, switch: Ints, mine: NDArray[np.bool_]) -> Ints:
        found = np.full(len(src), -1)
        found[mine] = owner[end[mine]] * _SPAN + leaf_of[switch[mine]]
        return found

    out, into = pair(src, dst, up), pair(dst, src, down)
    keys = np.unique(out[up])
    one = np.ones(len(keys), np.int64)
    last = _SERVER if grouped else _GPU
    yield _Layer(
        kind=last, head="", keys=keys, around=keys % _SPAN, switches=one, out=out, into=into, span=_SPAN
    )
    if grouped:
        ends = np.arange(n)
        out, into = np.where(up, src, -1), np.where(down, dst, -1)
        yield _Layer(
            kind=_GPU, head="", keys=ends, around=owner, switches=np.ones(n, np.int64), out=out, into=into
        )
    if fabric.n_scaleup:
        joined = np.flatnonzero(fabric.scaleup >= 0)
        to, back = (src < n) & (kind[dst] == NVSWITCH), (dst < n) & (kind[src] == NVSWITCH)
        yield _Layer(
            kind=_SCALE_UP, head="", keys=joined, around=joined, switches=np.ones(len(joined), np.int64),
            out=np.where(to, src, -1), into=np.where(back, dst, -1),
        )  # fmt: skip


def layers_of(fabric: Fabric, most: int) -> Layers:
    """The parts of ``fabric``, of which at most about ``most`` are kept: those on the way to the first GPU
    before all others, then layer by layer, all parts inside one or none.

    >>> from topologies.named import named
    >>> tree = layers_of(named("fat-tree:k=4").fabric(), 1000)
    >>> tree.head, [(tree.kind[part], tree.holds[part]) for part in tree.top]
    ((4, 'core'), [('pod', 2), ('pod', 2), ('pod', 2), ('pod', 2)])
    """
    found = list(_stacked(fabric))
    inner = [_Inner(around, within) for around, within in pairwise(found) if within.kind != _SCALE_UP]
    start = np.concatenate([[0], np.cumsum([len(one.keys) for one in found])])
    top = [(0, place) for place in range(len(found[0].keys))]
    kept: dict[tuple[int, int], int] = {}
    scale_up = len(found) - 1 if found[-1].kind == _SCALE_UP else 0
    open_, waiting = {}, []

    def keep(parts: Sequence[tuple[int, int]]) -> None:
        for part in parts:
            if part not in kept:
                kept[part] = len(kept)
                waiting.append(part)

    def enter(part: tuple[int, int]) -> Sequence[tuple[int, int]]:
        layer, place = part
        inside = [(layer + 1, int(i)) for i in inner[layer].of(place)] if layer < len(inner) else []
        if inside and len(kept) + sum(one not in kept for one in inside) <= max(most, len(top) + 1):
            keep(inside)
            open_[part] = inside
        return open_.get(part, ())

    keep(top)
    way: Sequence[tuple[int, int]] = top
    while way:
        way = enter(way[0])
    for part in waiting:  # which grows
        if part not in open_:
            enter(part)
    ends = len(inner)  # the layer of GPUs
    partner = dict.fromkeys(kept, -1)
    for part in [part for part in kept if scale_up and part[0] == ends]:
        end = found[ends].keys[part[1]] // found[ends].span
        at = int(np.searchsorted(found[scale_up].keys, end))
        if at < len(found[scale_up].keys) and found[scale_up].keys[at] == end:
            partner[part] = kept.setdefault((scale_up, at), len(kept))
    parts = list(kept)
    numbers = np.array([start[layer] + place for layer, place in parts], np.int64)
    keys = tuple(one.keys for one in found)
    layout = _layout(fabric, keys, numbers)
    rate = sum(
        np.bincount(row[row >= 0], weights=fabric.capacity[row >= 0], minlength=len(parts))
        for row in layout.out
    )
    tree = hierarchy(fabric)
    above = int(np.sum(tree.height == tree.top)) if tree.tiered else len(top)
    name = tree.names[tree.top] if tree.tiered else found[0].kind
    if found[0].kind == _PLANE or (tree.tiered and tree.top == 0):
        above, name = len(top), found[0].kind
    return Layers(
        name=fabric.name,
        head=(above, name),
        top=tuple(kept[part] for part in top),
        kind=tuple(found[layer].kind for layer, _ in parts),
        number=tuple(place for _, place in parts),
        heads=tuple(found[layer].head for layer, _ in parts),
        switches=tuple(int(found[layer].switches[place]) for layer, place in parts),
        inside=tuple(tuple(kept[one] for one in open_.get(part, ())) for part in parts),
        holds=tuple(len(inner[layer].of(place)) if layer < len(inner) else 0 for layer, place in parts),
        partner=tuple(partner.get(part, -1) for part in parts),
        cables=layout.cables,
        rate=np.asarray(rate),
        endpoints=fabric.n_endpoints,
        keys=keys,
        kept=numbers,
    )


class _Inner:
    """What of a layer stands in each part of the one before."""

    def __init__(self, around: _Layer, within: _Layer) -> None:
        self.span = within.span
        self.order = np.argsort(within.around, kind="stable")
        holder = around.keys // around.span if around.kind == _SERVER else around.keys
        inside = within.around[self.order]
        self.low, self.high = np.searchsorted(inside, holder), np.searchsorted(inside, holder, side="right")

    def of(self, place: int) -> Ints:
        """Places in the inner layer, by their keys."""
        return self.order[self.low[place] : self.high[place]]
