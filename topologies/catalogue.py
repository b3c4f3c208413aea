"""The catalogue: what can be named, and each question about a text in one call. Knows no name by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx

from fabric.words.errors import ParameterError
from topologies.named import FAMILIES, PRESETS, named
from topologies.parts.builder import Builder

__all__ = [
    "FAMILIES",
    "PRESETS",
    "Entry",
    "Explained",
    "canonical",
    "disclaimer",
    "disclaimers",
    "explain",
    "listing",
    "load",
    "parts_of",
    "source_digest",
]


def load(spec: str, *, nvlink: str | None = None) -> nx.Graph:
    """The topology that ``spec`` names.

    ``FAMILY:key=value,...`` builds one of ``FAMILIES``; ``preset:NAME`` or ``preset:NAME:key=value,...`` one
    of the presets; anything else is the path of a graph file, told apart by content, with what it does
    not say behind it: ``:nvlink=450GB/s`` of a dump, ``:hosts_per_switch=4`` of a graph of another program.
    ``nvlink``, a rate with its unit, says the same as an argument ``nvlink`` in the text.

    Raises:
        ParameterError: unknown family, preset or parameter (the legal ones are listed), an illegal value, or
            no such file.
        FileFormatError: the file has none of these formats, or breaks its own.
        TooLargeError: the topology would not fit in memory.

    >>> load("fat-tree:k=4").number_of_edges()
    48
    """
    return named(spec, nvlink=nvlink).graph()


def parts_of(spec: str) -> tuple[int, int] | None:
    """(nodes, edges) of the topology that ``spec`` names, counted without building it; None of a file.

    Raises as ``load``, of a file only what can be seen without reading it.
    """
    size = named(spec).size
    return size and (size.nodes, size.edges)


def canonical(spec: str) -> str:
    """The same topology in the one spelling: two texts that name the same give equal results.

    Loading the result gives the same graph. Raises as ``load`` for what can be seen without building.
    """
    return named(spec).text


def source_digest(spec: str) -> str:
    """SHA-256, in hexadecimal, of the contents of the file that ``spec`` names; "" where it names no file.

    Raises as ``load`` for a spec that names nothing.
    """
    return named(spec).digest


def disclaimer(spec: str) -> str:
    """What has to be said beside every figure of the preset that ``spec`` names, and of the name itself where
    the preset has another; "" where it names none.
    """
    head, _, rest = spec.strip().lower().partition(":")
    name = rest.partition(":")[0].strip()
    return PRESETS[name].claim(name) if head.strip() == "preset" and name in PRESETS else ""


def disclaimers(specs: Iterable[str]) -> list[str]:
    """What has to be said beside figures of all of ``specs``, each once."""
    return [said for said in dict.fromkeys(map(disclaimer, dict.fromkeys(specs))) if said]


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
    return [
        Entry(name=name, summary=_summary(name, builder), parameters=_defaults(builder))
        for name, builder in _everything().items()
    ]


class Explained(NamedTuple):
    """A parameter: ``default`` is its text, or says whether it must be given; ``line`` says what it is."""

    parameter: str
    default: str
    example: str
    line: str


def explain(name: str) -> list[Explained]:
    """Each parameter of a family or a preset (``preset:NAME``), in its order.

    Raises:
        ParameterError: nothing of this name; the legal ones are listed.

    >>> print(*explain("torus")[1], sep=" | ")
    endpoints_per_switch | 1 | 8 | endpoints of a switch; 1 or more
    """
    builder = _everything().get(name)
    if builder is None:
        raise ParameterError("topology", name, "no family or preset of this name", _everything())
    defaults = _defaults(builder)
    return [
        Explained(
            key,
            defaults[key] or ("must be given" if key in builder.needed else "none"),
            argument.spelling.example,
            f"{argument.line}; {argument.legal}",
        )
        for key, argument in builder.arguments.items()
    ]


def _everything() -> dict[str, Builder]:
    return {**FAMILIES, **{f"preset:{name}": preset for name, preset in PRESETS.items()}}


def _summary(name: str, builder: Builder) -> str:
    return builder.summary if name.endswith(builder.name) else f"another name of preset:{builder.name}"


def _defaults(builder: Builder) -> dict[str, str | None]:
    return {
        key: None if default is None else builder.parameters[key].write(default)
        for key, default in builder.defaults.items()
    }
