"""All ways to name a topology in one text: a family with arguments, a preset, or a graph file.

Knows the names and which reader a file needs; adding a family is one line in ``FAMILIES``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.grammar import read_arguments, write_arguments
from fabric.words.parameter import RATE_OR_ZERO, TIME
from topologies.families.dragonfly import DRAGONFLY
from topologies.families.dragonfly_plus import DRAGONFLY_PLUS
from topologies.families.fat_tree import FAT_TREE
from topologies.families.leaf_spine import LEAF_SPINE
from topologies.families.multi_plane import MULTI_PLANE
from topologies.families.pgft import PGFT, XGFT
from topologies.families.rail_only import RAIL_ONLY
from topologies.families.rail_optimized import RAIL_OPTIMIZED
from topologies.families.random_regular import RANDOM_REGULAR
from topologies.families.slim_fly import SLIM_FLY
from topologies.families.star import STAR
from topologies.families.torus import TORUS
from topologies.files.exchange import READERS, file_format
from topologies.files.ib.ibnetdiscover import read_ibnetdiscover
from topologies.parts.builder import Builder
from topologies.parts.memory import count_parts
from topologies.presets.table import DISCLAIMERS, PRESETS

__all__ = ["FAMILIES", "Entry", "canonical", "disclaimer", "listing", "load", "parts_of", "source_digest"]

FAMILIES: dict[str, Builder] = {
    "fat-tree": FAT_TREE,
    "star": STAR,
    "leaf-spine": LEAF_SPINE,
    "xgft": XGFT,
    "pgft": PGFT,
    "rail-optimized": RAIL_OPTIMIZED,
    "rail-only": RAIL_ONLY,
    "multi-plane": MULTI_PLANE,
    "dragonfly": DRAGONFLY,
    "dragonfly-plus": DRAGONFLY_PLUS,
    "torus": TORUS,
    "slim-fly": SLIM_FLY,
    "random-regular": RANDOM_REGULAR,
}

_DUMP = Builder(
    function=read_ibnetdiscover,
    parameters={"nvlink": RATE_OR_ZERO, "delay": TIME},
    summary="the output of ibnetdiscover, with what it does not say",
)
_WITH_ARGUMENTS = re.compile(r"(.+):([A-Za-z_]+=[^:]*)", re.DOTALL)


def load(spec: str, *, nvlink: str | None = None) -> nx.Graph:
    """The topology that ``spec`` names.

    ``FAMILY:key=value,...`` builds one of ``FAMILIES``; ``preset:NAME`` or ``preset:NAME:key=value,...`` one
    of the presets; anything else is the path of a graph file (node-link JSON, GraphML, a link CSV or an
    ibnetdiscover dump, told apart by content, the last optionally with ``:nvlink=450GB/s`` or ``:delay=25ns``
    behind it). ``nvlink``, a rate with its unit, says the same as an argument ``nvlink`` in the text.

    Raises:
        ParameterError: unknown family, preset or parameter (the legal ones are listed), an illegal value, or
            no such file.
        FileFormatError: the file has none of these formats, or breaks its own.
        TooLargeError: the topology would not fit in memory.

    >>> load("fat-tree:k=4").number_of_edges()
    48
    """
    source = _parsed(spec)
    arguments, parameters = dict(source.arguments), source.builder.parameters
    if nvlink is not None:
        if "nvlink" in arguments:
            raise ParameterError("nvlink", nvlink, f"given twice: {spec} says it too")
        if "nvlink" not in parameters:
            raise ParameterError("nvlink", nvlink, f"{source.name} has no such parameter")
        arguments["nvlink"] = parameters["nvlink"].read("nvlink", nvlink)
    if not source.is_file:
        return source.builder.function(**arguments)
    form = file_format(source.name)
    if form == "ibnetdiscover":
        return read_ibnetdiscover(source.name, **arguments)
    if arguments:
        key, value = next(iter(arguments.items()))
        rule = f"only for ibnetdiscover dumps: {source.name} is {form}, which says it itself"
        raise ParameterError(key, value, rule)
    return READERS[form](source.name)


def parts_of(spec: str) -> tuple[int, int] | None:
    """(nodes, edges) of the topology that ``spec`` names, counted without building it; None of a file.

    Raises as ``load``, of a file only what can be seen without reading it.

    >>> parts_of("fat-tree:k=4")
    (36, 48)
    """
    source = _parsed(spec)
    return None if source.is_file else count_parts(lambda: source.builder.function(**source.arguments))


def canonical(spec: str) -> str:
    """The same topology in the one spelling: arguments in their order, units as usual, defaults left out.

    Two texts of the same family, preset or path with the same arguments give equal results, and loading the
    result gives the same graph. Raises as ``load`` for what can be seen without building.

    >>> canonical("fat-tree: rate=50GB/s, nvlink=0.9TB/s, gpus_per_server=4, k=8")
    'fat-tree:k=8,gpus_per_server=4,nvlink=7.2Tbps'
    """
    source = _parsed(spec)
    builder = source.builder
    return write_arguments(source.name, builder.given(source.arguments), builder.parameters)


def disclaimer(spec: str) -> str:
    """What has to be said beside every figure of the preset that ``spec`` names; "" where it names none."""
    head, _, rest = spec.strip().partition(":")
    return DISCLAIMERS.get(rest.partition(":")[0].strip(), "") if head.strip() == "preset" else ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What can be named: ``parameters`` have each the text of its default, None where it has none."""

    name: str
    summary: str
    parameters: Mapping[str, str | None]


def listing() -> list[Entry]:
    """All families, then all presets (``preset:NAME``), each with its parameters in their order.

    >>> print(listing()[0].name, listing()[0].parameters["rate"])
    fat-tree 400Gbps
    """
    named = [*FAMILIES.items(), *((f"preset:{name}", preset) for name, preset in PRESETS.items())]
    return [
        Entry(
            name=name,
            summary=builder.summary,
            parameters={
                key: None if builder.defaults[key] is None else parameter.write(builder.defaults[key])
                for key, parameter in builder.parameters.items()
            },
        )
        for name, builder in named
    ]


def source_digest(spec: str) -> str:
    """SHA-256, in hexadecimal, of the contents of the file that ``spec`` names; "" where it names no file.

    Raises as ``load`` for a spec that names nothing.
    """
    source = _parsed(spec)
    if not source.is_file:
        return ""
    digest = hashlib.sha256()
    try:
        with open(source.name, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise FileFormatError(source.name, "", f"cannot be read: {error.strerror}") from None
    return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A spec taken apart: ``name`` is family, preset:NAME or path; ``builder`` knows the parameters."""

    name: str
    builder: Builder
    arguments: Mapping[str, Any]
    is_file: bool


def _parsed(spec: str) -> _Source:
    text = os.fspath(spec).strip()
    head, _, rest = text.partition(":")
    head = head.strip()
    if head == "preset":
        preset, _, rest = rest.partition(":")
        return _built(f"preset:{preset.strip()}", preset.strip(), PRESETS, "preset", rest)
    if head in FAMILIES:
        return _built(head, head, FAMILIES, "family", rest)
    if os.path.isfile(text):
        return _Source(name=text, builder=_DUMP, arguments={}, is_file=True)
    match = _WITH_ARGUMENTS.fullmatch(text)
    path = match[1] if match else text
    if match and os.path.isfile(path):
        arguments = read_arguments(path, match[2], _DUMP.parameters)
        return _Source(name=path, builder=_DUMP, arguments=arguments, is_file=True)
    if os.path.isdir(path):
        raise ParameterError("topology", path, "a folder: the path of a graph file is needed")
    if "/" in path or os.sep in path or os.path.splitext(path)[1]:
        raise ParameterError("topology", path, "no such file")
    rule = "no family of this name and no such file: FAMILY:key=value,..., preset:NAME or a path is needed"
    raise ParameterError("topology", head, rule, [*FAMILIES, *(f"preset:{name}" for name in PRESETS)])


def _built(what: str, name: str, table: Mapping[str, Builder], kind: str, rest: str) -> _Source:
    if name not in table:
        raise ParameterError(kind, name, "unknown", table)
    arguments = read_arguments(what, rest, table[name].parameters)
    table[name].require(what, arguments)
    return _Source(name=what, builder=table[name], arguments=arguments, is_file=False)
