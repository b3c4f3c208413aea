"""Where in a file stands what breaks the schema of the graph that was read from it.

The schema speaks of nodes, edges and attributes and knows no file. Only when it is broken is the file read
once more, for the first thing it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from fabric.machine.document import parse_json, read_text
from fabric.machine.json_place import json_place
from fabric.machine.xml_file import Element, parse_xml, text_place
from fabric.words.errors import FileFormatError, SchemaError
from topologies.files.cells import as_tuples
from topologies.files.exchange import file_format
from topologies.files.node_link import EDGES

__all__ = ["placed"]


def placed(path: str, error: SchemaError) -> FileFormatError | SchemaError:
    """The error with the place of its first problem; itself where the format tells none of what it holds."""
    kind, first = file_format(path), error.problems[0]
    place = ""
    if kind == "node-link":
        place = next((json_place(path, way) for way in _ways(parse_json(read_text(path), path), first)), "")
    elif kind == "GraphML":
        place = next(_cells(path, first), "")
    return FileFormatError(path, place, str(error).removeprefix(f"graph {error.graph}: ")) if place else error


def _ways(data: Any, problem: str) -> Iterator[tuple[str | int, ...]]:
    """The ways to what the problem is of: the value of the attribute, or the item without it."""
    for i, row in enumerate(data["nodes"]):
        if attribute := _attribute(problem, "node", row["id"]):
            yield ("nodes", i, attribute) if attribute in row else ("nodes", i)
    key = next(key for key in EDGES if key in data)
    for i, row in enumerate(data[key]):
        if attribute := _attribute(problem, "edge", row["source"], row["target"]):
            yield (key, i, attribute) if attribute in row else (key, i)


def _cells(path: str, problem: str) -> Iterator[str]:
    """The places in GraphML of the same."""
    root = parse_xml(path)
    names = {key.get("id"): key.get("attr.name") for key in root.iter() if key.tag.endswith("key")}
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        ends = ("id",) if tag == "node" else ("source", "target") if tag == "edge" else ()
        ids = [_id(element.get(end, "")) for end in ends]
        if ids and (attribute := _attribute(problem, tag, *ids)):
            cells = [one for one in element if names.get(one.get("key")) == attribute]
            yield text_place(path, cast(Element, cells[0])) if cells else cast(Element, element).where


def _id(text: str) -> Any:
    """A node id as the reader takes it: JSON where it is a number or a list, else the text itself."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(found, str | dict) else found


def _attribute(problem: str, kind: str, *ids: Any) -> str:
    """The attribute that the problem is of, "" where it is of other nodes."""
    said = [repr(as_tuples(one)) for one in ids]
    for ends in (said, said[::-1]):
        start = f"{kind} {' - '.join(ends)}: "
        if problem.startswith(start):
            rest = problem[len(start) :]
            return rest.removeprefix("missing ").partition(":")[0].partition(" = ")[0] or "id"
    return ""
