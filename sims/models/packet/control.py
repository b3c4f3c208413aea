"""Window: how much of a flow may be under way, and how fast it may send, by what its packets met. No clock.

The control law is that of HPCC (Li et al., "HPCC: High precision congestion control", SIGCOMM 2019) without a
margin. Every packet brings back the largest *use* that it met: of all ports on its way, the share of the
line's time that packets took within the last round trip, plus the wait there in round trips. A port that
cannot serve all has a use of 1 + wait / round trip. The window moves towards window / use + STEP.

Where that comes to rest, window x (1 - 1 / use) = STEP: flows whose fullest port is the same have the same
window, and each keeps about STEP packets waiting there. Each is paced at window / (use x round trip), the
same for all of them, so they get equal rates, and at that port no flow gets more, as any other flow has met a
larger use elsewhere. So the rates are the max-min fair ones: that sources share like that when they listen to
the fullest link of their way and not to the sum of all was proved by Wydrowski and Zukerman, "MaxNet: a
congestion control architecture", IEEE Communications Letters, 2002, doi:10.1109/LCOMM.2002.805519.

HPCC aims at 95% use and no queue, and adds little. Here the aim is all of the line, and the queue that STEP
keeps is the price of never running dry. Acknowledgements take no bandwidth and wait nowhere.
"""

from __future__ import annotations

__all__ = ["GAIN", "STEP", "Window"]

# How much of the way to its rest a window goes in a round trip. What it hears is a round trip old, and the
# use of a line a mean over another: with more it overshoots, and lines run dry after each correction.
GAIN = 0.25
# Packets of each flow that wait at its fullest port. Fewer: windows are slow to become equal. More: queues
# grow with the number of flows, and incasts reach back-pressure sooner.
STEP = 4.0


class Window:
    """Packets of one flow that may be under way.

    ``size``: of the window, from one packet to ``most``, with which it begins (a line's worth for a round
    trip, so that a flow starts at line rate, as RDMA does); ``pace``: packets a round trip; ``flying``:
    packets not acknowledged; ``due``: s, when the pace allows the next packet.
    """

    __slots__ = ("due", "flying", "most", "pace", "size")

    def __init__(self, most: float) -> None:
        self.size = self.pace = self.most = most
        self.flying = 0
        self.due = 0.0

    def acknowledged(self, use: float) -> None:
        """A packet has arrived, and the largest use that it met is ``use``."""
        self.flying -= 1
        size = self.size
        size += GAIN / size * (size / use + STEP - size)
        self.size = size = max(1.0, min(size, self.most))
        self.pace = size / use if use > 1.0 else size
