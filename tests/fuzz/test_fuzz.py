"""A fixed small budget of damaged files and commands; ``make fuzz`` runs 100,000 of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run.py")
COMMANDS = Path(__file__).with_name("commands.py")


def test_only_our_own_errors_come_out_of_damaged_files() -> None:
    done = subprocess.run(
        [sys.executable, str(RUN), "1400", "1"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    assert done.stdout.count(" refused ") >= 34


def test_damaged_commands_end_as_they_promise() -> None:
    done = subprocess.run(
        [sys.executable, str(COMMANDS), "200", "7"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    assert done.stdout.count("commands, seed ") == 2
