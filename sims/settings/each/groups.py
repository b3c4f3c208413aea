"""Which ranks do it together, all groups at once: ``groups``, ``experts``, ``over``, ``drift``."""

from __future__ import annotations

from sims.settings.setting import Setting

__all__ = ["DRIFT", "EXPERTS", "GROUPS", "OVER"]

_NONE = "none"


def _mesh(what: str, text: str) -> str:
    from sims.workload.mesh import canonical_mesh

    return canonical_mesh(what, text)


def _over(text: str) -> str:
    from sims.workload.mesh import canonical_over

    return canonical_over(text)


def _drift(text: str) -> str:
    from sims.workload.mesh import canonical_drift

    return canonical_drift(text)


GROUPS = Setting(
    name="groups",
    place=189,
    default=_NONE,
    metavar="tp=8,dp=rest",
    help="Deal the ranks over dimensions, innermost first, and run in every group of --over at once.  "
    "[default: one group]",
    spell=lambda text: _mesh("groups", text),
    of_flows=False,
    words=lambda text: "one group" if text == _NONE else str(text).removeprefix("mesh:"),
    noun="mesh of groups",
    nouns="meshes of groups",
)

EXPERTS = Setting(
    name="experts",
    place=191,
    default=_NONE,
    metavar="ep=8",
    help="Fold the ranks of each pipeline stage (pp) for experts, innermost first; edp is what is left.",
    spell=lambda text: _mesh("experts", text),
    of_flows=False,
    words=lambda text: "no experts" if text == _NONE else f"experts {str(text).removeprefix('mesh:')}",
    noun="mesh of experts",
    nouns="meshes of experts",
)

OVER = Setting(
    name="over",
    place=192,
    default=_NONE,
    metavar="DIMENSION",
    help="The dimension of --groups whose groups run, or several: dp, dp+cp.",
    spell=_over,
    of_flows=False,
    words=lambda text: "over all" if text == _NONE else f"over {text}",
    noun="dimension",
    nouns="dimensions",
)

DRIFT = Setting(
    name="drift",
    place=193,
    default=_NONE,
    metavar="RESOLUTION",
    help="Let each group go on when it is ready, not when all are: 0 is exact, 0.01 coarse and quick.",
    spell=_drift,
    of_flows=False,
    words=lambda text: "groups in step" if text == _NONE else f"groups drift, resolution {text}",
    noun="drift of groups",
    nouns="drifts of groups",
)
