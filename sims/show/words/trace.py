"""A trace that ran, as lines of text: what was run, when it ended, and what ranks spent their time on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fabric.words.counted import counted
from fabric.words.units import format_time
from sims.jobs.trace_run import TraceRun
from sims.workload.trace import CALC, KINDS, RECV, SEND

__all__ = ["trace_lines"]


def trace_lines(topology: str, run: TraceRun, placement: str, notes: Sequence[str] = ()) -> Iterator[str]:
    """The header, the makespan, and computing and waiting per rank."""
    fabric, trace, result = run.fabric, run.trace, run.result
    counts = [int((trace.kind == kind).sum()) for kind in (CALC, SEND, RECV)]
    said = ", ".join(f"{n:,} {KINDS[kind]}" for kind, n in enumerate(counts))
    yield f"# topology   {topology}: {counted(fabric.n_endpoints, 'endpoint')}"
    many = f"{counted(trace.ranks, 'rank')}, {counted(len(trace), 'operation')}"
    yield f"# trace      {trace.name}: {many} ({said})"
    yield f"# placement  {placement}; routing {run.policy}"
    yield f"# latency    {run.profile}"
    for note in filter(None, [fabric.disclaimer, *notes, *trace.notes, run.policy.warning(fabric)]):
        yield f"# note       {note}"
    sent = float(trace.amount[trace.kind == SEND].sum())
    computing = result.per_rank(result.end - result.begin, CALC)
    least, most = int(np.argmin(computing)), int(np.argmax(computing))
    last = int(np.argmax(result.end))
    whose = f"to the end of the last operation, of rank {trace.rank[last]}"
    yield f"makespan        {format_time(result.makespan):>12}   {whose}"
    mean = float(computing.mean())
    share = mean / result.makespan if result.makespan else 0.0
    yield f"computing       {format_time(mean):>12}   of a rank in the mean, {share:.1%} of the makespan"
    if computing[most] > computing[least]:
        yield f"  least         {format_time(float(computing[least])):>12}   rank {least}"
        yield f"  most          {format_time(float(computing[most])):>12}   rank {most}"
    if counts[SEND]:
        yield f"sent            {sent / 1e9:>12,.6g} GB"
        flight = result.end[trace.partner[trace.kind == SEND]] - result.begin[trace.kind == SEND]
        yield f"mean message    {format_time(float(flight.mean())):>12}   from its send to its receipt"
        yield f"fullest link    {result.busiest}, {format_time(result.busiest_s)} of bytes"
