"""GOAL, the traces of LogGOPSim and ATLAHS, in their text form: ``rank 0 { l1: send 10b to 1 tag 3 }``.

``calc`` is in nanoseconds; ``l2 requires l1`` lets l2 start when l1 has ended, ``irequires`` when it has
started. Knows the language; no network.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from fabric.machine.document import text_lines
from fabric.machine.window import Window
from fabric.words.errors import FileFormatError
from fabric.words.place import Pieces
from sims.workload.trace.trace import CALC, RECV, SEND, Builder, Trace

__all__ = ["looks_like_goal", "read_goal"]

_GAP = r"(?:\s|//[^\n]*|\#[^\n]*|/\*.*?\*/)*+"
_LABEL = r"[A-Za-z_][A-Za-z0-9_.]{0,63}"
_N = r"[0-9]{1,18}"
_STATEMENT = re.compile(
    rf"(?P<gap>{_GAP})(?:(?P<end>\Z)|num_ranks\s+(?P<ranks>{_N})|rank\s+(?P<rank>{_N})\s*\{{|(?P<close>\}})"
    rf"|(?P<one>{_LABEL})\s+(?P<how>i?requires)\s+(?P<other>{_LABEL})"
    rf"|(?:(?P<label>{_LABEL})\s*:\s*)?(?:calc\s+(?P<calc>{_N})"
    rf"|(?P<way>send|recv)\s+(?P<size>{_N})b?\s+(?:to|from)\s+(?P<peer>{_N}))"
    rf"(?P<more>(?:\s+(?:tag|cpu|nic)\s+{_N})*))",
    re.DOTALL,
)
_SKIPPED = re.compile(_GAP, re.DOTALL)
_FORMS = (
    Pieces(r"num_ranks\s+", _N),
    Pieces(r"rank\s+", _N, r"\s*\{"),
    *(
        Pieces(*label, *form)
        for label in ((), (_LABEL, r"\s*:\s*"))
        for form in ((r"calc\s+", _N), (r"(?:send|recv)\s+", rf"{_N}b?\s+", r"(?:to|from)\s+", _N))
    ),
    Pieces(_LABEL, r"\s+", r"i?requires\s+", _LABEL),
)
_SLIDE = 1 << 18  # characters behind the reader that are let go at once
_SHOWN = 400  # characters of a statement that is none, in which the wrong word is looked for
_MORE = re.compile(rf"(tag|cpu|nic)\s+({_N})")
_MOST_RANKS = 10_000_000
_START = re.compile(rf"{_GAP}num_ranks\s+[0-9]", re.DOTALL)


def looks_like_goal(start: str) -> bool:
    """Whether a file that begins so is GOAL.

    >>> looks_like_goal("// made by hand\\nnum_ranks 2\\n"), looks_like_goal("ranks 2")
    (True, False)
    """
    return _START.match(start) is not None


def read_goal(path: str | os.PathLike[str]) -> Trace:
    """The operations of all ranks. NICs are left out: a rank sends by those of its endpoint.

    Raises:
        FileFormatError: with line and column: what is none of the language, a label that is not there or
            there twice, a rank twice; as ``Builder.trace``.
    """
    name = os.fspath(path)
    with text_lines(name) as lines:
        return _read(name, Window(lines))


def _read(name: str, window: Window) -> Trace:
    place = window.place
    builder = Builder(name, said=lambda where: place(where, kept=True))
    ranks, at, rank = -1, 0, -1
    seen: set[int] = set()
    labels: dict[str, int] = {}
    waits: list[tuple[tuple[int, int], str, str, str]] = []
    while True:
        if at > _SLIDE:
            window.cut(at)
            at = 0
        found = window.match(_STATEMENT, at)
        if found is None:
            gap = window.match(_SKIPPED, at)
            at = gap.end() if gap else at
            text = window.text[at : at + _SHOWN]
            rule = "a statement is LABEL: calc NS, LABEL: send Nb to RANK tag T, or LABEL requires LABEL"
            wrong = place(at + max(one.stops(text) for one in _FORMS) - 1)
            raise FileFormatError(name, wrong, f"{text[:40].split(chr(10))[0]!r}: {rule}")
        here = found.end("gap")
        where, at = window.where(here), found.end()
        if found["end"] is not None:
            break
        if found["ranks"]:
            ranks = int(found["ranks"])
            if not 0 < ranks <= _MOST_RANKS:
                raise FileFormatError(
                    name, place(found.start("ranks")), f"num_ranks {ranks}: from 1 to {_MOST_RANKS:,}"
                )
        elif found["rank"]:
            if rank >= 0 or int(found["rank"]) in seen:
                rule = "a rank inside another" if rank >= 0 else f"rank {found['rank']} is there twice"
                raise FileFormatError(name, place(here), rule)
            rank = int(found["rank"])
            seen.add(rank)
        elif rank < 0:
            raise FileFormatError(name, place(here), "outside of a rank")
        elif found["close"]:
            for start, one, how, other in waits:
                for label in (one, other):
                    if label not in labels:
                        at_label = place(start[label == other], kept=True)
                        raise FileFormatError(name, at_label, f"no label {label} in rank {rank}")
                into = builder.after if how == "requires" else builder.with_
                into[labels[one]].append(labels[other])
            rank, labels, waits = -1, {}, []
        elif found["one"]:
            starts = where, window.where(found.start("other"))
            waits.append((starts, found["one"], found["how"], found["other"]))
        else:
            said = {key: int(value) for key, value in _MORE.findall(found["more"])}
            lane, tag = said.get("cpu", 0), said.get("tag", 0)
            if found["calc"]:
                number = builder.add(where, CALC, rank, int(found["calc"]) * 1e-9, lane=lane)
            else:
                kind = SEND if found["way"] == "send" else RECV
                size, peer = float(found["size"]), int(found["peer"])
                number = builder.add(where, kind, rank, size, peer=peer, tag=tag, lane=lane)
            if found["label"]:
                if found["label"] in labels:
                    raise FileFormatError(name, place(here), f"label {found['label']} is there twice")
                labels[found["label"]] = number
    if rank >= 0 or ranks < 0:
        rule = f"the file ends inside rank {rank}: it is cut off" if rank >= 0 else "no num_ranks"
        raise FileFormatError(name, place(len(window.text)), rule)
    return builder.trace(Path(name).name, ranks)
