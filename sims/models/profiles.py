"""Latency profiles: constants of time and bandwidth, each with its source. Written here and nowhere else.

The latency of one transfer is an overhead per message at the sender plus, for every hop, the latency of the
switch and the delay of the cable (which the topology knows). Models that count whole steps instead, as NCCL's
own does, use the constants ``net_step`` and ``intra_step``. The bytes are the fluid model's business; a
profile only says which share of a link's rate they get, and what a rank takes to add them up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from fabric.machine.document import read_toml
from fabric.machine.toml_place import toml_place, toml_placed
from fabric.words.errors import FileFormatError, ParameterError, inside
from fabric.words.grammar import as_known
from fabric.words.units import format_seconds, parse_size, parse_time

__all__ = [
    "CONSTANTS",
    "CUSTOM",
    "DEFAULT_PROFILE",
    "MOST_SHARE",
    "PLATEAU_BYTES",
    "PROFILES",
    "LatencyProfile",
    "latency_profile",
    "profile_toml",
]

CUSTOM = "custom"  # a profile of which all constants are given


@dataclass(frozen=True, kw_only=True)
class LatencyProfile:
    """What a message waits for besides its bytes, and the share of the links' rate that the bytes get.

    Times in s. Per hop: ``overhead``, software and NICs of one message over the fabric, both ends;
    ``switch_latency``, port to port of one switch; ``scaleup_overhead`` and ``scaleup_switch_latency``, the
    same inside a server. Per transfer, whatever its way: ``net_step`` if it crosses the network, else
    ``intra_step``; in a phase of which some transfer crosses the network no step is below ``least_step``.
    ``base``: once per collective. ``rendezvous``: more of each message of more than ``eager`` bytes, for
    which sender and receiver agree first.

    What ranks compute, in s/byte. ``reduction``: of each byte that is added to what its receiver holds, one
    message after another, before it is sent on. ``uncached``: more of each, where the whole message is larger
    than ``cache`` bytes, so that it comes from memory. ``staging``: of each byte of an input that must stay
    and is added up in room that has to be found first (reduce-scatter, reduce), once, beyond ``cache`` too.

    Factors. ``cable_factor``: of the delays of cables, 1, or 0 where the steps include them. ``plateau``: of
    all latency of a ring over the network whose steps carry ``PLATEAU_BYTES`` or more. ``bandwidth``,
    ``scaleup_bandwidth``: of the rates of the network's links and of those inside servers. ``injection``:
    once more of those between an endpoint and the network, which one process cannot fill.

    ``about``: what the constants are made of, for the reader.

    Raises:
        ParameterError: a constant is below zero, below 1e-6 where it is a share of bandwidth, or beyond what
            any network has: 1,000 s, 1e18 bytes, a factor of 1e6.
    """

    name: str
    base: float = 0.0
    overhead: float = 0.0
    switch_latency: float = 0.0
    scaleup_overhead: float = 0.0
    scaleup_switch_latency: float = 0.0
    net_step: float = 0.0
    intra_step: float = 0.0
    least_step: float = 0.0
    rendezvous: float = 0.0
    eager: float = 0.0
    reduction: float = 0.0
    uncached: float = 0.0
    staging: float = 0.0
    cache: float = 0.0
    cable_factor: float = 1.0
    plateau: float = 1.0
    bandwidth: float = 1.0
    scaleup_bandwidth: float = 1.0
    injection: float = 1.0
    about: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for key, value in self.constants().items():
            where = f"latency-profile {self.name}: {key}"
            if key in _SHARES and not LEAST_SHARE <= value <= MOST_SHARE:
                rule = f"a factor above 0, at most {MOST_SHARE:g}, and at least {LEAST_SHARE:g}"
                raise ParameterError(where, value, rule)
            kind, most = "seconds", _MOST_SECONDS
            if key in _PLAIN:
                kind, most = ("a factor", _MOST_FACTOR) if key in _FACTORS else ("bytes", _MOST_BYTES)
            if not 0 <= value <= most:
                raise ParameterError(where, value, f"{kind}, zero or more, at most {most:g}")

    def constants(self) -> dict[str, float]:
        """All constants by name."""
        return {key: getattr(self, key) for key in CONSTANTS}

    def agreeing(self, amount: float) -> float:
        """Seconds that sender and receiver take to agree on a message of ``amount`` bytes."""
        return self.rendezvous if amount > self.eager else 0.0

    def adding(self, size: float) -> float:
        """Seconds that adding one byte takes, in a collective of ``size`` bytes."""
        return self.reduction + (self.uncached if size > self.cache else 0.0)

    def copying(self, size: float) -> float:
        """Seconds that finding room for one byte of the input and copying it there takes."""
        return self.staging if size > self.cache else 0.0

    @property
    def spec(self) -> str:
        """The text that ``latency_profile`` reads back, the same for equal profiles."""
        usual = PROFILES[self.name].constants()
        own = {key: value for key, value in sorted(self.constants().items()) if value != usual[key]}
        changes = ",".join(f"{key}={_written(key, value)}" for key, value in own.items())
        return f"{self.name}:{changes}" if changes else self.name

    @property
    def counts_steps(self) -> bool:
        """Whether latency is counted in whole steps, so that no link has a part of it that is its own."""
        return bool(self.net_step or self.intra_step or self.least_step)

    def __str__(self) -> str:
        neutral = LatencyProfile(name=self.name).constants()
        parts = [
            f"{key}={value:g}" if key in _PLAIN else f"{key}={format_seconds(value).replace(' ', '')}"
            for key, value in self.constants().items()
            if value != neutral[key]
        ]
        return f"{self.name} ({', '.join(parts) or 'cables only'})"


_SHARES = ("bandwidth", "scaleup_bandwidth", "injection")
_FACTORS = ("cable_factor", "plateau", *_SHARES)
_SIZES = ("eager", "cache")
_PLAIN = (*_FACTORS, *_SIZES)  # written without a unit
LEAST_SHARE, _MOST_SECONDS, _MOST_FACTOR, _MOST_BYTES = 1e-6, 1e3, 1e6, 1e18
MOST_SHARE = 10.0  # reduction in switches reaches a bus bandwidth above the links' rate
CONSTANTS = tuple(one.name for one in fields(LatencyProfile) if one.name not in ("name", "about"))

PLATEAU_BYTES = 64  # of a step: bytes over (channels x ranks), NCCL's "plateau effect of ring"


def _nccl(name: str, share: float, base: float, net: float, intra: float, **others: float) -> LatencyProfile:
    """A profile of NCCL's cost model; latencies in us, steps whole, so that cables count for nothing."""
    times = {"base": base, "net_step": net, "intra_step": intra, **others}
    plateau = times.pop("plateau", 1.0)
    seconds = {key: parse_time(f"{value}us") for key, value in times.items()}
    shares = {"bandwidth": share, "scaleup_bandwidth": share}
    about = "NCCL's own cost model, 2.30.7: what it believes, not what was measured"
    return LatencyProfile(name=name, cable_factor=0.0, plateau=plateau, about=about, **seconds, **shares)


# One NVLink step of NCCL's LL protocol (below). It includes the switch.
_NVLINK_STEP = 0.6e-6

PROFILES = {
    profile.name: profile
    for profile in (
        # No latency but that of the cables: for comparing with closed forms.
        LatencyProfile(name="ideal", about="no latency but that of the cables"),
        # A hop through one more switch, with its cable: 0.725 us (ib_write_lat 5.09 us under a leaf, 6.54 us
        # two hops further, MRC, as below), less a cable of 50 m (0.25 us). Overhead: 3.6 us less one switch
        # and two cables of 5 m (0.05 us).
        LatencyProfile(
            name="roce-400g",
            overhead=3.075e-6,
            switch_latency=0.475e-6,
            scaleup_overhead=_NVLINK_STEP,
            about="RoCE, 64 B in 3.6 us under one leaf (DeepSeek-V3 insights, table 5, as reported)",
        ),
        # The same switches. Overhead: 5.09 us less one switch and two cables of 5 m (0.05 us).
        LatencyProfile(
            name="roce-800g",
            overhead=4.565e-6,
            switch_latency=0.475e-6,
            scaleup_overhead=_NVLINK_STEP,
            about="NICs of 800G, ib_write_lat 5.09 us under one leaf (MRC, arXiv:2605.04333, as reported): "
            "another machine and another test than that of roce-400g, 1.49 us more a message; rates are the "
            "topology's",
        ),
        # Port to port of an NDR switch: sources print 150 to 400 ns; the middle is taken. Overhead: the rest,
        # less two cables of 5 m.
        LatencyProfile(
            name="ib-ndr",
            overhead=2.475e-6,
            switch_latency=0.275e-6,
            scaleup_overhead=_NVLINK_STEP,
            about="InfiniBand, 64 B in 2.8 us under one leaf (DeepSeek-V3 insights, table 5, as reported)",
        ),
        # NCCL's own cost model of all-reduce, version 2.30.7, src/graph/tuning.cc: latencies over the network
        # and over NVLink, protocols LL, LL128 and Simple, and the share of bandwidth that each leaves. Its
        # table of corrections of trees by size and its limits on the bandwidth of a channel are left out.
        # A ring takes base + the sum of its steps, none below the network's overhead (1 us, 3 us for Simple).
        _nccl("nccl-ring-ll", 0.5, base=6.6, net=2.7, intra=0.6, least_step=1),
        _nccl("nccl-ring-ll128", 0.92, base=14, net=4, intra=1.9, least_step=1),
        _nccl("nccl-ring-simple", 1, base=8.4, net=14, intra=3.4, least_step=3, plateau=1.4),
        # base + 2 ((GPUs per server - 1) intra + floor(log2 servers) NET): the steps of hierarchical-tree.
        _nccl("nccl-tree-ll", 0.2421, base=6.8, net=5, intra=0.6),  # 0.92 / 3.8
        _nccl("nccl-tree-ll128", 0.8625, base=14, net=8.5, intra=1.25),  # 0.92 x 120 / 128
        _nccl("nccl-tree-simple", 0.92, base=8.4, net=14, intra=4),
        # intra + 2 floor(log2 servers) NET: the switches of the servers reduce and multicast, which takes one
        # intra step of 25 us in all, whatever the size of a server. So it stands in ``base`` (of
        # hierarchical-tree), and the steps inside cost nothing. Its factor on bandwidth is not modelled.
        _nccl("nccl-nvlstree", 1, base=25, net=20.9, intra=0),
        # intra + NET, once each: switches add up and spread, in servers and in the network (in-network). The
        # bandwidth inside is that of NCCL for Hopper: 20.6 of 25 GB/s a link (graph/topo.h), and of these
        # the 0.85 that NVLS gets.
        replace(_nccl("nccl-nvls", 1, base=25, net=18, intra=0), scaleup_bandwidth=0.7004),
        # base + log2 servers x NET / 3.5; 2.8 us more for each rank (sims.models.protocols).
        _nccl("nccl-pat", 0.75, base=8, net=4, intra=0),
        # MPI from host memory, one core a rank: fitted to medians of Open MPI and Cray MPICH on Leonardo,
        # LUMI and MareNostrum 5 (HLC-Lab/pico), all constants to all of them. From 8 KiB on sender and
        # receiver agree first (UCX's and libfabric's rendezvous); one core adds 7.4 GB/s from its cache;
        # room beyond the cache comes as fresh pages, 1.6 GB/s. A process gets half of its NICs' rate: of
        # what a machine was fitted to alone, Leonardo 0.51, LUMI 0.21, MareNostrum 5 0.62.
        LatencyProfile(
            name="host-mpi",
            overhead=3.3e-6,
            switch_latency=0.275e-6,
            scaleup_overhead=0.7e-6,
            rendezvous=3.1e-6,
            eager=8192,
            reduction=0.135e-9,
            uncached=0.05e-9,
            staging=0.61e-9,
            cache=24 * 2**20,
            injection=0.5,
            about="MPI from host memory, fitted to Leonardo, LUMI and MareNostrum 5 (HLC-Lab/pico)",
        ),
        # What a file says: nothing that it does not.
        LatencyProfile(name=CUSTOM),
    )
}
DEFAULT_PROFILE = "roce-400g"


def latency_profile(text: str) -> LatencyProfile:
    """A named profile or that of a TOML file, constants replaced: ``ib-ndr:switch_latency=300ns``.

    A file counts by its contents: its profile is ``custom`` with all its constants.

    Raises:
        ParameterError: an unknown profile or constant, one given twice, a time without its unit or below
        zero.
        FileFormatError: the file cannot be read or holds something else.
    """
    text = as_known(text, PROFILES)
    head, _, rest = text.partition(":")
    if head not in PROFILES and (file := re.fullmatch(r"(.*?\.toml)(?::(.*))?", text)):
        head, rest = file[1], file[2] or ""
        profile = _read_file(head)
    elif head not in PROFILES:
        raise ParameterError(
            "latency-profile", head, "neither a profile nor a file that ends in .toml", _names()
        )
    else:
        profile = PROFILES[head]
    given: dict[str, str] = {}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key in given:
            raise ParameterError(f"latency-profile {head}: {key}", value, "given twice")
        given[key] = value
    return _changed(profile, given, f"latency-profile {head}")


def _names() -> list[str]:
    return [name for name in PROFILES if name != CUSTOM]


def _changed(profile: LatencyProfile, given: Mapping[str, str], where: str) -> LatencyProfile:
    changes: dict[str, Any] = {}
    for key, value in given.items():
        if key not in CONSTANTS:
            with inside(key, of_key=True):
                raise ParameterError(where, key, "unknown constant", CONSTANTS)
        changes[key] = _value(key, value, f"{where}: {key}")
    return replace(profile, **changes)


def _value(key: str, text: str, where: str) -> float:
    """The constant that ``text`` says: a time with its unit, a size, or a factor."""
    if key in _SIZES:
        return float(parse_size(text, where)) if text.strip() != "0" else 0.0
    if key not in _FACTORS:
        return parse_time(text, where)
    try:
        return float(text)
    except ValueError:
        raise ParameterError(where, text, "a factor: a plain number such as 0.92") from None


def _written(key: str, value: float) -> str:
    return f"{value:.15g}" if key in _PLAIN else f"{value * 1e9:.15g}ns"


def _read_file(path: str) -> LatencyProfile:
    """The profile of a TOML file: constants by name, on top of those of ``profile`` where it names one."""
    found = read_toml(path)
    found.pop("calibration", None)  # how it was found: for the reader
    parent = found.pop("profile", CUSTOM)
    if not isinstance(parent, str) or parent not in PROFILES:
        rule = f"profile = {parent!r}: one of {', '.join(_names())}"
        raise FileFormatError(path, toml_place(path, ("profile",)), rule)
    for key, value in found.items():
        legal = (int, float) if key in _FACTORS else (int, float, str) if key in _SIZES else str
        if key in CONSTANTS and not isinstance(value, legal):
            kind = "a factor: a number" if key in _FACTORS else 'a time in quotes, such as "2.7us"'
            kind = 'bytes, such as 8192 or "8KiB"' if key in _SIZES else kind
            raise FileFormatError(path, toml_place(path, (key,)), f"{key} = {value!r}: {kind}")
    with toml_placed(path), inside(table=found):
        given = {key: str(value) for key, value in found.items()}
        profile = _changed(PROFILES[parent], given, "latency-profile")
    texts = {key: _written(key, value) for key, value in profile.constants().items()}
    return _changed(PROFILES[CUSTOM], texts, path)  # exactly what its ``spec`` says


def profile_toml(profile: LatencyProfile, calibration: Mapping[str, str | float | list[str]] = {}) -> str:
    """The text of a file that ``latency_profile`` reads back as the same constants.

    ``calibration``: how they were found, for the reader.
    """
    lines = ["# A latency profile of fabricsim: --latency-profile THIS_FILE", ""]
    for key, value in profile.constants().items():
        written = _written(key, value)
        lines.append(f"{key} = {written}" if key in _PLAIN else f'{key} = "{written}"')
    if calibration:
        lines += [
            "",
            "[calibration]",
            *(f"{key} = {_toml(value)}" for key, value in calibration.items()),
        ]
    return "\n".join(lines) + "\n"


def _toml(value: str | float | list[str]) -> str:
    """``value`` as TOML writes it: as JSON does, but for characters beyond 16 bits, DEL and half ones."""
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return text.encode("utf-8", "replace").decode("utf-8")
