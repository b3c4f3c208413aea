"""The causes that are looked for, in the order in which they are listed. Simulates nothing.

Taken from what people found out who asked why nccl-tests was slow (trackers of NCCL and nccl-tests, and
operators' papers): NICs that came up slow or not at all, hashes, missing uplinks, GPUDirect RDMA that was not
loaded (nccl#1412, nccl#489), NICs that were not used (nccl-tests#112), one port of a bond (nccl-tests#265),
sockets in place of verbs, NVLink that was not used, an algorithm that was set by hand (nccl#1357).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fabric.graph.nic import planes
from fabric.graph.schema import SWITCH
from sims.models.profiles import LatencyProfile
from sims.studies.diagnose.cause import FILE, Cause, Site, Variant, cable_line, scaled
from sims.workload.collectives import parameters_of

__all__ = ["EXPECTED", "FORCED", "SLOW_PATH", "causes"]

FORCED = "forced choice"
# All ranks of a ring or tree go at the pace of its slowest link, whichever that is: one number in the log.
SLOW_PATH = "slow path"

_SHARES = (0.75, 0.5, 0.25, 0.125)  # a link that trained at half its lanes or speed, a quarter, an eighth
_FEWER = (*_SHARES, 0.0625)  # of a leaf's uplinks one of sixteen is left
_SEEDS = range(1, 9)  # of hashes and shuffles
_PCIE = {"over PCIe 4.0": 24e9, "through host memory": 10e9}  # bytes/s of a GPU without NVLink
# Of the NICs' rate, by way of the host's memory: half by ACS of PCIe (nccl#949), a third without the module
# (nccl#1412), a twentieth on eight NICs (nccl#1676).
_COPIED = (0.55, 0.4, 0.3, 0.2, 0.1, 0.05)
_SOCKETS = (1.2e9, 2.5e9, 5e9)  # bytes/s of a NIC by TCP: 10GbE, a slow and a quick core
_SOCKET_STEP = 25e-6  # s that a step takes longer through the kernel
# NCCL's latencies of a step by PCIe over those by NVLink, Simple ring: 5.7 / 3.4 us (src/graph/tuning.cc).
_PCIE_STEP = 1.7

EXPECTED = Cause(
    name="as expected",
    words="nothing is wrong: the times are where healthy machines were",
    look="nothing; for more, look at what limits a healthy run (fabricsim allreduce --explain)",
    variants=(Variant(words="a healthy run"),),
)


def _percent(share: float) -> str:
    return f"{100 * share:g}%"


def causes(site: Site) -> Iterator[Cause]:
    """Every cause that ``site`` can have, with the ways in which it shows."""
    yield EXPECTED
    for make in (_nics, _lost_port, _one_plane, _collisions, _slow_cable, _uplinks):
        yield from make(site)
    for make in (_placement, _nvlink, _gpudirect, _sockets, _latency, _reduction, _forced):
        yield from make(site)


def _nics(site: Site) -> Iterator[Cause]:
    """One NIC at a part of its rate, or fewer rings and trees than NICs on all servers, which looks alike."""
    end, found = site.middle, []
    if lines := site.nics([end]):
        name = site.fabric.label(end)
        found += [
            Variant(
                words=f"one NIC, as that of {name}, at {_percent(share)} of its rate",
                settings={"degrade": f"{FILE}:rate={_percent(share)}"},
                cables=lines,
                scale="rate",
                severity=1 / share,
            )
            for share in _SHARES
        ]
    count = int(site.places().max(initial=0)) + 1
    if any("channels" in parameters_of(one.algorithm.partition(":")[0]) for one in site.choices):
        found += [
            Variant(words=f"{number} of {count} NICs of each server in use", channels=number, scale="count")
            for number in dict.fromkeys((3 * count // 4, count // 2, count // 4, 1))
            if 0 < number < count
        ]
    if found:
        yield Cause(
            name="NICs",
            kind=SLOW_PATH,
            words="a NIC or its cable is slow, or lost so that its neighbour carries for two, or NCCL uses "
            "some of the NICs only",
            look="state, rate, width and errors of every NIC (ibstat, mlxlink, ethtool), halving the hosts "
            "until the slow one is found; NCCL_IB_HCA, and NICs in 'NET/IB : Using' of NCCL_DEBUG=INFO",
            variants=tuple(found),
        )


def _lost_port(site: Site) -> Iterator[Cause]:
    ports = site.nics([site.middle])
    if planes(site.fabric) > 1 and ports:
        yield Cause(
            name="lost port",
            kind=SLOW_PATH,
            words="one port of a NIC, or one of its planes, is down",
            look="ports that are down (ibstat, ip link), plane by plane",
            variants=(
                Variant(words=f"lost: {ports[0]}", settings={"fail": FILE}, cables=ports[:1]),
                Variant(
                    words=f"slow: {ports[0]}", settings={"degrade": f"{FILE}:rate=25%"}, cables=ports[:1]
                ),
            ),
        )


def _one_plane(site: Site) -> Iterator[Cause]:
    if (count := planes(site.fabric)) > 1:
        yield Cause(
            name="one plane",
            kind=SLOW_PATH,
            words="a transfer uses one port of its NIC: one queue pair, one side of a bond",
            look="NCCL_IB_QPS_PER_CONNECTION, the hash of the bond, counters of every port",
            variants=(Variant(words=f"1 of {count} planes used", settings={"routing": "ecmp:qps=1"}),),
        )


def _collisions(site: Site) -> Iterator[Cause]:
    yield Cause(
        name="collisions",
        words="ECMP hashes several flows onto one cable while others stay empty",
        look="the fullest and the emptiest uplink of each leaf; adaptive routing, more queue pairs "
        "(NCCL_IB_QPS_PER_CONNECTION), hash seeds that differ by switch",
        variants=(
            *(
                Variant(
                    words=f"hashes as of seed {seed}", settings={"routing": "ecmp:qps=1", "seed": str(seed)}
                )
                for seed in _SEEDS
            ),
            Variant(
                words="the same hash in every switch (polarisation)",
                settings={"routing": "ecmp:qps=1,salt=none"},
            ),
        ),
    )


def _slow_cable(site: Site) -> Iterator[Cause]:
    """A cable between the leaf of the middle rank and a switch above it."""
    f, end = site.fabric, site.middle
    arcs = np.arange(f.arc_ptr[end], f.arc_ptr[end + 1])
    leaves = f.arc_dst[arcs][f.kind[f.arc_dst[arcs]] == SWITCH]
    if not len(leaves):
        return
    leaf = int(leaves[0])
    above = f.arc_dst[f.arc_up[leaf] : f.arc_ptr[leaf + 1]]
    above = above[f.kind[above] == SWITCH]
    if len(above):
        line = cable_line(f, leaf, int(above[0]))
        yield Cause(
            name="slow trunk",
            kind=SLOW_PATH,
            words="one cable between switches runs below its rate, and the load is spread over it as before",
            look="rates and symbol errors of the switches' ports (iblinkinfo, ibqueryerrors)",
            variants=tuple(
                Variant(
                    words=f"the cable {line.replace(',', ' - ')} at {_percent(share)} of its rate",
                    settings={"degrade": f"{FILE}:rate={_percent(share)}"},
                    cables=[line],
                    scale="rate",
                    severity=1 / share,
                )
                for share in _SHARES
            ),
        )


def _uplinks(site: Site) -> Iterator[Cause]:
    yield Cause(
        name="few uplinks",
        kind=SLOW_PATH,
        words="leaves have less capacity above than below: oversubscribed, or uplinks missing",
        look="fabricsim topology check of a dump; uplinks that are up, leaf by leaf",
        variants=tuple(
            Variant(
                words=f"{_percent(share)} of the uplinks' capacity",
                settings={"degrade": f"cables=leaf:100%:rate={_percent(share)}"},
                scale="rate",
                severity=1 / share,
            )
            for share in _FEWER
        ),
    )


def _placement(site: Site) -> Iterator[Cause]:
    yield Cause(
        name="scattered",
        words="the job's servers are scattered over more leaves than they need",
        look="which hosts the scheduler gave (the log's list of devices), and their leaves",
        variants=(
            *(
                Variant(
                    words=f"servers shuffled, seed {seed}",
                    settings={"placement": "random", "seed": str(seed)},
                )
                for seed in _SEEDS[:4]
            ),
            Variant(words="neighbours never on one leaf", settings={"placement": "strided-servers"}),
        ),
    )


def _nvlink(site: Site) -> Iterator[Cause]:
    rate = site.scaleup_rate
    ways = {words: own / rate for words, own in _PCIE.items() if own < rate} if rate else {}
    if ways:
        yield Cause(
            name="NVLink off",
            kind=SLOW_PATH,
            words="GPUs of a server do not use NVLink",
            look="nvidia-smi nvlink -s, the fabric manager, NCCL_P2P_DISABLE, 'via SHM' or 'via P2P' in "
            "NCCL_DEBUG=INFO",
            variants=tuple(
                Variant(
                    words=f"GPUs of a server {words}",
                    profile=scaled(scaleup_bandwidth=share, intra_step=_PCIE_STEP),
                    scale="rate",
                    severity=1 / share,
                )
                for words, share in ways.items()
            ),
        )


def _gpudirect(site: Site) -> Iterator[Cause]:
    """Every byte crosses PCIe and the host's memory twice more, so half of a NIC's rate or less is left; or
    ACS sends what goes from NIC to GPU by way of the CPU.
    """
    yield Cause(
        name="GPUDirect off",
        kind=SLOW_PATH,
        words="NICs do not read and write the GPUs' memory: bytes are copied by way of the host's",
        look="nvidia-peermem or DMA-BUF, ACS of PCIe switches, 'GDRDMA' missing in NCCL_DEBUG=INFO",
        variants=tuple(
            Variant(
                words=f"{share:.0%} of the NICs' rate, {step:g} times the latency of a step",
                profile=scaled(injection=share, net_step=step, overhead=step),
                scale="rate",
                severity=1 / share,
            )
            for share in _COPIED
            for step in (1.5,)
        ),
    )


def _sockets(site: Site) -> Iterator[Cause]:
    rate = site.nic_rate

    def by_tcp(share: float) -> Variant:
        def changed(profile: LatencyProfile) -> LatencyProfile:
            step = profile.net_step + _SOCKET_STEP if profile.net_step else 0.0
            overhead = profile.overhead + (0.0 if profile.net_step else _SOCKET_STEP)
            return replace(profile, injection=profile.injection * share, net_step=step, overhead=overhead)

        words = f"TCP, {share * rate / 1e9:.2g} GB/s a NIC"
        return Variant(words=words, profile=changed, scale="rate", severity=1 / share)

    shares = [own / rate for own in _SOCKETS[::-1] if own < rate / 2]
    if shares:
        yield Cause(
            name="sockets",
            words="TCP in place of RDMA",
            look="'NET/Socket' in NCCL_DEBUG=INFO, NCCL_IB_DISABLE, missing verbs in the container",
            variants=tuple(map(by_tcp, shares)),
        )


def _latency(site: Site) -> Iterator[Cause]:
    yield Cause(
        name="high latency",
        words="each step over the network takes longer, at full bandwidth",
        look="ib_write_lat between hosts; power saving, virtual functions, forwarding by store and forward",
        variants=tuple(
            Variant(
                words=f"{by} times the latency of a step",
                profile=scaled(net_step=by, overhead=by),
                scale="step",
                severity=by,
            )
            for by in (2, 4, 8)
        ),
    )


def _reduction(site: Site) -> Iterator[Cause]:
    def adds(rate: float) -> Variant:
        def changed(profile: LatencyProfile) -> LatencyProfile:
            return replace(profile, reduction=profile.reduction + 1 / rate)

        words = f"a rank adds {rate / 1e9:g} GB/s"
        return Variant(words=words, profile=changed, scale="rate", severity=1 / rate)

    if site.reduces:
        yield Cause(
            name="slow adding",
            kind=SLOW_PATH,
            words="ranks add slowly: on the CPU, or on GPUs that are busy or slowed down",
            look="other processes on the GPUs, their clocks and throttling (nvidia-smi -q -d PERFORMANCE)",
            variants=tuple(adds(rate) for rate in (100e9, 30e9, 7e9)),
        )


def _forced(site: Site) -> Iterator[Cause]:
    """An algorithm or a protocol that is left alone, where there are several; or what the log says that ran,
    which is then known.
    """
    found = [Variant(words="what the log says that NCCL chose")] if site.told else []
    heads = {one.algorithm.partition(":")[0] for one in site.choices}
    protocols = {one.profile.partition(":")[0].rpartition("-")[2] for one in site.choices}
    if len(heads) > 1 and not site.told:
        found += [
            Variant(words=f"{head} only", allows=lambda one, head=head: one.algorithm.startswith(head))  # type: ignore[misc]
            for head in sorted(heads)
        ]
    if len(protocols) > 1 and not site.told and all(one.profile.startswith("nccl-") for one in site.choices):
        found += [
            Variant(
                words=f"protocol {own.upper()} only",
                allows=lambda one, own=own: one.profile.partition(":")[0].endswith(f"-{own}"),  # type: ignore[misc]
            )
            for own in sorted(protocols)
        ]
    if found:
        yield Cause(
            name=FORCED,
            words="NCCL is told, or thinks, to use an algorithm or a protocol that is not the best",
            look="NCCL_ALGO, NCCL_PROTO, NCCL_TUNER_PLUGIN in the environment and in nccl.conf; "
            "NCCL_DEBUG_SUBSYS=TUNING",
            variants=tuple(found),
        )
