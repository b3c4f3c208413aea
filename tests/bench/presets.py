"""How long each preset takes to build, as a ratio to the bare add_edges_from of its edges, in one process.

Both take turns and the best of each is taken; the floor is what floor.py does, without starting Python.
Exit status 1 where a ratio is over its target. Each preset's counts are asserted by the test suite, not here.
"""

import gc
import sys
import time
from collections.abc import Callable

import networkx as nx
import numpy as np

from topologies import load
from topologies.named import PRESETS

TARGET = 1.5
SPECS = ["superpod-h100:su=64", *(name for name in PRESETS if name != "superpod-h100")]


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


over = []
print(f"{'preset':<28} {'edges':>10} {'bare':>8} {'build':>8} {'ratio':>7} {'target':>7}")
for spec in SPECS:
    edges = np.array(load(f"preset:{spec}").edges()).T.copy()
    rounds = 2 if edges.shape[1] > 1_000_000 else 9
    times = [
        (seconds(lambda edges=edges: bare(edges)), seconds(lambda spec=spec: load(f"preset:{spec}")))
        for _ in range(rounds)
    ]
    floor, wall = (min(column) for column in zip(*times))
    over += [spec] * (wall / floor > TARGET)
    print(
        f"{spec:<28} {edges.shape[1]:>10,} {floor:>6.3f} s {wall:>6.3f} s {wall / floor:>6.2f}x {TARGET:>6}x"
    )
if over:
    sys.exit("over target: " + ", ".join(over))
