"""What nccl-tests prints, by every release of it, whatever stands before and between. Checks no number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fabric.words.counted import counted
from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.clean import LogText
from sims.studies.nccl_log.entry import CPU, FACTORS, Entry, Found, library
from sims.studies.nccl_log.table import (
    Begun,
    Columns,
    begun,
    columns_of,
    damaged,
    like_results,
    missing,
    odd_title,
)

__all__ = ["from_text"]

# Every pattern is searched in each line, so each begins with a letter or a look behind, and is possessive.
_STARTING = re.compile(r"Collective test starting: (?:[^\s/]{0,200}+/){0,40}+(\w{1,60}?)_perf(?:_mpi)?\b")
_MENTION = re.compile(rf"(?<![a-z])({'|'.join(sorted(FACTORS, key=len, reverse=True))})_perf(?:_mpi)?\b")
_TEST = re.compile(r"\bnThreads?:?\s++\d++\s++nGpus:?\s++\d")
_DEVICE = re.compile(
    r"\bRank\s++(\d{1,9}+)\s++(?:Group\s++(\d{1,9}+)\s++)?Pid\s++(\d++)\s++on\s++(\S{1,255}+)\s++device\b"
)
_VERSIONS = (
    (re.compile(r"nccl-tests version ([\w.+:-]{1,60})"), "nccl-tests"),
    (re.compile(r"rccl-tests: Version ([\w.+:-]{1,60})"), "rccl-tests"),
    (re.compile(r"nccl-library=([1-9]\d{0,8})\b|\bNCCL version (\d[\w.]{0,30})"), "NCCL"),
)
_SHORTEST = len("NCCL version 2")  # of the lines that say anything in words
_ALONE = "without MPI=1 every process prints its own"


@dataclass
class _Test:
    """One run of a tool: the line and the column where it starts, what it lists, and its results; ``named``:
    line and column of the tool.
    """

    line: int
    column: int = 1
    tool: str = ""
    named: tuple[int, int] = (0, 0)
    announced: bool = False  # by the line of its threads and sizes
    headers: int = 0
    cpu: bool = False
    groups: dict[str, dict[int, tuple[str, str]]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


class _Reader:
    """The lines of one log, one after the other."""

    def __init__(self, log: LogText) -> None:
        self.log = log
        self.tests = [_Test(1)]
        self.columns: Columns | None = None
        # What looks like a header: its line, the column where it stops being one, and what it lacks.
        self.alike: tuple[int, int, list[str]] | None = None
        self.header = ""  # the line before, if it was one
        self.row: Begun | None = None  # begun and not yet whole
        self.mentioned: dict[str, tuple[int, int]] = {}  # the line and the column where each tool first is
        self.versions: dict[str, str] = {}
        self.unread: list[int] = []  # lines that look like results

    def line(self, number: int, line: str) -> None:
        header, self.header = self.header, ""
        if "Rank" in line and (device := _DEVICE.search(line)):
            self._device(number, device)
        elif "nThread" in line and (test := _TEST.search(line)):
            self._start(number, test.start() + 1, announced=True)
        elif columns := columns_of(line) if _like_header(line) else None:
            self._head(line, columns)
        elif header and self._continues_header(header, line):
            pass
        elif row := begun(line, number):
            self._row(row)
        elif not self._continues_row(number, line):
            if self.columns:
                self._unread(number, line, self.columns)
            self._words(number, line)

    def _unread(self, number: int, line: str, columns: Columns) -> None:
        if wrong := damaged(line, columns):
            raise self.log.wrong(number, *wrong)
        if like_results(line, columns):
            self.unread.append(number)

    def _device(self, number: int, found: re.Match[str]) -> None:
        if self.tests[-1].entries:  # another list of devices is another test, announced or not
            before = self.tests[-1]
            self._start(number, found.start() + 1)
            self.tests[-1].tool, self.tests[-1].named = before.tool, before.named
        rank, (pid, host) = int(found[1]), (found[3], found[4])
        ranks = self.tests[-1].groups.setdefault(found[2] or "0", {})
        if ranks.setdefault(rank, (pid, host)) != (pid, host):
            rule = f"rank {rank} is listed twice, on {ranks[rank][1][:60]} and on {host[:60]}: {_ALONE} test"
            raise self.log.wrong(number, found.start(1) + 1, rule)

    def _start(self, number: int, column: int, *, announced: bool = False) -> None:
        """A test starts, unless this is the second line that says so of the same one."""
        self.close()
        now = self.tests[-1]
        if now.announced or now.entries or (not announced and now.tool):
            self.tests.append(_Test(number, column, announced=announced))
        else:
            now.announced |= announced
            now.line, now.column = (now.line, now.column) if now.tool else (number, column)

    def _head(self, line: str, columns: Columns) -> None:
        self.close()
        self.columns, self.alike, self.header = columns, None, line
        self.tests[-1].headers += bool(line)  # and not for the rest of one
        self.tests[-1].cpu |= "cputime" in columns.half

    def _continues_header(self, header: str, line: str) -> bool:
        """Whether ``line`` is the rest of a header that a terminal or a mail broke."""
        low = line.lower()
        if ("algbw" not in low and "busbw" not in low) or "size" in low:
            return False
        whole = [found for found in map(columns_of, (header + line, f"{header} {line}")) if found]
        both = [found for found in whole if found.halves > 1]
        if whole:
            self._head("", next(iter(both or whole)))
        return bool(whole)

    def _row(self, row: Begun) -> None:
        self.close()
        if self.columns is None:
            what = "results without a header above them ('size count type ...')"
            if self.alike is None:
                raise self.log.wrong(*row.places[0], what)
            line, column, lacks = self.alike
            said = ", ".join(lacks) or "twice the same columns"
            rule = f"looks like the header of the results at line {row.number} and lacks {said}"
            raise self.log.wrong(line, column, rule)
        self.row = row
        if (found := row.read(self.columns)) and len(found.values) == self.columns.halves * len(
            self.columns.half
        ):
            self.close()

    def _continues_row(self, number: int, line: str) -> bool:
        if not self.row or not self.columns:
            return False
        if more := self.row.continued(number, line, self.columns):
            self.row = more
            if (found := more.read(self.columns)) and found.full:
                self.close()
        return more is not None

    def close(self) -> None:
        """Take the results that were begun."""
        row, self.row = self.row, None
        if row is None or self.columns is None:
            return
        if found := row.read(self.columns):
            self.tests[-1].entries += row.entries(found, self.columns, self.log)
            return
        count, due = len(row.read_so_far(self.columns).split()), self.columns.due
        rule = f"cut off, or mixed with other output: {counted(count, 'value')} where {due} are due"
        raise self.log.wrong(*row.stops(self.columns), rule)

    def _words(self, number: int, line: str) -> None:
        if len(line) < _SHORTEST:
            return
        self.header = line if _like_header(line) else ""
        if "bw" in line.lower() and (lacks := missing(line)) is not None:
            self.alike = (number, odd_title(line), lacks)
            return
        for pattern, what in _VERSIONS:
            if what not in self.versions and (said := pattern.search(line)):
                self.versions[what] = f"{what} {library(said[said.lastindex or 1])}"
        if "_perf" not in line:
            return
        for found in _MENTION.finditer(line):
            self.mentioned.setdefault(found[1], (number, found.start(1) + 1))
        if said := _STARTING.search(line):
            self._start(number, said.start() + 1)
            self.tests[-1].tool, self.tests[-1].named = said[1], (number, said.start(1) + 1)


def _like_header(line: str) -> bool:
    return "size" in (low := line.lower()) and "count" in low


def from_text(log: LogText) -> Found:
    """What a printed log holds.

    Several tests of one collective on the same ranks are read as one; beside an all-reduce, tests of other
    collectives are left out.

    Raises:
        FileFormatError: a line of results that cannot be read, or tests that differ; with line and column.
    """
    reader = _Reader(log)
    for number, line in enumerate(log.lines, 1):
        reader.line(number, line)
    reader.close()
    if not reader.tests[-1].tool and len(reader.mentioned) == 1 and len(reader.tests) == 1:
        (reader.tests[0].tool,) = reader.mentioned  # in a command that the shell or the scheduler showed
    notes: list[str] = []
    tests, others = _chosen(reader.tests, notes, log)
    hosts = _hosts(tests[0], notes)
    entries = [entry for test in tests for entry in test.entries]
    if unread := reader.unread:
        what = "1 line looks" if len(unread) == 1 else f"{len(unread)} lines look"
        first = f"line {unread[0]}" if len(unread) == 1 else f"the first is line {unread[0]}"
        notes.append(f"{what} like results and {'was' if len(unread) == 1 else 'were'} not read: {first}")
    notes += [CPU] * any(test.cpu for test in tests)
    tool, named = tests[0].tool, tests[0].named
    if not tool and len(reader.mentioned) == 1:
        (tool,) = reader.mentioned
    named = named if named[0] else reader.mentioned.get(tool, (0, 0))
    where = log.place(*named) if named[0] else ""
    return Found(tool, hosts, list(reader.versions.values()), notes, entries, others, where)


def _chosen(tests: Sequence[_Test], notes: list[str], log: LogText) -> tuple[list[_Test], tuple[str, ...]]:
    """The tests that count, those with results, of one collective on the same ranks; and the collectives of
    those that are left out.
    """
    others: list[str] = []
    full = [test for test in tests if test.entries]
    if len(tests) > 1 and full and not tests[0].entries and max(test.headers for test in full) > 1:
        raise _second(tests[0], tests[1], log)
    if len(full) < 2:
        return full or list(tests[:1]), ()
    own = [test for test in full if test.tool == "all_reduce"]
    if own and len(own) < len(full):
        others = sorted({test.tool or "an unnamed test" for test in full} - {"all_reduce"})
        notes.append(f"tests of other collectives in it are left out: {', '.join(others)}")
        full = own
    for test in full[1:]:
        alone = {len(ranks) for ranks in test.groups.values()} == {1}
        if test.tool != full[0].tool or _places(test) != _places(full[0]) or alone:
            raise _second(full[0], test, log)
    if len(full) > 1:
        notes.append(f"{len(full)} tests in it, on the same ranks, are read as one")
    return full, tuple(others)


def _second(first: _Test, second: _Test, log: LogText) -> FileFormatError:
    rule = f"a second test starts here, the first at line {first.line}: one test to a file ({_ALONE})"
    return log.wrong(second.line, second.column, rule)


def _places(test: _Test) -> dict[str, dict[int, str]]:
    """By group and rank the host; processes have other numbers each time."""
    return {name: {rank: host for rank, (_, host) in g.items()} for name, g in test.groups.items()}


def _hosts(test: _Test, notes: list[str]) -> tuple[str, ...]:
    """The host of each rank of the first group, if the list has all ranks."""
    if not test.groups:
        return ()
    listed = sorted(rank for ranks in test.groups.values() for rank in ranks)
    own = all(sorted(ranks) == list(range(len(ranks))) for ranks in test.groups.values())
    if not own and listed != list(range(len(listed))):
        notes.append(f"its list of devices is not whole: {len(listed)} of {listed[-1] + 1} or more ranks")
        return ()
    if len(test.groups) > 1:
        notes.append(f"{len(test.groups)} groups of ranks ran side by side")
    return tuple(_in_order(next(iter(test.groups.values()))))


def _in_order(ranks: dict[int, tuple[str, str]]) -> Iterator[str]:
    return (ranks[rank][1] for rank in sorted(ranks))
