"""A fixed small budget of damaged files for every reader; ``make fuzz`` runs 100,000."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run.py")


def test_only_our_own_errors_come_out_of_damaged_files() -> None:
    done = subprocess.run(
        [sys.executable, str(RUN), "1400", "1"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    assert done.stdout.count(" refused ") >= 34
