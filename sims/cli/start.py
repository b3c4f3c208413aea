"""The start of the program: what must hold before anything else is imported. Knows no command.

Ctrl-C while the program is still being imported ends it as later. A standard stream that the caller closed is
opened again, so that no file of ours takes its number and is written over.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line; exit statuses as of ``sims.cli.main.main``."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is to be ignored
        signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    _open_streams()
    from fabric.machine.collector import leave, rest
    from fabric.machine.heap import keep_freed

    keep_freed()
    status: list[int] = []
    atexit.register(leave, status)
    rest()  # until the first Progress, which whatever takes long has
    from sims.cli.main import main as run

    try:
        run()
    except SystemExit as ended:
        status.append(int(ended.code or 0))
        raise


def _leave(number: int, _: object) -> NoReturn:
    """End at once: nothing has been begun, and an import that is cut short would say so in its own words."""
    os.write(2, b"fabricsim: interrupted\n")
    os._exit(130)  # as sims.cli.main


def _open_streams() -> None:
    """Give closed standard streams back their numbers: what is written to standard output fails, as it does
    for other programs, what is written to standard error is lost.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free, which is this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


if __name__ == "__main__":
    main()
