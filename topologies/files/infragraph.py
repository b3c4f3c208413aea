"""InfraGraph, YAML of its versions 1 and 2: devices with components, instances of them, and edges between.

Devices with ``xpu`` (``npu``, ``gpu``) components are servers, all others switches. Read only. Knows devices,
slices and links; what is inside a server counts for its scale-up links alone.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from fabric.machine.yaml_file import Table, parse_yaml
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError, ParameterError
from topologies.files.bare import BareDelay, BareRate, dressed
from topologies.files.parallel import Listed, joined
from topologies.parts.argument import Nvlink

__all__ = ["looks_like_infragraph", "read_infragraph"]

_XPU = ("xpu", "npu", "gpu")
_RATES = {
    "gigabits_per_second": 1e9 / 8, "g_bits_per_second": 1e9 / 8,
    "gigabytes_per_second": 1e9, "g_bytes_per_second": 1e9,
}  # fmt: skip
_PART = re.compile(r"([^\[\].]+)(?:\[(-?[0-9]{0,9})(?:(:)(-?[0-9]{0,9}))?\])?")
_PCI = re.compile(r"pci", re.I)
_MOST = 1_000_000  # components of a kind, nodes in all, and cables of an edge


class _End(NamedTuple):
    """An end of a cable: instance, its number, and the component there, such as ``nic.0``."""

    instance: str
    number: int
    component: str


def looks_like_infragraph(start: str) -> bool:
    """Whether a file that begins so is one: it lists devices, and these components.

    >>> looks_like_infragraph("devices:\\n- components:\\n  - choice: xpu")
    True
    """
    return bool(
        re.search(r"^devices[ \t]*:[ \t\r]*$", start, re.M)
        and re.search(r"^[ \t]*(?:-[ \t]*)?components[ \t]*:", start, re.M)
    )


def read_infragraph(
    path: str | os.PathLike[str], *, rate: BareRate = None, delay: BareDelay = None, nvlink: Nvlink = 0.0
) -> nx.Graph:
    """The infrastructure: each XPU of a server an endpoint, ``host.0.xpu.3``, each instance of another device
    a switch.

    A server's cables are dealt to its XPUs in order, as many to each; where there are fewer, XPUs share one
    and its rate. XPUs are joined by what links them inside, other than PCIe, at the rate that this states, or
    at ``nvlink``; ``rate`` and ``delay`` are of links that state none. The graph's notes say what was
    assumed and left out.

    Raises:
        FileFormatError: with line and column: another file, a name that is not there, a slice that is empty
            or beyond the count, ends of a ``one2one`` edge that are not as many on either side.
        ParameterError: as ``dressed``.
    """
    name = os.fspath(path)
    data = parse_yaml(name)
    if not isinstance(data, Table) or not isinstance(data.get("devices"), list):
        raise FileFormatError(name, "line 1", "is no InfraGraph: no list of devices")
    reader = _Reader(name, data)
    G = reader.graph()
    inside = reader.scaleup()
    if inside and nvlink:
        raise ParameterError("nvlink", nvlink, f"{name} says it itself")
    return dressed(G, rate=rate, delay=delay, nvlink=inside or nvlink)


class _Reader:
    def __init__(self, name: str, data: Table) -> None:
        self.name = name
        self.title = str(data.get("name") or Path(name).stem)
        self.devices = {self._named(one): one for one in self._tables(data, "devices")}
        self.instances: dict[str, tuple[str, int]] = {}
        for one in self._tables(data, "instances"):
            device, count = str(one.get("device")), one.get("count", 1)
            if (
                device not in self.devices
                or isinstance(count, bool)
                or not isinstance(count, int)
                or count < 1
            ):
                raise FileFormatError(
                    name, one.where, f"device {device[:40]!r}, count {count!r:.20}: a listed one, 1 or more"
                )
            self.instances[self._named(one)] = device, count
        self.links = {self._named(one): self._rate(one) for one in self._tables(data, "links")}
        self.edges = list(self._tables(data, "edges"))
        self.parts = {name: self._components(one) for name, one in self.devices.items()}

    def graph(self) -> nx.Graph:
        G = nx.Graph(name=self.title, family="InfraGraph", notes=[])
        nodes = 0
        for device, count in self.instances.values():
            nodes += count * max(1, sum(n for kind, n in self.parts[device].values() if kind in _XPU))
        if nodes > _MOST:
            raise FileFormatError(self.name, "", f"{nodes:,} XPUs and switches: at most {_MOST:,} are read")
        servers: dict[tuple[str, int], int] = {}
        for instance, (device, count) in self.instances.items():
            xpus = [
                f"{part}.{i}"
                for part, (kind, n) in self.parts[device].items()
                if kind in _XPU
                for i in range(n)
            ]
            for number in range(count):
                for xpu in xpus:
                    server = servers.setdefault((instance, number), len(servers))
                    label = f"{instance}.{number}.{xpu}"
                    G.add_node(label, kind="gpu", name=label, server=server)
        for instance, (_, count) in self.instances.items():
            for number in range(count):
                if (instance, number) not in servers:
                    label = f"{instance}.{number}"
                    G.add_node(label, kind="switch", name=label)
        cables = list(self._cables())
        nics: dict[tuple[str, int], dict[str, None]] = defaultdict(dict)
        for _, ends, _ in cables:
            for end in ends:
                if (end.instance, end.number) in servers:
                    nics[end.instance, end.number].setdefault(end.component)
        listed: list[Listed] = []
        shared = 0
        for where, ends, rate in cables:
            sides = [self._nodes(end, servers, nics) for end in ends]
            shared += max(map(len, sides)) > 1
            for u, v in product(*sides):
                about = {} if rate is None else {"rate": rate / (len(sides[0]) * len(sides[1]))}
                listed.append(Listed(where, u, v, about))
        notes: list[str] = []
        G.add_edges_from(joined(self.name, listed, parallel=True, directed=False, notes=notes))
        if shared:
            notes.append(
                f"Shared {counted(shared, 'cable')} of servers with fewer NICs than XPUs among these."
            )
        alone = [node for node, degree in G.degree if not degree]
        if alone:
            notes.append(f"Left out {counted(len(alone), 'node')} without a cable (the first is {alone[0]}).")
            G.remove_nodes_from(alone)
        G.graph["notes"] = notes
        return G

    def scaleup(self) -> float:
        """Bytes/s of an XPU to the others of its server, by the links that join it to switches or XPUs there.

        0 where none states a rate.
        """
        found: dict[str, float] = {}
        for device in {device for device, _ in self.instances.values()}:
            parts = self.parts[device]
            xpus = {part for part, (kind, _) in parts.items() if kind in _XPU}
            links = {self._named(one): one for one in self._tables(self.devices[device], "links")}
            each = 0.0
            for edge in self._tables(self.devices[device], "edges") if xpus else ():
                link = links.get(str(edge.get("link")))
                words = f"{edge.get('link')} {link.get('description', '') if link else ''}"
                ends = [str((edge.get(end) or {}).get("component", "")) for end in ("ep1", "ep2")]
                names = [end.partition("[")[0] for end in ends]
                rate = self._rate(link) if link else None
                if not xpus & set(names) or _PCI.search(words) or rate is None:
                    continue
                other = names[1] if names[0] in xpus else names[0]
                kind, count = parts.get(other, ("", 0))
                if kind == "switch" or other in xpus:
                    each += rate * (count if kind == "switch" else count - 1)
            if xpus:
                found[device] = each
        if len(set(found.values())) > 1:
            raise FileFormatError(self.name, "", f"servers of unlike scale-up rates: {', '.join(found)}")
        return next(iter(found.values()), 0.0)

    def _nodes(
        self,
        end: _End,
        servers: Mapping[tuple[str, int], int],
        nics: Mapping[tuple[str, int], Mapping[str, None]],
    ) -> list[str]:
        """The node of an end, or the XPUs of a server that share it."""
        key = end.instance, end.number
        if key not in servers:
            return [f"{end.instance}.{end.number}"]
        device = self.instances[end.instance][0]
        xpus = [
            f"{part}.{i}" for part, (kind, n) in self.parts[device].items() if kind in _XPU for i in range(n)
        ]
        place, count = list(nics[key]).index(end.component), len(nics[key])
        if count >= len(xpus):
            chosen = [xpus[place * len(xpus) // count]]
        else:
            chosen = [xpu for i, xpu in enumerate(xpus) if i * count // len(xpus) == place]
        return [f"{end.instance}.{end.number}.{xpu}" for xpu in chosen]

    def _cables(self) -> Iterator[tuple[str, tuple[_End, _End], float | None]]:
        for edge in self.edges:
            # One more than may be is taken, so that no list grows beyond what is refused.
            sides = [list(islice(self._ends(edge, key), _MOST + 1)) for key in ("ep1", "ep2")]
            link = str(edge.get("link"))
            if link not in self.links:
                raise FileFormatError(self.name, edge.where, f"link {link[:40]!r} is not among the links")
            scheme = edge.get("scheme", "many2many" if edge.get("many2many") is True else "one2one")
            if scheme not in ("one2one", "many2many"):
                raise FileFormatError(self.name, edge.where, f"scheme {scheme!r:.40}: one2one or many2many")
            if scheme == "one2one" and len(sides[0]) != len(sides[1]):
                rule = f"one2one of {len(sides[0]):,} and {len(sides[1]):,} ends: as many are needed"
                raise FileFormatError(self.name, edge.where, rule)
            one_each = scheme == "one2one"
            if (len(sides[0]) if one_each else len(sides[0]) * len(sides[1])) > _MOST:
                raise FileFormatError(self.name, edge.where, f"more than {_MOST:,} cables")
            pairs = zip(*sides) if one_each else product(*sides)
            for one, other in pairs:
                if one[:2] == other[:2]:
                    raise FileFormatError(
                        self.name, edge.where, f"{one.instance} {one.number} is cabled to itself"
                    )
                yield edge.where, (one, other), self.links[link]

    def _ends(self, edge: Table, key: str) -> Iterator[_End]:
        end = edge.get(key)
        if not isinstance(end, Table):
            raise FileFormatError(self.name, edge.where, f"{key}: an instance and a component are needed")
        called, component = str(end.get("instance", "")), str(end.get("component", ""))
        known = {name: count for name, (_, count) in self.instances.items()}
        for instance, number in self._sliced(end, "instance", called, known):
            parts = {part: n for part, (_, n) in self.parts[self.instances[instance][0]].items()}
            head, dot, tail = component.partition(".")
            for part, i in self._sliced(end, "component", head, parts):
                yield _End(instance, number, f"{part}.{i}{dot}{tail}")

    def _sliced(self, end: Table, key: str, text: str, known: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        match = _PART.fullmatch(text)
        if match is None or match[1] not in known:
            raise FileFormatError(
                self.name, end.where, f"{key} {text[:60]!r}: one of {', '.join(known)[:120]}"
            )
        count = known[match[1]]
        low, high = (int(one) if one not in (None, "", "-") else None for one in (match[2], match[4]))
        if match[3]:
            chosen = range(count)[slice(low, high)]
        else:
            chosen = range(count) if match[2] is None else range(low or 0, (low or 0) + 1)
        if not chosen or min(chosen) < 0 or max(chosen) >= count or (high or 0) > count or match[2] == "-":
            raise FileFormatError(self.name, end.where, f"{key} {text[:60]!r}: there are {count:,}")
        for i in chosen:
            yield match[1], i

    def _components(self, device: Table) -> dict[str, tuple[str, int]]:
        """Of each component its kind and how many there are."""
        found: dict[str, tuple[str, int]] = {}
        for one in self._tables(device, "components"):
            count = one.get("count", 1)
            if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= _MOST:
                raise FileFormatError(self.name, one.where, f"count {count!r:.40}: a whole number, 1 or more")
            found[self._named(one)] = str(one.get("choice", one.get("type", "custom"))), count
        return found

    def _rate(self, link: Table) -> float | None:
        """Bytes/s of a link; None where it states none."""
        physical = link.get("physical")
        bandwidth = physical.get("bandwidth") if isinstance(physical, Table) else None
        if not isinstance(bandwidth, Table):
            return None
        value = next(
            (bandwidth[key] * scale for key, scale in _RATES.items() if _is_number(bandwidth.get(key))), None
        )
        if value is None or value <= 0:
            rule = f"a bandwidth above zero in one of {', '.join(_RATES)}"
            raise FileFormatError(self.name, bandwidth.where, rule)
        return float(value)

    def _named(self, one: Table) -> str:
        if not isinstance(one.get("name"), str) or not one["name"]:
            raise FileFormatError(self.name, one.where, "without a name")
        return str(one["name"])

    def _tables(self, of: Table, key: str) -> Iterator[Table]:
        found: Any = of.get(key) or []
        if not isinstance(found, list) or not all(isinstance(one, Table) for one in found):
            raise FileFormatError(self.name, of.where, f"{key}: a list of mappings is needed")
        return iter(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
