"""Measured: what a benchmark found, held against its target; JSON files of them, and two files compared."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["HEAD", "Measured", "compared", "machine", "read", "write"]

HEAD = f"{'case':<58} {'seconds':>9} {'floor':>9} {'peak':>8} {'measured':>12} {'target':>16}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``value`` in ``unit`` of a ``case``: at most ``target``, or at least where ``least``.

    ``seconds`` of the case and of its ``floor``, which was measured beside it, are wall clock unless the case
    says otherwise; ``peak_mb`` is the largest resident size. 0 is what was not measured. ``x`` as the unit is
    times the floor, which machines share; anything else is of this one.
    """

    case: str
    value: float
    target: float
    unit: str = "x"
    least: bool = False
    seconds: float = 0.0
    floor: float = 0.0
    peak_mb: float = 0.0

    @property
    def off(self) -> bool:
        """Whether the target is missed."""
        return self.value < self.target if self.least else self.value > self.target

    def line(self) -> str:
        """The case as a line of the table under HEAD."""
        times = [f"{s:.3f} s" if s else "" for s in (self.seconds, self.floor)]
        peak = f"{self.peak_mb:,.0f} MB" if self.peak_mb else ""
        target = f"{'least' if self.least else 'most'} {self.target:g} {self.unit}"
        measured = f"{self.value:,.3g} {self.unit}"
        return (
            f"{self.case:<58} {times[0]:>9} {times[1]:>9} {peak:>8} {measured:>12} {target:>16}"
            f"{'  OFF' if self.off else ''}"
        )


def machine() -> dict[str, str]:
    """What a reader has to know of where it was measured."""
    import networkx
    import numpy

    return {
        "processors": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "networkx": networkx.__version__,
    }


def write(path: Path, measured: Mapping[str, Iterable[Measured]]) -> None:
    """One JSON file of all, by the name of the benchmark that found them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    benches = {name: [asdict(one) for one in found] for name, found in measured.items()}
    text = json.dumps({"machine": machine(), "benches": benches}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Measured]:
    """What ``write`` wrote, by "benchmark: case"."""
    benches: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))["benches"]
    return {f"{name}: {one['case']}": Measured(**one) for name, found in benches.items() for one in found}


def compared(old: Mapping[str, Measured], new: Mapping[str, Measured]) -> Iterator[str]:
    """A line for each case: what it was, what it is, new over old; where one lacks it, which has it."""
    yield f"{'case':<68} {'old':>12} {'new':>12} {'new/old':>8} {'seconds':>8}"
    for case in dict.fromkeys([*old, *new]):
        if case not in old or case not in new:
            yield f"{case:<68} only in the {'old' if case in old else 'new'} file"
            continue
        a, b = old[case], new[case]
        values = [f"{one.value:,.3g} {one.unit}" for one in (a, b)]
        ratio = f"{b.value / a.value:.2f}" if a.value else ""
        seconds = f"{b.seconds / a.seconds:.2f}" if a.seconds and b.seconds else ""
        yield f"{case:<68} {values[0]:>12} {values[1]:>12} {ratio:>8} {seconds:>8}{'  OFF' if b.off else ''}"
