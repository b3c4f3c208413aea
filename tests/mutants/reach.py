"""Which tests call which functions of the program, and how long each takes: a pytest plugin and its table."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest

ROOMS = ("fabric", "topologies", "sims")
MOST_CALLS = 200_000  # of one test; later calls of a loop reach what earlier ones did
# No files of pytest's own, and no word about modules that the parent of the child had imported.
OPTIONS = ("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")


class Reach:
    """Notes, for every test that passes, the seconds of processor time and the functions called.

    `tests` maps a node id to (seconds, {"fabric/words/units.py::parse_size", ...}).
    """

    def __init__(self, root: Path) -> None:
        self.tests: dict[str, tuple[float, list[str]]] = {}
        self._rooms = tuple(f"{root / room}/" for room in ROOMS)
        self._strip = len(str(root)) + 1
        self._seen: set[CodeType] = set()
        self._passed = False
        self._left = 0

    def _call(self, frame: FrameType, event: str, arg: object) -> None:
        self._seen.add(frame.f_code)
        self._left -= 1
        if not self._left:
            sys.settrace(None)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._seen, self._passed, self._left = set(), False, MOST_CALLS
        start = time.process_time()
        threading.settrace(self._call)
        sys.settrace(self._call)
        yield
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        if self._passed:
            self.tests[item.nodeid] = (time.process_time() - start, sorted(self._names()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._passed = report.passed

    def _names(self) -> set[str]:
        return {
            f"{code.co_filename[self._strip :]}::{code.co_qualname}"
            for code in self._seen
            if code.co_filename.startswith(self._rooms)
        }


def main(root: str, out: str, test_file: str) -> int:
    """Run one file of tests under `root` and write its table to `out`."""
    reach = Reach(Path(root))
    pytest.main([test_file, *OPTIONS], plugins=[reach])
    Path(out).write_text(json.dumps(reach.tests))
    return 0
