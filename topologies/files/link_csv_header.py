"""The header of a link list in CSV: where it stands, its delimiter, what is strange in it. Reads no row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fabric.words.errors import FileFormatError
from fabric.words.place import at, cell_starts, word_at
from topologies.files.link_columns import DELIMITERS, columns, split_header

__all__ = ["KNOWN", "NEEDED", "first_unknown", "looks_like_link_csv", "read_header", "without_meaning"]

KNOWN = re.compile(r"(source|target|edge)(_|$)|rate_Gbps$|delay_s$")
# Attributes of nodes that have a meaning (docs/schema.md), and those that families note besides.
_OF_NODES = "id|port|kind|tier|server|pod|rail|plane|name|addresses|group|[a-z]|coordinates?"
_MEANT = re.compile(rf"(source|target)(_({_OF_NODES}))?|rate_Gbps|delay_s")
_LONGEST = 65_536  # characters of a header
NEEDED = (
    "source", "source_kind", "source_tier", "target", "target_kind", "target_tier", "rate_Gbps", "delay_s",
)  # fmt: skip


def looks_like_link_csv(start: str) -> bool:
    """Whether a file that begins so is a link list: its header names two ends, whatever its delimiter."""
    try:
        return bool(read_header("", start.replace("\r", "\n").split("\n")))
    except FileFormatError:
        return False


def read_header(
    name: str, lines: Iterable[str], titles: Mapping[str, str] | None = None
) -> tuple[int, str, list[str]]:
    """The line of the header, the delimiter and the header's cells. Before it: blank lines and comments."""
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#") or re.fullmatch("sep=.?", line.strip()):
            continue
        if found := split_header(line.removesuffix("\n")[:_LONGEST], titles):
            return number, *found
        shown = repr(line.strip() if len(line) <= 80 else line.strip()[:77] + "...")
        rule = f"a link list has the columns {', '.join(NEEDED)}"
        if titles:
            rule = f"the titles {', '.join(titles)} are needed"
        where = at(number, _strange(line[:_LONGEST], titles))
        raise FileFormatError(name, where, f"no columns source and target in {shown}: {rule}")
    raise FileFormatError(name, "", "holds no links")


def _strange(line: str, titles: Mapping[str, str] | None) -> int:
    """The column of the first title in a line that means nothing here; 1 where all mean something."""
    delimiter = max(DELIMITERS, key=line.count)
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        cells = []
    starts, index = cell_starts(line, delimiter), first_unknown(columns(cells, titles).names)
    return word_at(line, starts[index] if index < len(starts) else 0)


def without_meaning(titles: Sequence[str], header: Sequence[str]) -> Iterator[str]:
    """What to say of the columns ``header``, called ``titles`` in the file, that nothing here asks for: those
    of no node and no cable, which are left out, and attributes that are kept as they are.

    >>> list(without_meaning(["From", "To", "From srv"], ["source", "target", "source_srv"]))
    ['Kept without a meaning, as no attribute is called so here: From srv.']
    """
    unknown = [mine for mine, ours in zip(titles, header) if not KNOWN.match(ours)]
    kept = [m for m, ours in zip(titles, header) if KNOWN.match(ours) and not _MEANT.fullmatch(ours)]
    if unknown:
        yield f"Left out what is no column of a link list: {', '.join(unknown)}."
    if kept:
        yield f"Kept without a meaning, as no attribute is called so here: {', '.join(kept)}."


def first_unknown(header: Sequence[str]) -> int:
    """The index of the first column that is none of a link list; behind the last where all are.

    >>> first_unknown(["source", "colour", "target"]), first_unknown(["source"])
    (1, 1)
    """
    return next((i for i, name in enumerate(header) if not KNOWN.match(name)), len(header))
