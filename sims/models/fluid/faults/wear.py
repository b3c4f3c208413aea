"""How often cables and switches fail by themselves, as named profiles, and the outages that come of it.

Each cable and each switch fails after a time that is exponentially distributed about its MTBF and is
repaired after one about its MTTR; flaps strike cables at random, so many a day on the whole fabric. Draws
outages in the order of time, for as long as they are asked for. Knows no clock and no flow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from itertools import count

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.damage.breakage import sole
from fabric.damage.degraded import cable_links, cables_of
from fabric.graph.schema import SWITCH
from fabric.words.errors import ParameterError
from fabric.words.grammar import as_known
from fabric.words.units import parse_time
from sims.models.fluid.faults.outage import Outage, called

__all__ = ["MOST_OUTAGES", "PARTS", "PROFILES", "Wear", "parse_wear", "time_text"]

_MONTH, _YEAR, _DAY = 365.25 / 12 * 86400, 365.25 * 86400, 86400.0
_UNITS = {"y": _YEAR, "d": _DAY, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_FLAPS = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*/\s*(d|h|min|s)")
_DRAWS = 0x3EA4  # sets these draws apart from others of the same seed
_SMALLEST = 1e-9
MOST_OUTAGES = 100_000  # of a run; each changes links and may move flows
_DIGITS = 10  # of the flaps of a day


@dataclass(frozen=True, kw_only=True)
class Wear:
    """Seconds: ``link_mtbf`` and ``switch_mtbf`` between the failures of one cable and of one switch
    (infinity: never), ``link_mttr`` and ``switch_mttr`` until it is repaired, ``flap_time`` that a flap
    lasts. ``flaps`` a second on the whole fabric.
    """

    name: str
    link_mtbf: float = math.inf
    link_mttr: float = 4 * 3600.0
    switch_mtbf: float = math.inf
    switch_mttr: float = 4 * 3600.0
    flaps: float = 0.0
    flap_time: float = 5.0

    @property
    def spec(self) -> str:
        """The text that ``parse_wear`` reads back, the same for equal values."""
        usual = asdict(PROFILES[self.name])
        own = {key: value for key, value in sorted(asdict(self).items()) if value != usual[key]}
        changes = ",".join(f"{key}={_text(key, value)}" for key, value in own.items())
        return f"{self.name}:{changes}" if changes else self.name

    def __str__(self) -> str:
        said = [f"{key}={_text(key, value)}" for key, value in asdict(self).items() if key != "name"]
        return f"{self.name} ({', '.join(said)})"

    def outages(self, fabric: Fabric, seed: int, *, allow_partition: bool) -> Iterator[Outage]:
        """Outages in the order of time, without an end; the same for the same seed.

        Unless ``allow_partition``, what alone would leave an endpoint without a cable never fails.

        Raises:
            ParameterError: so many have come that the run will not end while anybody waits.
        """
        cables, switches, rates = self._rates(fabric, allow_partition=allow_partition)
        total = float(rates.sum())
        rng = np.random.default_rng([seed % 2**63, _DRAWS])
        now = 0.0
        for drawn in count() if total > 0 else ():
            if drawn >= MOST_OUTAGES:
                raise self._too_many(f"more than {MOST_OUTAGES:,} faults within {time_text(now)}")
            now += float(rng.exponential(1 / total))
            kind = int(rng.choice(3, p=rates / total))
            length = float(rng.exponential((self.link_mttr, self.switch_mttr, self.flap_time)[kind]))
            if kind == 1:
                switch = int(rng.choice(switches))
                which, what = cables_of(fabric, np.array([switch])), f"switch {fabric.label(switch)}"
            else:
                cable = int(rng.choice(cables))
                which, what = np.array([cable]), f"{('cable', '', 'flap')[kind]} {called(fabric, cable)}"
            if len(which):
                yield Outage(at=now, length=max(length, _SMALLEST), cables=which, what=what)

    def warning(self, fabric: Fabric, *, allow_partition: bool) -> str:
        """What is said where something of ``fabric`` is to fail by itself and none of its kind may; or ""."""
        cables, switches, _ = self._rates(fabric, allow_partition=allow_partition)
        asked = {
            "cable": (math.isfinite(self.link_mtbf) or self.flaps > 0) and not len(cables),
            "switch": math.isfinite(self.switch_mtbf) and not len(switches),
        }
        none = " and ".join(f"no {what}" for what, spared in asked.items() if spared)
        why = "each alone would cut off an endpoint (--allow-partition lets it fail)"
        return f"{none} can fail: {why}" if none else ""

    def require_few(
        self, fabric: Fabric, seconds: float, *, allow_partition: bool, most: int = MOST_OUTAGES
    ) -> float:
        """How many outages about ``seconds`` of traffic on ``fabric`` meet, where each can be followed.

        Where more cables and switches are down at a time than there are (Little's law: how many fail a
        second, times how long each is down), traffic also waits for repairs, and those outages count too.

        Raises:
            ParameterError: it is more than ``most``; says how many are expected.
        """
        cables, switches, rates = self._rates(fabric, allow_partition=allow_partition)
        lengths = (self.link_mttr, self.switch_mttr, self.flap_time)
        expected = float(rates.sum()) * seconds
        down = float(rates @ np.array(lengths))
        if expected >= 1 and down > len(cables) + len(switches):
            expected += down
        if expected > most:
            raise self._too_many(f"about {expected:,.0f} faults are to be expected", most)
        return expected

    def _rates(
        self, fabric: Fabric, *, allow_partition: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The cables and the switches that may fail; (3,): how many cables, switches and flaps a second."""
        cables = np.arange(len(cable_links(fabric)))
        switches = np.flatnonzero(fabric.kind == SWITCH)
        if not allow_partition:
            cables = cables[~sole(fabric, "cables", cables)]
            switches = switches[~sole(fabric, "switches", switches)]
        flaps = self.flaps if len(cables) else 0.0
        return (
            cables,
            switches,
            np.array([len(cables) / self.link_mtbf, len(switches) / self.switch_mtbf, flaps]),
        )

    def _too_many(self, figure: str, most: int = MOST_OUTAGES) -> ParameterError:
        why = "" if most == MOST_OUTAGES else " (an hour of work on this fabric)"
        rule = f"{figure}, at most {most:,}{why}: longer times between them, fewer flaps, or a shorter run"
        spec = self.spec
        if self.flaps >= 1:  # in full it would be a long row of zeros
            spec = spec.replace(_text("flaps", self.flaps), f"{self.flaps * _DAY:g}/d".replace("e+", "e"))
        return ParameterError("faults", spec, rule)


PROFILES = {
    wear.name: wear
    for wear in (
        # Nothing fails unless a constant says so. Repairs after 4 h (somebody walks there) and flaps of 5 s
        # (a port trains again) are assumptions: nobody publishes them.
        Wear(name="quiet"),
        # 0.057% of the links between NIC and ToR and 0.051% of the ToRs fail in a month (Alibaba HPN, SIGCOMM
        # 2024); all cables and all switches are taken to be like those. The 5,000 to 60,000 flaps a day that
        # the paper also names are of a whole fleet whose size it does not give: add them with flaps=5000/d.
        Wear(name="hpn", link_mtbf=_MONTH / 0.00057, switch_mtbf=_MONTH / 0.00051),
        # 35 of the interruptions in 54 days on 16,384 GPUs were due to switches and cables (Llama 3, 2024,
        # Table 5). Laid on three cables a GPU, as a three-tier tree without oversubscription has them.
        Wear(name="llama3", link_mtbf=54 * _DAY * 3 * 16384 / 35),
    )
}

PARTS = tuple(key for key in asdict(PROFILES["quiet"]) if key != "name")


def parse_wear(text: str) -> Wear:
    """A named profile, constants replaced where the text says so: ``hpn:link_mtbf=5y,flaps=5000/d``.

    Raises:
        ParameterError: an unknown profile or constant, one given twice, a time without a unit or not above
            zero.

    >>> parse_wear("quiet:link_mtbf=5y,link_mttr=240min").spec
    'quiet:link_mtbf=5y'
    """
    name, _, rest = as_known(text, PROFILES).partition(":")
    if name not in PROFILES:
        raise ParameterError(
            "faults", name, "neither a profile nor a schedule (a .toml file)", (*PROFILES, "none")
        )
    changes: dict[str, float] = {}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key not in PARTS:
            raise ParameterError(f"faults {name}", key, "unknown constant", PARTS)
        if key in changes:
            raise ParameterError(f"faults {name}: {key}", value, "given twice")
        changes[key] = _read(f"faults {name}: {key}", key, value)
    return replace(PROFILES[name], **changes)  # type: ignore[arg-type]


def _read(where: str, key: str, text: str) -> float:
    text = text.strip()
    if key == "flaps":
        match = _FLAPS.fullmatch(text)
        if match is None:
            raise ParameterError(where, text, "how many a day (or h, min, s) on the whole fabric: 5000/d")
        a_day = float(f"{float(match[1]) * (_DAY / _UNITS[match[2]]):.{_DIGITS}g}")
        if math.isinf(a_day):
            raise ParameterError(where, text, "a finite number")
        return a_day / _DAY  # of as many digits as are written, so that the text says all of it
    if text == "never" and key.endswith("mtbf"):
        return math.inf
    if text.startswith("-"):
        raise ParameterError(where, text, "above zero: no time is negative")
    value = parse_time(text, where)
    if value < _SMALLEST:
        raise ParameterError(where, text, "a nanosecond at the least")
    return value


def _text(key: str, value: float) -> str:
    if key == "flaps":
        return f"{Decimal(f'{value * _DAY:.{_DIGITS}g}'):f}/d"
    return "never" if math.isinf(value) else time_text(value)


def time_text(seconds: float) -> str:
    """Seconds as ``parse_time`` reads them back, in the largest unit that shows them in full.

    >>> time_text(14400.0), time_text(0.0015), time_text(0.0)
    ('4h', '1.5ms', '0s')
    """
    for unit, factor in _UNITS.items() if seconds else ():
        number = f"{float(Decimal(repr(seconds)) / Decimal(repr(factor))):.12g}"
        if float(number) >= 1 and "e" not in number and parse_time(number + unit) == seconds:
            return number + unit
    return f"{seconds!r}s" if seconds else "0s"
