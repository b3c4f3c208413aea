"""A comparison in lines for people: what was changed, what that did pair by pair, and in a sentence.

Computes nothing but medians.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from string import ascii_uppercase

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.scenario.tie import EQUAL, as_fast
from sims.studies.compare import Comparison, Pair

__all__ = ["comparison_lines", "comparisons_lines"]

_ROUNDING = 1e-9  # relative, of times


def comparisons_lines(
    found: Sequence[Comparison], sides: Sequence[str], notes: Sequence[str] = ()
) -> Iterator[str]:
    """Several sides against the first, one after another, and who wins: in how many of what all have; then
    ``notes`` on the fabrics.
    """
    yield from comparison_lines(found[0], sides[0], sides[1])
    for place, one in enumerate(found[1:], start=2):
        yield ""
        yield from comparison_lines(one, sides[0], sides[place], _mark(place))
    if len(found) > 1:
        yield ""
        yield from _winners(found)
    yield from (f"note: {note}" for note in notes)


def _mark(place: int) -> str:
    """B, C, ..., Z, then numbers: what the side at ``place`` is called in tables."""
    return ascii_uppercase[place] if place < len(ascii_uppercase) else f"no. {place + 1}"


def _winners(found: Sequence[Comparison]) -> Iterator[str]:
    """Of the rows of A that have a partner on every side, which side is the fastest."""
    ratios = [{pair.a.key: pair.ratio for pair in one.pairs} for one in found]
    shared = [key for key in ratios[0] if all(key in own for own in ratios)]
    if not shared:
        yield "No row of A has a partner on every side."
        return
    won: dict[str, int] = {}
    for key in shared:
        times = {"A": 1.0} | {_mark(i): own[key] for i, own in enumerate(ratios, start=1)}
        least = min(times.values())
        for mark, time in times.items():
            won[mark] = won.get(mark, 0) + as_fast(time, least)
    order = sorted(won.items(), key=lambda item: -item[1])
    words = ", ".join(f"{mark} in {count:,}" for mark, count in order)
    ties = "; ties count for each" if sum(won.values()) > len(shared) else ""
    yield f"Fastest of all {len(won)} in {counted(len(shared), 'row')} that all have: {words}{ties}."


def comparison_lines(found: Comparison, a: str, b: str, mark: str = "B") -> Iterator[str]:
    """``a`` and ``b``: what the two sides are called; ``mark``: what stands for the second in tables."""
    yield f"A: {a}"
    yield f"{mark}: {b}"
    for change in found.changes:
        yield f"changed  {change}"
    if caution := found.caution():
        yield f"caution  {caution}"
    if not found.changes:
        yield "changed  nothing in the scenarios"
    yield ""
    heads = [*found.varied, "time A", f"time {mark}", f"{mark} / A"]
    heads += ["busbw A", f"busbw {mark}", "limit A", f"limit {mark}"]
    heads = ["size" if head == "size_bytes" else head for head in heads]
    lines = [[*(_said(pair, name) for name in found.varied), *_numbers(pair)] for pair in found.pairs]
    widths = [max(len(head), *(len(line[i]) for line in lines)) for i, head in enumerate(heads)]
    words = len(found.varied)
    for line in (heads, *lines):
        cells = [
            text.rjust(width) if words <= i < words + 5 else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths))
        ]
        yield "  ".join(cells).rstrip()
    yield ""
    yield from _summary(found, mark)


def _said(pair: Pair, name: str) -> str:
    value = (
        getattr(pair.a.scenario, name) if name != "seed" else max(pair.a.scenario.seed, pair.b.scenario.seed)
    )
    return format_size(value) if name == "size_bytes" else f"{value:,}" if name == "ranks" else str(value)


def _numbers(pair: Pair) -> list[str]:
    return [
        format_time(pair.a.time_s),
        format_time(pair.b.time_s),
        _ratio(pair.ratio),
        f"{pair.a.busbw_GBps:.4g} GB/s",
        f"{pair.b.busbw_GBps:.4g} GB/s",
        pair.a.limit,
        pair.b.limit if pair.b.limit != pair.a.limit else "same",
    ]


def _summary(found: Comparison, mark: str) -> Iterator[str]:
    ratios, verdicts = [pair.ratio for pair in found.pairs], [pair.verdict for pair in found.pairs]
    faster, slower = verdicts.count(-1), verdicts.count(1)
    if not faster and not slower:
        every = "The one pair takes" if len(ratios) == 1 else f"All {len(ratios):,} pairs take"
        yield f"{every} the same time{_within(found)}."
        yield from _alone(found, mark)
        return
    equal = f"equal in {verdicts.count(0):,}{_within(found)}"
    counts = f"{mark} is faster in {faster:,}, slower in {slower:,} and {equal}"
    middle = _ratio(median(ratios))
    yield f"{counts} of {counted(len(ratios), 'pair')}. Time of {mark} over A: median {middle},"
    least, most = min(found.pairs, key=lambda p: p.ratio), max(found.pairs, key=lambda p: p.ratio)
    ends = [f"{_ratio(pair.ratio)}{_where(pair, found)}" for pair in (least, most)]
    yield f"from {ends[0]} to {ends[1]}."
    yield from _alone(found, mark)


def _within(found: Comparison) -> str:
    """How near equal times are, where they are not the same to the last bit that is no rounding."""
    near = any(pair.verdict == 0 and abs(pair.ratio - 1) > _ROUNDING for pair in found.pairs)
    return f" (to within {EQUAL:.3%})" if near else ""


def _ratio(value: float) -> str:
    """A ratio of times, which is 1 in words where they are as fast and nowhere else."""
    return "1" if as_fast(value, 1) else text if (text := f"{value:.4g}") != "1" else f"{value:.5g}"


def _alone(found: Comparison, mark: str) -> Iterator[str]:
    a, b = found.left_out
    if a or b:
        yield f"Without a partner: {counted(a, 'row')} of A and {b:,} of {mark}."


def _where(pair: Pair, found: Comparison) -> str:
    words = [f"seed {_said(pair, name)}" if name == "seed" else _said(pair, name) for name in found.varied]
    return f" ({', '.join(words)})" if words else ""
