"""Cause: what may be wrong with a machine, and the settings that make a simulated one so. Simulates nothing.

A cause has variants, as nobody knows beforehand how slow a cable is, or how hashes fell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.schema import NVSWITCH, SWITCH
from sims.models.profiles import LatencyProfile, latency_profile
from sims.studies.expect.choice import Choice
from sims.workload.collectives import parameters_of
from sims.workload.members import Members

__all__ = ["FILE", "SLOW_PATH", "Cause", "Site", "Variant", "cable_line", "percent", "scaled"]

FILE = "cables.txt"  # what stands in settings for a file of cables
# All ranks of a ring or tree go at the pace of its slowest link, whichever that is: one number in the log,
# but for the sizes at which that link is not yet the slowest.
SLOW_PATH = "slow path"
_SERVERS = 3  # whose first NIC may be the slow one: the first is often a root of trees, the last a leaf


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way in which a cause shows.

    ``words``: what it is; ``settings``: what changes of a job's, in which FILE stands for a file of
    ``cables``, a line each; ``profile``: a latency profile as it then is; ``channels``: how many rings or
    trees, 0 for as many as there are NICs; ``allows``: which choices are left; ``scale``: variants of a cause
    with the same are one way in which it shows; ``severity``: of those, in their order, between which there
    are others: what times are linear in, as how many times as long a byte or a step takes. 0 without.
    """

    words: str
    settings: Mapping[str, str] = field(default_factory=dict)
    cables: Sequence[str] = ()
    profile: Callable[[LatencyProfile], LatencyProfile] | None = None
    channels: int = 0
    allows: Callable[[Choice], bool] | None = None
    scale: str = ""
    severity: float = 0.0

    def profile_of(self, text: str) -> str:
        """The text of the latency profile that ``text`` becomes."""
        return text if self.profile is None else self.profile(latency_profile(text)).spec

    def algorithm_of(self, text: str) -> str:
        """The text of the algorithm that ``text`` becomes.

        >>> Variant(words="", channels=2).algorithm_of("ring")
        'ring:channels=2'
        """
        takes = "channels" in parameters_of(text.partition(":")[0]) and "channels=" not in text
        if not self.channels or not takes:
            return text
        return f"{text}{',' if ':' in text else ':'}channels={self.channels}"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """``name``: short, of itself; ``words``: in a sentence; ``look``: where to see whether it is so.
    ``kind``: of several that give like times, what they have in common.
    """

    name: str
    words: str
    look: str
    variants: tuple[Variant, ...]
    kind: str = ""

    @property
    def answer(self) -> str:
        """What even a short log can tell: the kind, or the cause where it is by itself."""
        return self.kind or self.name


@dataclass(frozen=True, eq=False)
class Site:
    """What causes are made for: the ranks, on their fabric, and what a library may run on them; ``told``:
    whether the log says what it ran; ``apart``: whether each rank goes on by itself, so that it matters whose
    NIC is slow.
    """

    members: Members
    choices: Sequence[Choice]
    reduces: bool
    told: bool = False
    apart: bool = False

    @property
    def fabric(self) -> Fabric:
        return self.members.fabric

    @property
    def by_nccl(self) -> bool:
        """Whether all that may run is NCCL's, so that GPUs add."""
        return all(one.profile.startswith("nccl-") for one in self.choices)

    def nics(self, ends: Iterable[int]) -> list[str]:
        """The lines that name the cables of endpoints into the network."""
        f, found = self.fabric, []
        for end in ends:
            arcs = np.arange(f.arc_ptr[end], f.arc_ptr[end + 1])
            switches = f.arc_dst[arcs][f.kind[f.arc_dst[arcs]] == SWITCH]
            found += [cable_line(f, end, int(switch)) for switch in switches]
        return found

    @property
    def middle(self) -> int:
        """The endpoint of the rank in the middle."""
        ends = self.members.placement
        return int(ends[len(ends) // 2])

    @property
    def somewhere(self) -> list[int]:
        """Endpoints of which one may be slow: the middle one, or where it matters the first of some servers,
        the first and the last server among them.
        """
        ends = self.members.placement
        if not self.apart:
            return [self.middle]
        first = np.sort(np.unique(self.members.groups, return_index=True)[1])
        few = np.linspace(0, len(first) - 1, min(_SERVERS, len(first)))
        found: list[int] = ends[first[few.round().astype(np.int64)]].tolist()
        return found

    def places(self) -> NDArray[np.int64]:
        """(ranks,): which of its server's ranks each is, 0 for one without a server."""
        own = self.members.fabric.server[self.members.placement]
        places = np.zeros(len(own), np.int64)
        seen: dict[int, int] = {}
        for rank, server in enumerate(own.tolist()):
            if server >= 0:
                places[rank] = seen.get(server, 0)
                seen[server] = int(places[rank]) + 1
        return places

    def rate(self, kind: int) -> float:
        """Bytes/s of all cables of the middle rank's endpoint to switches of a kind; 0 without."""
        f, end = self.fabric, self.middle
        out = np.flatnonzero((f.link_src == end) & (f.kind[f.link_dst] == kind))
        return float(f.capacity[out].sum())

    @property
    def nic_rate(self) -> float:
        """Bytes/s of an endpoint's cables into the network."""
        return self.rate(SWITCH)

    @property
    def scaleup_rate(self) -> float:
        """Bytes/s of an endpoint into its scale-up switch."""
        return self.rate(NVSWITCH)


def cable_line(f: Fabric, one: int, other: int) -> str:
    """The line that names the cables between two nodes."""
    names = (f.label(node) for node in (one, other))
    return ",".join(f'"{name}"' if "," in name or '"' in name else name for name in names)


def percent(share: float) -> str:
    """
    >>> percent(0.125)
    '12.5%'
    """
    return f"{100 * share:g}%"


def scaled(**factors: float) -> Callable[[LatencyProfile], LatencyProfile]:
    """What multiplies constants of a profile: ``scaled(net_step=2.0)``."""

    def changed(profile: LatencyProfile) -> LatencyProfile:
        return replace(profile, **{name: getattr(profile, name) * by for name, by in factors.items()})

    return changed
