"""Of ``run``: the jobs that share the fabric."""

from __future__ import annotations

from sims.settings.setting import Setting

__all__ = ["MIX"]


def _spell(text: str) -> str:
    from sims.workload.job.together import canonical_together

    return canonical_together(text)


MIX = Setting(
    name="mix",
    place=330,
    default="",
    metavar="SCENARIO.toml",
    help="The jobs and the background traffic: a scenario file.",
    spell=_spell,
    of="run",
    noun="mix of jobs",
    nouns="mixes of jobs",
)
