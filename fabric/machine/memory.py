"""What memory this process may still take. Knows the machine; knows nothing of what the memory is for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["available_memory"]

_CGROUP = Path("/sys/fs/cgroup")
_VERSIONS = (  # folder, limit, usage, and in memory.stat what of the usage the kernel gives back when asked
    (_CGROUP, "memory.max", "memory.current", "inactive_file"),
    (_CGROUP / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory() -> float:
    """Bytes this process may still take: the least that the machine, its control group and its limit leave.

    Infinite where none of them can be asked.
    """
    return max(0.0, min([*_machine(), *_control_group(), *_address_space()], default=float("inf")))


def _machine() -> Iterator[float]:
    with suppress(OSError, ValueError, StopIteration):
        with open("/proc/meminfo", encoding="ascii") as lines:
            yield next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return
    with suppress(AttributeError, OSError, ValueError):
        # Not Linux: all the memory there is, for want of better.
        yield float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _control_group() -> Iterator[float]:
    """What the limit of the control group leaves, version 2 or 1; a container sees its own as the root."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    groups = [line.split(":", 2) for line in lines]
    for (root, limit, usage, cache), controller in zip(_VERSIONS, ("", "memory")):
        own = [path for _, names, path in groups if controller in names.split(",")]
        for folder in dict.fromkeys([root, *(root / path.lstrip("/") for path in own)]):
            with suppress(OSError, ValueError, StopIteration):  # no such group, or "max"
                allowed = float((folder / limit).read_text(encoding="ascii"))
                used = float((folder / usage).read_text(encoding="ascii"))
                stat = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
                yield allowed - used + next(float(s.split()[1]) for s in stat if s.split()[0] == cache)


def _address_space() -> Iterator[float]:
    """What ``ulimit -v`` leaves."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # not on every platform

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        if soft != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            yield soft - pages * os.sysconf("SC_PAGE_SIZE")
