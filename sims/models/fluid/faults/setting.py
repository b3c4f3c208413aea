"""What happens during a run, as texts: its faults, how fast routing reacts, how often the job repeats.

Knows no clock; reads the file of a schedule.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from fabric import Fabric
from fabric.damage.fault import NONE
from fabric.machine.no_file import no_file
from fabric.routing.policies import POLICIES, Policy
from fabric.words.errors import ParameterError
from fabric.words.units import parse_time
from sims.models.fluid.faults.outage import Outage
from sims.models.fluid.faults.schedule_file import FaultSchedule, read_schedule
from sims.models.fluid.faults.wear import MOST_OUTAGES, Wear, parse_wear, time_text

__all__ = [
    "CALM",
    "DEFAULT_DELAY",
    "Course",
    "canonical_time",
    "is_schedule",
    "parse_faults_text",
    "parse_repeat",
]

# Of the order of a BGP convergence in a fabric of three tiers, and of the time after which a NIC sends again
# what was lost: 4.096 us x 2^18 = 1.07 s with an InfiniBand timeout of 18. An assumption, not published.
DEFAULT_DELAY = "1s"

_MOST = 10**9


@dataclass(frozen=True, kw_only=True)
class Course:
    """``source``: what fails, or None; ``delay``: s until routing reacts; ``iterations`` all-reduces one
    after the other, or as many as begin within ``duration`` s; ``gap``: s of computing between two.
    """

    source: Wear | FaultSchedule | None = None
    delay: float = 1.0
    iterations: int = 1
    duration: float = 0.0
    gap: float = 0.0

    @property
    def plain(self) -> bool:
        """One all-reduce and nothing beside it."""
        return self.source is None and self.iterations == 1 and not self.duration

    @property
    def draws(self) -> bool:
        return isinstance(self.source, Wear) or (self.source is not None and self.source.draws)

    @property
    def strict(self) -> bool:
        """Whether its faults were asked for one by one."""
        return isinstance(self.source, FaultSchedule)

    @classmethod
    def of(cls, faults: str, reroute_delay: str, repeat: str, gap: str) -> Course:
        """From the texts of a scenario. Raises as the parsers do."""
        iterations, duration = parse_repeat(repeat)
        return cls(
            source=parse_faults_text(faults),
            delay=parse_time(canonical_time("reroute_delay", reroute_delay)),
            iterations=iterations,
            duration=duration,
            gap=parse_time(canonical_time("gap", gap)),
        )

    def check(self, policy: Policy) -> None:
        """Find out before anything is routed that flows of ``policy`` cannot move.

        Raises:
            ParameterError: they are split evenly over all ways alike, or follow tables that stay.
        """
        if self.source is not None and policy.stays:
            rule = f"{policy.stays}: faults during a run need a policy that moves flows"
            moving = [kind.name for kind in POLICIES.values() if not (kind.stays or kind.forbids_tiers)]
            raise ParameterError("routing", policy.name, rule, moving)

    @property
    def texts(self) -> dict[str, str]:
        """The fields of a scenario that say the same, in their one spelling."""
        wear = self.source.spec if isinstance(self.source, Wear) else NONE
        return {
            "faults": self.source.path if isinstance(self.source, FaultSchedule) else wear,
            # Without faults it is no cause.
            "reroute_delay": time_text(self.delay) if self.source else DEFAULT_DELAY,
            "repeat": time_text(self.duration) if self.duration else str(self.iterations),
            "gap": "0s" if self.iterations == 1 else time_text(self.gap),
        }

    def outages(self, fabric: Fabric, seed: int, *, allow_partition: bool) -> Iterable[Outage]:
        """What fails on ``fabric``, in the order of time."""
        if self.source is None:
            return ()
        return self.source.outages(fabric, seed, allow_partition=allow_partition)

    def warning(self, fabric: Fabric, *, allow_partition: bool) -> str:
        """What a reader of a run on ``fabric`` has to know of what cannot fail; or ""."""
        if not isinstance(self.source, Wear):
            return ""
        return self.source.warning(fabric, allow_partition=allow_partition)

    def require_few(
        self, fabric: Fabric, seconds: float, *, allow_partition: bool, most: int = MOST_OUTAGES
    ) -> float:
        """How many faults a run of about ``seconds`` meets, found out before it.

        ``seconds``: of one all-reduce without faults, of which there are as many as this course has.

        Raises:
            ParameterError: they are more than ``most``; says how many.
        """
        if isinstance(self.source, FaultSchedule):
            return len(self.source.entries)
        if self.source is None:
            return 0
        total = self.duration or self.iterations * seconds + (self.iterations - 1) * self.gap
        return self.source.require_few(fabric, total, allow_partition=allow_partition, most=most)


CALM = Course()  # one run, and nothing happens meanwhile


def is_schedule(text: str) -> bool:
    """Whether a text of faults means a file: it ends in .toml."""
    return text.endswith(".toml")


def parse_faults_text(text: str) -> Wear | FaultSchedule | None:
    """The faults during a run: ``none``, a profile (sims.models.fluid.faults.wear) or the path of a schedule.

    Raises:
        FabricsimError: neither, or what is wrong with it.
    """
    if text.strip().lower() == NONE:
        return None
    if is_schedule(text):
        if not os.path.isfile(text):
            raise ParameterError("faults", text, no_file(text))
        return read_schedule(text)
    return parse_wear(text)


def parse_repeat(text: str) -> tuple[int, float]:
    """How often: a whole number of all-reduces, or the time within which they begin.

    >>> parse_repeat("1000"), parse_repeat("1h")
    ((1000, 0.0), (0, 3600.0))
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 12:
        if not 1 <= int(text) <= _MOST:
            raise ParameterError("repeat", text, f"1 to {_MOST:,} all-reduces")
        return int(text), 0.0
    if text.startswith("-"):
        raise ParameterError("repeat", text, "above zero: a number of all-reduces, or a time such as 1h")
    duration = parse_time(text, "repeat")
    if duration <= 0:
        raise ParameterError("repeat", text, "above zero: a number of all-reduces, or a time such as 1h")
    return 0, duration


def canonical_time(name: str, text: str) -> str:
    """A time of zero or more in its one spelling."""
    if text.strip().startswith("-"):
        raise ParameterError(name, text, "zero or more: no time is negative")
    return time_text(parse_time(text, name))
