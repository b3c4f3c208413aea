# ruff: noqa: E501 (commands are as long as they are)
"""Damaged commands through the command line: ``python tests/fuzz/commands.py CASES [SEED]``.

A case is a valid command of small fabrics after one to four changes: words damaged, dropped, doubled, moved,
options of any command put in, with values of any other. It runs in this process, by the entry point of the
program. It ends with status 0 to 3, in seconds and in bounded memory, and what fails says so in one line. A
case may read and write nothing outside of its folder. What broke the program is kept in ``results/fuzz/``.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import io
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from mutations import mutated
from run import KEPT, MEMORY, ROOT, SECONDS, Hang, hang

__all__ = ["COMMANDS", "damaged_command"]

INPUTS = ROOT / "tests" / "gold" / "inputs"
# What numba compiles once on a machine, for longer than a case may take.
COMPILE = (
    "flows star:endpoints=4 --traffic incast --size 1G --engine packet",
    "flows star:endpoints=4 --traffic incast --size 1G --engine packet --cc hop-by-hop",
    "allreduce star:endpoints=4 --size 1M --sync rank",
)
AVAILABLE = 64e6  # bytes that the program believes to have: what is larger is refused, as it is elsewhere
PATIENCE = 2.0  # seconds that it believes to be more than anybody would wait

COMMANDS = [
    shlex.split(line)
    for line in """
allreduce fat-tree:k=4 --algorithm ring,tree --sizes 1K:1M:x8 --ranks 8 --placement random --seed 3 --out a.csv
allreduce --preset superpod-h100:su=1 --algorithm hierarchical-ring:pipeline=2 --size 1M --ranks 16 --json
allreduce star:endpoints=4 --engine packet --size 4K --mtu 1KiB --cc window --buffer 64KiB --algorithm ring
allreduce fat-tree:k=4 --engine bound --routing ecmp:qps=2 --latency-profile ib-ndr:switch_latency=300ns --size 1G
allreduce fat-tree:k=4 --fail cables=2 --degrade cables=5%:rate=25% --allow-partition --size 1M --algorithm tree
allreduce fat-tree:k=4 --faults hpn:flaps=5000/d --repeat 3 --gap 1ms --reroute-delay 1ms --size 1M --algorithm ring
allreduce fat-tree:k=4 --fault-schedule faults.toml --iterations 2 --size 1M --algorithm halving-doubling
allreduce fat-tree:k=4 --set topology.k=2 --set switch_latency=300ns --upgrade leaf-spine=2 --size 1K -o b.jsonl
flows fat-tree:k=4 --traffic shift:3 --size 1MB --routing dmodk --resolution 0.01 --out f.csv
flows fat-tree:k=4 --traffic flows.csv --routing adaptive --latency-profile ideal
flows dragonfly:p=2 --traffic permutation --size 1KB --routing valiant:paths=4 --seed 1
flows star:endpoints=4 --engine packet --traffic incast --size 4K --ports ports.csv --switching cut-through
sweep sweep.toml --dry-run -j1
sweep --set topology=fat-tree:k=4 --set algorithm=ring,tree --set size=1K,1M --set seed=0..2 --dry-run
merge old.csv old.jsonl -o all.json
merge old.csv -o - --format json
plot old.csv --out p.svg --figure busbw --where "size >= 1MiB" --title x --width 5 --height 3
plot old.jsonl --output q.svg --x size_bytes --y time_s --color algorithm --facet topology.k
report old.csv -o r.html --title results
compare old.csv old.jsonl --out c.csv
compare fat-tree:k=4 star:endpoints=16 --algorithm ring --size 1M --set ranks=8 --json
latency fat-tree:k=4 --latency-profile roce-400g --routing ecmp --out - --format jsonl
calibrate nccl.log --algorithm ring --placement packed --routing adaptive -o own.toml
topology list torus --json
topology show torus:dims=4/4 --fail switches=tier1:1 --allow-partition --seed 2
topology check links.csv --out faults.csv
topology draw fat-tree:k=4 -o d.svg --style folded
topology bom fat-tree:k=4 multi-plane:planes=2,endpoints=16,radix=8 --prices sample --floor racks_per_row=8
topology export slim-fly:q=5 -o g.graphml
topology import direct.json -o h.json
routing compare fat-tree:k=4 --traffic allreduce:ring --routing ecmp,dmodk,spray --ranks 8 --out r.csv
routing compare torus:dims=3/3 --traffic alltoall --routing adaptive:paths=2,ugal --set seed=2
--version
""".strip().splitlines()
]

ODD = (
    *("", " ", "\n", "a\nb", "-", "--", "-o", "=", ":", ",", "0", "-1", "1e999", "nan", "inf", "9" * 30),
    *("9" * 5000, "1" + "0" * 400, "0x10", "٣", "½", "ﬁ", "\u202e", "\x1b[2J", "\ud800", "\udcff", "é" * 300),
    *("A" * 100_000, "../x.csv", "/", ".", "/dev/null", "/nonexistent/x.csv", "~", "*", "%s", "{}", "$HOME"),
    *("none", "all", "auto", "true", "1h", "1s", "1GiB", "1Q", "50%", "400Gbps", "tier9:1", "preset:", "k=4"),
)


def damaged_command(draw: Random, options: Options) -> list[str]:
    """A command of ``COMMANDS`` after some changes; ``options``: of each command, by its first word or two."""
    words = list(draw.choice(COMMANDS))
    for _ in range(draw.choice((1, 1, 2, 4))):
        words = draw.choice(_CHANGES)(words, options, draw)
    # A shell hands over no NUL, and nothing that is neither UTF-8 nor a byte of a wrong one.
    return [os.fsdecode(os.fsencode(_sayable(word.replace("\0", "")))) for word in words]


def _sayable(word: str) -> str:
    return word.encode("utf-8", "surrogateescape" if _escaped(word) else "replace").decode(
        "utf-8", "surrogateescape"
    )


def _escaped(word: str) -> bool:
    return all(not "\ud800" <= letter <= "\udfff" or "\udc80" <= letter <= "\udcff" for letter in word)


def _value(option: str, draw: Random) -> str:
    """A value that some command gives the option, or any word; damaged or not."""
    its = [word for words in COMMANDS for before, word in pairwise(words) if before == option]
    if its and draw.random() < 0.7:
        word = draw.choice(its)
    else:
        word = draw.choice(ODD) if draw.random() < 0.4 else draw.choice(draw.choice(COMMANDS))
    return _mutated(word, draw) if draw.random() < 0.4 else word


def _mutated(word: str, draw: Random) -> str:
    others = [word.encode() for word in draw.choice(COMMANDS)]
    return mutated(word.encode("utf-8", "replace"), others, draw).decode(errors="surrogateescape")


def _damaged(words: list[str], options: Options, draw: Random) -> list[str]:
    at = _place(words, draw)
    return [*words[:at], _mutated("".join(words[at : at + 1]), draw), *words[at + 1 :]]


def _place(words: list[str], draw: Random) -> int:
    """Where a word is that names neither a command nor an option; one in ten times, where any is."""
    free = [at for at, word in enumerate(words) if at > 1 and not word.startswith("-")]
    return draw.randrange(len(words) or 1) if not free or draw.random() < 0.1 else draw.choice(free)


def _replaced(words: list[str], options: Options, draw: Random) -> list[str]:
    at = _place(words, draw)
    return [*words[:at], _value(words[at - 1] if 0 < at <= len(words) else "", draw), *words[at + 1 :]]


def _dropped(words: list[str], options: Options, draw: Random) -> list[str]:
    at = draw.randrange(len(words) or 1)
    return [*words[:at], *words[at + draw.choice((1, 2)) :]]


def _doubled(words: list[str], options: Options, draw: Random) -> list[str]:
    start = draw.randrange(len(words) or 1)
    return [*words, *words[start : start + 2]]


def _moved(words: list[str], options: Options, draw: Random) -> list[str]:
    words = list(words)
    if words:
        words.insert(draw.randrange(len(words)), words.pop(draw.randrange(len(words))))
    return words


def _pushed(words: list[str], options: Options, draw: Random) -> list[str]:
    own = options.get(tuple(words[:2])) or options.get(tuple(words[:1])) or draw.choice([*options.values()])
    option, takes = draw.choice(own)
    if takes == (draw.random() < 0.95):
        value = _value(option, draw)
        return [*words, f"{option}={value}"] if draw.random() < 0.1 else [*words, option, value]
    return [*words, option]


Options = dict[tuple[str, ...], list[tuple[str, bool]]]
_CHANGES: tuple[Callable[[list[str], Options, Random], list[str]], ...] = (
    *(_damaged, _damaged, _damaged, _replaced, _replaced, _dropped, _doubled, _moved),
    *(_pushed, _pushed, _pushed, _pushed),
)
_ASKING = {"--install-completion", "--show-completion", "--scheduler", "--full"}  # the machine, or for hours


def program_options() -> Options:
    """The options of each command and whether they take a value, by the words that name it."""
    import typer

    from sims.cli.main import app

    found: Options = {}

    def collect(path: tuple[str, ...], command: Any) -> None:
        context = command.context_class(command)
        found[path] = [
            (word, not getattr(one, "is_flag", False))
            for one in command.get_params(context)
            for word in one.opts
            if word.startswith("-") and word not in _ASKING
        ]
        for name in getattr(command, "list_commands", lambda _: ())(context):
            collect((*path, name), command.get_command(context, name))

    collect((), typer.main.get_command(app))
    return found


def run(words: list[str]) -> tuple[int, str]:
    """Status and complaints of a command, run here."""
    from sims.cli.main import main

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    sys.argv = ["fabricsim", *words]
    status: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            status = end.code
        err.flush()
    gc.unfreeze()
    return int(status or 0), err.buffer.getvalue().decode()  # type: ignore[attr-defined]


def check(status: int, err: str) -> None:
    """The promises of every command. Raises AssertionError."""
    complaints = [line for line in err.split("\n") if line.startswith("fabricsim: error:")]
    assert status in (0, 1, 2, 3), f"status {status}"
    assert len(complaints) == (status == 2), f"status {status} and {len(complaints)} lines of error"
    assert "Traceback" not in err, "a traceback"
    assert status != 2 or err.endswith(f"{complaints[0]}\n"), "words behind the error"


def confine(folder: Path) -> None:
    """From now on this process writes in ``folder`` alone, starts no other and connects to none."""
    allowed = (f"{folder}{os.sep}", "/dev/null")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in (
            "subprocess.Popen",
            "os.fork",
            "os.posix_spawn",
            "os.system",
            "socket.connect",
            "os.kill",
        ):
            raise PermissionError(1, "not in this test", event)
        if event == "open" and isinstance(args[0], (str, bytes)):
            writes = (args[1] and set(args[1]) & set("wax+")) or (args[2] or 0) & (os.O_WRONLY | os.O_RDWR)
        else:
            writes = event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate")
            # Below a folder that is open already, as when a tree is removed.
            writes = writes and not (isinstance(args[-1], int) and args[-1] >= 0)
        if writes and isinstance(args[0], (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(args[0]))
            if not path.startswith(allowed):
                raise PermissionError(13, "Permission denied", os.fsdecode(args[0]))

    sys.addaudithook(hook)


def child(cases: int, seed: int, place: str) -> int:
    """Run ``cases`` here, one after the other, in the folder ``place``; 1 where one broke a promise."""
    folder, work = Path(place), Path(place) / "work"
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, hang)
    warnings.simplefilter("error")
    import fabric.machine.memory as memory

    memory.available_memory = lambda: AVAILABLE  # before any module has taken the name
    import sims.models.fluid.patience as patience

    patience.MOST_SECONDS = PATIENCE
    options, draw = program_options(), Random(f"{seed} commands")
    shutil.copytree(INPUTS, work)
    os.chdir(work)
    for words in COMMANDS:  # what is not damaged works, and now everything is imported
        status, err = run(words)
        assert status == 0, (words, err)
    sys.dont_write_bytecode = True
    tempfile.tempdir = os.environ["HOME"] = place
    confine(folder)
    broken, statuses, began = [], [0, 0, 0, 0], time.monotonic()
    for number in range(cases):
        if number % 50 == 0:
            os.chdir(folder)
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(INPUTS, work)
            os.chdir(work)
        words = damaged_command(draw, options)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of work, however busy the machine
        faulthandler.dump_traceback_later(30 * SECONDS, exit=True)  # where no signal is heard
        try:
            status, err = run(words)
            check(status, err)
            statuses[status] += 1
        except (Exception, KeyboardInterrupt, Hang) as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            broken.append({"error": repr(error), "words": words, "at": traceback.format_exc(limit=-4)})
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            faulthandler.cancel_dump_traceback_later()
    counts = ", ".join(f"{count:,} with status {status}" for status, count in enumerate(statuses))
    print(f"commands, seed {seed}: {counts}; {time.monotonic() - began:.0f} s", flush=True)
    for one in broken:
        print(json.dumps(one, indent=1), file=sys.stderr)
    return 1 if broken else 0


def main(cases: int, seed: int) -> int:
    """Spread ``cases`` over two processes; 1 where one was broken, which is kept."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    for words in COMPILE:
        subprocess.run(
            [sys.executable, "-m", "sims.cli", *shlex.split(words)],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    worst = 0
    with tempfile.TemporaryDirectory(prefix="fabricsim-fuzz-") as folder:
        running = []
        for part, count in enumerate((cases - cases // 2, cases // 2)):
            place = Path(folder).resolve() / str(part)
            place.mkdir()
            command = [sys.executable, __file__, "--child", str(count), str(2 * seed + part), str(place)]
            running.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
        for part, process in enumerate(running):
            _, err = process.communicate()
            worst = max(worst, abs(process.returncode))
            if process.returncode:
                KEPT.mkdir(parents=True, exist_ok=True)
                kept = KEPT / f"commands-{2 * seed + part}.txt"
                kept.write_text(err, encoding="utf-8")
                print(f"{err[-2000:]}\nkept as {kept}", file=sys.stderr)
    return worst


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        sys.exit(child(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
    sys.exit(main(int(sys.argv[1]), int((sys.argv[2:3] or ["0"])[0])))
