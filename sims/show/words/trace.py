"""A trace that ran, as lines of text: what was run, when it ended, and what ranks spent their time on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fabric.damage.fault import NONE
from fabric.graph.nic import planes
from fabric.words.counted import counted
from fabric.words.units import format_time
from sims.jobs.trace_job import TraceJob
from sims.scenario.trace_row import TraceRow
from sims.show.words.faults import course_lines, struck_lines
from sims.show.words.table import packet_lines, packet_settings_line, planes_words
from sims.workload.trace import CALC, KINDS, RECV, SEND

__all__ = ["trace_lines"]


def trace_lines(job: TraceJob, row: TraceRow, notes: Sequence[str] = ()) -> Iterator[str]:
    """The header, the makespan, and computing and waiting per rank."""
    fabric, program, said = job.degraded, job.program, row.scenario.settings
    counts = [int((program.kind == kind).sum()) for kind in (CALC, SEND, RECV)]
    kinds = ", ".join(f"{n:,} {KINDS[kind]}" for kind, n in enumerate(counts))
    yield f"# topology   {said['topology']}: {counted(fabric.n_endpoints, 'endpoint')}"
    many = f"{counted(row.ranks, 'rank')}, {counted(row.operations, 'operation')}"
    yield f"# trace      {program.name}: {many} ({kinds})"
    routing = f"routing {job.policy}{planes_words(str(job.policy), planes(fabric))}"
    yield f"# placement  {said['placement']}; {routing}"
    yield f"# latency    {job.profile}"
    if job.setup.engine == "packet":
        yield f"# packets    {packet_settings_line(job.setup.packet_settings)}"
    yield from course_lines(said)
    faster = f"faster: {said['upgrade']}" if said["upgrade"] != NONE else ""
    for note in filter(None, [fabric.disclaimer, *notes, faster]):
        yield f"# note       {note}"
    whose = f"of rank {program.rank[int(np.argmax(job.result.end))]}"
    yield f"makespan        {format_time(row.makespan_s):>12}   to the end of the last operation, {whose}"
    computing = job.result.per_rank(job.result.end - job.result.begin, CALC)
    least, most = int(np.argmin(computing)), int(np.argmax(computing))
    share = row.computing_s / row.makespan_s if row.makespan_s else 0.0
    words = f"of a rank in the mean, {share:.1%} of the makespan"
    yield f"computing       {format_time(row.computing_s):>12}   {words}"
    if computing[most] > computing[least]:
        yield f"  least         {format_time(float(computing[least])):>12}   rank {least}"
        yield f"  most          {format_time(float(computing[most])):>12}   rank {most}"
    if row.messages:
        yield f"sent            {row.bytes / 1e9:>12,.6g} GB"
        yield f"mean message    {format_time(row.message_s):>12}   from its send to its receipt"
        yield f"fullest link    {row.busiest}, {format_time(row.busiest_s)} of bytes"
    yield from struck_lines(job.result.faults)
    if row.packets:
        yield from packet_lines(row.packets)
