"""What happens during a run, or over several: ``faults``, ``reroute_delay``, ``repeat``, ``gap``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sims.settings.setting import PartOption, Setting

__all__ = ["FAULTS", "GAP", "REPEAT", "REROUTE_DELAY"]


def _faults(text: str) -> str:
    from sims.models.fluid.faults.setting import parse_faults_text
    from sims.models.fluid.faults.wear import Wear

    source = parse_faults_text(text)
    if isinstance(source, Wear):
        return source.spec
    return text if source else "none"


def _parts(text: str) -> Mapping[str, str | None]:
    from sims.models.fluid.faults.wear import PARTS, PROFILES

    return dict.fromkeys(PARTS if text.partition(":")[0].strip() in PROFILES else ())


def _all_parts() -> Iterable[str]:
    from sims.models.fluid.faults.wear import PARTS

    return PARTS


FAULTS = Setting(
    name="faults",
    place=150,
    default="none",
    metavar="PROFILE|FILE.toml",
    help="What fails during the run: hpn or llama3 (published rates; constants can be replaced: "
    "hpn:flaps=5000/d), quiet, or a schedule.  [default: nothing]",
    options=("--fault-schedule",),
    part_options=(
        PartOption(
            option="--mtbf-link",
            part="link_mtbf",
            metavar="TIME",
            help="Mean time between failures of one cable (5y).",
        ),
        PartOption(
            option="--mttr-link",
            part="link_mttr",
            metavar="TIME",
            help="Mean time until a cable is repaired.  [default: 4h]",
        ),
        PartOption(
            option="--mtbf-switch",
            part="switch_mtbf",
            metavar="TIME",
            help="The same of one switch, with all its cables.",
        ),
        PartOption(
            option="--mttr-switch",
            part="switch_mttr",
            metavar="TIME",
            help="Mean time until a switch is repaired.  [default: 4h]",
        ),
        PartOption(
            option="--flap",
            part="flaps",
            metavar="NUMBER/d",
            help="Flaps of cables a day (h, min, s) on the whole fabric.",
        ),
        PartOption(
            option="--flap-time",
            part="flap_time",
            metavar="TIME",
            help="Mean time that a flap lasts.  [default: 5s]",
        ),
    ),
    part_base="quiet",
    spell=_faults,
    parts=_parts,
    all_parts=_all_parts,
    digest="fault_digest",
    unnamed=lambda text: "file" if text.endswith(".toml") else text,
    words=lambda text: "nothing fails meanwhile" if text == "none" else f"faults {text}",
    noun="course of faults",
    nouns="courses of faults",
)


def _time(name: str) -> Callable[[str], str]:
    def spell(text: str) -> str:
        from sims.models.fluid.faults.setting import canonical_time

        return canonical_time(name, text)

    return spell


REROUTE_DELAY = Setting(
    name="reroute_delay",
    place=160,
    default="1s",
    metavar="TIME",
    help="From a fault or a repair until routing has converged: flows stand meanwhile.",
    spell=_time("reroute_delay"),
    words=lambda text: f"rerouted after {text}",
    noun="time to reroute",
    nouns="times to reroute",
    label="reroute delay (s)",
    ticks="time",
)


def _repeat(text: str) -> str:
    from sims.models.fluid.faults.setting import parse_repeat
    from sims.models.fluid.faults.wear import time_text

    iterations, duration = parse_repeat(text)
    return time_text(duration) if duration else str(iterations)


REPEAT = Setting(
    name="repeat",
    place=170,
    default="1",
    metavar="NUMBER|TIME",
    help="Runs one after the other: so many, or as many as begin within a time (1h).",
    options=("--iterations", "--duration"),
    spell=_repeat,
    of_flows=False,
    noun="number of repeats",
    nouns="numbers of repeats",
)

GAP = Setting(
    name="gap",
    place=180,
    default="0s",
    metavar="TIME",
    help="Computing between two runs.",
    spell=_time("gap"),
    of_flows=False,
    noun="gap between repeats",
    nouns="gaps between repeats",
    label="gap (s)",
    ticks="time",
)
