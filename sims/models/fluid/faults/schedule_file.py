"""A schedule of faults, read from a TOML file: what fails when, and for how long.

Each fault is a table::

    [[fault]]
    at = "2ms"            # from the start of the run; in the order of time
    length = "500ms"      # until it is repaired; without it, never
    cable = "16,24"       # two nodes: the cables between them; or
    # node = "24"         # a node, a host or a list such as "leaf[1-4]": all their cables; or
    # fail = "cables=2"   # as --fail draws them
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fabric import Fabric
from fabric.damage.breakage import broken
from fabric.damage.degraded import cable_links
from fabric.damage.fault import parse_faults
from fabric.damage.fault_file import CableNames
from fabric.machine.document import read_toml
from fabric.machine.toml_place import toml_place
from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from fabric.words.hostlist import split_names
from fabric.words.units import parse_time
from sims.models.fluid.faults.outage import Outage

__all__ = ["FaultSchedule", "read_schedule"]

_KEYS = ("at", "length", "cable", "node", "fail")
_WHAT = ("cable", "node", "fail")
_UNKNOWN = "unknown key"
_DRAWS = 0x5C4ED  # sets these draws apart from others of the same seed


@dataclass(frozen=True, kw_only=True)
class _Entry:
    at: float
    length: float
    what: str
    text: str


@dataclass(frozen=True, kw_only=True)
class FaultSchedule:
    """The faults of a file. ``draws``: whether a seed matters; ``digest``: hash of what it says."""

    path: str
    entries: tuple[_Entry, ...]

    @property
    def draws(self) -> bool:
        return any(entry.what == "fail" for entry in self.entries)

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self.entries).encode()).hexdigest()

    def outages(self, fabric: Fabric, seed: int, *, allow_partition: bool) -> list[Outage]:
        """The outages on ``fabric``, in the order of time.

        Each draws from a stream of its own: no fault of another number or seed draws from the same one.

        Raises:
            FileFormatError: one names or takes what is not there.
        """
        names, found = CableNames(fabric), []
        streams = np.random.SeedSequence([seed % 2**63, _DRAWS]).spawn(len(self.entries))
        for number, (entry, stream) in enumerate(zip(self.entries, streams), 1):
            try:
                if entry.what == "fail":
                    faults = parse_faults("fail", entry.text)
                    damage = broken(fabric, faults, stream, allow_partition=allow_partition)
                    cables = damage.lost.nonzero()[0]
                else:
                    cables = names.cables(entry.text)
            except FabricsimError as error:
                raise FileFormatError(self.path, _where(self.path, number, entry.what), str(error)) from None
            what = f"{entry.what} {entry.text}" if entry.what != "fail" else entry.text
            found.append(Outage(at=entry.at, length=entry.length, cables=cables, what=what))
        assert all(len(outage.cables) <= len(cable_links(fabric)) for outage in found)
        return found


def read_schedule(path: str) -> FaultSchedule:
    """The schedule in a TOML file.

    Raises:
        FileFormatError: no TOML, no fault, an unknown key, a time that is negative, has no unit or lies
            before the one above it; names the fault, line and column.
    """
    content = read_toml(path)
    faults = content.get("fault")
    if set(content) != {"fault"} or not isinstance(faults, list) or not faults:
        raise FileFormatError(path, "", "a schedule is one or more tables [[fault]] and nothing else")
    entries: list[_Entry] = []
    for number, table in enumerate(faults, 1):
        try:
            entry = _entry(table)
        except ParameterError as error:
            known = error.name in table if isinstance(table, dict) else False
            key = error.name if known else str(error.value) if error.rule == _UNKNOWN else ""
            raise FileFormatError(path, _where(path, number, key, of_value=known), str(error)) from None
        if entries and entry.at < entries[-1].at:
            rule = f"at = {table['at']!r} lies before the fault above it: faults stand in the order of time"
            raise FileFormatError(path, _where(path, number, "at"), rule)
        entries.append(entry)
    return FaultSchedule(path=path, entries=tuple(entries))


def _where(path: str, number: int, key: str = "", *, of_value: bool = True) -> str:
    """A fault by its number, and the place of one of its keys."""
    way = ("fault", number - 1, key) if key else ("fault", number - 1)
    place = toml_place(path, way, of_key=not of_value)
    return f"fault {number}, {place}" if place else f"fault {number}"


def _entry(table: Mapping[str, Any]) -> _Entry:
    if not isinstance(table, dict):
        raise ParameterError("fault", table, "write each as a table [[fault]]")
    for key, value in table.items():
        if key not in _KEYS:
            raise ParameterError("fault", key, _UNKNOWN, _KEYS)
        if not isinstance(value, str):
            raise ParameterError(key, value, "a text in quotes")
    named = [key for key in _WHAT if key in table]
    if len(named) != 1:
        raise ParameterError("fault", ", ".join(named) or None, "one of cable, node and fail says what fails")
    if "at" not in table:
        raise ParameterError("at", None, "the time of the fault from the start of the run, such as 2ms")
    at, length = _time("at", table["at"]), float("inf")
    if "length" in table:
        length = _time("length", table["length"])
        if length == 0:
            raise ParameterError("length", table["length"], "above zero")
    (what,) = named
    text = table[what].strip()
    if what == "fail":
        faults = parse_faults("fail", text)
        if not faults or any(fault.what == "file" for fault in faults):
            raise ParameterError("fail", text, "a number of cables or switches: use cable and node for names")
    elif what == "node" and len(split_names(text)) > 1:
        raise ParameterError("node", text, "one node: cable names two")
    elif what == "cable" and len(split_names(text)) < 2:
        raise ParameterError("cable", text, "two nodes with a comma between: node names one")
    return _Entry(at=at, length=length, what=what, text=text)


def _time(name: str, text: str) -> float:
    if text.strip().startswith("-"):
        raise ParameterError(name, text, "zero or later: no time is negative")
    return parse_time(text, name)
