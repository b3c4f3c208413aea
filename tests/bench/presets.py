"""How long each preset takes to build, as a ratio to the bare add_edges_from of its edges, in one process.

Both take turns and the best of each is taken; the floor is what floor.py does, without starting Python. Each
preset's counts are asserted by the test suite, here only that both have the same edges.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

import networkx as nx
import numpy as np

from tests.bench.measured import Measured
from topologies import load
from topologies.named import PRESETS

TARGET = 1.5
FEW, SHORT = 100_000, 0.1  # of fewer edges nobody waits for what a ratio tells, only for seconds
OTHERS = (
    "superpod-h100",
    "fairwater-524k",
)  # the first of a size of its own, the second compiled alone: large.py
SPECS = ["superpod-h100:su=64", *(n for n, p in PRESETS.items() if n == p.name not in OTHERS)]


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    result = work()
    elapsed = time.perf_counter() - start
    del result
    return elapsed


def bare(edges: np.ndarray) -> nx.Graph:
    G = nx.Graph()
    G.add_edges_from(zip(edges[0].tolist(), edges[1].tolist()))
    return G


def measure() -> Iterator[Measured]:
    for spec in SPECS:
        G = load(f"preset:{spec}")
        edges, found = np.array(G.edges()).T.copy(), G.number_of_edges()
        del G
        assert bare(edges).number_of_edges() == found
        times = [
            (seconds(lambda edges=edges: bare(edges)), seconds(lambda spec=spec: load(f"preset:{spec}")))
            for _ in range(2 if found > 1_000_000 else 9)
        ]
        floor, wall = (min(column) for column in zip(*times))
        name = f"{spec}, {found:,} edges"
        if found < FEW:
            yield Measured(case=name, value=wall, unit="s", target=SHORT, seconds=wall, floor=floor)
        else:
            yield Measured(case=name, value=wall / floor, target=TARGET, seconds=wall, floor=floor)
