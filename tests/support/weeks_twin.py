"""The slow twin of sims.models.goodput.weeks: one run, event by event, in words. Shares no code with it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass
class Account:
    useful: float = 0.0
    saving: float = 0.0
    lost: float = 0.0
    restarting: float = 0.0
    waiting: float = 0.0
    slowed: float = 0.0
    interruptions: int = 0


def one_run(threats, plan, duration, rng: random.Random) -> Account:
    """What became of one job in ``duration`` s."""
    told, now = Account(), 0.0
    broken = {one.name: 0 for one in threats}
    done = saved = 0.0  # of the segment under way
    restart = 0.0
    while now < duration:
        slow = [one.slowdown for one in threats if not one.stops and broken[one.name]]
        pace = max([1.0, *slow])
        out = sum(one.hosts * broken[one.name] for one in threats if one.stops and broken[one.name])
        rates = [(one.rate, "strike", one) for one in threats]
        rates += [(broken[one.name] / one.repair, "repair", one) for one in threats]
        total = sum(rate for rate, _, _ in rates)
        until = rng.expovariate(total) if total else math.inf
        # What the job itself does next, and how long that takes.
        if out > plan.spares:
            doing, takes = "waiting", math.inf
        elif restart > 0:
            doing, takes = "restarting", restart
        elif done < plan.interval:
            doing, takes = "working", (plan.interval - done) * pace
        else:
            doing, takes = "saving", plan.save - saved
        step = min(until, takes, duration - now)
        now += step
        if doing == "waiting":
            told.waiting += step
        elif doing == "restarting":
            told.restarting += step
            restart -= step
        elif doing == "working":
            done += step / pace
            told.slowed += step - step / pace
            if step == takes:
                done = plan.interval
        else:
            saved += step
            if step == takes:
                told.useful += plan.interval
                told.saving += plan.save
                done = saved = 0.0
        if step < until or now >= duration:
            continue
        _, what, one = rng.choices(rates, [rate for rate, _, _ in rates])[0]
        broken[one.name] += 1 if what == "strike" else -1
        if what == "strike" and one.stops and doing != "waiting":
            told.interruptions += 1
            told.lost += done + saved
            done = saved = 0.0
            restart = plan.restart
    told.useful += done
    told.saving += saved
    return told
