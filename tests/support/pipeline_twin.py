"""A slow twin of how pipelines fill: one transfer after another, with dictionaries; shares no code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def twin(
    transfers: Sequence[tuple[int, int, int, int]], links: Sequence[Sequence[tuple[int, float]]]
) -> tuple[float, float, float]:
    """Seconds of a byte of every transfer: of the first segment's way, on the fullest link of two
    neighbouring stages, and of all.

    ``transfers``: (sender, receiver, chunk, stage) of each; ``links``: the links that each crosses, with the
    seconds that its byte takes there.
    """
    load: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))  # of a stage, of each link
    for (*_, stage), crossed in zip(transfers, links):
        for link, seconds in crossed:
            load[stage][link] += seconds
    ready: dict[tuple[int, int], float] = defaultdict(float)
    for stage in sorted(load):
        now = [i for i, transfer in enumerate(transfers) if transfer[3] == stage]
        begin = {i: ready[transfers[i][0], transfers[i][2]] for i in now}
        due: dict[tuple[int, int], list[int]] = defaultdict(list)
        for i in now:
            due[transfers[i][1], transfers[i][2]].append(i)
        for place, waited in due.items():
            clock = 0.0  # of the link into the receiver, which takes one after another as they begin
            for i in sorted(waited, key=begin.__getitem__):
                alone = max((load[stage][link] for link, _ in links[i]), default=0.0)
                clock = max(clock, begin[i]) + alone / len(waited)
            ready[place] = max(ready[place], clock)
    every = {link for loads in load.values() for link in loads}
    pair = max(load[s][link] + load[s + 1][link] for s in range(max(load) + 1) for link in every)
    full = max(sum(loads[link] for loads in load.values()) for link in every)
    return max(ready.values()), pair, full


def segment_times(segments: float, way: float, pair: float, full: float) -> float:
    """The first goes its way, the second follows a stage behind, all others at full pace; the last may be a
    part of one."""
    whole = int(segments)
    times = [way, pair, *[full] * (whole - 1)]
    return max(sum(times[:whole]) + (segments - whole) * times[whole], segments * full)
