"""Mistakes in a file of TOML, told together, each with its line and column. Knows no key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from fabric.machine.document import read_text
from fabric.machine.toml_ways import TomlWays, Way
from fabric.words.errors import FabricsimError
from fabric.words.mistakes import Mistakes
from fabric.words.place import place_in

__all__ = ["TomlMistakes"]


class TomlMistakes(Mistakes):
    """Mistakes of what stands in the file ``path``, which ``parse_toml`` has taken; without one, no places.

    >>> mistakes = TomlMistakes(None)
    >>> with mistakes.of("[base]", ("base", "ranks")):
    ...     raise FabricsimError("a whole number")
    >>> list(mistakes)
    ['[base]: a whole number']
    """

    def __init__(self, path: str | None) -> None:
        super().__init__()
        self._path = path

    @cached_property
    def _ways(self) -> TomlWays | None:
        return None if self._path is None else TomlWays(read_text(self._path))

    def where(self, label: str, way: Way, *, of_key: bool = False) -> str:
        """``label`` and the place of the value, or key, to which ``way`` leads."""
        if not way or self._ways is None:
            return label
        return f"{label}, {place_in(self._ways.text, self._ways.index(way, of_key=of_key))}"

    @contextmanager
    def of(self, label: str, way: Way) -> Iterator[None]:
        """Note a FabricsimError of the block under ``label``, with the place of the value, and go on."""
        try:
            yield
        except FabricsimError as error:
            where = self.where(label, (*way, *error.way), of_key=error.of_key)
            self.note(f"{where}: {error}")
