"""Mistakes met on the way and told together at its end, each once. Knows no file and no setting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fabric.words.errors import FabricsimError

__all__ = ["Mistakes"]


class Mistakes:
    """Mistakes, each with where it was met first and how often.

    >>> mistakes = Mistakes()
    >>> mistakes.note("k: 5: an even number", "point 2", 3)
    >>> with mistakes.at("where"):
    ...     raise FabricsimError("no such setting")
    >>> list(mistakes)
    ['point 2 and 2 more: k: 5: an even number', 'where: no such setting']
    """

    def __init__(self) -> None:
        self._met: dict[str, tuple[str, int]] = {}

    def note(self, mistake: FabricsimError | str, place: object = "", count: int = 1) -> None:
        """Note a mistake that was met at ``place``, and ``count`` - 1 times more."""
        first, so_far = self._met.get(str(mistake), (str(place), 0))
        self._met[str(mistake)] = first, so_far + count

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Note a FabricsimError of the block under ``place`` and go on."""
        try:
            yield
        except FabricsimError as error:
            self.note(f"{place}: {error}")

    def __len__(self) -> int:
        return len(self._met)

    def __iter__(self) -> Iterator[str]:
        for mistake, (first, count) in self._met.items():
            more = f" and {count - 1:,} more" if first and count > 1 else ""
            yield f"{first}{more}: {mistake}" if first else mistake
