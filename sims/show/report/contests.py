"""Who wins where, and by how much: the values of each axis that was varied, held against each other.

Settings are compared like with like: rows that agree in everything else. Knows nothing but the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from fabric.words.counted import counted
from sims.scenario.row import Row
from sims.scenario.tie import as_fast
from sims.show.report.axes import everywhere, label, listed, noun, number, series, value, varied
from sims.show.report.findings import median_row

__all__ = ["Contest", "compared", "contests", "contests_in_words"]

_MOST = 12  # values of an axis that a sentence names
_USUAL = ("algorithm", "size_bytes", "seed", "ranks")  # what other sentences and figures are about


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The values of ``axis`` at the ``settings`` at which at least two of them were run.

    A setting is what rows share apart from the axis and from what goes with it (``along``, such as the ranks
    of a topology); it holds a row for each value: of its seeds the one of the median time. ``others``: the
    axes whose values tell settings apart.

    ``wins``: at how many settings each value is the fastest, or as fast as the fastest.
    """

    axis: str
    along: tuple[str, ...]
    others: tuple[str, ...]
    settings: tuple[Mapping[str, Row], ...]

    @property
    def wins(self) -> dict[str, int]:
        won = dict.fromkeys((name for setting in self.settings for name in setting), 0)
        for setting in self.settings:
            least = min(row.time_s for row in setting.values())
            for name, row in setting.items():
                won[name] += as_fast(row.time_s, least)
        return won

    def behind(self, name: str, winner: str) -> list[tuple[float, Row]]:
        """The time of ``name`` over that of ``winner`` where both were run, and the row of ``name``."""
        both = (setting for setting in self.settings if name in setting and winner in setting)
        return [(setting[name].time_s / setting[winner].time_s, setting[name]) for setting in both]


def compared(rows: Sequence[Row]) -> list[str]:
    """The axes whose values a page about ``rows`` compares: all but algorithm, size, ranks and seed."""
    return [name for name in varied(rows) if name not in _USUAL]


def contests(rows: Sequence[Row]) -> list[Contest]:
    """One for each axis that ``compared`` names and of which rows can be held against each other.

    An axis that goes with another has no contest of its own, nor has the size of a fabric with all its ranks:
    what is larger and slower has not lost.
    """
    found, done = [], set()
    for axis in compared(rows):
        along = _along(rows, axis)
        grown = axis.startswith("topology.") and len({row.scenario.ranks for row in rows}) > 1
        if axis in done or (grown and _told_by(rows, axis, "ranks")):
            continue
        done |= {name for name in along if axis in _along(rows, name)}
        others = [name for name in varied(rows) if name not in (axis, "seed", *along)]
        settings = []
        for members in series(rows, others).values():
            mine = {name: median_row(own) for name, own in series(members, [axis]).items()}
            if len(mine) > 1:
                settings.append(mine)
        if settings:
            found.append(Contest(axis=axis, along=along, others=tuple(others), settings=tuple(settings)))
    return found


def _along(rows: Sequence[Row], axis: str) -> tuple[str, ...]:
    """The other axes that are told by the value of ``axis``."""
    found = []
    for name in varied(rows):
        if name in (axis, "algorithm", "size_bytes", "seed"):
            continue
        if _told_by(rows, axis, name):
            found.append(name)
    return tuple(found)


def _told_by(rows: Sequence[Row], axis: str, name: str) -> bool:
    """Whether each value of ``axis`` goes with one value of ``name``."""
    pairs = {(value(row.scenario, axis), value(row.scenario, name)) for row in rows}
    return len(pairs) == len({one for one, _ in pairs})


def contests_in_words(rows: Sequence[Row]) -> Iterator[str]:
    """Sentences for each contest: who wins in how many settings, and how far the others are behind."""
    for contest in contests(rows):
        yield _sentence(contest) + _caution(contest)


def _sentence(contest: Contest) -> str:
    wins, total = contest.wins, len(contest.settings)
    what = noun(contest.axis).capitalize()
    if contest.along:
        what += f" (each with its own {listed([noun(name) for name in contest.along])})"
    if all(count == total for count in wins.values()):
        return f"{what}: makes no difference; {listed(list(wins))} take the same time {everywhere(total)}."
    winner = max(wins, key=lambda name: wins[name])
    text = f"{what}: {winner} is the fastest{_in_how_many(wins[winner], total, wins, winner)}."
    words = []
    for name in wins:
        ratios = contest.behind(name, winner) if name != winner else []
        if ratios:
            words.append((median(ratio for ratio, _ in ratios), _behind(name, ratios, contest)))
    order = [words for _, words in sorted(words, key=lambda item: item[0])]
    more = [f"{len(order) - _MOST:,} more"] if len(order) > _MOST else []
    return f"{text} {'; '.join([*order[:_MOST], *more])}." if order else text


def _caution(contest: Contest) -> str:
    """That values of unlike numbers of ranks do different jobs."""
    ranks = [{row.scenario.ranks for row in setting.values()} for setting in contest.settings]
    if all(len(own) == 1 for own in ranks):
        return ""
    return f" Of {listed([f'{n:,}' for n in sorted(set().union(*ranks))], _MOST)} ranks: not the same job."


def _in_how_many(won: int, total: int, wins: Mapping[str, int], winner: str) -> str:
    ties = sum(wins.values()) > total
    if won == total:
        alone = "" if not ties else " or as fast as the fastest"
        return f"{alone} {everywhere(total)}" if total > 1 or ties else ""
    rest = [f"{name} in {count:,}" for name, count in wins.items() if count and name != winner]
    other = f" ({listed(rest, _MOST)}{', ties counted for each' if ties else ''})"
    return f" in {won:,} of {counted(total, 'setting')}{other}"


def _behind(name: str, ratios: Sequence[tuple[float, Row]], contest: Contest) -> str:
    values = [ratio for ratio, _ in ratios]
    low, high = min(values), max(values)
    if high - low <= 0.0005 * high:
        if as_fast(high, 1) and as_fast(low, 1):
            return f"{name} takes the same time"
        return f"{name} takes {number(high)} times as long"
    at = label(max(ratios, key=lambda item: item[0])[1].scenario, contest.others)
    most = f", most with {at}" if at else ""
    middle = f", {number(median(values))} in the median" if len(values) > 2 else ""
    return f"{name} takes {number(low)} to {number(high)} times as long{middle}{most}"
