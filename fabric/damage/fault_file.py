"""Nodes and cables named in a text file, one line each. Decides nothing about them."""

from __future__ import annotations

import csv

import numpy as np
from numpy.typing import NDArray

from fabric.damage.degraded import cable_links
from fabric.graph.fabric import Fabric
from fabric.graph.node_names import NodeNames
from fabric.machine.document import text_lines
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.hostlist import column_of, split_names
from fabric.words.place import at

__all__ = ["CableNames", "read_cables"]


def read_cables(fabric: Fabric, path: str) -> NDArray[np.int64]:
    """The cables (rows of ``cable_links``, ascending) that a file names.

    A line with a node means all its cables, a line with two nodes (a comma between) all cables between them.
    A node is called by its name or its id in the graph, endpoints also by their host, and several by a list
    as Slurm writes it; a name that holds a comma stands in double quotes. A line that begins with ``#`` is a
    comment.

    Raises:
        FileFormatError: the file cannot be read or names nothing; with line and column, a line names what
            is not there.
    """
    names = CableNames(fabric)
    found = []
    with text_lines(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.lstrip().startswith("#"):
                try:
                    found.append(names.cables(line))
                except ParameterError as error:
                    where = at(number, column_of(line, str(error.value)))
                    raise FileFormatError(path, where, f"{error.value!r}: {error.rule}") from None
    if not found:
        raise FileFormatError(path, "", "names no node and no cable")
    return np.unique(np.concatenate(found))


class CableNames:
    """How the owner of a fabric calls its cables: by a node for all of its own, or by two nodes.

    A host stands for its endpoints, and a list as Slurm writes it (``leaf[1-4]``) for all that it names.
    """

    def __init__(self, fabric: Fabric) -> None:
        self.fabric, self._names = fabric, NodeNames(fabric)
        first = cable_links(fabric)[:, 0]
        self._ends = fabric.link_src[first], fabric.link_dst[first]

    def cables(self, text: str) -> NDArray[np.int64]:
        """The cables (ascending) that ``text`` names: ``node`` or ``node,node``.

        Raises:
            ParameterError: no or several nodes are called so, or there is no such cable.
        """
        words = _words(text)
        if not 1 <= len(words) <= 2:
            raise ParameterError("cable", text.strip(), "a node, or two with a comma between")
        (a, b), *others = [self._at(word) for word in words]
        for c, d in others:
            a, b = a & d, b & c  # from the one to the other, or back
        cables = np.flatnonzero(a | b)
        if not len(cables):
            rule = f"no cable between {words[0]} and {words[-1]}" if len(words) > 1 else "it has no cable"
            rule += " (scale-up switches do not count)"
            raise ParameterError("cable", text.strip(), rule)
        return cables.astype(np.int64)

    def _at(self, word: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(cables,) twice: whether the first and the second end of each is a node that ``word`` names."""
        named = np.zeros(len(self.fabric.kind), bool)
        named[self._names.nodes(word, "cable")] = True
        return named[self._ends[0]], named[self._ends[1]]


def _words(text: str) -> list[str]:
    if "[" in text:
        return split_names(text)
    try:
        return [word.strip() for word in next(csv.reader([text], skipinitialspace=True))]
    except csv.Error:  # a line break, or longer than any name
        return []
