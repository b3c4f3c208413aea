"""What tables lack is what one finds who looks up every switch and endpoint by itself and goes along."""

from __future__ import annotations

import fabric_zoo as zoo
import numpy as np
import pytest

from fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.routing.forwarding_tables import Tables
from fabric.routing.gaps import Gaps, gaps


def random_lines(f: Fabric, seed: int) -> dict[tuple[int, int], int]:
    """Arcs of switches for destinations at random, of which some lead round, and some to other endpoints."""
    rng = np.random.default_rng(seed)
    leaves = {leaf for end in range(f.n_endpoints) for leaf in leaves_of(f, end)}
    return {
        (switch, to): int(rng.integers(f.arc_ptr[switch], f.arc_ptr[switch + 1]))
        for switch in range(f.n_endpoints, f.n_endpoints + f.n_switches)
        for to in sorted({*range(f.n_endpoints), *leaves})
        if rng.random() < (0.9 if to in leaves else 0.3)
    }


def leaves_of(f: Fabric, end: int) -> list[int]:
    """The switches that an endpoint hangs on, ascending."""
    neighbours = f.arc_dst[f.arc_ptr[end] : f.arc_ptr[end + 1]].tolist()
    return sorted(node for node in neighbours if f.kind[node] == SWITCH)


def looked_up(f: Fabric, lines: dict[tuple[int, int], int], *, whole: bool) -> Gaps:
    """By a loop over every switch and endpoint."""
    missing, circles = list[str](), list[str]()
    for switch in range(f.n_endpoints, f.n_endpoints + f.n_switches):
        for end in range(f.n_endpoints):
            told, node, seen = f"that of {f.label(switch)} for {f.label(end)}", switch, set[int]()
            hop = next_hop(f, lines, node, end, whole=whole)
            if hop is None:
                missing.append(told)
            while hop is not None and f.kind[node := hop] == SWITCH and node not in seen:
                seen.add(node)
                hop = next_hop(f, lines, node, end, whole=whole)
            if node in seen and hop is not None:
                circles.append(f"from {f.label(switch)} to {f.label(end)}")
    return Gaps(
        pairs=f.n_switches * f.n_endpoints,
        missing=len(missing),
        circles=len(circles),
        first_missing=next(iter(missing), ""),
        first_circle=next(iter(circles), ""),
    )


def next_hop(
    f: Fabric, lines: dict[tuple[int, int], int], switch: int, end: int, *, whole: bool
) -> int | None:
    """The line for an endpoint, else its leaf itself, else that for its last leaf which has one."""
    leaves = [] if whole else leaves_of(f, end)
    if (switch, end) in lines:
        return int(f.arc_dst[lines[switch, end]])
    if switch in leaves:
        return end
    arcs = [lines[switch, leaf] for leaf in leaves if (switch, leaf) in lines]
    return int(f.arc_dst[arcs[-1]]) if arcs else None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("whole", [False, True], ids=["with lines for leaves", "whole"])
@pytest.mark.parametrize("make", zoo.ZOO.values(), ids=zoo.ZOO)
def test_gaps_are_those_of_every_switch_and_endpoint_by_itself(make, whole: bool, seed: int) -> None:
    f = Fabric.from_graph(make())
    lines = random_lines(f, seed)
    if whole:
        lines = {(switch, to): arc for (switch, to), arc in lines.items() if to < f.n_endpoints}
    keys = sorted(lines)
    tables = Tables(
        path="",
        key=np.array([switch * len(f.kind) + to for switch, to in keys]),
        arc=np.array([lines[key] for key in keys]),
        link=np.full(len(keys), -1),
        whole=whole,
    )
    assert gaps(f, tables) == looked_up(f, lines, whole=whole)
