"""What tells rows of jobs apart, and what they share, in words. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sims.scenario.job_scenario import JobScenario
from sims.settings.table import spelled, table_of
from sims.settings.texts import parts_of
from sims.studies.sweep.job_value import job_apart

__all__ = ["Result", "names_of", "said", "shared", "short", "telling", "varied", "words"]

_LONG = 60  # signs of a setting in a table or beside a bar


class Result(Protocol):
    """A row of a job, or the failure of one."""

    @property
    def scenario(self) -> JobScenario: ...


def varied(results: Sequence[Result]) -> list[str]:
    """The settings in which the results differ."""
    names = table_of(results[0].scenario.kind)
    return [name for name in names if len({one.scenario.settings[name] for one in results}) > 1]


def telling(results: Sequence[Result]) -> list[dict[str, str]]:
    """Of each result the texts of the settings in which they differ; of those that name the same thing
    everywhere the parts that differ, as ``topology.oversubscription``.
    """
    found: list[dict[str, str]] = [{} for _ in results]
    kind = results[0].scenario.kind
    for name in varied(results):
        texts = [one.scenario.settings[name] for one in results]
        cut = [job_apart(name, text, kind) for text in texts]
        parts = list(dict.fromkeys(part for _, given in cut for part in given))
        if len({head for head, _ in cut}) > 1 or not parts:
            for own, text in zip(found, texts):
                own[name] = text
            continue
        for part in parts:
            each = [
                given.get(part) or parts_of(name, text, kind).get(part) or "default"
                for (_, given), text in zip(cut, texts)
            ]
            if len(set(each)) > 1:
                for own, text in zip(found, each):
                    own[f"{name}.{part}"] = text
    return found


def words(name: str, text: str) -> str:
    """A value such that it can stand alone: with its name where it is a number or as good as one.

    >>> words("faults.gpu_mtbf", "100d"), words("routing", "adaptive")
    ('gpu mtbf 100d', 'adaptive')
    """
    plain = name.rpartition(".")[2].replace("_", " ")
    alone = text[:1].isalpha() and text not in ("true", "false", "none", "default", "rest", "any")
    return short(text) if alone else f"{plain} {short(text)}"


def said(one: Mapping[str, str]) -> str:
    """What tells a result, of ``telling``, in one line."""
    return ", ".join(words(name, text) for name, text in one.items())


def short(text: str) -> str:
    """The text of a setting in one line."""
    text = text.removeprefix("mesh:")
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}\N{HORIZONTAL ELLIPSIS}"


def names_of(results: Sequence[Result]) -> list[str]:
    """What each result is called among the others."""
    return [said(one) or result.scenario.kind for one, result in zip(telling(results), results)]


def shared(results: Sequence[Result]) -> Mapping[str, str]:
    """The settings that all results share and that are not at their default, the topology left out."""
    kind, first = results[0].scenario.kind, results[0].scenario.settings
    other = {*varied(results), "topology", "mix", "steps"}
    return {
        name: first[name]
        for name, one in table_of(kind).items()
        if name not in other and first[name] != (one.default and spelled(name, one.default, kind))
    }
