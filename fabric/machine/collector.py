"""The cyclic garbage collector out of the way while very many objects come to life at once.

Knows nothing else.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_paused", "leave", "rest", "resume"]


@contextmanager
def collector_paused() -> Iterator[None]:
    """No collections inside the block.

    A graph of 100,000 endpoints is over a million objects of which none dies while it is built or read; each
    run of the collector would walk all of them to find nothing, which takes half of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def rest() -> None:
    """No collections until ``resume``: while a program is loaded much comes to life and nothing dies."""
    gc.disable()


def resume() -> None:
    """After a rest collections again, none of which walks what is there by now."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def leave() -> None:
    """The end of the program: what is left goes as a whole, without a search through all of it."""
    gc.disable()
    gc.freeze()
