"""Points: the rows behind a page as columns, so that a browser finds the one that was asked for. Runs
nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sims.scenario.row import Failure, Row
from sims.show.explore.controls import Control, place
from sims.studies.explain.explainer import command

__all__ = ["NUMBERS", "point_columns"]

NUMBERS = (
    *("time_s", "algbw_GBps", "busbw_GBps", "efficiency", "latency_share", "contention"),
    *("error_low", "error_high"),
)
_SIZE = "\0"  # stands for the size in the command of all sizes


def point_columns(results: Sequence[Row | Failure], made: Sequence[Control]) -> dict[str, Any]:
    """What the page knows of each result, a list for each column; numbers as they stand in the rows.

    ``at``: per result the places on the ``made`` controls, by number; ``words``: the texts that the columns
    ``limit``, ``command``, ``error`` point into.
    """
    number = {one.key: {value: i for i, (value, _) in enumerate(one.values)} for one in made}
    words: dict[str, int] = {"": 0}

    def told(text: str) -> int:
        return words.setdefault(text, len(words))

    columns: dict[str, list[Any]] = {name: [] for name in ("at", "key", "seed", *NUMBERS, "limit", "used")}
    columns |= {"command": [], "error": [], "kinds": [], "use": [], "ranks": [], "size": []}
    kinds: dict[str, int] = {}
    for one in results:
        scenario = one.scenario
        columns["at"].append([number[c.key][place(scenario, c.key)] for c in made])
        columns["key"].append(one.key)
        columns["seed"].append(scenario.seed)
        columns["ranks"].append(scenario.ranks)
        columns["size"].append(scenario.size_bytes)
        row = one if isinstance(one, Row) else None
        for name in NUMBERS:
            columns[name].append(getattr(row, name) if row else None)
        columns["limit"].append(told(row.limit_link) if row else 0)
        columns["used"].append(told(row.used) if row else 0)
        columns["error"].append(told(one.error) if isinstance(one, Failure) else 0)
        text = command(scenario.model_copy(update={"seed": 0}))
        columns["command"].append(told(text.replace(f"--size {scenario.size_bytes}", f"--size {_SIZE}")))
        use = row.utilisation if row else {}
        columns["kinds"].append([kinds.setdefault(kind, len(kinds)) for kind in use])
        columns["use"].append([value[what] for value in use.values() for what in ("mean", "peak")])
    return {**columns, "words": list(words), "kind_names": list(kinds)}
