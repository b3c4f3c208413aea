"""InfraGraph expanded: the node-link YAML that its versions 2.x return of a graph (``get_graph``, networkx).

Every component of every instance is a node, ``host.0.xpu.3``; what lies between two instances is a cable.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from fabric.machine.yaml_file import Table, value_place
from fabric.words.errors import FileFormatError
from topologies.files.infragraph_plan import Cable, End, Plan

__all__ = ["XPU", "expanded", "looks_expanded"]

_ID = re.compile(r"([^.]+)\.([0-9]{1,7})\.(.+)", re.DOTALL)
_KIND = re.compile(r"(?:.*\.)?([^.]+)\.[0-9]+", re.DOTALL)
_START = re.compile(r"directed[ \t]*:[ \t]*(?:true|false)[ \t\r]*\n(?:edges|links)[ \t]*:[ \t\r]*\n", re.I)
_VALUE = re.compile(r"([0-9.]{1,20}(?:e[+-]?[0-9]{1,2})?) *(\S{1,20})", re.I)
_UNITS = {
    "bandwidth": {"gbps": 1e9 / 8, "gbyteps": 1e9, "gb/s": 1e9},
    "latency": {"ns": 1e-9, "us": 1e-6, "ms": 1e-3},
}
_PCI = re.compile(r"pci", re.I)
XPU = ("xpu", "npu", "gpu")


def looks_expanded(start: str) -> bool:
    """Whether a file that begins so is one: ``yaml.dump`` puts edges between components first.

    >>> looks_expanded("directed: false\\nedges:\\n- link: pcie\\n  source: host.0.cpu.0\\n")
    True
    """
    return bool(_START.match(start) and re.search(r"^[ -] source[ \t]*:[ \t]*\S+\.[0-9]+\.", start, re.M))


def expanded(name: str, data: Table) -> tuple[Plan, float]:
    """The plan, and bytes/s of an XPU to the others of its server; 0 where no link there states a rate.

    Where nodes have no ``type`` (annotations ``partial``) the name of a component tells it.

    Raises:
        FileFormatError: with line and column: a node without such an id or there twice, an edge between what
            is not there, a rate or a latency in other words; XPUs of unlike scale-up rates.
    """
    kinds: dict[str, str] = {}
    xpus: dict[tuple[str, int], list[str]] = {}
    for node in _tables(name, data, "nodes"):
        end = _end(name, node, "id")
        label = str(node["id"])
        if label in kinds:
            raise FileFormatError(name, value_place(name, node, "id"), f"node {label[:60]!r} is there twice")
        match = _KIND.fullmatch(end.component)
        kinds[label] = str(node.get("type") or (match[1] if match else "")).lower()
        own = xpus.setdefault(end[:2], [])
        if kinds[label] in XPU:
            own.append(end.component)
    cables: list[Cable] = []
    inside: dict[str, float] = defaultdict(float)
    for edge in _tables(name, data, "edges" if "edges" in data else "links"):
        ends = _end(name, edge, "source"), _end(name, edge, "target")
        labels = str(edge["source"]), str(edge["target"])
        for side, label in zip(("source", "target"), labels):
            if label not in kinds:
                where = value_place(name, edge, side)
                raise FileFormatError(name, where, f"{label[:60]!r} is not among the nodes")
        if ends[0][:2] != ends[1][:2]:
            rate, delay = (_value(name, edge, key) for key in ("bandwidth", "latency"))
            cables.append(Cable(edge.where, ends, rate, delay))
        elif not _PCI.search(f"{edge.get('link')} {' '.join(labels)}"):
            for one, other in (labels, labels[::-1]):
                if kinds[one] in XPU and kinds[other] in ("switch", *XPU):
                    inside[one] += _value(name, edge, "bandwidth") or 0.0
    if len(set(inside.values())) > 1:
        raise FileFormatError(name, "", f"XPUs of unlike scale-up rates: {', '.join(list(inside)[:3])}, ...")
    title = data.get("graph", {}).get("name") if isinstance(data.get("graph"), Table) else None
    plan = Plan(path=name, title=str(title or "InfraGraph"), xpus=xpus, cables=cables)
    return plan, next(iter(inside.values()), 0.0)


def _end(name: str, table: Table, key: str) -> End:
    value = table.get(key)
    match = _ID.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        rule = f"{key} {value!r:.60}: INSTANCE.NUMBER.COMPONENT is needed"
        raise FileFormatError(name, value_place(name, table, key), rule)
    return End(match[1], int(match[2]), match[3])


def _value(name: str, edge: Table, key: str) -> float | None:
    """Bytes/s or s; None where the edge states none."""
    text = edge.get(key)
    if text is None:
        return None
    match = _VALUE.fullmatch(str(text).strip())
    scale = _UNITS[key].get(_spelled(match[2])) if match else None
    try:
        value = float(match[1]) * scale if match and scale else -1.0
    except ValueError:
        value = -1.0
    if not value > 0 and not (value == 0 and key == "latency"):
        units = "Gbps or GBps" if key == "bandwidth" else "ns, us or ms"
        raise FileFormatError(name, value_place(name, edge, key), f"{key} {text!r:.40}: a number of {units}")
    return value


def _spelled(unit: str) -> str:
    """Units in small letters; bytes and bits differ in one letter alone."""
    return "gbyteps" if unit == "GBps" else unit.lower()


def _tables(name: str, data: Table, key: str) -> list[Any]:
    found = data.get(key)
    if not isinstance(found, list) or not all(isinstance(one, Table) for one in found):
        raise FileFormatError(name, data.where, f"{key}: a list of mappings is needed")
    return found
