"""The protobuf form of Chakra's traces: messages with their length before each, by the protobuf library.

The part of its schema that is read is made here as a descriptor, so that no compiler is needed. Knows the
schema; not what nodes mean.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO

from fabric.words.errors import FabricsimError, FileFormatError

__all__ = ["node_class", "protobuf_nodes"]

_MOST_BYTES = 10  # of a length
_VALUES = {  # of an attribute: number and type of the field
    "double_val": (3, 1),
    "float_val": (5, 2),
    "int32_val": (7, 5),
    "int64_val": (9, 3),
    "uint32_val": (11, 13),
    "uint64_val": (13, 4),
    "bool_val": (27, 8),
    "string_val": (29, 9),
}


@cache
def node_class() -> Any:
    """The message class of a node.

    Raises:
        FabricsimError: protobuf is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        rule = "traces of Chakra in protobuf need the package protobuf: pip install 'fabricsim[chakra]'"
        raise FabricsimError(rule) from None
    file = descriptor_pb2.FileDescriptorProto(
        name="fabricsim_et.proto", package="fabricsim_et", syntax="proto3"
    )
    attribute = file.message_type.add(name="Attribute")
    attribute.field.add(name="name", number=1, type=9, label=1)
    attribute.oneof_decl.add(name="value")
    for name, (number, kind) in _VALUES.items():
        attribute.field.add(name=name, number=number, type=kind, label=1, oneof_index=0)
    node = file.message_type.add(name="Node")
    for name, number, kind, label in (
        ("id", 1, 4, 1),
        ("name", 2, 9, 1),
        ("type", 3, 5, 1),
        ("ctrl_deps", 4, 4, 3),
        ("data_deps", 5, 4, 3),
        ("duration_micros", 7, 4, 1),
    ):
        node.field.add(name=name, number=number, type=kind, label=label)
    node.field.add(name="attr", number=10, type=11, label=3, type_name=".fabricsim_et.Attribute")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("fabricsim_et.Node"))


def protobuf_nodes(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each node as the JSON form has it, with its place, read as it is asked for. The first message, on the
    whole file, is skipped.

    Raises:
        FileFormatError: with the byte: a length beyond the end, or no node.
    """
    from google.protobuf.message import DecodeError

    make = node_class()
    for number, (where, piece) in enumerate(_messages(file)):
        if not number:
            continue
        node = make()
        try:
            node.ParseFromString(piece)
        except DecodeError:
            raise FileFormatError(file, where, "is no node of Chakra") from None
        yield (
            where,
            {
                "id": node.id,
                "type": node.type,
                "ctrl_deps": list(node.ctrl_deps),
                "data_deps": list(node.data_deps),
                "duration_micros": node.duration_micros,
                "attr": [{"name": one.name, "value": _value(one)} for one in node.attr],
            },
        )


def _value(attribute: Any) -> Any:
    chosen = attribute.WhichOneof("value")
    return None if chosen is None else getattr(attribute, chosen)


def _messages(file: str) -> Iterator[tuple[str, bytes]]:
    """The place of each message, and its bytes."""
    try:
        with open(file, "rb") as content:
            total = os.fstat(content.fileno()).st_size
            while (at := content.tell()) < total:
                size = _length(file, content)
                if size > total - content.tell():
                    rule = f"a message of {size:,} bytes: the file is cut off"
                    raise FileFormatError(file, f"byte {at + 1}", rule)
                yield f"byte {at + 1}", content.read(size)
    except OSError as error:
        raise FileFormatError(file, "", f"cannot be read: {error.strerror or error}") from None


def _length(file: str, content: BinaryIO) -> int:
    at, value = content.tell(), 0
    for i in range(_MOST_BYTES):
        byte = content.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << (7 * i)
        if byte[0] < 0x80:
            return value
    raise FileFormatError(
        file, f"byte {at + 1}", "is no length of a message: the file is cut off, or another"
    )
