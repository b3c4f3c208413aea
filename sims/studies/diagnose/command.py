"""The command that shows a suspect: a shell runs it as it stands. Runs nothing."""

from __future__ import annotations

import shlex

from sims.scenario.scenario import JOB_SETTINGS, usual
from sims.settings.texts import COLLECTIVE, command_of, option_words
from sims.studies.diagnose.cause import FILE
from sims.studies.diagnose.suspects import Suspect, Suspects

__all__ = ["reproduced"]


def reproduced(suspect: Suspect, suspects: Suspects, place: int = -1, *, in_step: bool = False) -> str:
    """The command that simulates ``suspect`` at the size at ``place``, the largest by default, each rank by
    itself or all ``in_step``; a file of cables that it needs is written first. "" for a graph in memory.
    """
    variant, ran = suspect.variant, suspect.ran[place]
    s = suspects.healthy[place].scenario
    if s.topology.startswith("graph "):
        return ""
    words = [*command_of(s.collective), s.topology, "--algorithm", variant.algorithm_of(ran.algorithm)]
    words += ["--size", str(s.size_bytes)]
    how = {} if in_step else suspects.how[place]
    changed = {**how, **variant.settings, "latency_profile": variant.profile_of(ran.profile)}
    for name in JOB_SETTINGS:
        value = changed.get(name, getattr(s, name))
        if name != COLLECTIVE and (name == "routing" or value != usual(name)):
            words += option_words(name, value)
    made = shlex.join(words)
    if not variant.cables:
        return made
    lines = " ".join(shlex.quote(line) for line in variant.cables)
    return f"printf '%s\\n' {lines} > {FILE} && {made}"
