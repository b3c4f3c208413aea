"""A topology that a text names: a family with arguments, a preset, or a graph file. The text is read once.

Knows all names, as every family and every preset is found where it stands, and which reader a file needs.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import networkx as nx

from fabric.machine.no_file import no_file
from fabric.words.errors import FileFormatError, ParameterError, SchemaError
from fabric.words.given import require
from fabric.words.grammar import read_arguments
from topologies.parts.arrays import Arrays, left_as_arrays
from topologies.parts.builder import Builder, builders_in
from topologies.parts.memory import Size, size_of
from topologies.presets.preset import Preset

if TYPE_CHECKING:
    from fabric import Fabric

__all__ = ["FAMILIES", "LARGE", "PRESETS", "NamedTopology", "named"]

LARGE = 500_000  # endpoints from which on a graph that is only compiled is not built by NetworkX

FAMILIES: dict[str, Builder] = builders_in("topologies.families")
PRESETS: dict[str, Preset] = {  # by each of its names; rows and keys have the first
    name: builder
    for builder in builders_in("topologies.presets").values()
    if isinstance(builder, Preset)
    for name in (builder.name, *builder.also)
}

_SERVER = re.compile(r"(?:^|,)\s*server\s*=([^,]*)(?:,|$)")  # a file that says what a server is
_FILE = Builder(name="file", function=nx.Graph)  # of what is named without arguments
_WITH_ARGUMENTS = re.compile(r"(.+):([A-Za-z_]+=[^:]*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class NamedTopology:
    """What a text names: ``name``, which is FAMILY, preset:NAME or the path of a file, and its arguments.

    Two that are equal in name and arguments build the same graph. Nothing is built before it is asked for.

    >>> tree = named("fat-tree: rate=50GB/s, nvlink=0.9TB/s, gpus_per_server=4, k=4")
    >>> tree.text
    'fat-tree:k=4,gpus_per_server=4,nvlink=7.2Tbps'
    >>> tree.size
    Size(nodes=40, edges=64, endpoints=16, switches=20, places=8)
    """

    name: str
    builder: Builder
    arguments: Mapping[str, Any]
    is_file: bool
    called: str = field(default="", compare=False)  # of a preset that was asked for by another of its names

    @cached_property
    def text(self) -> str:
        """The one spelling: arguments in their order, units as usual, defaults left out."""
        return self.builder.spelled(self.arguments, self.name)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the contents of the file when first asked; "" where there is none."""
        if not self.is_file:
            return ""
        digest = hashlib.sha256()
        try:
            with open(self.name, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise FileFormatError(self.name, "", f"cannot be read: {error.strerror}") from None
        return digest.hexdigest()

    @property
    def disclaimer(self) -> str:
        """What has to be said beside every figure of a preset, and for what the name stands by which it was
        asked for, if it has another; "" of what is no preset.
        """
        return self.builder.claim(self.called) if isinstance(self.builder, Preset) else ""

    @property
    def network(self) -> str:
        """The kind of network that a preset has, or the dump of a subnet manager; "" of what says nothing."""
        if isinstance(self.builder, Preset):
            return self.builder.network
        if not self.is_file:
            return ""
        from topologies.files.exchange import file_format

        return "InfiniBand" if file_format(self.name) in ("ibnetdiscover", "iblinkinfo") else ""

    @cached_property
    def size(self) -> Size | None:
        """Its counts, without building; None of a file. Raises as ``graph``."""
        with left_as_arrays(LARGE):  # as the fabric is made
            return None if self.is_file else size_of(lambda: self.builder.function(**self.arguments))

    def graph(self) -> nx.Graph:
        """The graph, built or read anew at each call, as it is too large to be kept in passing.

        Raises:
            ParameterError: an illegal value.
            FileFormatError: the file has no format that is known, or breaks its own.
            TooLargeError: the topology would not fit in memory.
        """
        if not self.is_file:
            G = self.builder.function(**self.arguments)
            if self.called:
                G.graph["disclaimer"] = self.disclaimer
            return G
        from topologies.files.exchange import read_graph, reading_graph

        with reading_graph(self.name):
            if self.arguments:
                return self.builder.function(self.name, **self.arguments)
            G = read_graph(self.name)
        if len(G) and not any("kind" in data for _, data in G.nodes(data=True)):
            rule = f"its {len(G):,} nodes do not say what they are: say it behind the path, as "
            rule += f"{self.name}:hosts_per_switch=4 (all are switches) or :hosts=gpu-* (those are none)"
            raise FileFormatError(self.name, "", rule)
        return G

    def compilable(self) -> nx.Graph | Arrays:
        """The graph, for ``Fabric.from_graph`` alone: left as arrays from ``LARGE`` endpoints on."""
        with left_as_arrays(LARGE):
            return self.graph()

    def fabric(self, *, allow_partition: bool = False) -> Fabric:
        """The graph compiled. Raises as ``graph`` and ``Fabric.from_graph``."""
        from fabric import Fabric

        with self.placing():
            return Fabric.from_graph(self.compilable(), allow_partition=allow_partition)

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Inside, what breaks the schema of a graph from a file is said with its place in the file.

        Raises:
            FileFormatError: in place of SchemaError, where the format tells places.
        """
        try:
            yield
        except SchemaError as error:
            if not self.is_file:
                raise
            from topologies.files.schema_place import placed

            raise placed(self.name, error) from None


def named(text: str, *, nvlink: str | None = None) -> NamedTopology:
    """The topology that ``text`` names, which is read and not built. ``nvlink`` is an argument said apart.

    Raises:
        ParameterError: unknown family, preset or parameter (the legal ones are listed), a value that is not
            of its type, one that is missing, or no such file.
    """
    require("topology", text, (str, os.PathLike), "a text such as fat-tree:k=8, or the path of a file")
    found = _read(os.fspath(text).strip())
    if nvlink is None:
        return found
    if "nvlink" in found.arguments:
        raise ParameterError("nvlink", nvlink, f"given twice: {text} says it too")
    require("nvlink", nvlink, str, "a rate with its unit, such as 450GB/s, as a text")
    builder = _file_builder(found.name, f"nvlink={nvlink}") if found.is_file else found.builder
    if "nvlink" not in builder.parameters:
        raise ParameterError("nvlink", nvlink, f"{found.name} has no such parameter")
    rate = builder.parameters["nvlink"].read("nvlink", nvlink)
    return NamedTopology(
        name=found.name,
        builder=builder,
        arguments={**found.arguments, "nvlink": rate},
        is_file=found.is_file,
        called=found.called,
    )


def _file_builder(path: str, text: str) -> Builder:
    """What takes the arguments behind the path of a file; readers are imported when there are some."""
    from topologies.files import arguments

    return arguments.file_builder(path, text)


def _read(text: str) -> NamedTopology:
    head, _, rest = text.partition(":")
    head = head.strip()
    if head.lower() in FAMILIES and not os.path.isfile(text):
        head = head.lower()
    if head.lower() == "preset":
        preset, _, rest = (piece.strip() for piece in rest.partition(":"))
        own = PRESETS[preset.lower()].name if preset.lower() in PRESETS else preset
        called = "" if own in (preset, preset.lower()) else preset.lower()
        return replace(_built(f"preset:{own}", own, PRESETS, "preset", rest), called=called)
    if head in FAMILIES:
        return _built(head, head, FAMILIES, "family", rest)
    if os.path.isfile(text):
        return NamedTopology(name=text, builder=_FILE, arguments={}, is_file=True)
    match = _WITH_ARGUMENTS.fullmatch(text)
    path = match[1] if match else text
    if not os.path.exists(path) and set("*?[") & set(path):
        return _read(_matching(path) + text[len(path) :])
    if match and os.path.isfile(path):
        builder = _file_builder(path, match[2])
        arguments = read_arguments(path, match[2], builder.parameters)
        return NamedTopology(name=path, builder=builder, arguments=arguments, is_file=True)
    if os.path.isdir(path):
        raise ParameterError("topology", path, "a folder: the path of a graph file is needed")
    if os.path.exists(path):
        raise ParameterError("topology", path, "a device or pipe: the path of a graph file is needed")
    if "/" in path or os.sep in path or os.path.splitext(path)[1]:
        raise ParameterError("topology", path, "no such file")
    rule = "no family of this name and no such file: FAMILY:key=value,..., preset:NAME or a path is needed"
    every = [*FAMILIES, *(f"preset:{name}" for name in PRESETS)]
    if head.isdecimal():
        such = f"star:endpoints={head}, fat-tree:endpoints={head},radix=64 or preset:colossus-100k"
        raise ParameterError("topology", head, f"a number names no fabric: say of which kind, as {such}")
    from difflib import get_close_matches

    if near := get_close_matches(head, every, n=1):
        raise ParameterError(
            "topology", head, f"{rule} (did you mean {near[0]!r}? fabricsim topology list has all)"
        )
    raise ParameterError("topology", head, rule, every)


def _matching(pattern: str) -> str:
    """The one file that a pattern matches, as shells leave alone what has arguments behind it."""
    from glob import glob

    found = [path for path in sorted(glob(pattern)) if os.path.isfile(path)]
    if len(found) != 1:
        rule = f"matches {len(found):,} files, and one is needed" if found else "matches no file"
        raise ParameterError("topology", pattern, rule, found[:5])
    return found[0]


def _built(what: str, name: str, table: Mapping[str, Builder], kind: str, rest: str) -> NamedTopology:
    if name not in table:
        raise ParameterError(kind, name, "unknown", table)
    if match := _SERVER.search(rest):
        rest = _SERVER.sub(f",{_of_server(what, match[1].strip(), table[name], rest)},", rest)
    arguments = read_arguments(what, rest, table[name].parameters)
    table[name].require(what, arguments)
    return NamedTopology(name=what, builder=table[name], arguments=arguments, is_file=False)


def _of_server(what: str, path: str, builder: Builder, rest: str) -> str:
    """What NCCL's topology of a server says as arguments of a family: its GPUs, NVLink and rate."""
    from topologies.files.nccl_topo import read_server

    needed = ("gpus_per_server", "nvlink", "rate")
    if not set(needed) <= builder.parameters.keys() or not os.path.isfile(path):
        rule = no_file(path, "no such file: NCCL's topology XML of a server is needed")
        if not set(needed) <= builder.parameters.keys():
            rule = f"{what} takes no gpus_per_server, nvlink and rate, which the file would say"
        raise ParameterError("server", path, rule)
    found = read_server(path)
    if not found.nics:
        raise FileFormatError(path, "", "names no NIC, whose rate is that of a GPU's cable")
    values: dict[str, Any] = {"gpus_per_server": found.gpus, "nvlink": found.nvlink, "rate": found.rate}
    for key in needed:
        if re.search(rf"(?:^|,)\s*{key}\s*=", rest):
            raise ParameterError(key, rest, f"given twice: {path} says it too")
    return ",".join(f"{key}={builder.parameters[key].write(value)}" for key, value in values.items())
