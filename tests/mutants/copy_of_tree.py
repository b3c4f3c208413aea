"""A copy of the project in a temporary folder, where sources may be broken, and children to test it."""

import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = 6 << 30  # a changed size must not take the machine with it


@contextmanager
def tree_copy(root: Path) -> Iterator[Path]:
    """A copy of what tests read, `shared` beside it as beside the original; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "tree"
        skip = shutil.ignore_patterns(".*", "results", "*.egg-info", "build", "dist")
        shutil.copytree(root, copy, ignore=skip)
        shared = root.parent / "shared"
        if shared.exists():
            (Path(folder) / "shared").symlink_to(shared)
        yield copy


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """`path` holds `text` meanwhile. Its compiled form goes: one of the same second and size would pass."""
    original = path.read_text(encoding="utf-8")
    compiled = list(path.parent.glob(f"__pycache__/{path.stem}.*"))
    for file in compiled:
        file.unlink()
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(original, encoding="utf-8")


def in_child(
    tree: Path,
    work: Callable[[], int],
    *,
    processor_seconds: float,
    wall_seconds: float,
    keep_compiled: bool = False,
) -> int | None:
    """The exit status of `work` in a forked child that imports from `tree`; None if it was killed or hung."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _prepare(tree, processor_seconds, keep_compiled)
        status = 70
        try:
            status = int(work())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    end = time.monotonic() + wall_seconds
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
            time.sleep(0.01)
        return None
    finally:  # what it had started ends with it, and it ends when this does
        _end_group(pid)


def _prepare(tree: Path, processor_seconds: float, keep_compiled: bool) -> None:
    os.setsid()
    seconds = int(processor_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with open(os.devnull, "rb") as nothing, open(tree.parent / "log", "wb") as log:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.chdir(tree)
    sys.dont_write_bytecode = not keep_compiled
    if not keep_compiled:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.environ["PYTHONPATH"] = str(tree)
    sys.path.insert(0, str(tree))


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
