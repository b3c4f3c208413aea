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
from topologies.files.graphml import IDS
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
    for key in EDGES:
        rows = data.get(key)
        for i, row in enumerate(rows if isinstance(rows, list) else ()):
            if attribute := _attribute(problem, "edge", row["source"], row["target"]):
                yield (key, i, attribute) if attribute in row else (key, i)


def _cells(path: str, problem: str) -> Iterator[str]:
    """The places in GraphML of the same."""
    root = parse_xml(path)
    names = {key.get("id"): key.get("attr.name") for key in root.iter() if key.tag.endswith("key")}
    said = {names.get(data.get("key")): data.text for data in root.iterfind("{*}graph/{*}data")}
    read = _from_json if said.get(IDS) == "json" else str
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        ends = ("id",) if tag == "node" else ("source", "target") if tag == "edge" else ()
        ids = [read(element.get(end, "")) for end in ends]
        if ids and (attribute := _attribute(problem, tag, *ids)):
            cells = [one for one in element if names.get(one.get("key")) == attribute]
            yield text_place(path, cast(Element, cells[0])) if cells else cast(Element, element).where


def _from_json(text: str) -> Any:
    """The node id that is JSON; None of what is none, such as an element of another namespace."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _attribute(problem: str, kind: str, *ids: Any) -> str:
    """The attribute that the problem is of, "" where it is of other nodes."""
    said = [repr(as_tuples(one)) for one in ids]
    for ends in (said, said[::-1]):
        start = f"{kind} {' - '.join(ends)}: "
        if problem.startswith(start):
            rest = problem[len(start) :]
            return rest.removeprefix("missing ").partition(":")[0].partition(" = ")[0] or "id"
    return ""
