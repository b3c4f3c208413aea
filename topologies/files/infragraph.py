"""InfraGraph, YAML or JSON of its versions 1 and 2: devices with components, their instances, and edges.

Devices with ``xpu`` (``npu``, ``gpu``) components are servers, all others switches. Read only. Knows devices,
slices and links; what is inside a server counts for its scale-up links alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any

import networkx as nx

from fabric.machine.yaml_file import Table, parse_yaml, value_place
from fabric.words.errors import FileFormatError, ParameterError
from topologies.files.bare import BareDelay, BareRate, dressed
from topologies.files.infragraph_expanded import XPU, expanded, looks_expanded
from topologies.files.infragraph_plan import MOST, Cable, End, Plan
from topologies.parts.argument import Nvlink

__all__ = ["looks_like_infragraph", "read_infragraph"]

_RATES = {
    "gigabits_per_second": 1e9 / 8, "g_bits_per_second": 1e9 / 8,
    "gigabytes_per_second": 1e9, "g_bytes_per_second": 1e9,
}  # fmt: skip
_DEVICES = re.compile(r'^[ \t]*devices[ \t]*:[ \t\r]*$|"devices"[ \t]*:[ \t\r\n]*\[', re.M)
_COMPONENTS = re.compile(r'^[ \t]*(?:-[ \t]*)?components[ \t]*:|"components"[ \t]*:[ \t\r\n]*\[', re.M)
_DELAYS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}
_PART = re.compile(r"([^\[\].]+)(?:\[(-?[0-9]{0,9})(?:(:)(-?[0-9]{0,9}))?\])?")
_PCI = re.compile(r"pci", re.I)


def looks_like_infragraph(start: str) -> bool:
    """Whether a file that begins so is one: it lists devices and their components, or is an expanded one.

    >>> looks_like_infragraph("devices:\\n- components:\\n  - choice: xpu")
    True
    """
    listed = _DEVICES.search(start) and _COMPONENTS.search(start)
    return bool(listed) or looks_expanded(start)


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
            or beyond the count.
        ParameterError: as ``dressed``.
    """
    name = os.fspath(path)
    data = parse_yaml(name)
    if isinstance(data, Table) and isinstance(data.get("infrastructure"), Table):
        data = data["infrastructure"]  # beside annotations, as a service returns it
    if isinstance(data, Table) and "nodes" in data:
        plan, inside = expanded(name, data)
    else:
        plan, inside = _described(name, data)
    if inside and nvlink:
        raise ParameterError("nvlink", nvlink, f"{name} says it itself")
    return dressed(plan.graph(), rate=rate, delay=delay, nvlink=inside or nvlink)


def _described(name: str, data: Any) -> tuple[Plan, float]:
    """The plan that devices, instances and edges make, and the scale-up rate."""
    if not isinstance(data, Table) or not isinstance(data.get("devices"), list):
        raise FileFormatError(name, "line 1", "is no InfraGraph: no list of devices")
    reader = _Reader(name, data)
    return reader.plan(), reader.scaleup()


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
                where = value_place(name, one, "count" if device in self.devices else "device")
                rule = f"device {device[:40]!r}, count {count!r:.20}: a listed one, 1 or more"
                raise FileFormatError(name, where, rule)
            self.instances[self._named(one)] = device, count
        self.links = {
            self._named(one): (self._rate(one), self._delay(one)) for one in self._tables(data, "links")
        }
        self.edges = list(self._tables(data, "edges"))
        self.parts = {name: self._components(one) for name, one in self.devices.items()}

    def plan(self) -> Plan:
        own = {
            device: [f"{part}.{i}" for part, (kind, n) in parts.items() if kind in XPU for i in range(n)]
            for device, parts in self.parts.items()
        }
        nodes = sum(count * max(1, len(own[device])) for device, count in self.instances.values())
        if nodes > MOST:
            raise FileFormatError(self.name, "", f"{nodes:,} XPUs and switches: at most {MOST:,} are read")
        xpus = {
            (instance, number): own[device]
            for instance, (device, count) in self.instances.items()
            for number in range(count)
        }
        return Plan(path=self.name, title=self.title, xpus=xpus, cables=list(self._cables()))

    def scaleup(self) -> float:
        """Bytes/s of an XPU to the others of its server, by the links that join it to switches or XPUs there.

        0 where none states a rate.
        """
        found: dict[str, float] = {}
        for device in {device for device, _ in self.instances.values()}:
            parts = self.parts[device]
            xpus = {part for part, (kind, _) in parts.items() if kind in XPU}
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

    def _cables(self) -> Iterator[Cable]:
        for edge in self.edges:
            # One more than may be is taken, so that no list grows beyond what is refused.
            sides = [list(islice(self._ends(edge, key), MOST + 1)) for key in ("ep1", "ep2")]
            link = str(edge.get("link"))
            if link not in self.links:
                where = value_place(self.name, edge, "link")
                raise FileFormatError(self.name, where, f"link {link[:40]!r} is not among the links")
            scheme = edge.get("scheme", "many2many" if edge.get("many2many") is True else "one2one")
            if scheme not in ("one2one", "many2many"):
                where = value_place(self.name, edge, "scheme")
                raise FileFormatError(self.name, where, f"scheme {scheme!r:.40}: one2one or many2many")
            one_each = scheme == "one2one"  # ends beyond the shorter side stay free, as InfraGraph has it
            if (min(map(len, sides)) if one_each else len(sides[0]) * len(sides[1])) > MOST:
                raise FileFormatError(self.name, edge.where, f"more than {MOST:,} cables")
            pairs = zip(*sides) if one_each else product(*sides)
            for one, other in pairs:
                if one[:2] == other[:2]:
                    raise FileFormatError(
                        self.name, edge.where, f"{one.instance} {one.number} is cabled to itself"
                    )
                yield Cable(edge.where, (one, other), *self.links[link])

    def _ends(self, edge: Table, key: str) -> Iterator[End]:
        end = edge.get(key)
        if not isinstance(end, Table):
            raise FileFormatError(self.name, edge.where, f"{key}: an instance and a component are needed")
        called, component = str(end.get("instance", "")), str(end.get("component", ""))
        known = {name: count for name, (_, count) in self.instances.items()}
        for instance, number in self._sliced(end, "instance", called, known):
            parts = {part: n for part, (_, n) in self.parts[self.instances[instance][0]].items()}
            head, dot, tail = component.partition(".")
            for part, i in self._sliced(end, "component", head, parts):
                yield End(instance, number, f"{part}.{i}{dot}{tail}")

    def _sliced(self, end: Table, key: str, text: str, known: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        match = _PART.fullmatch(text)
        if match is None or match[1] not in known:
            where = value_place(self.name, end, key)
            raise FileFormatError(self.name, where, f"{key} {text[:60]!r}: one of {', '.join(known)[:120]}")
        count = known[match[1]]
        low, high = (int(one) if one not in (None, "", "-") else None for one in (match[2], match[4]))
        if match[3]:
            chosen = range(count)[slice(low, high)]
        else:
            chosen = range(count) if match[2] is None else range(low or 0, (low or 0) + 1)
        if not chosen or min(chosen) < 0 or max(chosen) >= count or (high or 0) > count or match[2] == "-":
            where = value_place(self.name, end, key)
            raise FileFormatError(self.name, where, f"{key} {text[:60]!r}: there are {count:,}")
        for i in chosen:
            yield match[1], i

    def _components(self, device: Table) -> dict[str, tuple[str, int]]:
        """Of each component its kind and how many there are."""
        found: dict[str, tuple[str, int]] = {}
        for one in self._tables(device, "components"):
            count = one.get("count", 1)
            if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= MOST:
                where = value_place(self.name, one, "count")
                raise FileFormatError(
                    self.name, where, f"count {count!r:.40}: a whole number from 1 to {MOST:,}"
                )
            found[self._named(one)] = str(one.get("choice", one.get("type", "custom"))), count
        return found

    def _rate(self, link: Table) -> float | None:
        """Bytes/s of a link; None where it states none."""
        physical = link.get("physical")
        bandwidth = physical.get("bandwidth") if isinstance(physical, Table) else None
        if not isinstance(bandwidth, Table):
            return None
        return self._stated(bandwidth, _RATES, least=1e-300, rule="a bandwidth above zero")

    def _delay(self, link: Table) -> float | None:
        """Seconds of a link; None where it states none."""
        physical = link.get("physical")
        latency = physical.get("latency") if isinstance(physical, Table) else None
        if not isinstance(latency, Table):
            return None
        return self._stated(latency, _DELAYS, least=0.0, rule="a latency of zero or more")

    def _stated(self, of: Table, units: Mapping[str, float], *, least: float, rule: str) -> float | None:
        """What is said in one of ``units``; None where it is in none of them, as a service writes it."""
        said = {key: of[key] for key in units if of.get(key) is not None}
        for key, value in said.items():
            if not (_is_number(value) and value >= least):
                where = value_place(self.name, of, key)
                raise FileFormatError(self.name, where, f"{rule} in one of {', '.join(units)}")
        return next((float(value) * units[key] for key, value in said.items()), None)

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
