"""The collector out of the way, and back as it was."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from fabric.machine.collector import collector_paused, keep, rest, resume


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_a_pause_inside_another_does_not_end_it() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_is_there_after_a_rest_is_never_walked_again() -> None:
    rest()
    ring: list[object] = []
    ring.append(ring)
    assert not gc.isenabled() and any(ring is one for one in gc.get_objects())
    resume()
    assert gc.isenabled() and not any(ring is one for one in gc.get_objects())


def test_without_a_rest_nothing_is_set_aside() -> None:
    before = gc.get_freeze_count()
    resume()
    assert gc.isenabled() and gc.get_freeze_count() == before


def test_what_is_kept_lives_until_the_next() -> None:
    first, second = {1}, {2}
    alive = weakref.ref(first)
    keep(first)
    del first
    assert alive() is not None
    keep(second)
    assert alive() is None


@pytest.mark.parametrize(("entered", "more"), [("4", ""), ("", "taken apart\n")])
def test_the_end_comes_after_all_that_is_to_be_done_and_takes_nothing_apart(entered: str, more: str) -> None:
    code = f"""if True:
        import atexit, sys
        from fabric.machine.collector import keep, leave
        class Large:
            def __del__(self):
                print("taken apart")
        status = [{entered}]
        atexit.register(leave, status)
        atexit.register(print, "done")
        keep(Large())
        print("answer")
        sys.exit(4)"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, f"answer\ndone\n{more}", "")
