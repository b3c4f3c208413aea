"""Mistakes of points of a sweep, with the place in its file of the value that each names. Plans nothing."""

from __future__ import annotations

import re
from typing import Protocol

from fabric.machine.toml_mistakes import TomlMistakes
from fabric.words.errors import FabricsimError, ParameterError
from sims.studies.sweep.axis import Assignments
from sims.studies.sweep.spec import SweepSpec

__all__ = ["PointMistakes"]


class _Point(Protocol):
    @property
    def label(self) -> Assignments: ...


class PointMistakes(TomlMistakes):
    """Mistakes of the points of ``spec``, each told once with the first point that has it."""

    def __init__(self, spec: SweepSpec) -> None:
        super().__init__(spec.source if spec.ways else None)
        self._spec = spec

    def met(self, error: FabricsimError, point: _Point, count: int = 1) -> None:
        """Note an error of a point, and of ``count`` - 1 others."""
        pair = self._pair(error, point)
        place = self.where("", self._spec.ways.get(pair, ())) if pair else ""
        self.note(f"{error} ({place.lstrip(', ')})" if place else error, point, count)

    def _pair(self, error: FabricsimError, point: _Point) -> tuple[str, str] | None:
        """The key and the text that an error is about, by its name: of several the one of that value."""
        if not isinstance(error, ParameterError):
            return None
        name = re.split(r"[ :]", error.name)[-1].replace("-", "_")
        pairs = [*self._spec.base, *point.label]
        of_name = [pair for pair in pairs if name in (pair[0], pair[0].rpartition(".")[2])]
        return next((pair for pair in of_name if pair[1] == str(error.value)), next(iter(of_name), None))
