"""Random batches of flows, and a slow twin of the fluid network: it solves for all at every instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import strategies as st
from numpy.typing import NDArray

from fabric import Paths, max_min
from sims.models.fluid.network import FluidNetwork


@dataclass(kw_only=True, eq=False)
class Batch:
    """Flows that are handed over together at ``at``; ``event`` is the network's answer."""

    paths: Paths
    size: NDArray[np.float64]
    latency: NDArray[np.float64]
    at: float
    event: simpy.Event | None = None


def paths_of(rows: list[list[int]], weights: list[list[float]] | None = None) -> Paths:
    ptr = np.cumsum([0, *map(len, rows)])
    link = np.array([x for row in rows for x in row], np.int32)
    return Paths(
        ptr=ptr, link=link, weight=None if weights is None else np.array([x for row in weights for x in row])
    )


@st.composite
def scenarios(draw: st.DrawFn) -> tuple[NDArray[np.float64], list[Batch]]:
    """Capacities, and batches of few flows, some without links: (un)equal sizes, weights, latencies."""
    links = draw(st.integers(1, 5))
    capacity = np.array(draw(st.lists(st.integers(1, 9), min_size=links, max_size=links)), float)
    batches = []
    for _ in range(draw(st.integers(1, 4))):
        rows = draw(
            st.lists(st.lists(st.integers(0, links - 1), max_size=3, unique=True), min_size=1, max_size=6)
        )
        weights = [[float(draw(st.sampled_from([1, 1, 2, 0.5]))) for _ in row] for row in rows]
        sizes = st.integers(1, 40) if draw(st.booleans()) else st.just(draw(st.integers(1, 40)))
        size = np.array([draw(sizes) for _ in rows], float)
        latency = np.array([draw(st.sampled_from([0.0, 0.5, 3.0])) for _ in rows])
        paths = paths_of(rows, weights if draw(st.booleans()) else None)
        batches.append(Batch(paths=paths, size=size, latency=latency, at=draw(st.integers(0, 60)) / 8))
    return capacity, batches


def run(network: FluidNetwork, batches: list[Batch]) -> list[NDArray[np.float64]]:
    """Receipt of every flow of every batch, on the network's clock."""
    env, received = network.env, [np.empty(0)] * len(batches)

    def one(i: int, batch: Batch) -> Any:
        yield env.timeout(batch.at)
        batch.event = network.send(batch.paths, batch.size, batch.latency)
        received[i] = yield batch.event
        assert env.now == pytest.approx(received[i].max(), rel=1e-12)

    for i, batch in enumerate(batches):
        env.process(one(i, batch))
    env.run()
    return received


def twin(capacity: NDArray[np.float64], batches: list[Batch]) -> list[NDArray[np.float64]]:
    """The same, solving for every flow under way after every single arrival and end."""
    paths = Paths.stack([b.paths for b in batches])
    start = np.concatenate([np.full(len(b.size), b.at) for b in batches])
    left = np.concatenate([b.size for b in batches])
    end = np.full(len(left), np.nan)
    now = 0.0
    while np.isnan(end).any():
        active = np.flatnonzero((start <= now) & np.isnan(end))
        arrival = min(start[start > now], default=np.inf)
        if not len(active):
            now = arrival
            continue
        rate = max_min(paths.take(active), capacity)
        finish = now + left[active] / rate
        then = min(finish.min(), arrival)
        left[active] -= np.where(np.isinf(rate), 0.0, rate) * (then - now)
        end[active[finish <= then * (1 + 1e-13)]] = then
        now = then
    ends = np.split(end, np.cumsum([len(b.size) for b in batches])[:-1])
    return [e + b.latency for e, b in zip(ends, batches)]
