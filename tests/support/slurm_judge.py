"""A second reader of Slurm's topology.yaml, that judges as slurmctld does. Shares nothing with the program.

By the man page of topology.yaml (26.11), and by what that slurmctld makes fatal or warns of as it builds its
tree: a field that it does not know, no name or a long one, a name twice, children beside nodes or neither, a
child that is no switch, a circle, a switch below two, a node on two leaves or on none, no switch above all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

import yaml

__all__ = ["complaints", "hostlist"]

KINDS = ("block", "flat", "ring", "torus3d", "tree")
LONGEST = 64  # characters of a switch's name
DEEPEST = 20  # rounds in which it finds levels
MOST = 65_534  # switches: indices have 16 bits


def complaints(text: str, nodes: Collection[str]) -> Iterator[str]:
    """What slurmctld would say of the file where ``nodes`` are those of its slurm.conf."""
    content = yaml.safe_load(text)
    if not isinstance(content, list) or not content:
        yield "no list of topologies"
        return
    names = [one.get("topology") for one in content]
    if len(set(names)) < len(names):
        yield "a topology twice"
    for one in content:
        kinds = [key for key in one if key in KINDS]
        if next(iter(one)) != "topology" or not isinstance(one["topology"], str):
            yield "the name comes first"
        if len(kinds) != 1 or set(one) - {"topology", "cluster_default", *KINDS}:
            yield f"one kind and no other field: {sorted(one)}"
        if not isinstance(one.get("cluster_default", False), bool):
            yield "cluster_default is true or false"
    default = next((one for one in content if one.get("cluster_default")), None)
    if default is None:
        yield "no cluster_default"
    elif "tree" in default:
        yield from _tree(default["tree"], nodes)


def _tree(tree: Any, nodes: Collection[str]) -> Iterator[str]:
    if not isinstance(tree, dict) or set(tree) != {"switches"} or not isinstance(tree["switches"], list):
        yield "a tree is a list of switches"
        return
    switches = tree["switches"]
    for one in switches:
        if set(one) - {"switch", "children", "nodes"} or not all(isinstance(v, str) for v in one.values()):
            yield f"switch, children and nodes are texts: {one}"
            return
        if not 0 < len(one.get("switch", "")) <= LONGEST:
            yield f"a name of 1 to {LONGEST} characters: {one}"
            return
        if ("children" in one) == ("nodes" in one):
            yield f"either children or nodes: {one}"
            return
    names = [one["switch"] for one in switches]
    yield from (f"{name} has already been defined" for name, count in Counter(names).items() if count > 1)
    if not 0 < len(switches) <= MOST:
        yield f"{len(switches)} switches"
    below = {one["switch"]: hostlist(one["children"]) for one in switches if "children" in one}
    leaves = {one["switch"]: hostlist(one["nodes"]) for one in switches if "nodes" in one}
    parents = Counter(child for found in below.values() for child in found)
    for name, found in below.items():
        yield from (
            f"{name} has an invalid child {child}" for child in found if child not in names or child == name
        )
    yield from (f"{child} is below {count} switches" for child, count in parents.items() if count > 1)
    homes = Counter(node for found in leaves.values() for node in found)
    yield from (f"{node} is on {count} leaves" for node, count in homes.items() if count > 1)
    yield from (f"{node} is no node" for node in homes if node not in nodes)
    yield from (f"{node} is on no switch" for node in nodes if node not in homes)
    reach: dict[str, set[str]] = {name: set(found) for name, found in leaves.items()}
    for _ in range(DEEPEST):
        for name, found in below.items():
            if name not in reach and all(child in reach for child in found):
                reach[name] = set().union(*(reach[child] for child in found))
    if len(reach) < len(set(names)):
        yield "not a tree"
    elif not any(found >= set(nodes) for found in reach.values()):
        yield "no switch can reach all nodes"


def hostlist(text: str) -> list[str]:
    """The names that an expression of Slurm stands for.

    >>> hostlist("a[1-3,07],b")
    ['a1', 'a2', 'a3', 'a07', 'b']
    """
    found = []
    for part in re.findall(r"[^,\[\]]+(?:\[[^\]]*\])?", text):
        head, _, inside = part.rstrip("]").partition("[")
        for piece in inside.split(",") if inside else [""]:
            first, _, last = piece.partition("-")
            if not last:
                found.append(head + piece)
            else:
                found += [f"{head}{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]
    return found
