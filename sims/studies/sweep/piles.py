"""Piles: who does what next. A worker stays with the scenarios of one fabric, in the order of ``share_key``.

Knows no process and no clock: workers are names, and whoever owns them says what they did and how long it
took.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sims.scenario.job_scenario import JobScenario
from sims.scenario.scenario import Scenario
from sims.studies.sweep.bench import share_key

__all__ = ["DEATHS", "Piles"]

DEATHS = 3  # workers that may die over a scenario before it is held to be the cause
_MOST = 256  # scenarios in one piece of work


@dataclass
class _Pile:
    """What one worker has before it. ``groups``: scenarios that share fabric, job and algorithm; ``start``:
    seconds that its first scenario took, with all that had to be built for it; ``pace``: seconds of one
    scenario since then.
    """

    groups: deque[list[Scenario | JobScenario]] = field(default_factory=deque)
    piece: int = 1  # scenarios in the next piece
    start: float | None = None
    pace: float = 0.0

    def __len__(self) -> int:
        return sum(map(len, self.groups))

    def take(self, count: int) -> list[Scenario | JobScenario]:
        """The first ``count`` scenarios, which are then gone from here."""
        taken: list[Scenario | JobScenario] = []
        while self.groups and len(taken) < count:
            group = self.groups.popleft()
            more = count - len(taken)
            taken += group[:more]
            if group[more:]:
                self.groups.appendleft(group[more:])
        return taken

    def split(self) -> deque[list[Scenario | JobScenario]]:
        """The latter half, if another worker would gain by it: whole groups, so that nothing is routed twice,
        or half of the last one where that saves more than building and routing again costs.
        """
        if len(self.groups) > 1:
            return deque(reversed([self.groups.pop() for _ in range(len(self.groups) // 2)]))
        if self.start is None or len(self) < 2 or len(self) * self.pace <= 2 * self.start:
            return deque()
        (group,) = self.groups
        middle = len(group) // 2
        self.groups[0] = group[:middle]
        return deque([group[middle:]])


class Piles:
    """Deals ``scenarios`` out; each is in one place at a time. ``seconds``: what a piece should take."""

    def __init__(self, scenarios: Sequence[Scenario | JobScenario], *, seconds: float) -> None:
        ordered = sorted(scenarios, key=share_key)
        self._free = [  # piles that nobody works on, one per fabric
            deque(list(group) for _, group in groupby(pile, key=share_key))
            for _, pile in groupby(ordered, key=lambda scenario: share_key(scenario)[0])
        ]
        self._free.reverse()
        self._seconds = seconds
        self._of: dict[str, _Pile] = {}
        self._suspects: list[
            Scenario | JobScenario
        ] = []  # a worker died over them: they come last, one by one
        self._deaths: dict[str, int] = {}  # key of a scenario -> workers that died over it

    def take(self, worker: str, *, suspects: bool = True) -> list[Scenario | JobScenario]:
        """The next piece of work for ``worker``; empty if there is none that is worth a fabric of its own.

        ``suspects``: when nothing else is left, also one over which a worker has died.
        """
        pile = self._of.get(worker)
        if not pile:
            longest = max(self._of.values(), key=len, default=_Pile())
            pile = self._of[worker] = _Pile(self._free.pop() if self._free else longest.split())
        if not pile and self._suspects and suspects:
            return [self._suspects.pop()]
        return pile.take(pile.piece)

    def give_back(
        self, worker: str, piece: Sequence[Scenario | JobScenario], done: int, seconds: float
    ) -> None:
        """``worker`` did the first ``done`` of its piece in ``seconds``; the rest of it is its own again."""
        pile = self._of.setdefault(worker, _Pile())
        if piece[done:]:
            pile.groups.extendleft(reversed([list(group) for _, group in groupby(piece[done:], share_key)]))
        if not done:
            return
        if pile.start is None:
            pile.start = seconds
        else:
            pile.pace = seconds / done
        if done < len(piece):
            pile.piece = done
        elif seconds < self._seconds / 2:
            pile.piece = min(_MOST, 2 * pile.piece)

    def suspect(self, scenarios: Sequence[Scenario | JobScenario]) -> list[Scenario | JobScenario]:
        """A worker died over one of ``scenarios``; those of them that are given up."""
        for scenario in scenarios:
            self._deaths[scenario.key] = self._deaths.get(scenario.key, 0) + 1
        given_up = [scenario for scenario in scenarios if self._deaths[scenario.key] >= DEATHS]
        self._suspects += [scenario for scenario in scenarios if self._deaths[scenario.key] < DEATHS]
        return given_up

    def keep(self, workers: set[str]) -> None:
        """The piles of all but ``workers`` are free again."""
        for worker in set(self._of) - workers:
            pile = self._of.pop(worker)
            if pile:
                self._free.append(pile.groups)
