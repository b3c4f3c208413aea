"""What runs on a worker of a Dask cluster: a piece of work, and what the worker is. Knows no scheduler."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sims.scenario.row import scenario_from
from sims.scenario.scenario import MODEL_VERSION
from sims.scenario.version import model_version
from sims.studies.sweep.bench import Bench

__all__ = ["about", "work"]

_BENCH = Bench()  # one for each worker process: it keeps its fabric from one piece of work to the next
_ONE_AT_A_TIME = threading.Lock()  # a worker may have more threads than the one that it should have


def work(scenarios: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """Runs on a worker: the results of as many of ``scenarios`` as fit in ``seconds``, at least of one."""
    from distributed import get_worker

    # Plain values: what cannot be unpickled, an error least of all, would never be heard of again.
    answer: dict[str, Any] = {"worker": get_worker().address, "about": about(), "results": []}
    with _ONE_AT_A_TIME:
        start = time.monotonic()
        try:
            asked = [scenario_from(values) for values in scenarios]
            answer["results"] += [result.to_dict() for result in _BENCH.run_for(seconds, asked)]
        except Exception as error:  # of the worker and not of a scenario: another fabricsim, say
            answer["trouble"] = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return {**answer, "seconds": time.monotonic() - start}


def about() -> dict[str, Any]:
    """What must be equal here and on every worker for rows to be equal."""
    return {"fabricsim": model_version(), "MODEL_VERSION": MODEL_VERSION}
