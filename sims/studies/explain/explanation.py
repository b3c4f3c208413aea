"""What an explanation says: where the time goes, and what each remedy would save. Runs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fabric.words.card import Card
from fabric.words.units import format_time
from sims.scenario.scenario import Scenario
from sims.studies.explain.bottleneck import Hotspot
from sims.studies.explain.slowest_group import SlowestGroup

__all__ = ["Explanation", "Remedy", "remedy"]

_ROUNDING = 1e-12  # of the time: what two ways to the same sum differ by


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """One change and what it would do.

    ``change``: the options of the command that ask for it; ``scenario``: that of the run with the change,
    None for plain flows; ``note``: what to say beside it.
    """

    name: str
    change: str
    scenario: Scenario | None
    time_s: float
    saved_s: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Explanation(Card):
    """Where the time of a run goes, and ``remedies``, what saves most first.

    ``phases``: how many the run has; ``left_out``: the remedies that do not apply, and why; ``note``: what to
    say of the hotspots; ``group``: the slowest, where many groups ran at once; ``last``: the rank that
    receives last, where parts are unequal.
    """

    time_s: float
    latency_share: float
    phases: int
    hotspots: tuple[Hotspot, ...]
    remedies: tuple[Remedy, ...]
    left_out: tuple[str, ...]
    note: str = ""
    group: SlowestGroup | None = None
    last: int | None = None

    def card(self) -> tuple[str, dict[str, str]]:
        """The time, and what each remedy would save, as a share of it."""
        saved = {
            one.name: f"saves {one.saved_s / self.time_s:.1%}" for one in self.remedies if one.saved_s > 0
        }
        return f"Explanation of {format_time(self.time_s)}", {"latency": f"{self.latency_share:.1%}", **saved}

    @property
    def gains(self) -> dict[str, float]:
        """Seconds saved by the name of each remedy, as rows hold them."""
        return {remedy.name: remedy.saved_s for remedy in self.remedies}


def remedy(
    name: str, change: str, now: float, then: float, *, scenario: Scenario | None = None, note: str = ""
) -> Remedy:
    """The remedy that brings the time from ``now`` to ``then``; what is mere rounding saves nothing.

    >>> remedy("no faults", "", 0.1 + 0.2, 0.3).saved_s
    0.0
    """
    saved = now - then if abs(now - then) > _ROUNDING * now else 0.0
    return Remedy(name=name, change=change, scenario=scenario, time_s=then, saved_s=saved, note=note)
