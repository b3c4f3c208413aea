"""Nodes and cables named in a text file, one line each. Decides nothing about them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric.damage import cable_links
from fabric.errors import FileFormatError
from fabric.fabric import Fabric

__all__ = ["read_cables"]


def read_cables(fabric: Fabric, path: str) -> NDArray[np.int64]:
    """The cables (rows of ``cable_links``, ascending) that a file names.

    A line with a node means all its cables, a line with two nodes (a comma between) all cables between them.
    A node is called by its name or its id in the graph; a name that holds a comma stands in double quotes. A
    line that begins with ``#`` is a comment.

    Raises:
        FileFormatError: the file cannot be read or names nothing; a line names what is not there.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, "", f"cannot be read: {error}") from None
    nodes = _nodes(fabric)
    first = cable_links(fabric)[:, 0]
    tail, head = fabric.link_src[first], fabric.link_dst[first]
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        words = [word.strip() for word in next(csv.reader([line], skipinitialspace=True))]
        where = f"line {number}"
        if len(words) > 2:
            raise FileFormatError(path, where, f"{line.strip()!r}: a node, or two with a comma between")
        for word in words:
            if nodes.get(word, -1) < 0:
                rule = "several nodes are" if word in nodes else "no node is"
                raise FileFormatError(path, where, f"{word!r}: {rule} called so in {fabric.name}")
        ends = [nodes[word] for word in words]
        at = [(tail == node) | (head == node) for node in ends]
        cables = np.flatnonzero(np.logical_and.reduce(at)) if len(set(ends)) == len(ends) else at[0][:0]
        if not len(cables):
            rule = f"no cable between {words[0]} and {words[-1]}" if len(words) > 1 else "it has no cable"
            raise FileFormatError(path, where, f"{line.strip()!r}: {rule} (scale-up switches do not count)")
        found.append(cables)
    if not found:
        raise FileFormatError(path, "", "names no node and no cable")
    return np.unique(np.concatenate(found))


def _nodes(fabric: Fabric) -> dict[str, int]:
    """Each node by its id and by its name, which comes first; -1 where several have the name."""
    nodes = {str(label): node for node, label in enumerate(fabric.ids)}
    if fabric.labels:
        names: dict[str, int] = {}
        for node, label in enumerate(fabric.labels):
            names[label] = -1 if label in names else node
        nodes |= names
    return nodes
