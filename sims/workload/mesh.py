"""Mesh: the dimensions that the ranks of a job are dealt over, and the groups of any of them.

``tp=8,pp=16,dp=rest``: the first dimension changes fastest from rank to rank, as in Megatron (whose order is
tp-cp-ep-dp-pp) and in Llama 3 (tp, cp, pp, dp). Knows no network and no schedule.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError
from fabric.words.grammar import read_pairs

__all__ = [
    "NO_GROUPS",
    "Mesh",
    "canonical_drift",
    "canonical_mesh",
    "canonical_over",
    "check_groups",
    "dealt",
    "group_size",
    "mesh_of",
]

NO_GROUPS = "none"
REST = "rest"
STAGES, OF_EXPERTS = "pp", "edp"  # what experts leave alone, and what they leave over
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FORM = "dimensions and their sizes, innermost first, such as tp=8,pp=16,dp=rest"


def _read(what: str, text: str) -> dict[str, int]:
    """The size of each dimension in ``mesh:tp=8,dp=rest`` or ``tp=8,dp=rest``; 0 for the rest."""
    plain = text.strip().removeprefix("mesh:")
    sizes: dict[str, int] = {}
    for name, size in read_pairs(what, plain, "tp=8").items():
        if not _NAME.fullmatch(name):
            raise ParameterError(what, name, "the name of a dimension: a letter, then letters and digits")
        whole = size.isascii() and size.isdigit() and len(size) < 10 and int(size) >= 1
        if not whole and size != REST:
            raise ParameterError(f"{what}: {name}", size, f"a whole number from 1, or {REST}")
        sizes[name] = int(size) if whole else 0
    if not sizes:
        raise ParameterError(what, text, _FORM)
    if list(sizes.values()).count(0) > 1:
        raise ParameterError(what, text, f"only one dimension can be the {REST}")
    return sizes


def _written(sizes: Mapping[str, int]) -> str:
    return ",".join(f"{name}={size or REST}" for name, size in sizes.items())


def canonical_mesh(what: str, text: str) -> str:
    """The one spelling of a mesh, which a list of settings does not take apart; ``none`` stays.

    Raises:
        ParameterError: it is not ``name=size,...``, or more than one size is the rest.

    >>> canonical_mesh("groups", "tp=8, dp=rest")
    'mesh:tp=8,dp=rest'
    """
    return text.strip() if text.strip() == NO_GROUPS else f"mesh:{_written(_read(what, text))}"


def canonical_drift(text: str) -> str:
    """The one spelling of a resolution: a share from 0, below 1.

    >>> canonical_drift("1e-2"), canonical_drift("0.0")
    ('0.01', '0')
    """
    if text.strip() == NO_GROUPS:
        return NO_GROUPS
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        rule = "a share of the time, from 0 (exact) and below 1, or none: all groups in step"
        raise ParameterError("drift", text, rule)
    return f"{share:.12g}"


def canonical_over(text: str) -> str:
    """The one spelling of the dimensions that make a group: sorted, as their nesting is that of the mesh.

    >>> canonical_over("dp+cp")
    'cp+dp'
    """
    names = [name.strip() for name in text.split("+")]
    for name in names if names != [NO_GROUPS] else ():
        if not _NAME.fullmatch(name) or names.count(name) > 1:
            raise ParameterError("over", text, "dimensions of the groups, each once, such as dp or dp+cp")
    return "+".join(sorted(names))


def check_groups(groups: str, experts: str, over: str, drift: str) -> None:
    """What can be seen without ranks of settings that belong together.

    Raises:
        ParameterError: one is given without the other.
    """
    for name, text in (("over", over), ("experts", experts), ("drift", drift)):
        if text != NO_GROUPS and groups == NO_GROUPS:
            said = text.removeprefix("mesh:")
            raise ParameterError(name, said, "is said of groups: give them, as in --groups tp=8,dp=rest")
    if groups != NO_GROUPS and over == NO_GROUPS:
        legal = [*_read("groups", groups), *(_read("experts", experts) if experts != NO_GROUPS else ())]
        raise ParameterError("over", None, "the dimension whose groups run", legal)


def group_size(groups: str, experts: str, over: str, ranks: int) -> int:
    """Ranks that work together: all where there are no groups. Raises as ``mesh_of``."""
    return ranks if groups == NO_GROUPS else mesh_of(groups, experts, over, ranks).size


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """The dimensions of some ranks, innermost first, each with its size, and those of which groups are made.

    ``experts``: the dimensions into which the ranks of one pipeline stage are folded for experts, likewise;
    none where nobody asked. ``over``: all of one of the two.
    """

    ranks: int
    dimensions: Mapping[str, int]
    experts: Mapping[str, int]
    over: tuple[str, ...]

    @property
    def folded(self) -> bool:
        """Whether the groups are made of dimensions of experts."""
        return not set(self.over) <= set(self.dimensions)

    @property
    def size(self) -> int:
        """Ranks of a group."""
        sizes = self.experts if self.folded else self.dimensions
        return math.prod(sizes[name] for name in self.over)

    @property
    def count(self) -> int:
        """How many groups there are."""
        return self.ranks // self.size

    def members(self) -> NDArray[np.int32]:
        """int32 [groups, ranks of a group]: the ranks of each, ascending where the dimensions are the mesh's.

        >>> mesh_of("tp=2,dp=rest", "none", "dp", 6).members().tolist()
        [[0, 2, 4], [1, 3, 5]]
        """
        table, names = self._table()
        chosen = [names.index(name) for name in names if name in self.over]
        others = [axis for axis in range(len(names)) if axis not in chosen]
        return np.ascontiguousarray(table.transpose([*others, *chosen])).reshape(-1, self.size)

    def label(self, group: int) -> str:
        """A group by its place in the other dimensions; nothing where there is only one.

        >>> mesh_of("tp=2,pp=3,dp=4", "none", "dp", 24).label(3)
        'tp=1,pp=1'
        """
        table, names = self._table()
        sizes = {name: table.shape[axis] for axis, name in enumerate(names) if name not in self.over}
        places = dict(zip(sizes, np.unravel_index(group, tuple(sizes.values())))) if sizes else {}
        return ",".join(f"{name}={int(place)}" for name, place in reversed(places.items()) if sizes[name] > 1)

    def _table(self) -> tuple[NDArray[np.int32], list[str]]:
        """The ranks as a table with an axis per dimension, the outermost first, and the name of each axis."""
        names = list(self.dimensions)[::-1]
        table = np.arange(self.ranks, dtype=np.int32).reshape([self.dimensions[name] for name in names])
        if not self.folded:
            return table, names
        stages = [STAGES] if STAGES in names else []
        table = np.moveaxis(table, names.index(STAGES), 0) if stages else table
        shape = [self.dimensions[name] for name in stages] + list(self.experts.values())[::-1]
        return table.reshape(shape), [*stages, *list(self.experts)[::-1]]


@lru_cache(maxsize=4096)
def mesh_of(groups: str, experts: str, over: str, ranks: int) -> Mesh:
    """The mesh of ``ranks`` ranks that the texts of the settings mean.

    Raises:
        ParameterError: the sizes do not make the ranks (the nearest that do are named), a dimension is not
            there, or a group would be of one rank.

    >>> mesh_of("tp=2,dp=rest", "ep=4", "ep", 16).members()[1].tolist()
    [4, 5, 6, 7]
    """
    dimensions, folded = dealt(groups, experts, ranks)
    names = tuple(over.split("+"))
    if not (set(names) <= set(dimensions) or set(names) <= set(folded)):
        there = [*dimensions, *folded]
        missing = [name for name in names if name not in there]
        rule = "no such dimension" if missing else "dimensions of experts and others do not make one group"
        raise ParameterError("over", "+".join(missing or names), rule, there)
    mesh = Mesh(ranks=ranks, dimensions=dimensions, experts=folded, over=names)
    if mesh.size == 1:
        raise ParameterError("over", over, f"makes groups of one rank, which has nobody to send to: {groups}")
    return mesh


def dealt(groups: str, experts: str, ranks: int) -> tuple[dict[str, int], dict[str, int]]:
    """The size of each dimension of ``groups``, and of ``experts``, in their order: of ``ranks`` ranks.

    Raises:
        ParameterError: the sizes do not make the ranks; the nearest that do are named.

    >>> dealt("tp=2,pp=2,dp=rest", "ep=2", 16)
    ({'tp': 2, 'pp': 2, 'dp': 4}, {'ep': 2, 'edp': 4})
    """
    dimensions = _sized("groups", _read("groups", groups), ranks)
    folded: dict[str, int] = {}
    if experts != NO_GROUPS:
        named = _read("experts", experts)
        if 0 not in named.values() and OF_EXPERTS not in named:
            named[OF_EXPERTS] = 0
        _require_apart(experts, named, dimensions)
        try:
            folded = _sized("experts", named, ranks // dimensions.get(STAGES, 1), " of a pipeline stage")
        except ParameterError as error:  # what is left was not said
            error.quote(experts.strip().removeprefix("mesh:"))
            raise
    return dimensions, folded


def _require_apart(text: str, named: Mapping[str, int], dimensions: Mapping[str, int]) -> None:
    for name in named:
        if name in dimensions:
            rule = "a dimension of groups already: experts are folded into the same ranks under other names"
            raise ParameterError("experts", text, f"{name} is {rule}")


def _sized(what: str, sizes: Mapping[str, int], ranks: int, of: str = "") -> dict[str, int]:
    """``sizes`` with the rest filled in.

    Raises:
        ParameterError: they do not make ``ranks``; names the nearest that do.
    """
    given = math.prod(filter(None, sizes.values()))
    if 0 in sizes.values() and ranks % given == 0:
        return {name: size or ranks // given for name, size in sizes.items()}
    if given == ranks and 0 not in sizes.values():
        return dict(sizes)
    words = f"{given:,} do not divide" if 0 in sizes.values() else f"make {given:,} and not"
    nearest = list(_nearest(sizes, ranks))
    if not of and given <= ranks:
        kept = given * (ranks // given) if 0 in sizes.values() else given
        nearest.insert(0, f"{_written(sizes)} with --ranks {kept} ({ranks - kept:,} stay out)")
    hint = f"; the nearest that do: {' or '.join(nearest[:3])}" if nearest else ""
    raise ParameterError(what, _written(sizes), f"{words} the {ranks:,} ranks{of}{hint}")


def _nearest(sizes: Mapping[str, int], ranks: int) -> Iterator[str]:
    """The same sizes with one of them changed such that they make ``ranks``, the least change first."""
    given, open_ = math.prod(filter(None, sizes.values())), 0 in sizes.values()
    found = []
    for name, size in sizes.items():
        others = given // size if size else given
        if not size or ranks % others:
            continue
        most = ranks // others
        legal = [n for n in range(1, min(most, 4 * size) + 1) if most % n == 0] if open_ else [most]
        new = min(legal, key=lambda n: abs(math.log(n / size)))
        found.append((abs(math.log(new / size)), _written({**sizes, name: new})))
    yield from (text for _, text in sorted(found))
