"""The table that nccl-tests prints, by every release of it. Knows no JSON and checks no number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fabric.errors import FileFormatError
from sims.nccl_log.entry import CPU, FACTORS, Entry, Found, entry, library

__all__ = ["from_text"]

_STARTING = re.compile(r"Collective test starting: (?:\S*/)?(\w+?)_perf(?:_mpi)?\b")
_MENTION = re.compile(rf"(?<![a-z])({'|'.join(sorted(FACTORS, key=len, reverse=True))})_perf(?:_mpi)?\b")
_PREFIX = re.compile(r"^(?:\[[\d,]+\]<std\w+>:? ?|\s*\d+: )")  # mpirun --tag-output, srun --label
_TEST = re.compile(r"#\s*nThreads?:? (\d+) nGpus:? (\d+) ")
_DEVICE = re.compile(r"#\s*Rank\s+(\d+)\s+(?:Group\s+(\d+)\s+)?Pid\s+\d+ on ")
_HEADER = re.compile(r"#?\s*size\s+count\s.*\b(?:cpu)?time\s.*\balgbw\s+busbw\b")
_RECORD = re.compile(r"\s*\d+\s+\d+\s+[a-z]\w*\s")
_STAMP = r"\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*$"
_VERSIONS = (
    (re.compile(r"nccl-tests version (\S+)"), "nccl-tests"),
    (re.compile(r"rccl-tests: Version (\S+)"), "rccl-tests"),
    (re.compile(r"nccl-library=(\d+)"), "NCCL"),
    (re.compile(r"\bNCCL version (\d[\w.]*)"), "NCCL"),
)


def from_text(text: str, name: str) -> Found:
    """What a printed log holds; ``name``: of the file, for its mistakes.

    Raises:
        FileFormatError: a line of results that cannot be read, or a second test.
    """
    tool = ""
    columns: list[str] = []
    mentioned: set[str] = set()
    versions: dict[str, str] = {}
    groups: dict[str, set[int]] = {}
    tests: list[int] = []
    entries: list[Entry] = []
    cpu = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = _PREFIX.sub("", raw)
        where = f"line {number}"
        if _TEST.match(line):
            tests.append(number)
            if len(tests) > 1:
                rule = f"a second test starts here, the first at line {tests[0]}: one test to a file"
                raise FileFormatError(name, where, f"{rule} (without MPI=1 every process prints its own)")
        elif device := _DEVICE.match(line):
            groups.setdefault(device[2] or "0", set()).add(int(device[1]))
        elif _HEADER.match(line):
            columns = line.lstrip("# ").split()
            cpu = "cputime" in columns
        elif _RECORD.match(line) and columns:
            entries += _of_line(line, columns, where, name)
        elif _RECORD.match(line) and len(line.split()) >= 10:
            raise FileFormatError(name, where, "results without a header above them ('size count type ...')")
        else:
            for pattern, what in _VERSIONS:
                if said := pattern.search(line):
                    versions.setdefault(what, f"{what} {library(said[1])}")
            mentioned |= set(_MENTION.findall(line))
            if said := _STARTING.search(line):
                tool = said[1]
    ranks = len(next(iter(groups.values()))) if groups else None
    notes = [f"{len(groups)} groups of ranks ran side by side"] if len(groups) > 1 else []
    if not tool and len(mentioned) == 1:  # in a command that the shell or the scheduler showed
        (tool,) = mentioned
    return Found(tool, ranks, list(versions.values()), notes + [CPU] * cpu, entries)


def _of_line(line: str, columns: Sequence[str], where: str, name: str) -> Iterator[Entry]:
    """The results out of place and in place of a line; only the latter where a replay measured only that."""
    start = next(i for i, title in enumerate(columns) if title in ("time", "cputime"))
    tail = [title for title in columns[start:] if title != "timestamp"]
    half = len(tail) // 2
    words = re.sub(_STAMP, "", line).split() if "timestamp" in columns else line.split()
    # Some tools leave redop and root blank, so only what is counted from the right is sure.
    fits = (n for n in (2 * half, half) if 3 <= len(words) - n <= start)
    count = next((n for n in fits if len(words) - n == start or words[-n][0].isdigit()), 0)
    if not count:
        rule = f"cut off, or mixed with other output: {len(words)} values where {start + 2 * half} are due"
        raise FileFormatError(name, where, rule)
    left, right = words[: len(words) - count], words[len(words) - count :]
    given = dict(zip(columns, left)) if len(left) == start else {}
    for i in range(0, count, half):
        values = dict(zip(tail, right[i : i + half]))
        yield entry(
            where,
            left[0],
            in_place=count == half or i > 0,
            time=values.get("time", values.get("cputime")),
            algbw=values["algbw"],
            busbw=values["busbw"],
            wrong=values.get("#wrong", values.get("error", "N/A")),
            redop=given.get("redop", "none"),
            root=given.get("root", "-1"),
            name=name,
        )
