"""Which algorithm is the fastest at which sizes, in words. Knows nothing but the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.words.units import format_size
from sims.scenario.row import Row
from sims.scenario.tie import as_fast
from sims.workload.collectives import is_auto, library_of

__all__ = ["fastest", "fastest_lines", "fastest_words", "size_runs"]

_MOST_RUNS = 5
_CHOSEN = " (auto)"

Runs = list[tuple[list[str], int, int]]


def fastest(rows: Sequence[Row]) -> list[str]:
    """The algorithms that are the fastest of these rows, or as fast.

    ``auto`` is the fastest by what it is: its choice stands in its place, once if that ran by itself, too.
    """
    least = min(row.time_s for row in rows)
    found: dict[str, str] = {}
    for name in (_called(row) for row in rows if as_fast(row.time_s, least)):
        ran = name.removesuffix(_CHOSEN)
        found[ran] = ran if ran in found else name
    return list(found.values())


def _called(row: Row) -> str:
    """The algorithm of a row. What a library chooses need not be the fastest, and has a name of its own."""
    own = row.scenario.algorithm
    return row.used + _CHOSEN if is_auto(own) and not library_of(own) else own


def size_runs(winners: Sequence[tuple[int, Sequence[str]]]) -> Runs:
    """The algorithms that are the fastest from one size to another, each run as long as it can be.

    >>> size_runs([(8, ["tree", "ring"]), (64, ["ring"]), (512, ["linear"])])
    [(['ring'], 8, 64), (['linear'], 512, 512)]
    """
    runs: Runs = []
    for size, names in winners:
        still = [name for name in runs[-1][0] if name in names] if runs else []
        if still:
            runs[-1] = (still, runs[-1][1], size)
        else:
            runs.append((list(names), size, size))
    return runs


def fastest_words(runs: Runs) -> list[str]:
    """What is fastest in each run of sizes.

    >>> fastest_words([(["ring", "tree"], 8, 1024), (["linear"], 8192, 8192)])
    ['ring and tree from 8 B to 1 KiB', 'linear at 8 KiB']
    """
    return [
        f"{' and '.join(names)} "
        + (f"from {format_size(low)} to {format_size(high)}" if low != high else f"at {format_size(low)}")
        for names, low, high in runs
    ]


def fastest_lines(rows: Sequence[Row]) -> Iterator[str]:
    """What a table of several algorithms comes to: a line, below them; nothing of one algorithm."""
    if len({row.scenario.algorithm for row in rows}) < 2:
        return
    sizes = sorted({row.scenario.size_bytes for row in rows})
    at = [(size, [row for row in rows if row.scenario.size_bytes == size]) for size in sizes]
    words = fastest_words(size_runs([(size, fastest(some)) for size, some in at]))
    more = [f"{len(words) - _MOST_RUNS} more changes"] if len(words) > _MOST_RUNS else []
    yield "#"
    yield f"# fastest    {'; '.join([*words[:_MOST_RUNS], *more])}"
