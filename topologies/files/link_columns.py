"""What the columns of a link list are called by people, spreadsheets and collectors, and their meaning here.

Knows names, delimiters and units; no rows, no graph.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

__all__ = ["CABLE_PLAN", "DELIMITERS", "Columns", "columns", "delay_seconds", "rate_bytes", "split_header"]

DELIMITERS = (",", ";", "\t", "|")
CABLE_PLAN = ("StartDevice", "StartPort", "EndDevice", "EndPort", "BandWidth")  # as SONiC's test beds have it


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENDS = {
    "source": _words(
        "source src from a local device host hostname switch node aend a_end end_a left device_a node_a"
    ),
    "target": _words(
        "target dst dest destination to b z remote peer neighbor neighbour bend b_end z_end zend end_b end_z "
        "right device_b node_b device_z node_z"
    ),
}
_EXPLICIT = _words("src from local dst dest destination to remote peer neighbor neighbour")
_FIELDS = {
    "": _words("id device node host hostname system switch"),
    "port": _words("port interface if ifname intf iface port_id portid"),
    "kind": _words("kind type node_type device_type"),
    "tier": _words("tier level layer"),
    "server": _words("server"),
}
_CALLED = {
    **{
        name: f"{end}_{field}" if field else end
        for end, of_end in _ENDS.items()
        for field, of_field in _FIELDS.items()
        for e in of_end
        for f in of_field
        for name in (f"{e}_{f}", f"{f}_{e}")
    },
    # As SONiC's test beds and scripts of InfiniBand write cable plans.
    **{
        f"{e}{f}": f"{end}_port" if f == "port" else end
        for e, end in (("start", "source"), ("end", "target"))
        for f in ("device", "port")
    },
    **{name: end for end, of_end in _ENDS.items() for name in of_end},
}
_RATES = _words("rate speed bandwidth bw capacity link_speed linkspeed line_rate")
_DELAYS = _words("delay latency propagation_delay propagation")

# Bits per second, which network people write without their name (400G), and bytes per second, with "B/s".
_PREFIX = {"": 0, "k": 3, "K": 3, "M": 6, "m": 6, "G": 9, "g": 9, "T": 12, "t": 12}
_BITS = re.compile(r"([kKmMgGtT]?)(?:b|bit|bits|bps|bit/s|bits/s|b/s|bE|BE|be|E|base|bit_s|bits_s|b_s)?")
_BYTES = re.compile(r"([kKMGT]?)(?:B/s|Bps|Byte/s|Bytes/s|B_s)")
_LONGEST_NAME = 200  # characters of a column's name that may hold a unit
_SECONDS = {"s": 0, "sec": 0, "seconds": 0, "ms": -3, "us": -6, "µs": -6, "μs": -6, "ns": -9, "ps": -12}
_VALUE = re.compile(
    r"([+-]?[0-9][0-9 '_\u00a0\u202f]*(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?|[+-]?[.,][0-9]+)\s*(\S.*)?"
)


class Columns(NamedTuple):
    """The columns by their names here, and the units that the names of rate and delay state ("": none)."""

    names: tuple[str, ...]
    rate_unit: str
    delay_unit: str


def split_header(line: str, titles: Mapping[str, str] | None = None) -> tuple[str, list[str]] | None:
    """The delimiter of a header that names two ends, and its cells; nothing where it is no such header.

    ``titles``: what the user says that some titles mean here, such as ``{"lldp_peer": "target"}``.

    >>> split_header("Device;Port;Peer;Peer Port")[0]
    ';'
    """
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        cells = [cell.strip() for cell in cells]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > 1 and {"source", "target"} <= set(columns(cells, titles).names):
            return delimiter, cells
    return None


def columns(header: Sequence[str], titles: Mapping[str, str] | None = None) -> Columns:
    """What each column of the header is here; one that is none of ours keeps its name. ``titles`` go first,
    and of what else would be called so only the name is left.

    >>> columns(["From", "To", "Speed (Gb/s)", "Latency [ns]"])
    Columns(names=('source', 'target', 'rate_Gbps', 'delay_s'), rate_unit='Gb/s', delay_unit='ns')
    """
    names, units = [], {"rate_Gbps": "", "delay_s": ""}
    known = titles or {}
    for cell in header:
        name, unit = _column(cell.strip())
        if cell.strip() in known:
            name = known[cell.strip()]
        elif name in known.values():
            name = cell.strip() if cell.strip() not in known.values() else f"{cell.strip()} of the file"
        names.append(name)
        if name in units:
            units[name] = unit
    ours = {"rate_Gbps": "Gbps", "delay_s": "s"}  # without a unit the name itself says it
    found = [units[name] or (unit if name in header else "") for name, unit in ours.items()]
    if {"StartDevice", "BandWidth"} <= set(header) and not found[0]:
        found[0] = "Mbps"  # SONiC's cable plans have bare numbers of Mb/s
    return Columns(tuple(names), *found)


@lru_cache(1 << 10)
def _column(cell: str) -> tuple[str, str]:
    if len(cell) > _LONGEST_NAME:  # nobody's unit, and the search for one takes the square of its length
        return cell, ""
    if re.match(r"(source|target|edge)_", cell) or cell in ("source", "target", "rate_Gbps", "delay_s"):
        return cell, ""
    match = re.fullmatch(r"(.*?)[\s_]*[(\[]\s*(\S+?)\s*[)\]]", cell)
    bare, unit = (match[1], match[2]) if match else (cell, "")
    name = re.sub(r"[\s\-./#]+", "_", bare.strip().lower()).strip("_")
    for words, ours, legal in ((_RATES, "rate_Gbps", _bits_or_bytes), (_DELAYS, "delay_s", _second)):
        for word in words:
            if name == word and (not unit or legal(unit) is not None):
                return ours, unit
            tail = bare.strip()[len(word) + 1 :]
            if not unit and name.startswith(word + "_") and legal(tail) is not None:
                return ours, tail
    if name in _CALLED:
        return _CALLED[name], ""
    prefix, _, field = name.partition("_")
    if prefix in _EXPLICIT and field:  # another attribute of the node there
        return f"{'source' if prefix in _ENDS['source'] else 'target'}_{field}", ""
    if name in _FIELDS["port"]:  # "device, port, peer, peer port"
        return "source_port", ""
    return cell, ""


@lru_cache(1 << 12)
def rate_bytes(cell: str, unit: str) -> float | None:
    """Bytes per second of a cell, whose own unit goes before that of the column; nothing where it is no rate.

    >>> rate_bytes("400G", "") == rate_bytes("50 GB/s", "") == rate_bytes("0,4", "Tbps") == 50e9
    True
    """
    parts = _parts(cell)
    scale = None if parts is None else _bits_or_bytes(parts[1] or unit or "?")
    if parts is None or scale is None:
        return None
    return float(parts[0].scaleb(scale[0]) / scale[1])


@lru_cache(1 << 12)
def delay_seconds(cell: str, unit: str) -> float | None:
    """Seconds of a cell; as ``rate_bytes``.

    >>> delay_seconds("25 ns", "s"), delay_seconds("2,5e-8", "s")
    (2.5e-08, 2.5e-08)
    """
    parts = _parts(cell)
    power = None if parts is None else _second(parts[1] or unit)
    return None if parts is None or power is None else float(parts[0].scaleb(power))


@lru_cache(1 << 12)
def _parts(cell: str) -> tuple[Decimal, str] | None:
    match = _VALUE.fullmatch(cell.strip())
    if match is None:
        return None
    number = re.sub("[ '_\u00a0\u202f]", "", match[1])
    if "," in number:
        # 400,000 is 400 to some and 400 thousand to others; 0,025 and 12,5 are one thing.
        if number.count(",") > 1 or "." in number or re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", number):
            return None
        number = number.replace(",", ".")
    try:
        value = Decimal(number)
    except InvalidOperation:
        return None
    if not -400 < value.adjusted() < 400:
        return None
    return value, (match[2] or "").strip()


def _bits_or_bytes(unit: str) -> tuple[int, int] | None:
    """(power of ten, bits in a unit)."""
    unit = unit.replace(" ", "")
    if match := _BYTES.fullmatch(unit):
        return _PREFIX[match[1]], 1
    if unit and (match := _BITS.fullmatch(unit)):
        return _PREFIX[match[1]], 8
    return None


def _second(unit: str) -> int | None:
    return _SECONDS.get(unit.strip())
