"""The terminal's words about faults: what was asked for, what struck and what it cost. Prints nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fabric.damage.fault import NONE
from fabric.words.counted import counted, plural
from fabric.words.units import format_time
from sims.workload.collective import ALL_REDUCE

if TYPE_CHECKING:
    from sims.models.fluid.faults.process import StruckFault

__all__ = ["course_lines", "disturbance_lines", "struck_lines"]

_SHOWN = 5  # faults told one by one


def course_lines(settings: Mapping[str, str]) -> Iterator[str]:
    """The faults that fields of a scenario ask for, from the start and during the run."""
    said = [f"{word} {settings[word]}" for word in ("fail", "degrade") if settings[word] != NONE]
    if settings["faults"] != NONE:
        said.append(f"during the run {settings['faults']}, rerouted after {settings['reroute_delay']}")
    if said:
        yield f"# faults     {', '.join(said)}"
    if settings.get("repeat", "1") != "1":
        each = f"{settings['collective']}s"
        each = each if settings["repeat"].isdigit() else f"of {each}"
        yield f"# repeated   {settings['repeat']} {each}, {settings['gap']} of computing between two"


def disturbance_lines(
    size: str, disturbance: Mapping[str, Mapping[str, float]], collective: str = ALL_REDUCE.name
) -> Iterator[str]:
    """How many collectives there were, what they took, and what the faults cost that cost most."""
    run = disturbance["run"]
    count, lost = int(run["iterations"]), run["lost_s"]
    times = [
        f"{word} {format_time(run[name])}"
        for word, name in (
            ("undisturbed", "undisturbed_s"),
            ("median", "median_s"),
            ("99%", "p99_s"),
            ("worst", "worst_s"),
        )
    ]
    yield (
        f"# {counted(count, collective)} of {size} in {format_time(run['duration_s'])}: " + ", ".join(times)
    )
    faults = int(run["faults"])
    share = lost / (lost + count * run["undisturbed_s"])
    passed = int(run["passed_over"])
    more = f"; passed over: {passed:,} that would have cut a pair off" if passed else ""
    # Computing between two collectives is part of the run and not of the time that they take.
    cost = "cost nothing"
    if lost:
        cost = f"cost {format_time(lost)}: " if lost > 0 else f"saved {format_time(-lost)}: "
        cost += f"{abs(share):.3%} of the time in {plural(collective)}, "
        cost += f"{abs(lost) / run['duration_s']:.3%} of the whole run"
    yield f"# {counted(faults, 'fault')} {cost}{more}"
    each = [(name, told) for name, told in disturbance.items() if name != "run" and told["lost_s"] > 0]
    each.sort(key=lambda item: -item[1]["lost_s"])
    for name, told in each[:_SHOWN]:
        lasted = f"for {format_time(told['length_s'])}" if "length_s" in told else "for good"
        yield (
            f"#   {format_time(told['lost_s']):>9} lost to {name.partition(': ')[2]}, "
            f"from {format_time(told['at_s'])} {lasted}"
        )


def struck_lines(faults: Sequence[StruckFault]) -> Iterator[str]:
    """The faults that struck plain flows."""
    if faults:
        yield f"faults          {len(faults):>12,} struck"
    for fault in faults[:_SHOWN]:
        outage = fault.outage
        lasted = "for good" if math.isinf(outage.length) else f"for {format_time(outage.length)}"
        cables = counted(len(outage.cables), "cable")
        yield f"  {outage.what}, from {format_time(outage.at)} {lasted}: {cables}"
