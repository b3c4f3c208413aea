"""The ladder's last rung: the models against machines, a case for each system, and what each may be off.

The tolerance of a case is its median error when it was last recorded: a change of the models may not make it
worse. ``python -m sims.studies.measured.suite`` records it anew.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from sims.studies.measured.machines import machine
from sims.studies.measured.residuals import Residual, residuals, spread
from sims.studies.measured.table import SOURCES, Measured, measured
from sims.studies.validation.case import Case, Point

__all__ = ["baseline", "machine_case", "measured_case", "systems"]

_ROUNDED = 5e-4  # the baseline has three digits


def systems(rows: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The rows of each system."""
    found: dict[str, list[Measured]] = {}
    for row in rows:
        found.setdefault(row.system, []).append(row)
    return found


@cache
def baseline() -> dict[str, float]:
    """The median error of each system when it was last recorded."""
    text = resources.files(__package__).joinpath("baseline.csv").read_text(encoding="utf-8")
    return {line["system"]: float(line["median"]) for line in csv.DictReader(text.splitlines())}


def measured_case(system: str, full: bool) -> Case:
    """All points of a system in the table that comes with the program."""
    return machine_case(system, residuals(systems(measured())[system])[0])


def machine_case(system: str, found: Sequence[Residual], *, recorded: bool = True) -> Case:
    """All points of a system that are simulated, measured as expected and modelled as got.

    ``recorded``: whether they are those of the baseline, and not of another table.
    """
    of, sources = machine(system), dict.fromkeys(one.of.source for one in found)
    limit = baseline().get(system) if recorded else None
    return Case(
        name=system,
        tested=f"bound model, profile {', '.join(dict.fromkeys([of.profile, *of.profiles.values()]))}",
        against=f"{of.words} ({'; '.join(SOURCES.get(source, source) for source in sources)})",
        unit="s",
        points=tuple(Point(label=one.label, expected=one.measured, got=one.modelled) for one in found),
        rule="shown" if limit is None else "median",
        tolerance=0.0 if limit is None else limit + _ROUNDED,
        basis="no median is recorded" if limit is None else "the median error when it was last recorded",
        note=of.kind,
    )


def _record(tell: Callable[[str], None] = print) -> None:
    lines = ["system,points,median"]
    for system, rows in systems(measured()).items():
        if found := residuals(rows)[0]:
            lines.append(f"{system},{len(found)},{spread(found).median:.3f}")
    Path(__file__).with_name("baseline.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tell("\n".join(lines))


if __name__ == "__main__":
    _record()
