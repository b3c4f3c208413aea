"""How often GPUs, hosts, NICs, cables, switches and software fail, as named profiles. Knows no fabric.

A time between failures is of one unit: one GPU, one host, one cable. Failures of a unit come as a Poisson
process. Which of them stop a job, and which only slow it, is not said here: the network says it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from fabric.words.errors import ParameterError
from fabric.words.grammar import as_known
from fabric.words.units import parse_time
from sims.models.fluid.faults.wear import time_text

__all__ = ["PARTS", "PROFILES", "UNITS", "Hazards", "parse_hazards"]

_DAY, _MONTH = 86400.0, 365.25 / 12 * 86400
_LLAMA = 54 * _DAY * 16384  # GPU seconds of the 54 days
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(\d[^/]*)")
_LEAST, _MOST = 1e-3, 1e15  # s
UNITS = ("gpu", "host", "nic", "link", "switch", "software")


@dataclass(frozen=True, kw_only=True)
class Hazards:
    """Seconds between the failures of one unit, infinity for never: of a GPU, a host, the NIC of a GPU, a
    cable, a switch, and of software per GPU; ``link_mttr`` and ``switch_mttr`` until a cable or a switch is
    repaired. ``source``: where the rates come from.
    """

    name: str
    source: str
    gpu_mtbf: float = math.inf
    host_mtbf: float = math.inf
    nic_mtbf: float = math.inf
    link_mtbf: float = math.inf
    switch_mtbf: float = math.inf
    software_mtbf: float = math.inf
    link_mttr: float = 4 * 3600.0
    switch_mttr: float = 4 * 3600.0

    def rate(self, unit: str) -> float:
        """Failures a second of one ``unit``, one of UNITS.

        >>> round(PROFILES["rsc-1"].rate("host") * 86400 * 1000, 9)
        6.5
        """
        return 1 / float(getattr(self, f"{unit}_mtbf"))

    def changed(self, unit: str, times: float) -> Hazards:
        """The same, where ``unit`` lasts so many times as long."""
        key = f"{unit}_mtbf"
        return replace(self, **{key: times * getattr(self, key)})

    @property
    def spec(self) -> str:
        """The text that ``parse_hazards`` reads back, the same for equal values."""
        usual = PROFILES[self.name]
        own = [key for key in sorted(PARTS) if getattr(self, key) != getattr(usual, key)]
        changes = ",".join(f"{key}={_text(getattr(self, key))}" for key in own)
        return f"{self.name}:{changes}" if changes else self.name


PROFILES: Mapping[str, Hazards] = {
    one.name: one
    for one in (
        Hazards(name="quiet", source="nothing fails unless a constant says so"),
        # Table 5: of 419 unexpected interruptions in 54 days on 16,384 GPUs 268 were the GPU or its memory
        # (148 + 72 + 19 + 17 + 6 + 6), 46 the host (14, and 32 of unplanned maintenance), 7 the NIC, 35
        # switch or cable, 63 software (54 + 2 dependencies, 7 watchdog timeouts of unknown cause). The 35
        # stopped the job, so they are laid on the one cable at each GPU's NIC, whose loss does; other cables
        # are taken to fail as often as those.
        Hazards(
            name="llama3",
            source="Llama 3, arXiv:2407.21783, Table 5: 419 interruptions in 54 days on 16,384 GPUs",
            gpu_mtbf=_LLAMA / 268,
            host_mtbf=_LLAMA / 8 / 46,
            nic_mtbf=_LLAMA / 7,
            link_mtbf=_LLAMA / 35,
            software_mtbf=_LLAMA / 63,
        ),
        Hazards(
            name="rsc-1",
            source="Meta RSC-1, arXiv:2410.21680: 6.50 failures per 1,000 node-days, nodes of 8 GPUs",
            host_mtbf=1000 * _DAY / 6.5,
        ),
        Hazards(
            name="hpn",
            source="Alibaba HPN, SIGCOMM 2024: 0.057% of NIC-ToR cables and 0.051% of ToRs a month; no GPUs",
            link_mtbf=_MONTH / 0.00057,
            switch_mtbf=_MONTH / 0.00051,
        ),
    )
}

PARTS = tuple(key for key in asdict(PROFILES["quiet"]) if key not in ("name", "source"))


def parse_hazards(text: str) -> Hazards:
    """A named profile, constants replaced where the text says so: ``llama3:gpu_mtbf=5y,switch_mtbf=30y``.

    A time between failures is a time (``5y``), a rate (``6.5/1000d``: so many in so long) or ``never``.

    Raises:
        ParameterError: an unknown profile or constant, one given twice, a time or rate without a unit or not
            above zero.

    >>> parse_hazards("quiet:host_mtbf=5/1000d,link_mttr=240min").spec
    'quiet:host_mtbf=200d'
    """
    name, _, rest = as_known(text, PROFILES).partition(":")
    if name not in PROFILES:
        raise ParameterError("faults", name, "no profile of failure rates", (*PROFILES,))
    changes: dict[str, float] = {}
    for item in filter(None, rest.split(",")):
        key, _, value = (piece.strip() for piece in item.partition("="))
        where = f"faults {name}: {key}"
        if key not in PARTS:
            raise ParameterError(f"faults {name}", key, "unknown constant", PARTS)
        if key in changes:
            raise ParameterError(where, value, "given twice")
        changes[key] = _read(where, key, value)
    return replace(PROFILES[name], **changes)  # type: ignore[arg-type]


def _read(where: str, key: str, text: str) -> float:
    repair = key.endswith("mttr")
    if text == "never" and not repair:
        return math.inf
    match = None if repair else _RATE.fullmatch(text)
    if match and float(match[1]) > 0:
        value = parse_time(match[2], where) / float(match[1])
    elif text.startswith("-") or match:
        raise ParameterError(where, text, "above zero: write never for what does not fail")
    else:
        form = "a time (4h)" if repair else "a time (5y), a rate (6.5/1000d) or never"
        try:
            value = parse_time(text, where)
        except ParameterError as error:
            raise ParameterError(where, text, f"{form}: {error.rule}", error.choices) from None
    value = float(f"{value:.12g}")  # of as many digits as are written, so that the text says all of it
    if not _LEAST <= value <= _MOST:
        raise ParameterError(where, text, "from a millisecond to 30 million years")
    return value


def _text(seconds: float) -> str:
    return "never" if math.isinf(seconds) else time_text(seconds)
