"""Causes in the network: NICs, ports, hashes, cables of switches, and where the job is. Simulates nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fabric.graph.nic import planes
from fabric.graph.schema import SWITCH
from sims.studies.diagnose.cause import FILE, SLOW_PATH, Cause, Site, Variant, cable_line, percent
from sims.workload.collectives import parameters_of

__all__ = ["network_causes"]

# A link at half its lanes or speed, a quarter, ..., one lane of sixteen, and between, where a size's time is
# not linear in the inverse of the rate.
_SHARES = (0.75, 0.5, 0.35, 0.25, 0.125, 0.0625)
_SEEDS = range(1, 17)  # of hashes and shuffles


def network_causes(site: Site) -> Iterator[Cause]:
    """Those that ``site`` can have, with the ways in which each shows."""
    for make in (_nics, _lost_port, _one_plane, _collisions, _slow_cable, _uplinks, _placement):
        yield from make(site)


def _slow(
    before: str, after: str, *, of: str = FILE, cables: Sequence[str] = (), scale: str = "rate"
) -> Iterator[Variant]:
    """Cables at each share of their rate, which stands between ``before`` and ``after``; ``of``: which they
    are, in a setting; the rest as of Variant.
    """
    for share in _SHARES:
        yield Variant(
            words=f"{before}{percent(share)}{after}",
            settings={"degrade": f"{of}:rate={percent(share)}"},
            cables=cables,
            scale=scale,
            severity=1 / share,
        )


def _nics(site: Site) -> Iterator[Cause]:
    """One NIC at a part of its rate, or fewer rings and trees than NICs on all servers, which looks alike."""
    found: list[Variant] = []
    for end in site.somewhere:
        if lines := site.nics([end]):
            what = f"one NIC, as that of {site.fabric.label(end)}, at "
            found += _slow(what, " of its rate", cables=lines, scale=f"rate of {end}")
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
            variants=tuple(_slow(f"the cable {line.replace(',', ' - ')} at ", " of its rate", cables=[line])),
        )


def _uplinks(site: Site) -> Iterator[Cause]:
    yield Cause(
        name="few uplinks",
        kind=SLOW_PATH,
        words="leaves have less capacity above than below: oversubscribed, or uplinks missing",
        look="fabricsim topology check of a dump; uplinks that are up, leaf by leaf",
        variants=tuple(_slow("", " of the uplinks' capacity", of="cables=leaf:100%")),
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
