"""A trace file of any format, told by how it begins. Knows their names."""

from __future__ import annotations

import os

from fabric.machine.document import open_text
from fabric.machine.under_way import reading
from fabric.words.errors import FileFormatError, ParameterError
from sims.workload.trace.goal import looks_like_goal, read_goal
from sims.workload.trace.trace import Trace

__all__ = ["read_trace"]

_PER_BYTE = 4.8e-7  # s of one core, of GOAL


def read_trace(path: str | os.PathLike[str]) -> Trace:
    """The trace in a GOAL file, or of Chakra in the files of all ranks, of which ``path`` is one.

    Raises:
        FileFormatError: neither, or it breaks its own format.
        ParameterError: no file is named.
    """
    from sims.workload.trace.chakra import looks_like_chakra, read_chakra

    name = os.fspath(path)
    if not name:
        rule = "name the file of a trace by --trace: GOAL, or one rank's of Chakra (NAME.0.et or NAME.0.json)"
        raise ParameterError("trace", None, rule)
    with open_text(name) as file:
        start = file.read(65_536)
    if looks_like_chakra(name, start):
        return read_chakra(path)
    if looks_like_goal(start):
        with reading(path, per_byte=_PER_BYTE):
            return read_goal(path)
    raise FileFormatError(
        name, "", "neither GOAL (num_ranks ...) nor an execution trace of Chakra (NAME.RANK.et)"
    )
