"""Mutation testing: change one token, run the tests that reach it, name each change that none notices.

    make mutants                                       the files of files.txt, a few changes of each
    python tests/mutants/mutants.py --changes 30 fabric/sharing.py sims/jobs/routing_compare.py

Changes are drawn by a hash of the line and the seed, so those of a line stay when other lines move. A change
that no test notices stands in `survivors.toml` with the reason why it is harmless, or is printed. Exit status
1 if fewer than 95% of the changes that are not listed there were noticed.
"""

import argparse
import hashlib
import importlib
import json
import os
import sys
import time
import tomllib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import reach
from changes import Change, changes, owner
from copy_of_tree import changed, in_child, tree_copy

ROOT = Path(__file__).resolve().parents[2]
FILES = Path(__file__).parent / "files.txt"
KNOWN = Path(__file__).parent / "survivors.toml"
LEAST = 0.95
# Imported once, before the children are forked.
OTHERS = "numpy networkx simpy matplotlib.pyplot typer rich pytest hypothesis"
# Files of tests that draw, install or wait: they hold pages and processes, no number that no other holds.
APART = "bench mutants fuzz wheel test_readme test_drawing test_progress sweep_cluster sweep_pool"
AGAIN = 8  # times as many tests are run once more where the first ones notice nothing
WHOLE = "tests/gold/"  # its tests run commands, and hold all that they say
Table = dict[str, tuple[float, list[str]]]  # of each test the seconds it takes and the functions it calls
Reasons = dict[tuple[str, str, str], str]


def drawn(file: str, count: int, seed: int) -> list[Change]:
    """`count` changes of a file, in its order."""
    every = list(changes((ROOT / file).read_text(encoding="utf-8")))

    def place(change: Change) -> str:
        return hashlib.sha256(f"{seed}\0{file}\0{change.was}\0{change.now}".encode()).hexdigest()

    return sorted(sorted(every, key=place)[:count])


def known() -> Reasons:
    """Survivors by (file, line as it was, line as changed): the reason why each is harmless."""
    entries = tomllib.loads(KNOWN.read_text(encoding="utf-8")).get("harmless", [])
    return {(entry["file"], entry["was"], entry["now"]): entry["reason"] for entry in entries}


def stale(reasons: Reasons) -> list[str]:
    """Listed changes of lines that stand in the program no more."""
    found = []
    for file, was, _ in reasons:
        path = ROOT / file
        if not path.exists() or was not in map(str.strip, path.read_text(encoding="utf-8").splitlines()):
            found.append(f"{file}: {was}")
    return found


def table(tree: Path, folder: Path, test_files: Iterable[str]) -> Table:
    """What each test reaches; made anew for files of tests that changed, for all when the program did."""
    found: Table = {}
    program = b"".join(
        path.read_bytes() for room in reach.ROOMS for path in sorted((tree / room).rglob("*.py"))
    )
    for name in test_files:
        digest = hashlib.sha256(program + (tree / name).read_bytes()).hexdigest()[:16]
        out = folder / f"{name.replace('/', '.')}.{digest}.json"
        if not out.exists():
            start = time.monotonic()

            def work(name: str = name, out: Path = out) -> int:
                return reach.main(str(tree), str(out), name)

            in_child(tree, work, processor_seconds=900, wall_seconds=1800, keep_compiled=True)
            print(f"mapped {name} in {time.monotonic() - start:.0f} s", flush=True)
        if out.exists():
            found |= json.loads(out.read_text())
    return found


def chosen(file: str, function: str | None, tests: Table, seconds: float) -> tuple[list[str], float]:
    """Tests that call the function, as far as `seconds` go: half of them for those of its own file and short
    ones, half for whole commands whose output is recorded, drawn from all sections."""
    stem = Path(file).parent.name if Path(file).stem == "__init__" else Path(file).stem
    target, rooms = f"{file}::{function}", Path(file).parts[1:-1]
    small, whole = [], []
    for name, (took, calls) in tests.items():
        mirrors = stem in name.split("::")[0]
        if not function:  # what a class or a module says is read by those who use it
            mirrors = mirrors or any(room in name.split("::")[0].split("/") for room in rooms)
        reaches = target in calls if function else any(call.startswith(f"{file}::") for call in calls)
        if name.startswith(WHOLE):
            if reaches:
                whole.append((hashlib.sha256(name.encode()).hexdigest(), took, name))
        elif reaches or mirrors:  # a test of the mirroring file may use what an earlier one computed and kept
            small.append((not reaches, took / (4 if mirrors else 1), took, name))
    names, total = [], 0.0
    for most, candidates in ((seconds / 2, sorted(small)), (seconds, sorted(whole))):
        for *_, took, name in candidates:
            if total + took <= most:
                names.append(name)
                total += took
    return names, total


def noticed(tree: Path, file: str, change: Change, names: list[str], seconds: float) -> bool:
    """Whether a test fails, or nothing ends in time, with the change in the copy."""

    def work() -> int:
        import pytest

        return pytest.main(["-x", "--hypothesis-seed=0", *reach.OPTIONS, *names])

    with changed(tree / file, change.source):
        return in_child(tree, work, processor_seconds=20 + 4 * seconds, wall_seconds=200 + 20 * seconds) != 0


@dataclass
class Score:
    """``noticed``, ``survived``: changes that should be noticed; ``listed``: those known as harmless."""

    noticed: int = 0
    survived: int = 0
    listed: int = 0

    @property
    def share(self) -> float:
        return self.noticed / max(self.noticed + self.survived, 1)


def try_file(tree: Path, file: str, tests: Table, reasons: Reasons, options: argparse.Namespace) -> Score:
    """Try a file's changes, and print those that survive."""
    source, score = (ROOT / file).read_text(encoding="utf-8"), Score()
    for change in drawn(file, options.changes, options.seed):
        if (file, change.was, change.now) in reasons:
            score.listed += 1
            continue
        names: list[str] = []
        for most in (options.seconds, AGAIN * options.seconds):
            more, seconds = chosen(file, owner(source, change.line), tests, most)
            more = [name for name in more if name not in set(names)]
            found = bool(more) and noticed(tree, file, change, more, seconds)
            names += more
            if found:
                break
        if found:
            score.noticed += 1
            continue
        score.survived += 1
        print(f"{file}:{change.line}, not noticed by {len(names)} tests")
        print(f"    was {change.was}\n    now {change.now}", flush=True)
    print(f"{file}: {score.noticed} noticed, {score.survived} survived, {score.listed} listed", flush=True)
    return score


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help="files of the program (those of files.txt)")
    parser.add_argument("--changes", type=int, default=8, help="changes of each file")
    parser.add_argument("--seed", type=int, default=0, help="draws them")
    parser.add_argument("--seconds", type=float, default=20, help="processor time of a change's first tests")
    parser.add_argument("--tests", default="tests", help="folder or file of tests, or several with commas")
    parser.add_argument(
        "--map", type=Path, default=ROOT / "results" / "mutants", help="where the map is kept"
    )
    return parser.parse_args()


def main() -> int:
    options, reasons = arguments(), known()
    options.map.mkdir(parents=True, exist_ok=True)
    for line in stale(reasons):
        print(f"listed, but no longer in the program: {line}")
    for module in OTHERS.split():
        importlib.import_module(module)
    found = [path for name in options.tests.split(",") for path in ROOT.glob(name)]
    files = [
        file for path in found for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path])
    ]
    names = [str(file.relative_to(ROOT)) for file in files]
    names = [name for name in names if not any(part in name for part in APART.split())]
    with tree_copy(ROOT) as tree:
        tests = table(tree, options.map, names)
        wanted = options.files or FILES.read_text(encoding="utf-8").split()
        scores = [try_file(tree, file, tests, reasons, options) for file in wanted]
    total = Score(*(sum(values) for values in zip(*map(astuple, scores))))
    print(f"{total.noticed} noticed, {total.survived} survived: {total.share:.1%}; {total.listed} listed")
    return int(total.share < LEAST)


if __name__ == "__main__":
    sys.exit(main())
