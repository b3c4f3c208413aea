"""The collector out of the way, and back as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from fabric.machine.collector import collector_paused, leave, rest, resume


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


def test_at_the_end_nothing_is_searched() -> None:
    ring: list[object] = []
    ring.append(ring)
    leave()
    assert not gc.isenabled() and not any(ring is one for one in gc.get_objects())
