"""An XML file that somebody else wrote: its elements, each with its place, or a refusal. Knows no tag.

No entity is expanded and no document type is read: a file that declares an entity is refused where it does,
so that ten short lines cannot become gigabytes.
"""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from fabric.machine.document import MOST_DEPTH, read_bytes
from fabric.words.errors import FileFormatError
from fabric.words.place import at as place

__all__ = ["Element", "elements", "parse_xml"]

_PIECE = 2**20  # bytes handed to the parser at once


class Element(ET.Element):
    """An element that knows the ``line`` and the ``column`` where it begins, both counted from 1."""

    __slots__ = ("column", "line")
    line: int
    column: int

    @property
    def where(self) -> str:
        """Its place, as errors say it."""
        return place(self.line, self.column)


def parse_xml(path: str | os.PathLike[str]) -> Element:
    """The root of the file; names of tags and attributes as ElementTree has them, ``{namespace}name``.

    Raises:
        FileFormatError: with line and column: no XML, cut off, nested deeper than ``MOST_DEPTH``, or it
            declares an entity.
        TooLargeError: what is made of it would not fit in memory.
    """
    name = os.fspath(path)
    content = read_bytes(path)
    builder = ET.TreeBuilder(element_factory=Element)
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH:
            raise _refused(name, parser, f"elements nested more than {MOST_DEPTH} deep")
        element: Any = builder.start(_named(tag), {_named(key): value for key, value in attributes.items()})
        element.line, element.column = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_named(tag))

    def data(text: str) -> None:
        # What indents elements is kept once: it would take as much memory as they do.
        builder.data(sys.intern(text) if text.isspace() else text)

    def entity(*_: object) -> None:
        raise _refused(name, parser, "declares an entity: files with entities are not read")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = data, entity
    try:
        for at in range(0, len(content), _PIECE):
            parser.Parse(content[at : at + _PIECE], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        where = place(error.lineno, error.offset + 1)
        raise FileFormatError(name, where, f"not XML: {expat.ErrorString(error.code)}") from None
    except (LookupError, ValueError) as error:  # an encoding that nobody knows, or of several bytes
        raise FileFormatError(name, "", f"not XML that can be read: {str(error)[:80]}") from None
    root: Element = builder.close()  # type: ignore[assignment]
    return root


def elements(root: Element, tag: str) -> Iterator[Element]:
    """All elements of a tag below the root, in the order of the file."""
    for element in root.iter(tag):
        assert isinstance(element, Element)
        yield element


def _named(name: str) -> str:
    return "{" + name if "}" in name else name


def _refused(name: str, parser: expat.XMLParserType, problem: str) -> FileFormatError:
    where = place(parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
    return FileFormatError(name, where, problem)
