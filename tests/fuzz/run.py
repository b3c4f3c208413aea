"""Mutations of valid files through every reader: ``python tests/fuzz/run.py CASES [SEED [READER ...]]``.

Only our own errors may come out, each within seconds, in bounded memory and as words that can be printed.
What broke a reader is kept in ``results/fuzz/`` and makes the exit status 1.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from types import FrameType

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

SECONDS = 10.0  # of work in one case, of which most take a millisecond
MEMORY = 4 * 2**30  # bytes of address space; a table of numpy takes most of a GiB before the first case
KEPT = ROOT / "results" / "fuzz"


class Hang(BaseException):
    """A case took longer than SECONDS."""


class Broken(Exception):
    """A reader neither took nor refused a file; the next reader's turn."""


def hang(number: int, frame: FrameType | None) -> None:
    raise Hang


def fuzz(name: str, cases: int, seed: int) -> tuple[int, int]:
    """Run one reader: how many files it took and how many it refused. Broken where it did neither."""
    from mutations import mutated
    from readers import READERS

    from fabric.words.errors import FabricsimError

    reader, draw = READERS[name], Random(f"{seed} {name}")
    taken = refused = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        seeds = reader.seeds(folder)
        path = folder / reader.name
        for content in seeds:  # what is not damaged is read
            path.write_bytes(content)
            reader.read(str(path))
        for _ in range(cases):
            content = mutated(draw.choice(seeds), seeds, draw)
            path.write_bytes(content)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of work, however busy the machine
            faulthandler.dump_traceback_later(30 * SECONDS, exit=True)  # where no signal is heard
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    reader.read(str(path))
                taken += 1
            except FabricsimError as error:
                str(error).encode(errors="surrogateescape")
                refused += 1
            except BaseException as error:
                signal.setitimer(signal.ITIMER_PROF, 0)
                KEPT.mkdir(parents=True, exist_ok=True)
                kept = KEPT / f"{name.replace(' ', '-')}-{type(error).__name__}-{reader.name}"
                kept.write_bytes(content)
                traceback.print_exc(limit=-6)
                print(
                    f"{name}: {type(error).__name__} after {taken + refused:,} cases; kept as {kept}",
                    flush=True,
                )
                raise Broken from None
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                faulthandler.cancel_dump_traceback_later()
    return taken, refused


def child(names: list[str], cases: int, seed: int) -> None:
    """Run readers one after another in this process, in bounded memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, hang)
    failed = False
    for name in names:
        start = time.monotonic()
        try:
            taken, refused = fuzz(name, cases, seed)
        except Broken:
            failed = True
            continue
        print(f"{name:16} {taken:8,} read {refused:8,} refused {time.monotonic() - start:8.1f} s", flush=True)
    sys.exit(failed)


def main(cases: int, seed: int, names: list[str]) -> int:
    """Spread ``cases`` over the readers, a process for each, two at a time; 1 where one failed."""
    from readers import READERS

    wanted = names or list(READERS)
    each = -(-cases // len(wanted))
    print(
        f"{each * len(wanted):,} mutations, {each:,} for each of {len(wanted)} readers, seed {seed}",
        flush=True,
    )
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    piles = [wanted[i::2] for i in range(2)] if len(wanted) > 1 else [wanted]
    running = [
        subprocess.Popen([sys.executable, __file__, "--child", str(each), str(seed), *pile], env=env)
        for pile in piles
    ]
    return max(abs(process.wait()) for process in running)


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        child(sys.argv[4:], int(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]), int((sys.argv[2:3] or ["0"])[0]), sys.argv[3:]))
