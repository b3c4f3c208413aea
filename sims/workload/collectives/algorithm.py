"""Algorithm: one way to do a collective, and the table of all of them, which files of this folder fill.

A further algorithm is one file: a function ``(n, ...) -> Schedule`` under :func:`algorithm`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from numpy.typing import ArrayLike

from fabric.words.errors import ParameterError
from fabric.words.parameter import Parameter
from sims.workload.collective import ALL_REDUCE, COLLECTIVES, Collective, collective_named
from sims.workload.collectives.parameters import protocols
from sims.workload.schedule import Schedule

__all__ = ["AUTO", "PROTOCOL", "Algorithm", "algorithm", "algorithms", "build", "typed"]

AUTO = "auto"  # a legal name in texts: the fastest of all that fit
PROTOCOL = "protocol"  # how NCCL moves the bytes, which a schedule does not depend on
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_WHO = ("servers", "groups", "root", "parts")
_LAST = 1000

_Make = TypeVar("_Make", bound=Callable[..., Schedule])


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """An entry of the table of a collective.

    Args:
        collective: the name of what it does.
        name: unique among the algorithms of its collective.
        description: one line.
        parameters: what a text may set, each an argument of ``make``.
        make: ``(n, **needs, **parameters) -> Schedule``.
        needs: which of ``servers`` and ``groups`` (the label of each rank), ``root`` and ``parts`` (what each
            gets) ``make`` takes.
        in_slices: runs in SLICES slices where nobody says how many. Not where phases are rounds: of rounds
            that share links each transfer has a rate of its own, and 100,000 in 8 slices take minutes.
        order: its place in lists; of equally fast ones ``auto`` takes the first.
        usual: runs where nobody names any.
        asked: runs only where it is named: ``auto`` does not choose it, as not every fabric can.
        nccl: what NCCL calls it (ring, tree, nvls, nvls-tree, pat), whose ``protocol`` a text may then say.
    """

    collective: str
    name: str
    description: str
    parameters: Mapping[str, Parameter]
    make: Callable[..., Schedule]
    needs: tuple[str, ...]
    in_slices: bool = False
    order: int = _LAST
    usual: bool = True
    asked: bool = False
    nccl: str = ""


_TABLE: dict[str, dict[str, Algorithm]] = {}


def algorithm(
    collective: Collective,
    name: str,
    description: str,
    *,
    in_slices: bool = False,
    order: int = _LAST,
    usual: bool = True,
    asked: bool = False,
    nccl: str = "",
    **parameters: Parameter,
) -> Callable[[_Make], _Make]:
    """Enter the function below into the table, as ``name`` among the algorithms of ``collective``.

    The function takes ``n``, the number of ranks, and where it has arguments of these names ``servers`` and
    ``groups``, int [n] each or None, ``root``, and all of ``parameters``. It is returned as it is. The
    others as of Algorithm. A file that uses this in a folder of sims.workload.collectives is all that an
    algorithm needs.

    Raises:
        ValueError: the name is taken or cannot stand in a text, the collective is not the one of its name, or
            the function does not take a parameter.
    """
    table = _TABLE.setdefault(collective.name, {})
    if COLLECTIVES.get(collective.name) is not collective:
        raise ValueError(f"{collective.name} is not in COLLECTIVES, so that no scenario can be of it")
    if name in table or name == AUTO or not _NAME.fullmatch(name):
        raise ValueError(f"an algorithm of {collective.name} cannot be called {name!r}: taken, or no name")

    def enter(make: _Make) -> _Make:
        takes = inspect.signature(make).parameters
        open_ended = any(one.kind is one.VAR_KEYWORD for one in takes.values())
        missing = [key for key in parameters if key not in takes and not open_ended]
        if missing:
            raise ValueError(f"{name} of {collective.name} does not take {', '.join(missing)}")
        table[name] = Algorithm(
            collective=collective.name,
            name=name,
            description=description,
            parameters={**parameters, PROTOCOL: protocols(nccl)} if nccl else parameters,
            make=make,
            needs=tuple(who for who in _WHO if who in takes),
            in_slices=in_slices,
            order=order,
            usual=usual,
            asked=asked,
            nccl=nccl,
        )
        ordered = sorted(table.values(), key=lambda one: (one.order, one.name))
        table.clear()
        table.update({one.name: one for one in ordered})
        return make

    return enter


def algorithms(collective: str = ALL_REDUCE.name) -> Mapping[str, Algorithm]:
    """The algorithms of a collective by name, in the order of lists; none where there is no such collective.

    >>> list(algorithms("all-reduce"))[:4]
    ['ring', 'recursive-doubling', 'tree', 'halving-doubling']
    """
    return _TABLE.get(collective, {})


def build(
    name: str,
    params: Mapping[str, Any],
    n: int,
    *,
    collective: str = ALL_REDUCE.name,
    servers: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    root: int = 0,
    parts: ArrayLike | None = None,
) -> Schedule:
    """The schedule of algorithm ``name`` of ``collective`` for ``n`` ranks.

    Args:
        name: of one of ``algorithms(collective)``.
        params: its parameters, as values or as text (``{"segment": "1MiB"}``).
        n: ranks.
        collective: the name of one of COLLECTIVES.
        servers: int [n], the scale-up domain of each rank, -1 alone; ``ring`` goes server by server.
        groups: int [n], the group of each rank; the hierarchical algorithms need it.
        root: the rank that is the root, where the collective has one.
        parts: float [n], of every input what is for each rank over the mean; None: equal parts.

    Raises:
        ParameterError: an unknown name or parameter, an illegal value, missing groups or groups of unequal
            size.
        TypeError: the algorithm made a schedule of another collective.

    >>> build("hierarchical-ring", {"pipeline": 2}, 8, groups=[0, 0, 0, 0, 1, 1, 1, 1])
    <Schedule hierarchical-ring: 8 ranks, 3 phases, 24 transfers>
    """
    table = algorithms(collective_named(collective).name)
    if name not in table:
        raise ParameterError("algorithm", name, f"unknown algorithm of {collective}", table)
    entry = table[name]
    who = {"servers": servers, "groups": groups, "root": root, "parts": parts}
    given = typed(name, entry.parameters, params)
    protocol = given.pop(PROTOCOL, "")
    schedule = entry.make(n, **{key: who[key] for key in entry.needs}, **given)
    if schedule.collective != collective:
        raise TypeError(f"{name} of {collective} makes a schedule of {schedule.collective}")
    return replace(schedule, protocol=f"{entry.nccl} {protocol} {n}") if protocol else schedule


def typed(name: str, parameters: Mapping[str, Parameter], params: Mapping[str, Any]) -> dict[str, Any]:
    """``params`` of the algorithm ``name``, values or texts, as values.

    Raises:
        ParameterError: one that is none of ``parameters``, or an illegal value.
    """
    for key in params:
        if key not in parameters:
            rule = "unknown" if parameters else f"{name} takes no parameter"
            raise ParameterError(f"parameter of {name}", key, rule, parameters)
    texts = {
        key: value if isinstance(value, str) else parameters[key].write(value)
        for key, value in params.items()
    }
    return {key: parameters[key].read(f"{name}:{key}", text.strip()) for key, text in texts.items()}
