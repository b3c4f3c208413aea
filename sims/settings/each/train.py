"""Of ``train``: the model, how its step is run, and on which GPUs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from fabric.words.errors import ParameterError
from sims.settings.each.groups import EXPERTS as EXPERTS_OF_COLLECTIVES
from sims.settings.each.groups import GROUPS as GROUPS_OF_COLLECTIVES
from sims.settings.setting import Setting, one_of, whole_number

__all__ = [
    "ATTENTION",
    "BATCH",
    "BUCKET",
    "COMPUTE",
    "EXPERTS",
    "GPU",
    "GROUPS",
    "IMBALANCE",
    "INTERLEAVE",
    "MICROBATCH",
    "MODEL",
    "OPTIMIZER",
    "OVERLAP",
    "PRECISION",
    "RECOMPUTE",
    "SEQUENCE",
    "SEQUENCE_PARALLEL",
    "SHARDING",
    "STEPS",
]

_KIND = "train"
_DEFAULT_SHARE = "0.53"  # with it Llama 3 405B has its 43% of peak at 8,192 GPUs: fabricsim validate


def _model(text: str) -> str:
    from sims.workload.job.model import canonical_model

    return canonical_model(text)


def _models() -> Iterable[str]:
    from sims.workload.job.model import MODELS

    return MODELS


def _model_parts(text: str) -> dict[str, str | None]:
    from sims.workload.job.model import SIZES

    return dict.fromkeys(SIZES)


def _gpu(text: str) -> str:
    from sims.workload.job.gpu import canonical_gpu

    return canonical_gpu(text)


def _gpus() -> Iterable[str]:
    from sims.workload.job.gpu import AUTO, GPUS

    return (AUTO, *GPUS)


def _gpu_parts() -> Iterable[str]:
    from sims.workload.job.gpu import PARTS

    return PARTS


def _steps(text: str) -> str:
    from sims.workload.job.by_hand import canonical_steps

    return canonical_steps(text)


def _compute(text: str) -> str:
    """A share of peak, or ``step=TIME``: so that the step takes that long."""
    from fabric.words.units import format_seconds, parse_time

    plain = text.strip()
    if plain.startswith("step="):
        seconds = parse_time(plain.removeprefix("step="), "compute: step")
        if seconds <= 0:
            raise ParameterError("compute", text, "a measured step takes time: step=5.4s")
        return f"step={format_seconds(seconds).replace(' ', '')}"
    try:
        share = float(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ParameterError("compute", text, "a share of peak above 0, at most 1, or step=TIME as measured")
    return f"{share:.12g}"


def _time(text: str) -> str:
    from fabric.words.units import format_seconds, parse_time

    if text.strip().startswith("-"):
        raise ParameterError("optimizer", text, "zero or more: no time is negative")
    seconds = parse_time(text, "optimizer")
    return format_seconds(seconds).replace(" ", "") if seconds else "0s"


def _skew(text: str) -> str:
    from sims.workload.skew import canonical_skew

    return canonical_skew(text)


def _setting(name: str, place: int, default: str, help: str, **more: Any) -> Setting:
    words = name.replace("_", " ")
    named: dict[str, Any] = {"noun": words, "nouns": f"values of {words}", "label": words, **more}
    return Setting(name=name, place=place, default=default, help=help, of=_KIND, **named)


def _whole(name: str, least: int = 1) -> dict[str, Any]:
    return {"spell": whole_number(name, least, f"a whole number from {least}"), "metavar": "NUMBER"}


def _choice(name: str, choices: tuple[str, ...]) -> dict[str, Any]:
    spell: Callable[[str], str] = one_of(name, choices, f"unknown {name.replace('_', ' ')}")
    return {"spell": spell, "choices": lambda: choices, "metavar": "NAME"}


MODEL = _setting(
    "model",
    300,
    "llama3-405b",
    "{names}; sizes can be replaced: llama3-8b:layers=16, or custom:layers=...",
    metavar="NAME[:size=N,...]",
    listed=lambda: ", ".join(_models()),
    spell=_model,
    parts=_model_parts,
    all_parts=lambda: _model_parts(""),
    nouns="models",
)
GROUPS = replace(
    GROUPS_OF_COLLECTIVES,
    metavar="tp=8,pp=16,dp=rest",
    help="Deal the ranks over tp, cp, pp and dp, innermost first.  [default: dp=rest]",
    of=_KIND,
)
EXPERTS = replace(
    EXPERTS_OF_COLLECTIVES,
    metavar="ep=8",
    help="Fold the ranks of a stage for experts: etp, ep; edp is the rest.  [default: all on each rank]",
    of=_KIND,
)
SEQUENCE = _setting("sequence", 301, "8192", "Tokens of a sequence.", **_whole("sequence", 2))
BATCH = _setting("batch", 302, "2048", "Sequences of a step.", **_whole("batch"))
MICROBATCH = _setting("microbatch", 303, "1", "Sequences of a microbatch.", **_whole("microbatch"))
INTERLEAVE = _setting(
    "interleave", 304, "1", "Chunks of layers of each pipeline stage.", **_whole("interleave")
)
SHARDING = _setting(
    "sharding",
    305,
    "zero1",
    "Of what replicas share: plain (nothing), zero1, fsdp (gathered each turn), fsdp-keep (once a step).",
    **_choice("sharding", ("plain", "zero1", "fsdp", "fsdp-keep")),
)
OVERLAP = _setting(
    "overlap",
    306,
    "grads",
    "What hides behind computing: grads, all (parameters of zero1 too), none.",
    **_choice("overlap", ("grads", "all", "none")),
)
RECOMPUTE = _setting(
    "recompute",
    307,
    "selective",
    "selective (scores of attention), full (all layers), none.",
    **_choice("recompute", ("selective", "full", "none")),
)
SEQUENCE_PARALLEL = _setting(
    "sequence_parallel",
    308,
    "true",
    "Whether tensor-parallel ranks share the tokens of a sequence, too: true, false.",
    **_choice("sequence_parallel", ("true", "false")),
)
ATTENTION = _setting(
    "attention",
    309,
    "causal",
    "causal (half of the scores are computed and counted), full.",
    **_choice("attention", ("causal", "full")),
)
IMBALANCE = _setting(
    "imbalance",
    310,
    "1",
    "Of experts: tokens of the fullest rank of a group over the mean, Zipf between.",
    metavar="FACTOR",
    spell=_skew,
)
GPU = _setting(
    "gpu",
    311,
    "auto",
    "{names}; its peaks and memory can be replaced: h100:memory=96GB.",
    metavar="NAME[:part=...]",
    listed=lambda: ", ".join(_gpus()),
    spell=_gpu,
    parts=lambda text: {} if text.strip() == "auto" else dict.fromkeys(_gpu_parts()),
    all_parts=lambda: _gpu_parts(),
)
COMPUTE = _setting(
    "compute",
    312,
    _DEFAULT_SHARE,
    "Share of the peak that GPUs reach while they compute, or step=TIME of a measured step.",
    metavar="SHARE|step=TIME",
    spell=_compute,
)
OPTIMIZER = _setting(
    "optimizer", 313, "0s", "What the optimizer takes, in each step.", metavar="TIME", spell=_time
)
BUCKET = _setting(
    "bucket",
    314,
    "0",
    "Parameters whose gradients are reduced together; 0: 40 million, or 1 million x replicas.",
    **_whole("bucket", 0),
)
STEPS = _setting("steps", 315, "", "", spell=_steps)
PRECISION = _setting(
    "precision",
    316,
    "bf16",
    "Of matrix products of layers, and of what they take: bf16, fp8 (as DeepSeek-V3).",
    **_choice("precision", ("bf16", "fp8")),
)
