"""Routing policies side by side: what each does to the same demand on one fabric. No clock, no files.

The load of a link is what it carries over its capacity, and 1 is what the fullest endpoint carries into or
out of the fabric: were it not for collisions, no link of a fabric without oversubscription would have more.
The rate of a flow is that of its slowest queue pair while all are under way, max-min fair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric, Paths, carrier, max_min, route
from fabric.graph.contraction import members
from fabric.graph.fabric import require_fabric
from fabric.graph.nic import busiest_nic
from fabric.measures.link_kind import link_kinds
from fabric.routing.policies import Policy, parse_policy, policy_file, policy_text
from fabric.routing.route import check_policy
from fabric.words.errors import ParameterError
from fabric.words.given import require
from sims.jobs.demand import Demand
from sims.jobs.uniform import listed, uniform
from sims.models.fluid.patience import Wait, flows_wait
from sims.scenario.version import model_version
from sims.settings.assignments import split_values

__all__ = ["Balance", "TierLoad", "balance_rows", "balances", "parse_policies", "policy_texts", "search_wait"]

_STEPS = 200  # of the quantiles that are kept for figures


@dataclass(frozen=True, kw_only=True)
class TierLoad:
    """The links of one kind, such as ``leaf -> spine``. ``links``: how many; ``used``: the share of them that
    carries anything; the other figures are loads. ``quantiles``: at 0, 1/200 ... 1 of the links.
    """

    kind: str
    links: int
    used: float
    mean: float
    median: float
    p99: float
    most: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Balance:
    """One policy. ``slowest``, ``mean``: bytes/s of the flows; ``quantiles``: theirs, as of TierLoad.

    ``full``: bytes/s of a flow if nothing but the endpoints' links bound it. ``tiers``: in the order of
    fabric.measures. ``sampled``: of how many flows mean and quantiles are a sample, 0 for all of them;
    ``note``: what has to be said beside it.
    """

    routing: str
    flows: int
    slowest: float
    mean: float
    full: float
    quantiles: tuple[float, ...]
    tiers: tuple[TierLoad, ...]
    sampled: int = 0
    note: str = ""


def policy_texts(text: str) -> list[str]:
    """The spelling of each policy of ``ecmp,ecmp:qps=4,salt=none,dmodk``: a piece ``key=value`` continues the
    one before.

    Raises:
        ParameterError: of a policy, or one is named twice.

    >>> policy_texts("ecmp:qps=2,salt=none,spray")
    ['ecmp:qps=2,salt=none', 'spray']
    """
    texts = [policy_text(one) for one in split_values(text)]
    for name in texts:
        if texts.count(name) > 1:
            raise ParameterError("routing", name, "named twice")
    return texts


def parse_policies(text: str, seed: int = 0, planes: int = 1) -> list[Policy]:
    """The policies of a text as of ``policy_texts``, which says what is raised.

    ``planes``: as of parse_policy; two texts that say the same with it are one policy.
    """
    return list(dict.fromkeys(parse_policy(one, seed, planes) for one in policy_texts(text)))


def search_wait(fabric: Fabric, demand: Demand, policies: Sequence[Policy]) -> Wait:
    """How long the paths of the demand take to be found under all policies."""
    src, dst = demand.src, demand.dst
    if demand.everyone:  # to near and far: half way round stands for all
        src = np.arange(fabric.n_endpoints)
        dst = np.roll(src, len(src) // 2)
    return flows_wait(fabric, src, dst, policies)


def balances(fabric: Fabric, demand: Demand, policies: Sequence[Policy], seed: int = 0) -> Iterator[Balance]:
    """What each policy does to the demand, one after another.

    Raises:
        FabricsimError: a policy does not fit the fabric, or its loads do not fit in memory; of all policies
            what can be known before is checked before the first is routed.
    """
    require_fabric(fabric)
    require("demand", demand, Demand, "who sends to whom, as sims.jobs.demand makes it")
    require("policies", policies, Sequence, "a list of policies such as Ecmp()")
    for policy in policies:
        require("policies", policy, Policy, "a list of policies such as Ecmp()")
        check_policy(fabric, policy)
    search_wait(fabric, demand, policies).require("topology", fabric.name)
    for policy in policies:
        on = carrier(fabric, policy)
        if demand.everyone and not listed(on, policy):
            yield _uniform(fabric, on, policy, seed)
        else:
            yield _listed(fabric, on, demand, policy)


def _listed(fabric: Fabric, on: Fabric, demand: Demand, policy: Policy) -> Balance:
    src, dst, via = demand.src, demand.dst, demand.via
    if demand.everyone:
        src, dst = np.divmod(np.arange(fabric.n_endpoints**2), fabric.n_endpoints)
        src, dst = src[src != dst], dst[src != dst]
    paths = Paths.stack([_paths(on, src, dst, via, policy, qp) for qp in range(policy.qps)])
    carried = paths.load(1.0 / policy.qps, on.n_links)
    rates = max_min(paths, on.capacity).reshape(policy.qps, -1).min(axis=0) * policy.qps
    unit = busiest_nic(on, carried)
    kept = np.isfinite(rates)  # a flow to oneself has no links and no rate
    return Balance(
        routing=str(policy),
        flows=int(kept.sum()),
        slowest=float(rates[kept].min()),
        mean=float(rates[kept].mean()),
        full=1.0 / unit,
        quantiles=_quantiles(rates[kept]),
        tiers=_tiers(fabric, on, carried / on.capacity / unit),
        note=policy.warning(fabric),
    )


def _paths(on: Fabric, src: NDArray, dst: NDArray, via: NDArray | None, policy: Policy, qp: int) -> Paths:
    if via is None:
        return route(on, src, dst, policy, qp=qp)
    relay = np.where(via >= 0, via, src)
    return Paths.join(route(on, src, relay, policy, qp=qp), route(on, relay, dst, policy, qp=qp))


def _uniform(fabric: Fabric, on: Fabric, policy: Policy, seed: int) -> Balance:
    """Every endpoint to every other one, of more flows than can be listed."""
    found = uniform(fabric, on, policy, seed)
    unit = busiest_nic(on, found.carried)
    sampled = f"rates of a sample of {len(found.rates):,} flows, each at its equal share of its fullest link"
    notes = [policy.warning(fabric), found.note, f"{sampled}: no more than its max-min rate"]
    return Balance(
        routing=str(policy),
        flows=fabric.n_endpoints * (fabric.n_endpoints - 1),
        slowest=found.slowest,
        mean=float(found.rates.mean()),
        full=1.0 / unit,
        quantiles=_quantiles(found.rates),
        tiers=_tiers(fabric, on, found.carried / on.capacity / unit),
        sampled=len(found.rates),
        note="; ".join(filter(None, notes)),
    )


def _tiers(fabric: Fabric, on: Fabric, load: NDArray[np.float64]) -> tuple[TierLoad, ...]:
    """Per kind of link; a link of the carrier counts for all that it stands for."""
    names, kind = link_kinds(on)
    weight = members(on)
    true_names, true_kind = link_kinds(fabric)
    number = dict(zip(true_names, np.bincount(true_kind, minlength=len(true_names)).tolist()))
    tiers = []
    for i, name in enumerate(names):
        mine = kind == i
        each, count = load[mine], weight[mine]
        unused = number[name] - int(count.sum())  # those inside a class of the carrier
        if unused > 0:
            each, count = np.append(each, 0.0), np.append(count, unused)
        quantiles = _quantiles(each, count)
        tiers.append(
            TierLoad(
                kind=name,
                links=number[name],
                used=float(count[each > 0].sum() / count.sum()),
                mean=float(np.average(each, weights=count)),
                median=quantiles[_STEPS // 2],
                p99=quantiles[_STEPS * 99 // 100],
                most=float(each.max()),
                quantiles=quantiles,
            )
        )
    return tuple(tiers)


def _quantiles(values: NDArray[np.float64], count: NDArray[np.int64] | None = None) -> tuple[float, ...]:
    """At 0, 1/200 ... 1 of the values, each of which counts ``count`` times; always one of them."""
    order = np.argsort(values, kind="stable")
    through = np.cumsum(np.ones(len(values), np.int64) if count is None else count[order])
    wanted = np.arange(_STEPS + 1) * (through[-1] - 1) / _STEPS  # whole ranks stay whole
    place = np.searchsorted(through, wanted, side="right")
    return tuple(values[order][np.minimum(place, len(values) - 1)].tolist())


def balance_rows(balances: Sequence[Balance], **cause: object) -> list[dict[str, object]]:
    """A row for each policy and kind of link, of plain values.

    ``cause``: what else determines them (topology, traffic, seed, faults ...), a column each; figures need
    ``topology`` and ``traffic``. Tables of ``static`` count by their contents.
    """
    rows: list[dict[str, object]] = []
    for one in balances:
        table = policy_file(one.routing)
        policy: dict[str, object] = {
            **cause,
            "routing": one.routing,
            "routing_digest": hashlib.sha256(table.read_bytes()).hexdigest() if table else "",
            "flows": one.flows,
            "sampled_flows": one.sampled,
            "slowest_GBps": one.slowest / 1e9,
            "mean_GBps": one.mean / 1e9,
            "full_GBps": one.full / 1e9,
            "rate_quantiles_GBps": [rate / 1e9 for rate in one.quantiles],
            "version": model_version(),
        }
        for tier in one.tiers:
            shares = {"mean": tier.mean, "median": tier.median, "p99": tier.p99, "most": tier.most}
            row = {**policy, "kind": tier.kind, "links": tier.links, "used": tier.used}
            row |= {f"load_{name}": load for name, load in shares.items()}
            rows.append({**row, "load_quantiles": list(tier.quantiles), "note": one.note})
    return rows
