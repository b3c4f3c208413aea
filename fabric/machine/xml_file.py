"""An XML file that somebody else wrote: its elements, each with its place, or a refusal. Knows no tag.

No entity is expanded and no document type is read: a file that declares an entity is refused where it does,
so that ten short lines cannot become gigabytes.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import islice
from xml.parsers import expat

from fabric.machine.document import MOST_DEPTH, byte_pieces, text_lines
from fabric.words.errors import FileFormatError
from fabric.words.place import at as place
from fabric.words.place import place_in

__all__ = ["Element", "elements", "parse_xml", "streamed", "text_place", "value_place"]

_TAG_LINES = 1_000  # of a start tag, in which a value is looked for


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
    ((_, _, root),) = streamed(path, lambda depth, tag: False)
    return root


def streamed(
    path: str | os.PathLike[str], opens: Callable[[int, str], bool]
) -> Iterator[tuple[int, bool, Element]]:
    """The elements of the file, read a piece at a time and not kept.

    Each with its depth, 0 of the root. Elements that ``opens`` names, by their depth and their tag without
    its namespace, and that stand in such ones alone, are handed over as they begin, with True; all that stand
    in them whole, with False, as they end.

    Raises:
        FileFormatError, TooLargeError: as ``parse_xml``.
    """
    reader = _Reader(os.fspath(path), opens)
    for piece in byte_pieces(path):
        yield from reader.take(piece.removeprefix(codecs.BOM_UTF8) if reader.begun is None else piece)
    yield from reader.take(b"", last=True)


class _Reader:
    """The state of the parser, and the elements that have come and are to be handed over."""

    def __init__(self, name: str, opens: Callable[[int, str], bool]) -> None:
        self.name, self.opens = name, opens
        self.parser = parser = expat.ParserCreate(namespace_separator="}")
        self.depth = self.opened = 0  # elements that have begun, and those of them that are handed over so
        self.builder: ET.TreeBuilder | None = None
        self.names = _Names()
        self.begun: bytes | None = None  # the first bytes
        self.mark = 0
        self.come: list[tuple[int, bool, Element]] = []
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler, parser.EntityDeclHandler = self._data, self._entity

    def take(self, piece: bytes, *, last: bool = False) -> list[tuple[int, bool, Element]]:
        self.come = []
        if self.begun is None:
            self.begun = piece[:2]
            self.mark = int(self.begun in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        try:
            self.parser.Parse(piece, last)
        except expat.ExpatError as error:
            where = place(error.lineno, self._column(error.lineno, error.offset))
            raise FileFormatError(self.name, where, f"not XML: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:  # an encoding that nobody knows, or of several bytes
            problem = f"not XML that can be read: {str(error)[:80]}"
            raise FileFormatError(self.name, "", problem) from None
        return self.come

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.depth >= MOST_DEPTH:
            raise self._refused(f"elements nested more than {MOST_DEPTH} deep")
        names = self.names
        said = {names[key]: value for key, value in attributes.items()}
        begins = self.depth == self.opened and self.opens(self.depth, tag.rpartition("}")[2])
        self.depth += 1
        if begins:
            self.opened += 1
            element = Element(names[tag], said)
            self.come.append((self.opened - 1, True, element))
        else:
            if self.builder is None:
                self.builder = ET.TreeBuilder(element_factory=Element)
            element = self.builder.start(names[tag], said)  # type: ignore[assignment]
        element.line, element.column = self._here()

    def _end(self, tag: str) -> None:
        self.depth -= 1
        if self.builder is None:
            self.opened -= 1
            return
        self.builder.end(self.names[tag])
        if self.depth == self.opened:
            self.come.append((self.depth, False, self.builder.close()))  # type: ignore[arg-type]
            self.builder = None

    def _data(self, text: str) -> None:
        # What indents elements is kept once: it would take as much memory as they do.
        if self.builder is not None:
            self.builder.data(sys.intern(text) if text.isspace() else text)

    def _entity(self, *_: object) -> None:
        raise self._refused("declares an entity: files with entities are not read")

    def _refused(self, problem: str) -> FileFormatError:
        return FileFormatError(self.name, place(*self._here()), problem)

    def _here(self) -> tuple[int, int]:
        line = self.parser.CurrentLineNumber
        return line, self._column(line, self.parser.CurrentColumnNumber)

    def _column(self, line: int, before: int) -> int:
        """The column behind so many characters of a line, to which expat adds the mark of UTF-16."""
        return before + 1 - (self.mark if line == 1 else 0)


def value_place(path: str | os.PathLike[str], element: Element, key: str) -> str:
    """The place of the value of an attribute; of the element where it has none of that name.

    The file is read again up to it.
    """
    text, tag = _tag(path, element)
    own = re.escape(key.rpartition("}")[2])
    found = re.search(rf"[\s:]{own}\s*=\s*[\"']", tag)
    return place_in(text, element.column - 1 + found.end(), element.line) if found else element.where


def text_place(path: str | os.PathLike[str], element: Element) -> str:
    """The place of the text in an element, behind its start tag. The file is read again up to it."""
    text, tag = _tag(path, element)
    index = element.column + len(tag)
    return place_in(text, index + len(text[index:]) - len(text[index:].lstrip()), element.line)


def _tag(path: str | os.PathLike[str], element: Element) -> tuple[str, str]:
    """The text of the file from the line of an element on, and its start tag without the last bracket."""
    with text_lines(path) as lines:
        text = "".join(islice(lines, element.line - 1, element.line - 1 + _TAG_LINES))
    found = re.compile(r"(?:[^>\"']|\"[^\"]*\"|'[^']*')*").match(text, element.column - 1)
    return text, found[0] if found else ""


def elements(root: ET.Element, tag: str) -> Iterator[Element]:
    """All elements of a tag below the root, in the order of the file."""
    for element in root.iter(tag):
        assert isinstance(element, Element)
        yield element


class _Names(dict[str, str]):
    """Names of tags and attributes as ElementTree has them, by those of expat."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, "{" + name if "}" in name else name)
