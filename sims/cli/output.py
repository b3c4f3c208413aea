"""Output: where one thing that a command makes goes, files or standard output. Knows no command.

What goes to standard output goes there alone, so that another program can read it: the table that a command
prints otherwise is left out, as the rows say more.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fabric.words.errors import ParameterError

__all__ = ["BINARY", "STDOUT", "Output", "alone", "outputs", "write_text"]

STDOUT = "-"
BINARY = (".png", ".pdf", ".parquet")  # no text, so of files only


@dataclass(frozen=True)
class Output:
    """One thing goes to ``files``, and to standard output in the format of the ending ``form``; "" if not.

    An output without either is false.
    """

    files: tuple[Path, ...] = ()
    form: str = ""

    def __bool__(self) -> bool:
        return bool(self.files or self.form)

    def write(self, make: Callable[..., object], *made: Any) -> None:
        """Call ``make(path, *made)`` for each place, and say on stderr which files it were: all, or none.

        Standard output gets what ``make`` writes to a file that is then removed: nothing of it if that, or
        one of the files, fails.
        """
        from fabric.machine.whole_file import together
        from sims.scenario.files import tell_written

        text = ""
        if self.form:
            with tempfile.TemporaryDirectory(prefix="fabricsim-") as folder:
                path = Path(folder) / f"output{self.form}"
                make(path, *made)
                text = path.read_text(encoding="utf-8")
        with together():
            for file in self.files:
                make(file, *made)
        sys.stdout.write(text)
        tell_written(*self.files)


def outputs(
    out: Sequence[Path] | None,
    form: str | None = None,
    json: bool = False,
    plot: Path | None = None,
    **kinds: Sequence[str],
) -> dict[str, Output]:
    """An ``Output`` for each kind of thing that a command makes; ``kinds``: the endings of its files.

    out: the values of --out; ``-`` is standard output. form: the value of --format, the first
    ending of the first kind if not given. json: --json, which sends ``rows`` to standard output. plot: the
    value of --plot, a file for ``figure``.

    Raises:
        ParameterError: an ending that is of no kind, one file twice, two things for standard output, a format
            that is no text, a file that cannot be written.

    >>> outputs([Path("-")], "json", rows=(".csv", ".json"))["rows"]
    Output(files=(), form='.json')
    """
    from sims.scenario.files import check_writable

    every = tuple(ending for endings in kinds.values() for ending in endings)
    found = dict.fromkeys(kinds, Output())
    named = list(out or ())
    piped = [path for path in named if str(path) == STDOUT]
    if form is not None and not piped:
        raise ParameterError("--format", form, "is of what goes to standard output: --out -")
    if len(piped) + json > 1:
        rule = "one thing goes to standard output" + (", and --json is one" if json else ": give it once")
        raise ParameterError("--out", STDOUT, rule)
    if piped:
        texts = [ending[1:] for ending in every if ending not in BINARY]
        chosen = texts[0] if form is None else form.lower().removeprefix(".")
        if chosen not in texts:
            raise ParameterError("--format", form, "no text that goes to standard output", texts)
        found[_kind(f".{chosen}", kinds)] = Output(form=f".{chosen}")
    if json:
        found["rows"] = Output(form=".json")
    files = [("--out", path, every) for path in named if str(path) != STDOUT]
    if plot is not None:
        files.append(("--plot", plot, tuple(kinds["figure"])))
    for option, path, endings in files:
        check_writable(path, option, endings)
        kind = _kind(path.suffix, kinds)
        if path.resolve() in {file.resolve() for file in found[kind].files}:
            raise ParameterError(option, str(path), "named twice: each file once")
        found[kind] = Output((*found[kind].files, path), found[kind].form)
    return found


def alone(found: Iterable[Output]) -> bool:
    """Whether standard output is taken, so that nothing else may be printed there."""
    return any(output.form for output in found)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a file, whole or not at all."""
    from fabric.machine.whole_file import replaced

    with replaced(path) as file:
        file.write(text)


def _kind(ending: str, kinds: dict[str, Sequence[str]]) -> str:
    """The kind of thing that is in files of an ending; a device without one is of the first."""
    return next((kind for kind, endings in kinds.items() if ending in endings), next(iter(kinds)))
