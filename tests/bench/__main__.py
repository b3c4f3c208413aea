"""Speed and memory against floors measured in the same run; each benchmark asserts its answers.

    python -m tests.bench [NAME ...] [-o results/bench.json]    # all, or those named; a table and a JSON file
    python -m tests.bench compare OLD.json [NEW.json]            # what became of each case; NEW: the last run

A benchmark is a module of this folder with a function ``measure`` that yields ``Measured``: a new one needs
no entry here. Exit status 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import sys
from compileall import compile_dir
from importlib import import_module
from pathlib import Path

from tests.bench.apart import apart
from tests.bench.measured import HEAD, Measured, compared, read, write

HERE = Path(__file__).parent
LAST = Path("results/bench.json")


def benches() -> list[str]:
    """The names of all benchmarks."""
    return sorted(p.stem for p in HERE.glob("*.py") if "\ndef measure(" in p.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help=f"of {', '.join(benches())}; or: compare OLD.json [NEW.json]"
    )
    parser.add_argument("-o", "--out", type=Path, default=LAST, help=f"the JSON file ({LAST})")
    given = parser.parse_args()
    if given.names[:1] == ["compare"] and len(given.names) in (2, 3):
        print(*compared(*(read(Path(path)) for path in (*given.names[1:], LAST)[:2])), sep="\n")
        return
    if unknown := set(given.names) - set(benches()):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(benches())}")
    # As installed: where byte code may not be kept, each command would translate the program anew.
    for package in ("fabric", "topologies", "sims"):
        compile_dir(HERE.parents[1] / package, quiet=2)
    found: dict[str, list[Measured]] = {}
    for name in given.names or benches():
        print(f"\n{name}: {(import_module(f'tests.bench.{name}').__doc__ or '').splitlines()[0]}\n{HEAD}")
        found[name] = []
        for one in apart(name):
            found[name].append(one)
            print(one.line(), flush=True)
            write(given.out, found)  # what is measured is kept, whatever comes next
    print(f"\nwrote {given.out}")
    if off := [f"{name}: {one.case}" for name, all_of_it in found.items() for one in all_of_it if one.off]:
        sys.exit("off target: " + "; ".join(off))


if __name__ == "__main__":
    main()
