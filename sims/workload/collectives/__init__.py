"""Collectives: all-reduce algorithms as schedules, by name. No network, no clock.

A further algorithm is one function ``(n, ...) -> Schedule`` in a file of its own and one line in ALGORITHMS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fabric.words.errors import ParameterError
from fabric.words.units import parse_size
from sims.workload.collectives import doubling, hierarchical, ring, tree
from sims.workload.schedule import Schedule

__all__ = [
    "ALGORITHMS",
    "AUTO",
    "SLICES",
    "Algorithm",
    "build",
    "contenders",
    "format_algorithm",
    "is_auto",
    "parameters_of",
    "parse_algorithms",
    "sliced",
    "sliced_each",
    "split_algorithms",
]

AUTO = "auto"  # a legal name for parse_algorithms: the fastest of ``contenders``
# Slices of hierarchical algorithms where nobody says how many, and what pipeline=true means. With latency
# paid side by side more slices are never slower in the model, but each is a message of its own: so as few as
# come near the best. Of phases that take b_k s of bytes, m slices take max b + (sum b - max b) / m: with two
# kinds of links, inside servers and between them, 8 are within 1/8 of what any number can reach.
SLICES = 8
_MOST_CHANNELS = 1024  # as of the queue pairs of ECMP; NCCL has 64 at most
_MOST_SLICES = 4096


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """An entry of ALGORITHMS.

    Args:
        description: one line.
        parameters: names of what it takes, each a key of the parsers in this module.
        make: ``(n, servers, groups, **parameters) -> Schedule``.
        in_slices: runs in SLICES slices where nobody says how many. Not where phases are rounds: of rounds
            that share links each transfer has a rate of its own, and 100,000 in 8 slices take minutes.
    """

    description: str
    parameters: tuple[str, ...]
    make: Callable[..., Schedule]
    in_slices: bool = False


def _flat(algorithm: Callable[..., Schedule]) -> Callable[..., Schedule]:
    """``algorithm`` as ``make``: it takes no notice of servers and groups."""
    return lambda n, servers, groups, **params: algorithm(n, **params)


def _ring(n: int, servers: ArrayLike | None, groups: ArrayLike | None, **params: Any) -> Schedule:
    return ring.ring(n, servers=servers, **params)


def _grouped(name: str, algorithm: Callable[..., Schedule]) -> Callable[..., Schedule]:
    """``make`` of the hierarchical algorithm ``name`` with ``algorithm`` across the groups."""

    def make(
        n: int, servers: ArrayLike | None, groups: ArrayLike | None, *, pipeline: int = 1, **params: Any
    ) -> Schedule:
        if groups is None or np.shape(groups) != (n,):
            raise ParameterError("groups", groups, f"{name} needs the group of each of the {n} ranks")
        ranks = hierarchical.group_ranks(groups)
        return hierarchical.hierarchical(ranks, lambda m: algorithm(m, **params), name, pipeline=pipeline)

    return make


def _hierarchical(
    inner: str, algorithm: Callable[..., Schedule], *parameters: str, in_slices: bool = True
) -> Algorithm:
    return Algorithm(
        description=f"reduce-scatter in each group, {inner} across groups on each rail, all-gather in groups",
        parameters=("pipeline", *parameters),
        make=_grouped(f"hierarchical-{inner}", algorithm),
        in_slices=in_slices,
    )


ALGORITHMS: dict[str, Algorithm] = {
    "ring": Algorithm(
        description="2(n-1) steps of S/n round one ring per channel: all bandwidth, most steps",
        parameters=("channels",),
        make=_ring,
    ),
    "recursive-doubling": Algorithm(
        description="log2 n exchanges of the whole message: fewest steps, most bytes",
        parameters=(),
        make=_flat(doubling.recursive_doubling),
    ),
    "halving-doubling": Algorithm(
        description="2 log2 n exchanges of S/2, S/4, ... and back (Rabenseifner): all bandwidth, few steps",
        parameters=(),
        make=_flat(doubling.halving_doubling),
    ),
    "tree": Algorithm(
        description="up and down two binary trees with half the data each, pipelined in segments",
        parameters=("segment",),
        make=_flat(tree.double_binary_tree),
    ),
    "hierarchical-ring": _hierarchical("ring", ring.ring, "channels"),
    "hierarchical-tree": _hierarchical("tree", tree.double_binary_tree, "segment"),
    "hierarchical-halving-doubling": _hierarchical(
        "halving-doubling", doubling.halving_doubling, in_slices=False
    ),
}


def build(
    name: str,
    params: Mapping[str, Any],
    n: int,
    *,
    servers: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> Schedule:
    """The schedule of algorithm ``name`` for ``n`` ranks.

    Args:
        name: a key of ALGORITHMS.
        params: its parameters, as values or as text (``{"segment": "1MiB"}``).
        n: ranks.
        servers: int [n], the scale-up domain of each rank, -1 alone; ``ring`` goes server by server.
        groups: int [n], the group of each rank; the hierarchical algorithms need it.

    Raises:
        ParameterError: an unknown name or parameter, an illegal value, missing groups or groups of unequal
            size.

    >>> build("hierarchical-ring", {"pipeline": 2}, 8, groups=[0, 0, 0, 0, 1, 1, 1, 1])
    <Schedule hierarchical-ring: 8 ranks, 3 phases, 24 transfers>
    """
    if name not in ALGORITHMS:
        raise ParameterError("algorithm", name, "unknown algorithm", ALGORITHMS)
    return ALGORITHMS[name].make(n, servers, groups, **_parameters(name, params))


def parse_algorithms(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Names and parameters of a list such as ``ring:channels=4,tree:segment=1MiB``.

    Commas separate algorithms; a piece ``parameter=value`` without a name belongs to the algorithm before it.
    The same algorithm may come again with other parameters.

    Raises:
        ParameterError: an unknown name or parameter (lists the known ones), an illegal value, or the same
            thing said twice.

    >>> parse_algorithms("tree,hierarchical-ring:pipeline=true,channels=2")
    [('tree', {}), ('hierarchical-ring', {'pipeline': 8, 'channels': 2})]
    """
    found: list[tuple[str, dict[str, str]]] = []
    for piece in (part.strip() for part in text.split(",")):
        name, colon, setting = (part.strip() for part in piece.partition(":"))
        if not colon and "=" in piece:
            if not found:
                raise ParameterError("algorithm", piece, "a parameter needs an algorithm before it", _names())
            setting = piece
        elif name not in ALGORITHMS and name != AUTO:
            raise ParameterError("algorithm", name, "unknown algorithm", _names())
        else:
            found.append((name, {}))
        if colon or setting:
            _add(*found[-1], setting)
    parsed = [(name, _parameters(name, params)) for name, params in found]
    for k, one in enumerate(parsed):
        if one in parsed[:k]:
            raise ParameterError("algorithm", text, f"{one[0]!r} is given twice")
    return parsed


def format_algorithm(name: str, params: Mapping[str, Any]) -> str:
    """The text of one algorithm that :func:`parse_algorithms` reads back: parameters by name, sizes in bytes.

    Equal algorithms have equal texts, however they were written.

    Raises:
        ParameterError: as :func:`parse_algorithms`.

    >>> format_algorithm("hierarchical-tree", {"segment": "64KiB", "pipeline": True})
    'hierarchical-tree:pipeline=8,segment=65536'
    """
    if name not in _names():
        raise ParameterError("algorithm", name, "unknown algorithm", _names())
    settings = ",".join(f"{key}={value}" for key, value in sorted(_parameters(name, params).items()))
    return f"{name}:{settings}" if settings else name


def sliced(text: str, engine: str) -> str:
    """The text of an algorithm as users mean it, who say nothing of slices: with ``SLICES`` of them.

    Rows say how many ran, so a text that stands in a row without a number means what it always did: no
    slices. Closed forms (``bound``) know no phases side by side; there it means none, too, and where the
    algorithm is not ``in_slices``. Checks nothing.

    >>> sliced("hierarchical-ring", "flow"), sliced("hierarchical-ring", "bound"), sliced("ring", "flow")
    ('hierarchical-ring:pipeline=8', 'hierarchical-ring', 'ring')
    """
    name, colon, rest = text.partition(":")
    takes = is_auto(text) or (name.strip() in ALGORITHMS and ALGORITHMS[name.strip()].in_slices)
    if engine == "bound" or not takes or "pipeline" in rest:
        return text
    return f"{text}{',' if rest.strip() else '' if colon else ':'}pipeline={SLICES}"


def sliced_each(text: str, engine: str) -> str:
    """``sliced`` for each algorithm of a list; what then is the same stands once.

    Raises:
        ParameterError: as :func:`parse_algorithms`.

    >>> sliced_each("ring,hierarchical-ring,hierarchical-ring:pipeline=8", "flow")
    'ring,hierarchical-ring:pipeline=8'
    """
    texts = [sliced(format_algorithm(*item), engine) for item in parse_algorithms(text)]
    once = dict.fromkeys(format_algorithm(*item) for one in texts for item in parse_algorithms(one))
    return ",".join(once)


def split_algorithms(text: str) -> list[str]:
    """The text of each algorithm of a list, in its one spelling. Raises as :func:`parse_algorithms`.

    >>> split_algorithms("ring:channels=2,tree")
    ['ring:channels=2', 'tree']
    """
    return [format_algorithm(*one) for one in parse_algorithms(text)]


def is_auto(text: str) -> bool:
    """Whether the text of an algorithm leaves the choice to the model."""
    return text.partition(":")[0].strip() == AUTO


def contenders(text: str) -> tuple[str, ...]:
    """The algorithms that ``auto`` chooses from, those ``in_slices`` in as many as its text says.

    >>> contenders("auto:pipeline=4")[-2:]
    ('hierarchical-tree:pipeline=4', 'hierarchical-halving-doubling')
    """
    ((_, params),) = parse_algorithms(text)
    return tuple(
        format_algorithm(name, params if entry.in_slices else {}) for name, entry in ALGORITHMS.items()
    )


def parameters_of(name: str) -> tuple[str, ...]:
    """What the algorithm of this name takes; nothing where there is none."""
    if name == AUTO:
        return ("pipeline",)
    return ALGORITHMS[name].parameters if name in ALGORITHMS else ()


def _names() -> tuple[str, ...]:
    return (*ALGORITHMS, AUTO)


def _add(name: str, params: dict[str, str], setting: str) -> None:
    key, equals, value = (part.strip() for part in setting.partition("="))
    if not equals or not key or not value:
        raise ParameterError(name, setting, f"write a parameter as {name}:parameter=value")
    if key in params:
        raise ParameterError(f"{name}:{key}", value, f"given twice, {params[key]!r} before")
    params[key] = value


def _parameters(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """``params`` checked and as values."""
    legal = parameters_of(name)
    for key in params:
        if key not in legal:
            rule = f"unknown parameter of {name}" + ("" if legal else ", which takes none")
            raise ParameterError("algorithm parameter", key, rule, legal)
    return {key: _PARSERS[key](f"{name}:{key}", value) for key, value in params.items()}


def _whole(name: str, value: Any) -> int:
    text = str(value).strip()
    if (
        isinstance(value, bool)
        or not (text.isascii() and text.isdigit() and len(text) < 1000)
        or int(text) < 1
    ):
        raise ParameterError(name, value, "a whole number, at least 1")
    return int(text)


def _channels(name: str, value: Any) -> int:
    return _at_most(_MOST_CHANNELS, name, value, "rings beyond the ranks of a server repeat the first ones")


def _pipeline(name: str, value: Any) -> int:
    if str(value).strip().lower() in ("true", "false"):
        return SLICES if str(value).strip().lower() == "true" else 1
    return _at_most(_MOST_SLICES, name, value, "each slice is sent in every phase")


def _at_most(most: int, name: str, value: Any, why: str) -> int:
    """A whole number that a run can follow: each of so many parts costs time and memory of its own."""
    text = str(value).strip()
    if len(text) > 18 or _whole(name, value) > most:
        raise ParameterError(name, value, f"a whole number from 1 to {most:,}: {why}")
    return int(text)


_PARSERS: dict[str, Callable[[str, Any], int]] = {
    "channels": _channels,
    "segment": lambda name, value: parse_size(value, name),
    "pipeline": _pipeline,
}
