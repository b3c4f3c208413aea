"""The causes that are looked for, in the order in which they are listed; of the network those of
sims.studies.diagnose.network_causes. Simulates nothing.

Taken from what people found out who asked why nccl-tests was slow (trackers of NCCL and nccl-tests, and
operators' papers): NICs that came up slow or not at all, hashes, missing uplinks, GPUDirect RDMA that was not
loaded (nccl#1412, nccl#489), NICs that were not used (nccl-tests#112), one port of a bond (nccl-tests#265),
sockets in place of verbs, NVLink that was not used, an algorithm that was set by hand (nccl#1357).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sims.models.profiles import LatencyProfile
from sims.studies.diagnose.cause import SLOW_PATH, Cause, Site, Variant, scaled
from sims.studies.diagnose.network_causes import network_causes

__all__ = ["EXPECTED", "FORCED", "causes"]

FORCED = "forced choice"

# Bytes/s of a GPU without NVLink: PCIe 4.0, 3.0, through the host's memory, and between.
_WITHOUT_NVLINK = (24e9, 17e9, 12e9, 8.5e9, 6e9)
# Of the NICs' rate, by way of the host's memory: half by ACS of PCIe (nccl#949), a third without the module
# (nccl#1412), a twentieth on eight NICs (nccl#1676).
_COPIED = (0.55, 0.4, 0.3, 0.2, 0.1, 0.05)
_SOCKETS = (1.2e9, 2.5e9, 5e9)  # bytes/s of a NIC by TCP: 10GbE, a slow and a quick core
_SOCKET_STEP = 25e-6  # s that a step takes longer through the kernel
# NCCL's latencies of a step by PCIe over those by NVLink, Simple ring: 5.7 / 3.4 us (src/graph/tuning.cc).
_PCIE_STEP = 1.7
# Bytes/s that a rank adds: a GPU at its lowest clock, or shared, still more than a CPU.
_BY_GPU, _BY_CPU = (100e9, 45e9, 20e9), (100e9, 30e9, 7e9)

EXPECTED = Cause(
    name="as expected",
    words="nothing is wrong: the times are where healthy machines were",
    look="nothing; for more, look at what limits a healthy run (fabricsim allreduce --explain)",
    variants=(Variant(words="a healthy run"),),
)


def causes(site: Site) -> Iterator[Cause]:
    """Every cause that ``site`` can have, with the ways in which it shows."""
    yield EXPECTED
    yield from network_causes(site)
    for make in (_nvlink, _gpudirect, _sockets, _latency, _reduction, _forced):
        yield from make(site)


def _nvlink(site: Site) -> Iterator[Cause]:
    rate = site.scaleup_rate
    ways = [own for own in _WITHOUT_NVLINK if own < rate]
    if ways:
        yield Cause(
            name="NVLink off",
            kind=SLOW_PATH,
            words="GPUs of a server do not use NVLink",
            look="nvidia-smi nvlink -s, the fabric manager, NCCL_P2P_DISABLE, 'via SHM' or 'via P2P' in "
            "NCCL_DEBUG=INFO",
            variants=tuple(
                Variant(
                    words=f"GPUs of a server exchange {own / 1e9:g} GB/s by PCIe",
                    profile=scaled(scaleup_bandwidth=own / rate, intra_step=_PCIE_STEP),
                    scale="rate",
                    severity=rate / own,
                )
                for own in ways
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
            variants=tuple(map(adds, _BY_GPU if site.by_nccl else _BY_CPU)),
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
    if len(protocols) > 1 and not site.told and site.by_nccl:
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
