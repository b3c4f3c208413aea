"""An edge of a file of XML that is read an element at a time: where it stood, until all nodes are known."""

from __future__ import annotations

from collections.abc import Container, Hashable
from typing import Any, NamedTuple

from fabric.machine.xml_file import Element, value_place
from fabric.words.errors import FileFormatError

__all__ = ["XmlEdge"]


class XmlEdge(NamedTuple):
    """An edge as it stands in the file; nodes may stand below the edges between them."""

    line: int
    column: int
    u: Any
    v: Any
    attributes: dict[str, Any]

    def require_ends(self, name: str, nodes: Container[Hashable], where: str = "") -> None:
        """Raise FileFormatError of the file, its place behind ``where``, unless both ends are nodes."""
        for end, node in (("source", self.u), ("target", self.v)):
            if node not in nodes:
                element = Element("edge")
                element.line, element.column = self.line, self.column
                place = where + value_place(name, element, end)
                raise FileFormatError(name, place, f"node {node!r} is not among the nodes")
