"""Gold: what some 480 commands print and write, recorded once and compared after every change.

    python tests/gold/gold.py record     # writes tests/gold/outputs/*.txt
    python tests/gold/gold.py            # compares; exit status 1 and a diff where anything differs

The commands stand in commands.txt, one a line; a line such as [flows] begins a file of outputs. Each section
runs in a folder of its own, in which the files of ``inputs`` lie, so that a later command may read what an
earlier one wrote. What differs between machines is left out: the version and the times of the clock.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUTS = HERE / "outputs"
TEXT = {
    ".csv",
    ".json",
    ".jsonl",
    ".toml",
    ".graphml",
    ".dot",
    ".txt",
    ".ibnetdiscover",
    ".topo",
    ".cm",
    ".xml",
    ".yml",
    ".yaml",
}
LONG = 20_000  # characters of a file, beyond which some of its lines stand for it
KEPT = 12  # lines of such a file
CLOCK = [
    (re.compile(r'("version": ?)"[^"]*"'), r'\1"V"'),
    (re.compile(r"fabricsim \d+\.\d+\.\d+\S*"), "fabricsim V"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:s|ms|min) of work\b"), "T of work"),
]


def sections() -> Iterator[tuple[str, list[str]]]:
    """The name of each section and its commands."""
    name, commands = "", []
    for line in (HERE / "commands.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            if commands:
                yield name, commands
            name, commands = line.strip("[]"), []
        elif line.strip() and not line.startswith("#"):
            commands.append(line.strip())
    yield name, commands


def run(words: list[str]) -> tuple[str, str, int]:
    """What the program prints, complains and returns, run in this process by its own entry point."""
    (script,) = entry_points(group="console_scripts", name="fabricsim")
    main, out, err = script.load(), io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    argv, sys.argv = sys.argv, ["fabricsim", *words]
    status: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                status = end.code
            out.flush()
    finally:
        sys.argv = argv
    return out.buffer.getvalue().decode(), err.getvalue(), int(status or 0)  # type: ignore[attr-defined]


def timeless(text: str) -> str:
    """``text`` without what the day or the machine put into it."""
    for pattern, word in CLOCK:
        text = pattern.sub(word, text)
    return text


def shortened(text: str) -> str:
    """``text``, or how many lines it has and some of them, its first and last among them."""
    if len(text) < LONG:
        return text
    lines = text.splitlines()
    kept = sorted({i * (len(lines) - 1) // (KEPT - 1) for i in range(KEPT)})
    return "\n".join([f"{len(lines):,} lines, of them:", *(lines[i] for i in kept), ""])


def written(folder: Path, before: dict[Path, bytes]) -> Iterator[tuple[str, str]]:
    """The files of text that a command made or changed, by name."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and before.get(path) != path.read_bytes():
            name = path.relative_to(folder).as_posix()
            text = timeless(path.read_text(encoding="utf-8")) if path.suffix in TEXT else "written\n"
            yield name, shortened(text)


@contextlib.contextmanager
def new_folder() -> Iterator[Path]:
    """A folder with the inputs, as the folder of this process for a while."""
    with tempfile.TemporaryDirectory() as name:
        folder, here = Path(name).resolve(), Path.cwd()
        shutil.copytree(HERE / "inputs", folder, dirs_exist_ok=True)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(here)


def played(command: str, folder: Path) -> str:
    """What one command says and writes, each part ended by a line's end."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    out, err, status = run(shlex.split(command))
    said = [f"$ {command}\n{out}"]
    said += [f"! {line}\n" for line in err.splitlines() if line.startswith("fabricsim:")]
    said += [f"= {status}\n"] if status else []
    said += [f"> {file}\n{text}" for file, text in written(folder, before)]
    return timeless("".join(part if part.endswith("\n") else f"{part}\n" for part in said))


def main() -> int:
    record = sys.argv[1:2] == ["record"]
    wanted = set(sys.argv[2 if record else 1 :])
    OUTPUTS.mkdir(exist_ok=True)
    differing, count = [], 0
    for name, commands in sections():
        if wanted and name not in wanted:
            continue
        with new_folder() as folder:
            text = "".join(played(command, folder) for command in commands)
        path = OUTPUTS / f"{name}.txt"
        count += len(commands)
        if record:
            path.write_text(text, encoding="utf-8")
        elif text != (old := path.read_text(encoding="utf-8") if path.exists() else ""):
            differing.append(name)
            diff = difflib.unified_diff(old.splitlines(), text.splitlines(), "gold", "now", lineterm="", n=1)
            print(f"{name} differs", *list(diff)[:60], sep="\n")
        print(f"{name}: {len(commands)} commands", file=sys.stderr)
    print(f"{count} commands {'recorded' if record else 'compared'}; differing: {differing or 'none'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
