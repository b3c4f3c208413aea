"""SweepSpec: what a sweep varies and what it keeps, as a TOML file or ``--set`` says it. Builds no graph.

The tables of a file: ``command`` (what runs at each point, a collective if nothing else), ``title`` and
``where`` (a text or a list of them), ``[base]`` with single values,
``[grid]`` whose keys are axes each, ``[[zip]]`` whose keys advance together, and all ``[[list]]`` together,
one axis of alternatives.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from fabric.machine.document import read_toml
from fabric.machine.toml_mistakes import TomlMistakes
from fabric.machine.toml_ways import Way
from fabric.words.errors import FabricsimError, ParameterError, inside
from sims.settings.assignments import read_assignments
from sims.settings.table import COLLECTIVES, spelled, table_of
from sims.settings.texts import defaults_of, resolve
from sims.studies.sweep.axis import MOST, Assignments, Axis, read_values
from sims.studies.sweep.condition import Condition
from sims.studies.sweep.tables import read_tables

__all__ = ["SweepError", "SweepSpec", "read_sweep", "sweep_text"]

_SHOWN = 10  # mistakes told before "and N more"
_EXTRA = ("endpoints",)  # what a condition may name beside settings and their parts


class SweepError(FabricsimError):
    """A sweep that cannot be run as described: ``SweepError(source, mistakes)``, all of them; ten shown."""

    def __init__(self, source: str, mistakes: Iterable[str]) -> None:
        self.source, self.mistakes = source, tuple(mistakes)
        super().__init__(source, self.mistakes)

    def __str__(self) -> str:
        more = len(self.mistakes) - _SHOWN
        shown = "; ".join(self.mistakes[:_SHOWN])
        return f"{self.source}: {shown}" + (f"; and {more:,} more" if more > 0 else "")


@dataclass(frozen=True, kw_only=True)
class SweepSpec:
    """``kind``: of its jobs.

    ``base``: (full key, text) of what is set for all points; ``axes``: in the order of the listing, the
    last varies fastest; ``where``: what every point has to fulfil. ``source`` is how errors call it.
    ``ways``: where in the file of that name each value stands, by its key and text.
    """

    kind: str = COLLECTIVES
    title: str = ""
    base: Assignments = ()
    axes: tuple[Axis, ...] = ()
    where: tuple[Condition, ...] = ()
    source: str = "sweep"
    ways: Mapping[tuple[str, str], Way] = field(default_factory=dict, compare=False, repr=False)

    @property
    def points(self) -> int:
        """Points before ``where`` and before equal ones become one: the product of the axes."""
        return math.prod(map(len, self.axes))

    def __len__(self) -> int:
        return self.points

    @property
    def topologies(self) -> list[str]:
        """As they are named in it, parts aside."""
        pairs = [*self.base, *(pair for axis in self.axes for choice in axis.choices for pair in choice)]
        return list(dict.fromkeys(text for key, text in pairs if key == "topology"))

    def combinations(self) -> Iterator[Assignments]:
        """What the axes assign at each point, in the order of the file."""
        for chosen in product(*(axis.choices for axis in self.axes)):
            yield tuple(pair for choice in chosen for pair in choice)


def read_sweep(path: str | os.PathLike[str] | None = None, sets: Sequence[str] = ()) -> SweepSpec:
    """The sweep in the TOML file ``path``, changed by ``sets``; without a file, of ``sets`` and defaults.

    ``sets``: texts ``key=v1,v2,...``. One value holds for all points, several are an axis of the grid; what
    the file says of the same key is replaced.

    Raises:
        FileFormatError: the file cannot be read or is no TOML.
        SweepError: every mistake that can be found without a graph.
    """
    source = "sweep" if path is None else str(path)
    content = {} if path is None else read_toml(path)
    mistakes = TomlMistakes(None if path is None else source)
    changes: list[tuple[str, list[str]]] = []
    with mistakes.at("command line"):
        changes = read_assignments(sets)
    ways: dict[tuple[str, str], Way] = {}  # by key and text
    base, axes = read_tables(content, mistakes, ways)
    kind = _command(content, mistakes)
    key_of = _names(base, axes, changes, kind)
    base, axes = _resolved(base, axes, key_of, mistakes, ways)
    for key, given in changes:
        with mistakes.at("--set"):
            base, axes = _changed(base, axes, key_of(key), given)
    _check_values(base, axes, mistakes, kind, ways)
    where = _conditions(content.get("where", []), key_of, mistakes)
    title = content.get("title", "")
    if not isinstance(title, str) or not title.isprintable():
        mistakes.note(f"{mistakes.where('title', ('title',))}: one line of text is needed")
    spec = SweepSpec(kind=kind, title=title, base=base, axes=axes, where=where, source=source, ways=ways)
    if spec.points > MOST:
        mistakes.note(
            f"{spec.points:,} points: at most {MOST:,}: fewer values, or several sweeps into one folder"
        )
    if path is not None and not (base or axes or changes or mistakes):
        mistakes.note('names nothing to sweep: settings in a table [grid], such as size = ["1MiB", "1GiB"]')
    if mistakes:
        raise SweepError(source, mistakes)
    return spec


def _names(
    base: Assignments, axes: Iterable[Axis], changes: Iterable[tuple[str, list[str]]], kind: str
) -> Callable[[str], str]:
    """What gives the full name of a key, bare parts held against all texts that a field may have."""
    usual = defaults_of(kind)
    texts: dict[str, list[str]] = {field: [text] for field, text in usual.items()}
    given = [*base, *(pair for axis in axes for choice in axis.choices for pair in choice)]
    given += [(key, text) for key, values in changes for text in values]
    for name in usual:
        named = list(dict.fromkeys(text for key, text in given if key.replace("-", "_") == name))
        texts[name] = named or texts[name]
    return lambda key: resolve(key, texts, kind)


def _command(content: Mapping[str, Any], mistakes: TomlMistakes) -> str:
    """The kind of job that a file sweeps; collectives where it does not say."""
    kind = content.get("command", COLLECTIVES)
    with mistakes.of("command", ("command",)):
        if not isinstance(kind, str):
            raise ParameterError("command", kind, "the name of a command, as a text")
        table_of(kind)
        return kind
    return COLLECTIVES


def _resolved(
    base: Assignments,
    axes: tuple[Axis, ...],
    key_of: Callable[[str], str],
    mistakes: TomlMistakes,
    ways: dict[tuple[str, str], Way],
) -> tuple[Assignments, tuple[Axis, ...]]:
    full: dict[str, str] = {}
    said: dict[str, Way] = {}  # by key
    for (key, _), way in ways.items():
        own = way[: next((i for i, step in enumerate(way[2:], 2) if isinstance(step, int)), None)]
        said.setdefault(key, own)
    for place, keys in [("[base]", [key for key, _ in base]), *((f"[{a.kind}]", a.keys) for a in axes)]:
        for key in keys:
            if key not in full:
                with mistakes.of(place, ()), inside(*said.get(key, ()), of_key=True):
                    full[key] = key_of(key)
    for (key, text), way in list(ways.items()):
        ways.setdefault((full.get(key, key), text), way)
    last = {full[key]: way for key, way in said.items() if key in full}
    _once("base", [full[key] for key, _ in base if key in full], mistakes, last)
    _once("two axes", [full[key] for axis in axes for key in axis.keys if key in full], mistakes, last)

    def renamed(pairs: Assignments) -> Assignments:
        return tuple((full[key], text) for key, text in pairs if key in full)

    return renamed(base), tuple(Axis(kind=a.kind, choices=tuple(map(renamed, a.choices))) for a in axes)


def _once(where: str, keys: Sequence[str], mistakes: TomlMistakes, last: Mapping[str, Way]) -> None:
    for key in (key for key, count in Counter(keys).items() if count > 1):
        mistakes.note(f"{mistakes.where(key, last.get(key, ()), of_key=True)}: given twice in {where}")


def _changed(
    base: Assignments, axes: tuple[Axis, ...], key: str, given: Sequence[str]
) -> tuple[Assignments, tuple[Axis, ...]]:
    values = read_values(key, list(given))
    grids = [i for i, axis in enumerate(axes) if axis.kind == "grid"]
    # A new axis stands behind the grid's others, as in a file, where the grid is one table.
    behind = grids[-1] + 1 if grids else len(axes)
    own_place = [i for i in grids if axes[i].keys == (key,)]
    others = [axis.without(key) if key in axis.keys else axis for axis in axes]
    base = tuple(pair for pair in base if pair[0] != key)
    if len(values) == 1:
        base = (*base, (key, values[0]))
    else:
        own = Axis(kind="grid", choices=tuple(((key, text),) for text in values))
        place = own_place[0] if own_place else behind
        others[place : place + len(own_place)] = [own]
    return base, tuple(axis for axis in others if axis.keys)


def _check_values(
    base: Assignments,
    axes: Iterable[Axis],
    mistakes: TomlMistakes,
    kind: str,
    ways: Mapping[tuple[str, str], Way],
) -> None:
    """Check each value of a field of which no part is set: those are checked when they are put together."""
    given = dict.fromkeys([*base, *(pair for axis in axes for choice in axis.choices for pair in choice)])
    in_parts = {key.partition(".")[0] for key, _ in given if "." in key}
    for key, text in given:
        if key not in in_parts and "." not in key:
            with mistakes.of(key, ways.get((key, text), ())):
                spelled(key, text, kind)


def _conditions(given: Any, key_of: Callable[[str], str], mistakes: TomlMistakes) -> tuple[Condition, ...]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        mistakes.note(f"{mistakes.where('where', ('where',))}: a text or a list of texts is needed")
        return ()
    found = []
    for number, text in enumerate(texts):
        with mistakes.of("where", ("where",) if isinstance(given, str) else ("where", number)):
            condition = Condition(text)
            for name in condition.names:
                if name not in _EXTRA and not name.endswith(".name"):
                    key_of(name)
            found.append(condition)
    return tuple(found)


def sweep_text(spec: SweepSpec) -> str:
    """TOML that ``read_sweep`` reads as this sweep, changes from the command line included."""
    lines = [f"command = {json.dumps(spec.kind)}"] if spec.kind else []
    lines += [f"title = {json.dumps(spec.title, ensure_ascii=False)}"] if spec.title else []
    if spec.where:
        lines.append(f"where = {_listed(condition.text for condition in spec.where)}")
    if spec.base:
        lines += ["", "[base]", *(f"{_quoted(key)} = {_quoted(text)}" for key, text in spec.base)]
    last = ""
    for axis in spec.axes:
        if axis.kind == "list":
            for choice in axis.choices:
                lines += ["", "[[list]]", *(f"{_quoted(key)} = {_quoted(text)}" for key, text in choice)]
        else:
            if axis.kind != "grid" or last != "grid":
                lines += ["", "[grid]" if axis.kind == "grid" else "[[zip]]"]
            for key in axis.keys:
                values = (text for choice in axis.choices for k, text in choice if k == key)
                lines.append(f"{_quoted(key)} = {_listed(values)}")
        last = axis.kind
    return "\n".join(lines).strip() + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _listed(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"
