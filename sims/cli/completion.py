"""What the shell offers behind TAB: the words that an option takes, by its name. Knows no command.

Only words that are listed somewhere; a path is the shell's own business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sims.settings.each.engine import ENGINE

__all__ = ["Word", "complete"]


class Word(NamedTuple):
    """One word to offer, and a line on it; ``type`` as the shells' scripts want it."""

    value: str
    help: str | None = None
    type: str = "plain"


def complete(command: Any) -> Any:
    """``command`` (a group: and all in it), whose options and arguments offer their words."""
    for parameter in command.params:
        if parameter.name in _WORDS:
            parameter.shell_complete = _completer(_WORDS[parameter.name])
    for one in getattr(command, "commands", {}).values():
        complete(one)
    return command


def _completer(words: Callable[[str], Iterable[Word]]) -> Callable[[Any, str], list[Word]]:
    def shell_complete(ctx: Any, incomplete: str) -> list[Word]:
        return [word for word in words(incomplete) if word.value.startswith(incomplete)]

    return shell_complete


def _topologies(incomplete: str) -> Iterable[Word]:
    """Families and presets; behind the colon of one, its parameters."""
    from topologies.catalogue import listing

    for entry in listing():
        if not incomplete.startswith(f"{entry.name}:"):
            yield Word(entry.name, entry.summary)
            continue
        kept = incomplete[: max(incomplete.rfind(","), len(entry.name)) + 1]
        yield from (Word(f"{kept}{key}=", default) for key, default in entry.parameters.items())


def _presets(incomplete: str) -> Iterable[Word]:
    return [
        Word(word.value.removeprefix("preset:"), word.help)
        for word in _topologies(f"preset:{incomplete}")
        if word.value.startswith("preset:")
    ]


def _policies(incomplete: str) -> Iterable[Word]:
    from fabric.routing.policies import POLICIES

    return _behind_comma(incomplete, POLICIES)


def _algorithms(incomplete: str) -> Iterable[Word]:
    from sims.workload.collectives import AUTO, algorithms

    return _behind_comma(incomplete, [*algorithms(), AUTO])


def _profiles(incomplete: str) -> Iterable[Word]:
    from sims.models.profiles import CUSTOM, PROFILES

    return [Word(name) for name in PROFILES if name != CUSTOM]


def _figures(incomplete: str) -> Iterable[Word]:
    from sims.show.figures.named import FIGURES

    return [Word(name, figure.summary) for name, figure in FIGURES.items()]


def _traffic(incomplete: str) -> Iterable[Word]:
    from sims.jobs.demand import TRAFFIC

    return map(Word, TRAFFIC)


def _behind_comma(incomplete: str, names: Iterable[str]) -> Iterable[Word]:
    kept = incomplete[: incomplete.rfind(",") + 1]
    return [Word(f"{kept}{name}") for name in names]


def _listed(*names: str) -> Callable[[str], Iterable[Word]]:
    return lambda incomplete: map(Word, names)


_WORDS: Mapping[str, Callable[[str], Iterable[Word]]] = {
    **dict.fromkeys(("spec", "specs", "topology", "family", "a", "b"), _topologies),
    "preset": _presets,
    "routing": _policies,
    "algorithm": _algorithms,
    "latency_profile": _profiles,
    "figure": _figures,
    "traffic": _traffic,
    "engine": _listed(*ENGINE.choices()),
    "placement": _listed("packed", "random", "strided-servers", "strided-endpoints:", "hostlist:"),
    "style": _listed("tiers", "folded", "adjacency"),
    "format": _listed("csv", "json", "jsonl"),
}
