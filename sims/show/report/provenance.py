"""Where the numbers come from: versions, keys, the commands that give them again. Runs nothing."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from fabric.words.errors import ParameterError
from fabric.words.units import parse_sizes
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import JOB_SETTINGS, MODEL_VERSION, Scenario
from sims.settings.texts import COLLECTIVE, command_of, option_words
from sims.show.report.markup import Html, element, joined

__all__ = ["commands", "provenance", "sizes_text"]

_JOB = ("topology", *JOB_SETTINGS)  # what one command has once
_MOST = 20


def sizes_text(sizes: Sequence[int]) -> str:
    """The sizes as the command line takes them: a range where they are one, else a list.

    >>> sizes_text([8, 32, 128]), sizes_text([2**20, 2**30, 3])
    ('8:128:x4', '3,1M,1G')
    """
    sizes = sorted(set(sizes))
    plain = ",".join(map(_size, sizes))
    if len(sizes) > 2 and sizes[1] % sizes[0] == 0:
        span = f"{_size(sizes[0])}:{_size(sizes[-1])}:x{sizes[1] // sizes[0]}"
        try:
            if parse_sizes(span) == tuple(sizes):
                return span
        except ParameterError:  # more sizes than a range may have
            return plain
    return plain


def _size(size: int) -> str:
    for letter, factor in (("G", 2**30), ("M", 2**20), ("K", 2**10)):
        if size % factor == 0:
            return f"{size // factor}{letter}"
    return str(size)


def commands(results: Sequence[Row | Failure]) -> list[str]:
    """A command per job and set of sizes; none for a graph in memory, which no command can name."""
    jobs: dict[tuple[object, ...], dict[str, set[int]]] = {}
    for result in results:
        s = result.scenario
        if not s.topology.startswith("graph "):
            job = jobs.setdefault(tuple(getattr(s, name) for name in _JOB), {})
            job.setdefault(s.algorithm, set()).add(s.size_bytes)
    found = []
    for values, sizes_of in jobs.items():
        alike: dict[tuple[int, ...], list[str]] = {}
        for algorithm, own in sizes_of.items():
            alike.setdefault(tuple(sorted(own)), []).append(algorithm)
        found += [_command(dict(zip(_JOB, values)), names, sizes) for sizes, names in alike.items()]
    return found


def _command(job: dict[str, object], algorithms: Sequence[str], sizes: Sequence[int]) -> str:
    usual = Scenario.model_fields
    words = [*command_of(str(job[COLLECTIVE])), str(job["topology"])]
    words += ["--algorithm", ",".join(algorithms), "--sizes", sizes_text(sizes), "--ranks", str(job["ranks"])]
    for name in _JOB:
        # Routing is always said: its canonical text names the queue pairs, which decide.
        said = name in ("topology", "ranks", COLLECTIVE)
        if name == "routing" or (not said and job[name] != usual[name].default):
            words += option_words(name, job[name])
    return shlex.join([*words, "--out", "rows.jsonl"])


def provenance(results: Sequence[Row | Failure], source: str, sweep_toml: str | None) -> Html:
    """Versions, keys, commands, the sweep's own text and one row in full."""
    versions = list(dict.fromkeys(result.version for result in results))
    keys = [result.key for result in results]
    span = keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}, in the order of the file"
    facts = {
        "Program": f"fabricsim {', '.join(versions)}",
        "Model version": str(MODEL_VERSION),
        "Results": f"{len(keys):,}, from {source}",
        "Keys": span,
    }
    listed = element("dl", *(part for k, v in facts.items() for part in (element("dt", k), element("dd", v))))
    said = element(
        "p",
        "A key is a hash of everything that determines a result, so equal keys have equal numbers, "
        "whoever runs them and when.",
    )
    parts = [listed, said, element("h3", "How to get the same numbers")]
    parts += _again_sweep(sweep_toml) if sweep_toml is not None else _again_rows(results)
    first = next((result for result in results if isinstance(result, Row)), results[0])
    shown = json.dumps(first.to_dict(), indent=1, ensure_ascii=False)
    what = "One row in full" if isinstance(first, Row) else "One result in full"
    parts += [element("h3", what), _code(shown, what)]
    return joined(parts, "\n")


def _again_sweep(sweep_toml: str) -> list[Html]:
    told = element("p", "With this text as ", element("code", "sweep.toml"), ":")
    return [_code("fabricsim sweep sweep.toml -o out/", "Command"), told, _code(sweep_toml, "sweep.toml")]


def _again_rows(results: Sequence[Row | Failure]) -> list[Html]:
    found, parts = commands(results), []
    if found:
        parts.append(_code("\n".join(found[:_MOST]), "Commands"))
    if len(found) > _MOST:
        parts.append(element("p", f"These are the first {_MOST} of {len(found):,} such commands."))
    if any(result.scenario.topology.startswith("graph ") for result in results):
        call = element("code", "simulate(row.scenario, fabric)")
        parts.append(
            element("p", "A graph in memory has no name on the command line: pass it, as in ", call, ".")
        )
    return parts


def _code(text: str, what: str) -> Html:
    return element("pre", element("code", text.strip("\n")), role="region", aria_label=what, tabindex=0)
