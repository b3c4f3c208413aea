"""The words and records of a diagnosis: the causes, the likeliest first, with commands. Prints nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from fabric.words.counted import counted
from fabric.words.units import format_size, format_time
from sims.show.words.expect import fabric_lines
from sims.studies.diagnose.command import reproduced
from sims.studies.diagnose.diagnosis import Diagnosis, Finding
from sims.workload.members import used

__all__ = ["diagnose_lines", "diagnose_records", "off_words", "share_words"]

_TOLD = 0.005  # shares below it are told in one line
_FACTOR = math.log(2)  # of log(measured / modelled), from which on it is told as a factor
_SHOWN = 3  # causes that are told in full, and what is as likely as the first


def diagnose_lines(found: Diagnosis) -> Iterator[str]:
    """What was held against what, the causes, and what the log cannot show."""
    row, job = found.suspects.healthy[-1], found.suspects.plan.any_job
    name = found.log.name if found.log else "the log"
    yield f"# fabricsim {row.version}: why {row.scenario.collective} of {name} takes as long as it does"
    yield from fabric_lines(row, used(job.fabric, job.placement), job.fabric.disclaimer)
    for note in (*job.warnings, *found.notes):
        yield f"# note       {note}"
    yield from _against(found)
    yield f"# {'share':>6} {'off':>7}  cause"
    full = max(_SHOWN, len(found.alike))
    for number, finding in enumerate(found.findings):
        if number < full and (finding.share >= _TOLD or number == 0):
            yield from _finding_lines(finding, found)
    rest = [one for k, one in enumerate(found.findings) if k >= full or (k and one.share < _TOLD)]
    if rest:
        yield f"# less likely: {', '.join(f'{one.cause.name} {share_words(one.share)}' for one in rest)}"
    if found.suspects.unseen:
        yield f"# not to be seen in such a log on this fabric: {', '.join(found.suspects.unseen)}"
    if len(found.alike) > 1:
        names = " and ".join(one.cause.name for one in found.alike)
        yield f"# these times do not tell apart: {names}"
    yield "# share: of the likelihood over all sizes; off: what fits best, root mean square over sizes"
    yield from _verdict(found)
    if found.log and found.log.wrong:
        yield f"# results    wrong at {counted(len(found.log.wrong), 'size')}, whatever the times say"


def _verdict(found: Diagnosis) -> Iterator[str]:
    """What it is: one cause, or those that no log of these sizes, or this one, tells apart."""
    answer, share = found.answer
    first = found.first.cause
    if found.equal:
        names = (first.name, *found.equal)
        share = sum(one.share for one in found.findings if one.cause.name in names)
        either = f"{' or '.join(names)}, {share_words(share)}"
        yield f"# verdict    {either}: no log of these sizes tells them apart;"
        yield f"#            likeliest {first.name}: {first.words}"
    elif first.kind and len(found.alike) > 1:
        yield f"# verdict    {answer}, {share_words(share)}: all wait for the slowest on their way; this log"
        yield f"#            hardly tells what it is, likeliest {first.name}: {first.words}"
    else:
        yield f"# verdict    {first.name}: {first.words}"
        if found.first.rms is None:
            yield f"#            the nearest, {_nearest(found.nearest)}"


def _nearest(one: Finding) -> str:
    """How far off the nearest cause is.

    >>> from sims.studies.diagnose.causes import EXPECTED
    >>> one = Finding(cause=EXPECTED, share=0.0, words="a healthy run", rms=2.0)
    >>> _nearest(one)
    'as expected (a healthy run), is off by a factor of 7.4'
    """
    assert one.rms is not None
    far = f"a factor of {math.exp(one.rms):.2g}" if one.rms > _FACTOR else off_words(one.rms)
    return f"{one.cause.name} ({one.words}), is off by {far}"


def off_words(rms: float) -> str:
    """How far off times are, of the root of the mean square of log(measured / modelled): a share or a factor.

    >>> off_words(math.log(1.1)), off_words(math.log(2.8))
    ('10%', '2.8x')
    """
    return f"{math.exp(rms):.2g}x" if rms > _FACTOR else f"{math.expm1(rms):.0%}"


def share_words(share: float) -> str:
    """A share of the likelihood: never all of it, and never none.

    >>> share_words(0.93), share_words(0.99999), share_words(1e-9)
    ('93%', '>99%', '<1%')
    """
    return ">99%" if share > 0.99 else "<1%" if share < 0.01 else f"{share:.0%}"


def _against(found: Diagnosis) -> Iterator[str]:
    """The least and the most of the expected bandwidth that was reached."""
    shares = [due / time for due, time in zip(found.expected, found.measured)]
    least = min(range(len(shares)), key=shares.__getitem__)
    size = format_size(found.suspects.sizes[least])
    most, due = format_size(found.suspects.sizes[-1]), format_time(found.expected[-1])
    yield (
        f"# log        {counted(len(shares), 'size')}, {min(shares):.0%} (at {size}) to {max(shares):.0%} of "
        f"what is expected; {most}: {format_time(found.measured[-1])} for {due}"
    )


def _finding_lines(one: Finding, found: Diagnosis) -> Iterator[str]:
    off = "" if one.rms is None else off_words(one.rms)
    yield f"  {share_words(one.share):>6} {off:>7}  {one.cause.name}: {one.cause.words}"
    if one.best:
        pace = ", ranks in step" if one.in_step and any(found.suspects.how) else ""
        yield f"{'':19}fits best: {one.words}{pace}"
    yield f"{'':19}look at: {one.cause.look}"
    if one.best and (made := reproduced(one.best, found.suspects, in_step=one.in_step)):
        yield f"{'':19}$ {made}"


def diagnose_records(found: Diagnosis) -> list[dict[str, Any]]:
    """One record a cause, the likeliest first."""
    return [
        {
            "rank": place,
            "cause": one.cause.name,
            "answer": one.cause.answer,
            "share": one.share,
            "off_rms": "" if one.rms is None else one.rms,
            "fits_best": one.words,
            "variant": one.best.variant.words if one.best else "",
            "words": one.cause.words,
            "look": one.cause.look,
            "command": reproduced(one.best, found.suspects, in_step=one.in_step) if one.best else "",
            "version": found.suspects.healthy[-1].version,
        }
        for place, one in enumerate(found.findings, 1)
    ]
