"""OpenSM run over a network that ibsim simulates: files in, its dump of forwarding tables out.

Knows programs, processes and folders; no graph. Ends only what it started, and leaves nothing behind.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fabric.words.errors import FabricsimError, ParameterError

__all__ = ["DISCOVERERS", "ENGINES", "discovered", "have_opensm", "managed"]

ENGINES = ("ftree", "minhop", "updn", "dfsssp")
DISCOVERERS = ("ibnetdiscover", "ibnetdiscover -p", "ibnetdiscover --full", "iblinkinfo", "iblinkinfo -l")
_PACKAGES = "on Debian: apt-get install ibsim-utils opensm infiniband-diags"
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
_LIBRARY = (
    "/usr/lib/*/umad2sim/libumad2sim.so",
    "/usr/lib*/umad2sim/libumad2sim.so",
    "/usr/local/lib/umad2sim/*.so",
)
_ROOM = ("-N", "60000", "-S", "5000", "-P", "400000", "-L", "49152")  # nodes, switches, ports, LIDs of ibsim


def have_opensm() -> bool:
    """Whether ibsim, OpenSM and the library that joins them are installed."""
    return not _missing()


@contextmanager
def managed(network: Path, host: str, engine: str, seconds: float) -> Iterator[Path]:
    """The ``opensm-lfts.dump`` of the network in a file as ``ibnetdiscover`` prints it, for the block.

    ``host``: the id of the adapter at which OpenSM runs, ``H-`` and its GUID; ``seconds``: at most, for each
    of the two programs.

    Raises:
        ParameterError: an unknown engine.
        FabricsimError: a program is not installed, fails or takes longer, or OpenSM fell back to another
            engine.
    """
    if engine not in ENGINES:
        raise ParameterError("engine", engine, "a routing engine of OpenSM", ENGINES)
    if missing := _missing():
        raise FabricsimError(f"opensm: {', '.join(missing)} not found: {_PACKAGES}")
    with tempfile.TemporaryDirectory(prefix="fabricsim-opensm-") as name:
        folder = Path(name)
        environment = _environment(folder, host)
        with _simulated(network, folder, environment, seconds):
            _manage(folder, environment | {"LD_PRELOAD": _library()}, engine, seconds)
            yield folder / "opensm-lfts.dump"


def discovered(network: Path, host: str, commands: Sequence[str], seconds: float = 120.0) -> dict[str, str]:
    """What each of the commands, of ``DISCOVERERS``, prints of the network in a file that ibsim simulates.

    OpenSM runs first, with ``minhop``, so that ports are up and have LIDs. Raises as ``managed``; a program
    that is not installed or fails.
    """
    found = {}
    with managed(network, host, "minhop", seconds) as dump:
        environment = _environment(dump.parent, host) | {"LD_PRELOAD": _library()}
        for command in commands:
            program, *options = command.split()
            if shutil.which(program, path=_PATH) is None:
                raise FabricsimError(f"{program} not found: {_PACKAGES}")
            done = subprocess.run(
                [_program(program), *options],
                env=environment,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
            if done.returncode:
                last = done.stderr.decode(errors="replace").strip().split("\n")[-1]
                raise FabricsimError(f"{command}: ended with status {done.returncode}: {last}")
            found[command] = done.stdout.decode(errors="replace")
    return found


def _environment(folder: Path, host: str) -> dict[str, str]:
    own = {
        "IBSIM_SOCKNAME": folder.name,
        "OSM_TMP_DIR": str(folder),
        "OSM_CACHE_DIR": str(folder),
        "SIM_HOST": host,
    }
    return {**os.environ, **own}


@contextmanager
def _simulated(network: Path, folder: Path, environment: dict[str, str], seconds: float) -> Iterator[None]:
    """ibsim, from when it is ready to the end of the block."""
    log = folder / "ibsim.log"
    with log.open("wb") as file:
        ibsim = subprocess.Popen(
            [_program("ibsim"), "-s", "-n", *_ROOM, str(network.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
    try:
        end = time.monotonic() + seconds
        while b"Network simulator ready" not in log.read_bytes():
            if ibsim.poll() is not None or time.monotonic() > end:
                why = f"ended with status {ibsim.returncode}" if ibsim.poll() is not None else "is not ready"
                raise FabricsimError(f"opensm: ibsim {why}: {_last_line(log)}")
            time.sleep(0.05)
        yield
    finally:
        ibsim.kill()
        ibsim.wait()


def _manage(folder: Path, environment: dict[str, str], engine: str, seconds: float) -> None:
    log = folder / "osm.log"
    command = [_program("opensm"), "-o", "-e", "-f", str(log), "-D", "0x43", "-R", engine]
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise FabricsimError(f"opensm: {engine}: not done after {seconds:g} s") from None
    said = log.read_text(errors="replace") if log.exists() else ""
    if done.returncode or not (folder / "opensm-lfts.dump").exists():
        raise FabricsimError(f"opensm: {engine}: ended with status {done.returncode}: {_last_line(log)}")
    used = [
        line.split("tables configured")[0].split()[-1]
        for line in said.splitlines()
        if "tables configured" in line
    ]
    if used[-1:] != [engine]:
        fell = f"fell back to {used[-1]}" if used else "configured no tables"
        raise FabricsimError(f"opensm: {engine}: does not fit this network: OpenSM {fell}")


def _missing() -> list[str]:
    programs = [name for name in ("ibsim", "opensm") if shutil.which(name, path=_PATH) is None]
    return programs if _library() else [*programs, "libumad2sim.so"]


def _program(name: str) -> str:
    return shutil.which(name, path=_PATH) or name


def _library() -> str:
    return next((path for pattern in _LIBRARY for path in sorted(glob.glob(pattern))), "")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
