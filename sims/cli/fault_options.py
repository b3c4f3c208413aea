"""How a command names the faults that strike during a run, and how often the run repeats.

Knows typer's options; draws nothing and reads no file.
"""

from __future__ import annotations

from typing import Annotated

import typer

from fabric.words.errors import ParameterError

__all__ = [
    "Faults",
    "Flap",
    "FlapTime",
    "Gap",
    "MtbfLink",
    "MtbfSwitch",
    "MttrLink",
    "MttrSwitch",
    "Repeat",
    "RerouteDelay",
    "faults_text",
]

Faults = Annotated[
    str | None,
    typer.Option(
        "--faults",
        "--fault-schedule",
        metavar="PROFILE|FILE.toml",
        help="What fails during the run: hpn or llama3 (published rates; constants can be replaced: "
        "hpn:flaps=5000/d), quiet, or a schedule.  [default: nothing]",
        show_default=False,
    ),
]
MtbfLink = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Mean time between failures of one cable (5y).", show_default=False),
]
MttrLink = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Mean time until a cable is repaired.  [default: 4h]", show_default=False
    ),
]
MtbfSwitch = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="The same of one switch, with all its cables.", show_default=False),
]
MttrSwitch = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Mean time until a switch is repaired.  [default: 4h]", show_default=False
    ),
]
Flap = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER/d", help="Flaps of cables a day (h, min, s) on the whole fabric.", show_default=False
    ),
]
FlapTime = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Mean time that a flap lasts.  [default: 5s]", show_default=False),
]
RerouteDelay = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="From a fault or a repair until routing has converged: flows stand meanwhile."
    ),
]
Repeat = Annotated[
    str,
    typer.Option(
        "--repeat",
        "--iterations",
        "--duration",
        metavar="NUMBER|TIME",
        help="All-reduces one after the other: so many, or as many as begin within a time (1h).",
    ),
]
Gap = Annotated[str, typer.Option(metavar="TIME", help="Computing between two all-reduces.")]


def faults_text(faults: str | None, **constants: str | None) -> str:
    """The text of a scenario: a profile with the constants that options of their own gave."""
    given = {key: text for key, text in constants.items() if text is not None}
    if not given:
        return "none" if faults is None else faults
    start = "quiet" if faults is None else faults
    if start == "none" or start.endswith(".toml"):
        rule = "a schedule says itself what fails" if start != "none" else "nothing fails, as asked"
        raise ParameterError(f"faults: {next(iter(given))}", next(iter(given.values())), rule)
    joint = "," if ":" in start else ":"
    return start + joint + ",".join(f"{key}={text}" for key, text in given.items())
