"""Slurm's ``topology.conf`` and ``topology.yaml`` as a topology: hosts, and a tree of switches above them.

Knows the tree and block plugins' files. They say who is below whom and nothing of cables: rates and how many
are assumed, as the arguments say.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import networkx as nx

from fabric.machine.document import open_text, text_lines
from fabric.machine.yaml_file import Table, parse_yaml, value_place
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.hostlist import expand
from fabric.words.place import at, place_in
from fabric.words.units import format_rate, format_time
from topologies.parts.argument import Delay, Nvlink, Rate, gpus, ratio

__all__ = ["looks_like_slurm", "read_slurm"]

_LINE = re.compile(r"\s*(SwitchName|BlockName|BlockSizes)\s*=", re.I)
_YAML = re.compile(r"(?:[ \t\r]*(?:#[^\n]*|---[ \t\r]*)?\n)*[ \t]*-[ \t]+topology[ \t]*:")
_KEY = re.compile(r"(?<![A-Za-z])([A-Za-z]+)\s*=\s*(\S+)(?:\s+|$)")
_KNOWN = ("switchname", "switches", "nodes", "linkspeed", "blockname", "blocksizes")
_MOST_TIERS = 64
_SNIFFED = 65_536  # characters
_LIST_OF = ("nodes", "switches")


class _Group(NamedTuple):
    """A switch or a block: where its name and the list of who is below it stand, and whether these are
    switches.
    """

    where: str
    name: str
    below: list[str]
    of_switches: bool
    listed: str = ""


def looks_like_slurm(start: str) -> bool:
    """Whether a file that begins so is ``topology.conf`` or ``topology.yaml``.

    >>> looks_like_slurm("# tree\\nSwitchName=s0 Nodes=n[0-3]"), looks_like_slurm("- topology: a")
    (True, True)
    """
    lines = (line for line in start.split("\n") if line.strip() and not line.lstrip().startswith("#"))
    return _LINE.match(next(lines, "")) is not None or _YAML.match(start) is not None


def read_slurm(
    path: str | os.PathLike[str],
    *,
    gpus_per_server: Annotated[int, gpus(1)] = 1,
    rate: Rate = 50e9,
    delay: Delay = 250e-9,
    oversubscription: Annotated[float, ratio("ports down : ports up of every switch")] = 1.0,
    nvlink: Nvlink = 0.0,
) -> nx.Graph:
    """The tree in the file: each host is ``gpus_per_server`` endpoints of ``rate`` bytes/s, each switch one.

    A switch's way up is as wide as all below it, divided by ``oversubscription``; ``delay`` (s) is that of
    every cable. Above 0 ``nvlink`` (bytes/s) adds a scale-up switch to each host. Of blocks each is a switch,
    and one more joins them. Of several topologies in YAML the default of the cluster is read, else the first.
    ``graph["notes"]`` says what was assumed and left out.

    Raises:
        FileFormatError: with line and column: neither of these, a name listed twice or below two switches, a
            switch below itself, or one that is not listed.
        ParameterError: an illegal argument; ``nvlink`` without two GPUs in a host.
    """
    name = os.fspath(path)
    notes: list[str] = []
    with open_text(path) as file:
        start = file.read(_SNIFFED)
    groups = list(_of_yaml(name, notes) if _YAML.match(start) else _of_conf(name))
    tiers, parent = _tree(name, groups)
    return _graph(name, groups, tiers, parent, notes, gpus_per_server, rate, delay, oversubscription, nvlink)


def _of_conf(name: str) -> Iterator[_Group]:
    blocks: list[str] = []
    for number, line in _joined_lines(name):
        found = {match[1].lower(): match for match in _KEY.finditer(line)}
        strange = next((match for key, match in found.items() if key not in _KNOWN), None)
        rest = _KEY.sub(lambda match: " " * len(match[0]), line)
        if rest.strip() or strange:
            rule = "a line is SwitchName=NAME Nodes=LIST or Switches=LIST, or BlockName=NAME Nodes=LIST"
            first = min(len(rest) - len(rest.lstrip() or rest), strange.start() if strange else len(line))
            raise FileFormatError(name, place_in(line, first, number), f"{line.strip()[:60]!r}: {rule}")
        if "blocksizes" in found:
            continue
        title = found.get("switchname") or found.get("blockname")
        lists = [key for key in _LIST_OF if key in found]
        if title is None or len(lists) != 1:
            rule = f"{line.strip()[:60]!r}: a name and one of Nodes and Switches are needed"
            first = found[lists[1]].start() if len(lists) > 1 else len(line.rstrip())
            raise FileFormatError(name, place_in(line, first, number), rule)
        if "blockname" in found:
            blocks.append(title[2])
        who = found[lists[0]]
        places = [place_in(line, match.start(2), number) for match in (title, who)]
        yield _Group(places[0], title[2], _listed(name, places[1], who[2]), lists == ["switches"], places[1])
    if len(blocks) > 1:
        yield _Group("", "above the blocks", blocks, True)


def _joined_lines(name: str) -> Iterator[tuple[int, str]]:
    """Each line that says something, without its comment, with those that continue it, and its number."""
    whole, first = "", 1
    with text_lines(name) as lines:
        for number, line in enumerate(lines, 1):
            first = first if whole else number
            if line.endswith("\\\n"):
                whole += line[:-2] + " \n"
                continue
            line, whole = (whole + line).partition("#")[0], ""
            if line.strip():
                yield first, line
    if whole.partition("#")[0].strip():
        yield first, whole.partition("#")[0]


def _of_yaml(name: str, notes: list[str]) -> Iterator[_Group]:
    data = parse_yaml(name)
    if not isinstance(data, list) or not all(isinstance(one, Table) for one in data):
        raise FileFormatError(name, at(1), "a list of topologies is needed")
    chosen = next((one for one in data if one.get("cluster_default") is True), data[0])
    if len(data) > 1:
        notes.append(f"Read topology {chosen.get('topology')}, one of {len(data)} in the file.")
    tree, block = chosen.get("tree"), chosen.get("block")
    items, key, kinds = (
        (tree, "switches", ("nodes", "children")) if tree is not None else (block, "blocks", ("nodes",))
    )
    listed = items.get(key) if isinstance(items, Table) else None
    if not isinstance(listed, list):
        rule = "a topology of kind tree or block is needed: flat says nothing of switches"
        raise FileFormatError(name, chosen.where, rule)
    names = []
    for one in listed:
        title = one.get(key[:-2] if key == "switches" else "block") if isinstance(one, Table) else None
        where = one.where if isinstance(one, Table) else chosen.where
        found = [kind for kind in kinds if isinstance(one, Table) and isinstance(one.get(kind), str)]
        if not isinstance(title, str | int) or len(found) != 1:
            raise FileFormatError(name, where, f"a name and one of {' and '.join(kinds)} are needed")
        names.append(str(title))
        try:
            below = expand(one[found[0]])
        except ParameterError as error:
            raise FileFormatError(name, value_place(name, one, found[0]), str(error)) from None
        yield _Group(where, str(title), below, found == ["children"], where)
    if block is not None and tree is None and len(names) > 1:
        yield _Group("", "above the blocks", names, True)


def _listed(name: str, where: str, text: str) -> list[str]:
    try:
        return expand(text)
    except ParameterError as error:
        raise FileFormatError(name, where, str(error)) from None


def _tree(name: str, groups: Iterable[_Group]) -> tuple[dict[str, int], dict[str, str]]:
    """The tier of each switch, 1 above hosts, and the switch above each host (``"host "`` and its name) and
    switch.
    """
    listed: dict[str, _Group] = {}
    parent: dict[str, str] = {}
    for one in groups:
        if one.name in listed:
            raise FileFormatError(
                name, one.where, f"{one.name} is listed twice, first on {listed[one.name].where}"
            )
        listed[one.name] = one
        for below in one.below:
            key = below if one.of_switches else f"host {below}"
            if parent.setdefault(key, one.name) != one.name:
                rule = f"{below} is below {parent[key]} and below {one.name}: a tree has one above each"
                raise FileFormatError(name, one.listed, rule)
    if not any(not one.of_switches for one in listed.values()):
        raise FileFormatError(name, "", "names no hosts")
    tiers: dict[str, int] = {}
    for one in listed.values():
        for below in one.below if one.of_switches else ():
            if below not in listed:
                raise FileFormatError(name, one.listed, f"switch {below} below {one.name} is not listed")
    level = dict.fromkeys(one.name for one in listed.values() if not one.of_switches)  # a set has no order
    for tier in range(1, _MOST_TIERS):
        tiers.update(dict.fromkeys(level, tier))
        level = dict.fromkeys(parent[one] for one in level if one in parent)
    if level or len(tiers) < len(listed):
        lost = min(level or listed.keys() - tiers.keys())
        raise FileFormatError(
            name, listed[lost].where, f"switch {lost} is below itself, or has no host below"
        )
    return tiers, parent


def _graph(
    name: str,
    groups: Iterable[_Group],
    tiers: dict[str, int],
    parent: dict[str, str],
    notes: list[str],
    each: int,
    rate: float,
    delay: float,
    oversubscription: float,
    nvlink: float,
) -> nx.Graph:
    if nvlink and each < 2:
        raise ParameterError("nvlink", nvlink, "needs servers of two GPUs: give gpus_per_server, 2 or more")
    G = nx.Graph(name=Path(name).name, family="Slurm", notes=notes)
    hosts = [(host, one.name) for one in groups if not one.of_switches for host in one.below]
    ends: dict[str, int] = defaultdict(int)
    order = [(host, switch, i, server) for server, (host, switch) in enumerate(hosts) for i in range(each)]
    for host, switch, i, server in order:
        label = host if each == 1 else f"{host} gpu{i}"
        G.add_node(
            ("host", host, i), kind="gpu", tier=0, name=label, **({"server": server} if each > 1 else {})
        )
        ends[switch] += 1
    for one in sorted(tiers, key=lambda text: tiers[text]):
        G.add_node(("switch", one), kind="switch", tier=tiers[one], name=one)
        if one in parent:
            ends[parent[one]] += ends[one]
    G.add_edges_from((("host", h, i), ("switch", s), {"rate": rate, "delay": delay}) for h, s, i, _ in order)
    for one in tiers:
        if one in parent:
            up = rate * ends[one] / oversubscription
            G.add_edge(("switch", one), ("switch", parent[one]), rate=up, delay=delay)
    for server, (host, _) in enumerate(hosts) if nvlink else ():
        G.add_node(("scale-up", host), kind="nvswitch", tier=1, name=f"{host} scale-up", server=server)
        for i in range(each):
            G.add_edge(("host", host, i), ("scale-up", host), rate=nvlink, delay=delay)
    wide = "all below it" if oversubscription == 1 else f"all below it, {oversubscription:g} to 1"
    notes.append(
        f"Assumed {counted(each, 'GPU')} in each of {counted(len(hosts), 'host')}, {format_rate(rate)} for "
        f"each, ways up as wide as {wide}, and {format_time(delay)} of delay on each cable: it says none."
    )
    return nx.convert_node_labels_to_integers(G)
