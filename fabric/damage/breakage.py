"""Breakage: which cables a list of faults takes, drawn from a seed. No time, no flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fabric.damage.degraded import Damage, cable_links, cables_of, damaged
from fabric.damage.fault import Fault
from fabric.damage.fault_file import read_cables
from fabric.graph.fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.words.errors import FileFormatError, ParameterError

if TYPE_CHECKING:
    from fabric.measures.reach import Unreachable

__all__ = ["PartitionGuard", "broken", "draws", "harmed", "sole"]

_DRAWS = 0xFA17  # sets these draws apart from others of the same seed


def draws(faults: Sequence[Fault]) -> bool:
    """Whether the seed matters."""
    return any(fault.what != "file" for fault in faults)


def broken(
    fabric: Fabric,
    faults: Sequence[Fault],
    seed: int | np.random.SeedSequence = 0,
    *,
    allow_partition: bool = False,
) -> Damage:
    """What ``faults`` do to ``fabric``, one after another; ``seed``: a number, or a stream of its own.

    What a fault may take is put in a random order and taken from its front, so that with one seed the larger
    of two faults holds the smaller. Unless ``allow_partition``, a cable or switch is passed over if without
    it, too, some pair of endpoints would lose its last legal path. A share is of what may fail, to the
    nearest whole number: a cable that is the only one of its endpoint counts only with ``allow_partition``.

    Raises:
        ParameterError: more than there are, a share that comes to none, or so many that endpoints are cut
            off.
        FileFormatError: a file names what does not exist, or what cuts endpoints off.
    """
    pairs = cable_links(fabric)
    lost, rate = np.zeros(len(pairs), bool), np.ones(len(pairs))
    switches, named, shares = 0, [], []
    stream = np.random.SeedSequence([seed % 2**63, _DRAWS]) if isinstance(seed, int) else seed
    rng = np.random.default_rng(stream)
    limit = None if allow_partition else PartitionGuard(fabric)
    for fault in faults:
        if fault.what == "file":
            cables = read_cables(fabric, fault.path)
            named.append(cables)
            if limit and not fault.rate and (cut := limit.broken_by(_with(lost, cables))):
                raise FileFormatError(
                    fault.path, "", f"{limit.said(cut)}: leave it out, or allow a partition"
                )
        else:
            cables, units, among = _drawn(fabric, fault, lost, rng, limit)
            switches += units if fault.what == "switches" else 0
            if fault.share and among != f"{len(pairs):,} cables":
                shares.append((float(fault.rate / 100), f"{fault.amount} of the {among}"))
        if fault.rate:
            rate[cables] = np.minimum(rate[cables], float(fault.rate / 100))
        else:
            lost[cables] = True
    return Damage(lost=lost, rate=rate, switches=switches, named=tuple(named), shares=tuple(shares))


def harmed(
    fabric: Fabric, faults: Sequence[Fault], seed: int = 0, *, allow_partition: bool = False
) -> tuple[Fabric, Damage]:
    """What ``faults`` leave of ``fabric``, and what they did. Raises as ``broken``."""
    if not faults:
        return fabric, Damage(lost=np.zeros(0, bool), rate=np.ones(0))
    damage = broken(fabric, faults, seed, allow_partition=allow_partition)
    return damaged(fabric, damage), damage


class PartitionGuard:
    """No pair of endpoints may lose its last legal path."""

    def __init__(self, fabric: Fabric) -> None:
        from fabric.measures.reach import unreachable

        self.fabric, self._tried = fabric, 0
        self._before = unreachable(fabric).pairs
        self._most = max(200, 40_000_000 // max(1, fabric.n_links))  # tries: some seconds on any fabric

    def broken_by(self, lost: NDArray[np.bool_]) -> Unreachable | None:
        """The pairs that are cut if ``lost`` is, or None if those are no more than before."""
        from fabric.measures.reach import unreachable

        self._tried += 1
        found = unreachable(damaged(self.fabric, Damage(lost=lost, rate=np.ones(len(lost)))))
        return found if found.pairs > self._before else None

    def said(self, cut: Unreachable) -> str:
        return f"cuts {self.fabric.label(cut.src)} off from {self.fabric.label(cut.dst)}"

    @property
    def tired(self) -> bool:
        return self._tried > self._most


def _drawn(
    f: Fabric, fault: Fault, lost: NDArray[np.bool_], rng: np.random.Generator, limit: PartitionGuard | None
) -> tuple[NDArray[np.int64], int, str]:
    """The cables that a fault takes of those that are left, how many cables or switches these are, and in
    words those among which they were drawn.
    """
    units = (_switches if fault.what == "switches" else _cables)(f, fault, lost)
    limit, there = None if fault.rate else limit, len(units)
    if limit is not None:
        units = units[~sole(f, fault.what, units)]
    tier = "" if fault.tier < 0 else f" of tier {fault.tier}"
    among = f"of {len(units):,} {fault.what}{tier} that may {'slow down' if fault.rate else 'fail'}"
    number = fault.count or round(fault.share * len(units) / 100)
    if not len(units) or number > len(units):
        why = " without cutting off an endpoint" if limit is not None else ""
        raise ParameterError(fault.option, str(fault), f"too many {among}{why}")
    if number == 0:
        raise ParameterError(fault.option, str(fault), f"comes to none {among}")
    order = rng.permutation(units)
    if limit is not None:
        order = _sparing(f, fault, order, number, lost, limit)
    taken = order[:number]
    drawn_from = _said(f, fault, units, spared=len(units) < there, left=bool(lost.any()))
    return (taken if fault.what == "cables" else cables_of(f, taken)), number, drawn_from


def _said(f: Fabric, fault: Fault, units: NDArray[np.int64], *, spared: bool, left: bool) -> str:
    """How many cables or switches ``units`` are, and which.

    ``spared``: an endpoint's only one is none of them; ``left``: nor what failed before.
    """
    words = f"{len(units):,} {fault.what}" + (" left" if left else "")
    words += "" if fault.tier < 0 else f" of tier {fault.tier}"
    if not spared:
        return words
    if fault.what == "cables":
        ends = cable_links(f)[units, 0]
        if np.all((f.kind[f.link_src[ends]] == SWITCH) & (f.kind[f.link_dst[ends]] == SWITCH)):
            return f"{words} between switches"
    return f"{words} that are no endpoint's only one"


def _sparing(
    f: Fabric, fault: Fault, order: NDArray, number: int, lost: NDArray[np.bool_], limit: PartitionGuard
) -> NDArray[np.int64]:
    """The first ``number`` of ``order`` after passing over each that, with those before it, cuts a pair off.

    More lost cables never restore a path, so the longest good run is found by halving.
    """
    taken = order[:0]

    def all_good(upto: int) -> bool:
        units = np.concatenate([taken, order[:upto]])
        cables = units if fault.what == "cables" else cables_of(f, units)
        return limit.broken_by(_with(lost, cables)) is None

    while len(taken) < number:
        wanted = min(number - len(taken), len(order))
        good, bad = 0, wanted + 1
        if all_good(wanted):
            good = wanted
        else:
            bad = wanted
            while bad - good > 1:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if all_good(middle) else (good, middle)
        taken, order = np.concatenate([taken, order[:good]]), order[bad:]
        if len(taken) < number and (limit.tired or not len(order)):
            rule = f"more than {len(taken):,} would cut off endpoints: ask for fewer, or allow a partition"
            raise ParameterError(fault.option, str(fault), rule)
    return taken


def _with(lost: NDArray[np.bool_], cables: NDArray[np.int64]) -> NDArray[np.bool_]:
    mask = lost.copy()
    mask[cables] = True
    return mask


def _cables(f: Fabric, fault: Fault, lost: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The cables left of a tier, which is that of their lower end."""
    first = cable_links(f)[:, 0]
    lower = np.minimum(f.tier[f.link_src[first]], f.tier[f.link_dst[first]])
    _check_tier(fault, lower)
    return np.flatnonzero(((lower == fault.tier) | (fault.tier < 0)) & ~lost)


def _switches(f: Fabric, fault: Fault, lost: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The switches of a tier that have a cable left."""
    _check_tier(fault, f.tier[f.kind == SWITCH])
    left = cable_links(f)[~lost, 0]
    cabled = np.zeros(len(f.kind), bool)
    cabled[f.link_src[left]] = cabled[f.link_dst[left]] = True
    return np.flatnonzero(cabled & (f.kind == SWITCH) & ((f.tier == fault.tier) | (fault.tier < 0)))


def _check_tier(fault: Fault, tiers: NDArray[np.int16]) -> None:
    there = np.unique(tiers).tolist()
    if fault.tier >= 0 and fault.tier not in there:
        rule = f"no {fault.what} of tier {fault.tier} are there"
        raise ParameterError(fault.option, str(fault), rule, [f"tier{tier}" for tier in there])


def sole(f: Fabric, what: str, units: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these ``cables`` or ``switches`` alone would leave an endpoint without a cable."""
    n = f.n_endpoints
    first = cable_links(f)[:, 0]
    # Of an endpoint's cable the endpoint is the tail, as endpoints are numbered first, or both ends are.
    ends = np.stack([f.link_src[first], f.link_dst[first]]).astype(np.int64)
    cabled = np.bincount(ends[ends < n], minlength=n)
    lone = np.any((ends < n) & (cabled[np.minimum(ends, n - 1)] == 1), axis=0)
    if what == "cables":
        return lone[units]
    above = np.zeros(len(f.kind), bool)
    above[ends[1, lone]] = True
    return above[units]
