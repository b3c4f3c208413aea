"""A YAML file that somebody else wrote, as plain values, or a refusal. Knows no key.

Of YAML's language what files of settings use: mappings, lists and plain values. Aliases, with which a short
file becomes a large value, and tags are refused.
"""

from __future__ import annotations

import math
import os
from typing import Any

import yaml

from fabric.machine.document import MOST_DEPTH, read_bytes
from fabric.words.errors import FileFormatError
from fabric.words.place import at

__all__ = ["Table", "parse_yaml", "value_place"]

_MOST = 128 * 2**20  # bytes: some 10 MB/s are read
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()
_TAG = "tag:yaml.org,2002:"
_TRUE = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


class Table(dict[str, Any]):
    """A mapping that knows the ``line`` where it begins, counted from 1, and its ``column``."""

    line: int = 0
    column: int = 0

    @property
    def where(self) -> str:
        """Its place, as errors say it."""
        return at(self.line, self.column)


def parse_yaml(path: str | os.PathLike[str]) -> Any:
    """The one document in the file: Tables, lists, texts, whole numbers, floats, booleans and None.

    Raises:
        FileFormatError: with line and column: no YAML, an alias or a tag, a key twice or that is no text, a
            number that is not finite, nested deeper than ``MOST_DEPTH``.
    """
    name = os.fspath(path)
    content = read_bytes(path, most=_MOST, rule=f"more than {_MOST // 2**20} MiB of YAML")
    try:
        return _built(name, content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _place(mark) if mark else ""
        raise FileFormatError(name, where, f"is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise FileFormatError(name, "", f"is not YAML: {str(error).splitlines()[0][:120]}") from None
    except UnicodeDecodeError:
        raise FileFormatError(name, "", "is not YAML: no UTF-8 text") from None


def value_place(path: str | os.PathLike[str], table: Table, key: str) -> str:
    """The place of the value of a key, behind its quote; of the table where it has no such key.

    The file, which ``parse_yaml`` has taken, is read again up to it.
    """
    depth, named = 0, None
    for event in yaml.parse(read_bytes(path), Loader=_LOADER):
        if not depth:
            begins = isinstance(event, yaml.MappingStartEvent)
            depth = int(begins and _place(event.start_mark) == table.where)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            depth -= 1
            if not depth:
                break
        else:
            if depth == 1 and named is None:
                named = event.value  # keys are plain values
                continue
            if depth == 1:
                if named == key:
                    quoted = isinstance(event, yaml.ScalarEvent) and event.style in ("'", '"')
                    return at(event.start_mark.line + 1, event.start_mark.column + 1 + quoted)
                named = None
            depth += isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent)
    return table.where


def _built(name: str, content: bytes) -> Any:
    root: list[Any] = []
    open_: list[Any] = [root]
    keys: list[str | None] = [None]  # of each open table the key whose value is to come
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise _refused(name, event, "an alias: files with aliases are not read")
        if isinstance(event, yaml.DocumentStartEvent):
            if root:
                raise _refused(name, event, "a second document: one is needed")
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            open_.pop()
            keys.pop()
        elif isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent):
            if event.tag is not None:
                raise _refused(name, event, f"the tag {event.tag[:40]}: plain values are needed")
            value = _begun(name, event)
            _put(name, event, open_[-1], keys, value)
            if isinstance(value, Table | list):
                open_.append(value)
                keys.append(None)
                if len(open_) > MOST_DEPTH + 1:
                    raise _refused(name, event, f"nested more than {MOST_DEPTH} deep")
    if not root:
        raise FileFormatError(name, "", "holds nothing")
    return root[0]


def _put(name: str, event: yaml.Event, into: Any, keys: list[str | None], value: Any) -> None:
    if isinstance(into, list):
        into.append(value)
    elif keys[-1] is None:
        key = event.value if isinstance(event, yaml.ScalarEvent) else None
        if key is None or key in into:
            raise _refused(name, event, f"{key!r:.60} stands twice" if key else "a key is a text")
        keys[-1] = key
    else:
        into[keys[-1]] = value
        keys[-1] = None


def _begun(name: str, event: yaml.Event) -> Any:
    if isinstance(event, yaml.SequenceStartEvent):
        return []
    if isinstance(event, yaml.MappingStartEvent):
        table = Table()
        table.line, table.column = event.start_mark.line + 1, event.start_mark.column + 1
        return table
    tag = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)
    text = event.value.replace("_", "")
    try:
        if tag == _TAG + "int" and ":" not in text and len(text) < 19:
            return int(text, 0 if text.lower().lstrip("+-").startswith(("0x", "0b")) else 10)
        if tag == _TAG + "float" and ":" not in text:
            value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
            if not math.isfinite(value):
                raise _refused(name, event, f"{event.value[:40]} is not a finite number")
            return value
    except ValueError:
        return event.value
    if tag == _TAG + "bool":
        return _TRUE[event.value.lower()]
    return None if tag == _TAG + "null" else event.value


def _refused(name: str, event: yaml.Event, problem: str) -> FileFormatError:
    return FileFormatError(name, _place(event.start_mark), problem)


def _place(mark: yaml.Mark) -> str:
    return at(mark.line + 1, mark.column + 1)
