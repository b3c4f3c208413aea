"""Two sets of rows held against each other: what was changed between them, and which rows belong together.

Computes ratios of what the rows hold; simulates, prints and draws nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fabric.words.counted import counted
from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.scenario.rows import is_results, read_rows
from sims.scenario.scenario import Scenario
from sims.scenario.tie import as_fast
from sims.settings.texts import parts_of, taken_apart

__all__ = ["Change", "Comparison", "Pair", "compare", "records_of"]

USUAL, SIZES = "ring,tree,halving-doubling", "1K:16G:x4"  # where a topology is simulated
Side: TypeAlias = Sequence[Row] | str | os.PathLike[str]
_NONE = "none"  # a part that one side does not have


@dataclass(frozen=True, kw_only=True)
class Change:
    """A setting that no row of A shares with a row of B, and its values on both sides."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(self.before)} -> {', '.join(self.after)}"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Rows of A and B that agree in all that was not changed. ``ratio``: the time of B over that of A."""

    a: Row
    b: Row

    @property
    def ratio(self) -> float:
        return self.b.time_s / self.a.time_s

    @property
    def verdict(self) -> int:
        """-1 where B is faster, 1 where it is slower, 0 where both are as fast (see ``as_fast``)."""
        a, b = self.a.time_s, self.b.time_s
        return 0 if as_fast(a, b) else 1 if b > a else -1


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """``changes``, and the ``pairs`` in the order of A; ``left_out``: rows of A and of B without a partner.

    ``varied``: the fields in which pairs differ from each other, the algorithm first, size and seed last.
    """

    changes: tuple[Change, ...]
    pairs: tuple[Pair, ...]
    left_out: tuple[int, int]
    varied: tuple[str, ...]

    def caution(self) -> str:
        """That the sides are different jobs, where pairs are of unlike numbers of ranks; "" where not."""
        unlike = {(p.a.scenario.ranks, p.b.scenario.ranks) for p in self.pairs}
        unlike = {(a, b) for a, b in unlike if a != b}
        if not unlike:
            return ""
        a, b = min(unlike)
        more = f" (and {counted(len(unlike) - 1, 'other pair')} of numbers)" if len(unlike) > 1 else ""
        same = f" {min(a, b)}" if len(unlike) == 1 else ""
        return f"of {a:,} and {b:,} ranks{more}: not the same job; --ranks{same} runs the same"

    def records(self) -> list[dict[str, Any]]:
        """A record per pair, of plain values: what varies, the keys, the numbers of both, the ratio."""
        return [
            {
                **{name: getattr(pair.a.scenario, name) for name in self.varied},
                "key_a": pair.a.key,
                "key_b": pair.b.key,
                "time_a_s": pair.a.time_s,
                "time_b_s": pair.b.time_s,
                "busbw_a_GBps": pair.a.busbw_GBps,
                "busbw_b_GBps": pair.b.busbw_GBps,
                "time_b_over_a": pair.ratio,
                "limit_a": pair.a.limit,
                "limit_b": pair.b.limit,
            }
            for pair in self.pairs
        ]


def compare(a: Side, b: Side, **settings: Any) -> Comparison:
    """Pair the rows of ``a`` with those of ``b``: rows, the path of some, or a topology, which is simulated.

    ``settings``: of what is simulated, as of sims.collective: ``collective`` (all-reduce), ``algorithm``
    (USUAL), ``sizes`` (SIZES) and those of CollectiveJob.

    A setting of which the two sides have no value in common was changed; of all others, the parts of texts
    such as ``topology.k`` included, a pair agrees. Rows of one seed, where nothing is drawn, stand for every
    seed of the other side.

    Raises:
        ParameterError: no rows agree, or several rows of one side are the same but for what was changed; a
            setting of what is simulated where nothing is.

    >>> found = compare("star:endpoints=4", "star:endpoints=8", algorithm="ring", sizes="1MiB")
    >>> print(*found.changes, sep=chr(10))
    topology.endpoints: 4 -> 8
    ranks: 4 -> 8
    """
    texts = [str(side) for side in (a, b) if isinstance(side, str | os.PathLike)]
    if settings and all(map(is_results, texts)):
        name, value = next(iter(settings.items()))
        raise ParameterError(name, value, "is of topologies that are simulated, and these are rows")
    a, b = (_side(side, settings) for side in (a, b))
    if not a or not b:
        raise ParameterError("rows", f"{len(a)} and {len(b)}", "a comparison needs rows on both sides")
    said = _settings([*a, *b])
    sides = said[: len(a)], said[len(a) :]
    names = [name for name in said[0] if name != "seed"]
    changed = [name for name in names if not _values(sides[0], name) & _values(sides[1], name)]
    kept = [name for name in names if name not in changed]
    groups = [_grouped(rows, own, kept, changed) for rows, own in zip((a, b), sides)]
    pairs = [pair for key, own in groups[0].items() for pair in _paired(own, groups[1].get(key, {}))]
    changes = [_change(name, sides) for name in changed]
    if not pairs:
        told = "; ".join(map(str, changes)) or "nothing but seeds and combinations"
        raise ParameterError("rows", f"{len(a)} and {len(b)}", f"no row of A belongs to one of B: {told}")
    used = {pair.a.key for pair in pairs}, {pair.b.key for pair in pairs}
    left_out = tuple(sum(row.key not in own for row in rows) for rows, own in zip((a, b), used))
    versions = tuple(tuple(dict.fromkeys(row.version for row in rows)) for rows in (a, b))
    if versions[0] != versions[1]:
        changes.append(Change(name="version", before=versions[0], after=versions[1]))
    return Comparison(
        changes=tuple(changes),
        pairs=tuple(pairs),
        left_out=(left_out[0], left_out[1]),
        varied=_varied([pair.a.scenario for pair in pairs]),
    )


def _side(side: Side, settings: Mapping[str, Any]) -> Sequence[Row]:
    if not isinstance(side, str | os.PathLike):
        bad = not isinstance(side, Sequence) or any(not isinstance(row, Row) for row in side)
        if bad:
            raise ParameterError("rows", side, "a list of rows, the path of some, or the text of a topology")
        return side
    if is_results(os.fspath(side)):
        return read_rows(side)
    from sims.jobs.allreduce import collective
    from sims.workload.collective import ALL_REDUCE

    how = {"collective": ALL_REDUCE.name, "sizes": SIZES, **settings}
    if how["collective"] == ALL_REDUCE.name:
        how.setdefault("algorithm", USUAL)
    return collective(fabric=side, **how)


def records_of(found: Sequence[Comparison], names: Sequence[str]) -> list[dict[str, Any]]:
    """The records of several comparisons with one A: with more than one, ``names`` say which B each is of."""
    if len(found) == 1:
        return found[0].records()
    fields = dict.fromkeys(name for one in found for record in one.records() for name in record)
    return [
        {"b": name, **{field: record.get(field) for field in fields}}
        for one, name in zip(found, names)
        for record in one.records()
    ]


def _settings(rows: Sequence[Row]) -> list[dict[str, str]]:
    """What makes each row, as texts; those of one name for all rows in parts, with their defaults."""
    found: list[dict[str, str]] = [{} for _ in rows]
    for field in Scenario.model_fields:
        texts = [str(getattr(row.scenario, field)) for row in rows]
        cut = [taken_apart(field, text) for text in texts]
        named = field.endswith("_digest") or len({name for name, _ in cut}) > 1
        for own, text, (name, parts) in zip(found, texts, cut):
            if named:
                own[field] = text
                continue
            own[field] = name
            defaults = {k: v for k, v in parts_of(field, text).items() if v is not None}
            own |= {f"{field}.{part}": value for part, value in {**defaults, **parts}.items()}
    names = dict.fromkeys(name for own in found for name in own)
    return [{name: own.get(name, _NONE) for name in names} for own in found]


def _values(settings: Sequence[Mapping[str, str]], name: str) -> set[str]:
    return {own[name] for own in settings}


def _change(name: str, sides: Sequence[Sequence[Mapping[str, str]]]) -> Change:
    before, after = (tuple(dict.fromkeys(own[name] for own in side)) for side in sides)
    return Change(name=name, before=before, after=after)


def _grouped(
    rows: Sequence[Row], settings: Sequence[Mapping[str, str]], kept: Sequence[str], changed: Sequence[str]
) -> dict[tuple[str, ...], dict[int, Row]]:
    """Rows by what both sides share, then by seed."""
    groups: dict[tuple[str, ...], dict[int, Row]] = {}
    for row, own in zip(rows, settings):
        group = groups.setdefault(tuple(own[name] for name in kept), {})
        other = group.setdefault(row.scenario.seed, row)
        if other.key != row.key:
            differ = [name for name in changed if len(_values(settings, name)) > 1]
            rule = "has several values on one side and none in common with the other: choose rows of one"
            raise ParameterError("rows", ", ".join(differ), rule)
    return groups


def _paired(a: Mapping[int, Row], b: Mapping[int, Row]) -> Iterator[Pair]:
    if len(a) == 1 or len(b) == 1:
        yield from (Pair(a=one, b=other) for one in a.values() for other in b.values())
    else:
        yield from (Pair(a=a[seed], b=b[seed]) for seed in a if seed in b)


def _varied(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    names = [name for name in Scenario.model_fields if not name.endswith("_digest")]
    counts = {name: len({getattr(scenario, name) for scenario in scenarios}) for name in names}
    several = [name for name in names if counts[name] > 1 and name != "seed"]
    order = sorted(several, key=lambda name: (name == "size_bytes", name != "algorithm"))
    return (*order, *(["seed"] if counts["seed"] > 1 else []))
