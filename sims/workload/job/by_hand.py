"""A step by hand: a list of what every rank computes and of collectives, as tasks. Knows no file, no fabric.

An entry waits for the one before it, or those that its ``after`` names. A collective with ``overlap`` goes
by buckets behind the computing of that name, and nobody waits for it but whoever names it, and the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fabric.words.errors import ParameterError, inside
from fabric.words.units import parse_size, parse_time
from sims.workload.collective import collective_named
from sims.workload.job.tasks import Part, Task, check_tasks

__all__ = ["RANKS", "Entry", "canonical_steps", "hand_call", "hand_tasks", "read_steps"]

RANKS = "ranks"  # the lane in which all of them compute
_COMPUTE, _COLLECTIVE = (
    {"compute", "name", "after"},
    {*("collective", "over", "size", "algorithm", "buckets", "overlap", "name", "after")},
)
_MOST_BUCKETS = 10_000
_NAME = re.compile(r"[\w ./:+-]+")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that all ranks do: ``compute`` s, or ``buckets`` collectives of ``size`` bytes in all.

    ``over``: the dimensions whose groups run it; ``overlap``: the name of the computing that it goes behind;
    ``after``: names of what it waits for, None: the entry before it.
    """

    name: str
    compute: float = 0.0
    collective: str = ""
    over: str = ""
    size: int = 0
    algorithm: str = "ring"
    buckets: int = 1
    overlap: str = ""
    after: tuple[str, ...] | None = None


def hand_call(one: Entry) -> str:
    """The name of the program of all groups that an entry runs.

    >>> hand_call(Entry(name="a", collective="all-reduce", over="dp"))
    'dp all-reduce ring'
    """
    return f"{one.over} {one.collective} {one.algorithm}"


def canonical_steps(text: str) -> str:
    """The one spelling of entries as JSON; "" stays.

    >>> canonical_steps('[{"compute": "2 ms"}, {"collective": "all-reduce", "over": "dp", "size": "1MB"}]')
    '[{"compute":"2 ms"},{"collective":"all-reduce","over":"dp","size":"1MB"}]'
    """
    if not text.strip():
        return ""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise ParameterError("steps", text[:80], "a list of entries as JSON") from None
    hand_tasks(read_steps(given))
    return json.dumps(given, separators=(",", ":"))


def read_steps(given: Any) -> tuple[Entry, ...]:
    """Entries, each a table as a TOML file has it.

    Raises:
        ParameterError: an unknown key, a time or size without its unit, a name that nothing has or two have.

    >>> read_steps([{"compute": "12ms", "name": "backward"}])[0].compute
    0.012
    """
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise ParameterError("step", None, "a list of entries, each a table [[step]]")
    entries: list[Entry] = []
    for number, one in enumerate(given):
        with inside(number, table=one):
            entries.append(_entry(number + 1, one))
    found = tuple(entries)
    for number, one in enumerate(found):
        with inside(number, table=given[number]):
            _check_names(number + 1, one, found)
    return found


def _check_names(number: int, one: Entry, found: Sequence[Entry]) -> None:
    names = [other.name for other in found]
    if names.count(one.name) > 1:
        raise ParameterError(f"step {number}: name", one.name, "two entries are called so")
    computing = [other.name for other in found if not other.collective]
    if one.overlap and one.overlap not in computing:
        rule = "no computing of that name"
        raise ParameterError(f"step {number}: overlap", one.overlap, rule, computing)
    for place, other in enumerate(one.after or ()):
        if other not in names:
            with inside("after", place):
                raise ParameterError(f"step {number}: after", other, "no entry of that name", names)


def _entry(number: int, given: Mapping[str, Any]) -> Entry:
    where = f"step {number}"
    if ("compute" in given) == ("collective" in given):
        raise ParameterError(where, ", ".join(given), "either compute or collective is needed")
    legal = _COMPUTE if "compute" in given else _COLLECTIVE
    for key in given:
        if key not in legal:
            with inside(key, of_key=True):
                raise ParameterError(f"{where}: {key}", given[key], "unknown", sorted(legal))
    after = given.get("after")
    if after is not None:
        after = (after,) if isinstance(after, str) else after
        if not isinstance(after, list | tuple) or not all(isinstance(one, str) for one in after):
            raise ParameterError(f"{where}: after", after, "a name, or a list of names")
        after = tuple(after)
    if "compute" in given:
        seconds = parse_time(str(given["compute"]), f"{where}: compute")
        return Entry(name=_name(where, given, f"compute {number}"), compute=seconds, after=after)
    for key in ("over", "size"):
        if key not in given:
            raise ParameterError(f"{where}: {key}", None, "a collective needs it")
    over, operation = str(given["over"]), collective_named(str(given["collective"])).name
    if not _NAME.fullmatch(over):
        raise ParameterError(f"{where}: over", over, "dimensions of groups, such as dp or tp+cp, or all")
    buckets = given.get("buckets", 1)
    if isinstance(buckets, bool) or not isinstance(buckets, int) or not 1 <= buckets <= _MOST_BUCKETS:
        raise ParameterError(f"{where}: buckets", buckets, f"a whole number from 1 to {_MOST_BUCKETS:,}")
    return Entry(
        name=_name(where, given, f"{over} {operation} {number}"),
        collective=operation,
        over=over,
        size=parse_size(str(given["size"]), f"{where}: size"),
        algorithm=str(given.get("algorithm", "linear" if operation == "all-to-all" else "ring")),
        buckets=buckets,
        overlap=str(given.get("overlap", "")),
        after=after,
    )


def _name(where: str, given: Mapping[str, Any], usual: str) -> str:
    name = given.get("name", usual)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ParameterError(f"{where}: name", name, "letters, digits, spaces and ./:+-")
    return name


def hand_tasks(entries: Sequence[Entry]) -> list[Task]:
    """The tasks of a step of which each rank does the same.

    Raises:
        ParameterError: entries wait for each other.

    >>> entries = read_steps([{"compute": "8ms", "name": "backward"}, {"collective": "reduce-scatter",
    ...                        "over": "dp", "size": "1GB", "buckets": 2, "overlap": "backward"}])
    >>> for task in hand_tasks(entries):
    ...     print(task.name, task.after)
    backward.0 ()
    backward.1 (0,)
    dp reduce-scatter 2.0 (0,)
    dp reduce-scatter 2.1 (1,)
    end (1, 2, 3)
    """
    pieces = {one.name: 1 for one in entries}
    for one in entries:
        if one.overlap:
            pieces[one.overlap] = max(pieces[one.overlap], one.buckets)
        elif one.collective:
            pieces[one.name] = one.buckets
    for one in entries:
        if one.overlap:
            pieces[one.name] = one.buckets
    first: dict[str, int] = {}
    count = 0
    for one in entries:
        first[one.name], count = count, count + pieces[one.name]
    made: list[Task] = []
    before: str | None = None
    for one in entries:
        waits = [first[name] + pieces[name] - 1 for name in (one.after or ())]
        if one.after is None and before is not None and not one.overlap:
            waits = [first[before] + pieces[before] - 1]
        for number in range(pieces[one.name]):
            after = list(waits) if number == 0 else [first[one.name] + number - 1]
            if one.overlap:  # bucket k of n is there when so much of the computing is done
                share = -(-(number + 1) * pieces[one.overlap] // one.buckets)
                after = [*waits, first[one.overlap] + share - 1]
            made.append(_task(one, number, pieces[one.name], tuple(dict.fromkeys(after))))
        if not one.overlap:
            before = one.name
    sent = [first[one.name] + i for one in entries if one.collective for i in range(pieces[one.name])]
    last = [] if before is None else [first[before] + pieces[before] - 1]
    made.append(Task(name="end", lane=RANKS, parts=(Part(),), after=tuple(dict.fromkeys([*last, *sent]))))
    check_tasks(made)
    return made


def _task(one: Entry, number: int, pieces: int, after: tuple[int, ...]) -> Task:
    name = one.name if pieces == 1 else f"{one.name}.{number}"
    if not one.collective:
        return Task(name=name, lane=RANKS, parts=(Part(seconds=one.compute / pieces),), after=after)
    part = Part(kind=one.over, call=hand_call(one), size=one.size / pieces)
    return Task(name=name, lane=f"{RANKS} {one.over}", parts=(part,), after=after)
