"""Of ``goodput``: the step, what fails, how the job saves itself, and for how long it is watched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from fabric.words.errors import ParameterError
from sims.settings.each.algorithm import SIZE as SIZE_OF_COLLECTIVES
from sims.settings.setting import Setting, whole_number

__all__ = [
    "CHECKPOINT",
    "DETECTION",
    "DURATION",
    "EXPOSED",
    "FAULTS",
    "REPAIR",
    "RESTART",
    "RUNS",
    "SIZE",
    "SPARES",
    "STATE",
    "STEP",
    "STORAGE",
]

_KIND = "goodput"
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)")


def _time(name: str, *, zero: bool = False, most: float = 1e12) -> Callable[[str], str]:
    """The ``spell`` of a time above zero, or of zero too."""

    def spell(text: str) -> str:
        from fabric.words.units import parse_time
        from sims.models.fluid.faults.wear import time_text

        text = text.strip()
        rule = "zero or more: no time is negative" if zero else "a time above zero, such as 20s or 54d"
        if text.startswith("-"):
            raise ParameterError(name, text, rule)
        seconds = parse_time(text, name)
        if seconds > most or (seconds <= 0 and not zero):
            raise ParameterError(name, text, rule if seconds <= 0 else f"at most {time_text(most)}")
        return time_text(seconds)

    return spell


def _step(text: str) -> str:
    if not text.strip():
        raise ParameterError("step", None, "say how long a step of the job takes, such as 20s")
    return _time("step")(text)


def _faults(text: str) -> str:
    from sims.models.goodput.hazards import parse_hazards

    return parse_hazards(text.strip()).spec


def _profiles() -> Iterable[str]:
    from sims.models.goodput.hazards import PROFILES

    return PROFILES


def _constants() -> Iterable[str]:
    from sims.models.goodput.hazards import PARTS

    return PARTS


def _parts(text: str) -> Mapping[str, str | None]:
    return dict.fromkeys(_constants() if text.partition(":")[0].strip() in tuple(_profiles()) else ())


def _exposed(text: str) -> str:
    match = _SHARE.fullmatch(text.strip())
    value = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= value <= 1:
        raise ParameterError("exposed", text, "a share of the step from 0 to 1, or in per cent: 10%")
    return f"{100 * value:.10g}%"


def _checkpoint(text: str) -> str:
    word = text.strip().lower()
    if word in ("optimal", "never"):
        return word
    if not word[:1].isdigit() and word[:1] not in "+-.":
        raise ParameterError("checkpoint", text, "a time such as 30min, or a word", ("optimal", "never"))
    return _time("checkpoint")(text)


def _state(text: str) -> str:
    """A size, or the model whose checkpoint it is."""
    from fabric.words.units import parse_size

    if not text.strip()[:1].isalpha():
        return str(parse_size(text.strip(), "state"))
    from sims.workload.job.memory import checkpoint_bytes
    from sims.workload.job.model import model_named

    return str(checkpoint_bytes(model_named(text)))


def _storage(text: str) -> str:
    from fabric.words.units import parse_rate

    return f"{parse_rate(text.strip(), 'storage') / 1e9:.12g}GB/s"


_HOSTS = whole_number("spares", 0, "a whole number of hosts, or any")
_RUNS = whole_number("runs", 4, "a whole number from 4: fewer say nothing of an interval")


def _runs(text: str) -> str:
    if int(found := _RUNS(text)) > 10_000:
        raise ParameterError("runs", text, "at most 10,000: the interval shrinks with their square root")
    return found


def _setting(
    name: str, place: int, default: str, help: str, spell: Callable[[str], str], **more: str
) -> Setting:
    named = {"noun": name, "nouns": f"values of {name}", "label": name, **more}
    return Setting(name=name, place=place, default=default, help=help, spell=spell, of=_KIND, **named)  # type: ignore[arg-type]


SIZE = replace(
    SIZE_OF_COLLECTIVES,
    default="16GiB",
    metavar="SIZE",
    help="Bytes of that collective.",
    of=_KIND,
)
STEP = _setting(
    "step", 300, "", "How long a step of the job takes on the healthy fabric.", _step, metavar="TIME"
)
EXPOSED = _setting(
    "exposed",
    301,
    "10%",
    "The share of the step that waits for the network: it grows as --collective does on a degraded fabric.",
    _exposed,
    metavar="SHARE",
)
FAULTS = Setting(
    name="faults",
    place=302,
    default="llama3",
    metavar="PROFILE[:constant=value,...]",
    help="How often what fails: {names}; constants can be replaced: llama3:switch_mtbf=20y,link_mttr=1h.",
    listed=lambda: ", ".join(_profiles()),
    spell=_faults,
    parts=_parts,
    all_parts=_constants,
    of=_KIND,
    noun="failure rates",
    nouns="profiles of failure rates",
)
DETECTION = _setting(
    "detection",
    303,
    "1min",
    "From a failure until it is noticed.",
    _time("detection", zero=True),
    metavar="TIME",
)
RESTART = _setting(
    "restart",
    304,
    "9min",
    "From then until work goes on, without reading the state.",
    _time("restart", zero=True),
    metavar="TIME",
)
STATE = _setting(
    "state",
    305,
    "5.67TB",
    "What a checkpoint holds: a size, or a model of train, 14 bytes a parameter (5.67TB: of 405e9).",
    _state,
    metavar="SIZE|MODEL",
)
STORAGE = _setting(
    "storage",
    306,
    "2TB/s",
    "How fast it is written and read (2TB/s: sustained, Llama 3).",
    _storage,
    metavar="RATE",
)
CHECKPOINT = _setting(
    "checkpoint",
    307,
    "optimal",
    "Work between two checkpoints: a time, to whole steps; optimal; or never.",
    _checkpoint,
    metavar="TIME|optimal",
)
SPARES = _setting(
    "spares",
    308,
    "any",
    "Hosts that stand by for those that failed; without one the job waits for a repair.",
    lambda text: "any" if text.strip().lower() == "any" else _HOSTS(text),
    metavar="NUMBER|any",
)
REPAIR = _setting(
    "repair",
    309,
    "1d",
    "Mean time until a host whose GPU, NIC or other part failed is back.",
    _time("repair"),
    metavar="TIME",
)
DURATION = _setting(
    "duration",
    310,
    "54d",
    "For how long the job is watched.",
    _time("duration", most=100 * 365.25 * 86400),
    metavar="TIME",
)
RUNS = _setting(
    "runs",
    311,
    "64",
    "How often, independently: the interval of confidence shrinks with their square root.",
    _runs,
    metavar="NUMBER",
)
