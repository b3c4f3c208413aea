"""One attribute of all nodes, or of all edges: its values, checked and as an array. Knows no schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, repeat
from operator import contains, is_not, itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Column"]


class Column:
    """The values of one attribute; ``lacking``: some node or edge has none, and its ``default`` stands.

    Most graphs are made by runs of nodes and edges with the very same objects as values. What is asked of a
    value is then asked once a run: ``first`` says where each begins, and holds all where runs are short.
    """

    def __init__(
        self, name: str, values: list[Any], *, lacking: bool = False, first: NDArray[np.int64] | None = None
    ) -> None:
        self.name, self.values, self.lacking = name, values, lacking
        self.first = _begins(values) if first is None else first
        self.heads = list(map(values.__getitem__, self.first.tolist())) if self._long else values

    @classmethod
    def of(cls, data: Sequence[dict[str, Any]], name: str, default: Any = None) -> Column:
        """That of ``data``; C speed where no dict lacks it, or all do."""
        try:
            return cls(name, list(map(itemgetter(name), data)))
        except KeyError:
            if any(map(contains, data, repeat(name))):
                return cls(name, [one.get(name, default) for one in data], lacking=True)
            return cls.alike(name, default, len(data))

    @classmethod
    def alike(cls, name: str, default: Any, count: int) -> Column:
        """That of ``count`` nodes or edges that all lack it."""
        return cls(name, [default] * count, lacking=True, first=np.arange(min(count, 1)))

    @property
    def _long(self) -> bool:
        """Whether runs are long enough."""
        return 4 * len(self.first) < len(self.values)

    def array(self, dtype: Any, read: Callable[[Any], Any] | None = None) -> NDArray:
        """(values,): each as a number, by ``read`` where it is none."""
        heads = map(read, self.heads) if read else self.heads
        found = np.fromiter(heads, dtype, len(self.heads))
        return np.repeat(found, np.diff(self.first, append=len(self.values))) if self._long else found

    def violations(self, where: Any, rule: str, legal: Callable[[Any], bool]) -> Iterator[str]:
        """A clause per illegal value. Distinct values are few, so the rule is asked once for each of them."""
        try:
            # Where all are of one type none can hide behind an equal of another, as True and 1.0 do behind 1.
            if len(set(map(type, self.heads))) == 1:
                distinct = set(self.heads)
            else:
                distinct = {v for _, v in set(zip(map(type, self.heads), self.heads)) if not legal(v)}
            if all(map(legal, distinct)):
                return
        except TypeError:  # an unhashable or incomparable value: it is found below
            pass
        for i, value in enumerate(self.values):
            try:
                fine = legal(value)
            except TypeError:
                fine = False
            if not fine:
                missing = f"missing {self.name}"
                yield f"{where(i)}: {missing if value is None else f'{self.name} = {value!r}'}: {rule}"


def _begins(values: list[Any]) -> NDArray[np.int64]:
    """Where each run of the very same object begins."""
    other = bytes(map(is_not, values, islice(values, 1, None)))
    return np.append(np.arange(min(len(values), 1)), np.flatnonzero(np.frombuffer(other, bool)) + 1)
