"""Memory that arrays leave serves the next ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """if True:
    import resource, sys
    from fabric.machine.heap import keep_freed
    keep_freed()
    import numpy as np

    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    def work():
        parts = [np.ones(10**6) for _ in range(6)]  # 48 MB, which then are free

    work()
    before = faults()
    for _ in range(10):
        work()
    print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of the GNU C library")
def test_what_arrays_leave_serves_the_next() -> None:
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 10 * 6 * 10**6 * 8 / 4096 / 20, "a twentieth of the pages that they fill"


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_nothing_happens(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from fabric.machine.heap import keep_freed

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setitem(sys.modules, "ctypes", None)
    keep_freed()
