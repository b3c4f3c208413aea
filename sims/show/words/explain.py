"""An explanation in words: where the time goes, which links are full, what would help. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.graph.schema import ZONES
from fabric.words.counted import counted
from fabric.words.units import format_rate, format_time
from sims.studies.explain.bottleneck import Bottleneck, Hotspot
from sims.studies.explain.explainer import Explanation
from sims.studies.explain.slowest_group import SlowestGroup

__all__ = ["explanation_lines", "signed_time"]

_KINDS, _PLACES, _RANKS = 4, 6, 4  # kinds of link, names of pods and ranks of a group that are listed
_BETWEEN = "between"


def explanation_lines(name: str, found: Explanation) -> Iterator[str]:
    """Of the run called ``name``, such as ``ring at 1 GiB``."""
    yield "#"
    yield f"# why {name} takes {format_time(found.time_s)}{_why(found.latency_share)}"
    for spot in found.hotspots:
        if found.phases > 1:
            yield f"#   {_phases(spot, found.phases)}"
        yield from _full(spot.bottlenecks)
    if found.group:
        yield from _slowest(found.group, found.phases)
    if found.last is not None:
        yield f"#   rank {found.last:,} receives last"
    if found.note:
        yield f"# note: {found.note}"
    yield "#"
    width = max(map(len, (remedy.name for remedy in found.remedies)), default=0)
    width = max(width, len("what would help"))
    yield f"# {'what would help':<{width}} {'time':>12} {'saved':>12} {'':>8}   how"
    for remedy in found.remedies:
        share = remedy.saved_s / found.time_s
        yield (
            f"  {remedy.name:<{width}} {format_time(remedy.time_s):>12} {signed_time(remedy.saved_s):>12} "
            f"{share:>8.1%}   {remedy.change}"
        ).replace("-0.0%", " 0.0%")
    for remedy in found.remedies:
        if remedy.note:
            yield f"# note: {remedy.name}: {remedy.note}"
    for words in found.left_out:
        yield f"# not here: {words}"


def _slowest(group: SlowestGroup, phases: int) -> Iterator[str]:
    """Which group is slowest, and the link of its own that is busy longest."""
    ranks = ", ".join(map(str, group.ranks[:_RANKS].tolist())) + ", ..." * (len(group.ranks) > _RANKS)
    yield (
        f"#   the slowest group is {group.label} (ranks {ranks}): {format_time(group.seconds)}, "
        f"{format_time(group.alone)} alone"
    )
    numbers = _listed([str(number) for number in group.phases])
    whose = f", of {counted(group.groups, 'group')}" if group.groups else ""
    when = f"; it does so in phase{'s' * (len(group.phases) > 1)} {numbers}" if phases > 1 else ""
    yield (
        f"#     it crosses {group.link} {group.example}, busy for {format_time(group.busy)} with "
        f"{counted(group.flows, 'flow')} at a time{whose}{when}"
    )


def signed_time(seconds: float) -> str:
    """A time that may be below zero, which is a loss."""
    if seconds == 0:
        return "0 s"
    return f"-{format_time(-seconds)}" if seconds < 0 else format_time(seconds)


def _why(share: float) -> str:
    return f", {share:.1%} of it latency" if share >= 0.0005 else ""


def _phases(spot: Hotspot, phases: int) -> str:
    numbers = _listed([f"{number}" for number in spot.phases])
    word = "phase" if len(spot.phases) == 1 else "phases"
    if spot.together:
        return (
            f"{word} {numbers} of {phases}, side by side: these links are busy {spot.share:.1%} of the time"
        )
    latency = spot.latency / spot.seconds
    return f"{word} {numbers} of {phases}: {spot.share:.1%} of the time{_why(latency)}"


def _full(bottlenecks: Sequence[Bottleneck]) -> Iterator[str]:
    """A line per kind of link, the kinds with most full links first."""
    kinds: dict[str, list[Bottleneck]] = {}
    for one in bottlenecks:
        kinds.setdefault(one.link, []).append(one)
    width = max(map(len, kinds))
    order = sorted(kinds, key=lambda kind: -sum(one.links for one in kinds[kind]))
    for kind in order[:_KINDS]:
        mine = kinds[kind]
        links = sum(one.links for one in mine)
        flows = sorted({_count(one.flows) for one in mine}, key=float)
        each = flows[0] if len(flows) == 1 else f"{flows[0]} to {flows[-1]}"
        every = links == mine[0].among
        which = counted(mine[0].among, "link")
        which = ("all " if links > 1 else "") + which if every else f"{links:,} of {which}"
        rate = format_rate(min(one.rate for one in mine))
        line = f"#     {kind:<{width}}   {which}, {counted(each, 'flow')} on each, {rate}"
        if not every:
            line += f"{_places(mine)}; {'it is' if links == 1 else 'one is'} {mine[0].example}"
        yield line
    if len(order) > _KINDS:
        yield f"#     and {counted(len(order) - _KINDS, 'more kind')} of link, just as full"


def _count(flows: float) -> str:
    return f"{flows:.3g}" if flows < 1000 else f"{flows:.0f}"


def _places(mine: Sequence[Bottleneck]) -> str:
    words = []
    for zone in ZONES:
        names = list(dict.fromkeys(getattr(one, zone) for one in mine))
        named = [name for name in names if name not in ("", _BETWEEN)]
        if len(named) > _PLACES:
            words.append(f"in {len(named):,} {zone}s")
        elif named:
            words.append(f"{zone}{'s' * (len(named) > 1)} {_listed(sorted(named, key=_natural))}")
        elif _BETWEEN in names:
            words.append(f"between {zone}s")
    return "; " + ", ".join(words) if words else ""


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (-1, name)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
