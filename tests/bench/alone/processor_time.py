"""Processor seconds of a sweep, of its process and of its workers. Takes jobs, a folder and --set texts."""

from __future__ import annotations

import resource
import sys

from sims.studies.sweep import read_sweep, run_sweep


def seconds(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


jobs, folder, *sets = sys.argv[1:]
run_sweep(read_sweep(sets=sets), folder, jobs=int(jobs))
print(seconds(resource.RUSAGE_SELF), seconds(resource.RUSAGE_CHILDREN))
