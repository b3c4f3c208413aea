"""The cyclic garbage collector out of the way while very many objects come to life at once.

Knows nothing else.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["collector_paused", "keep", "leave", "rest", "resume"]

_KEPT: list[Any] = []


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


def keep(thing: Any) -> None:
    """Hold a thing of very many objects until the program ends, or until the next such thing comes.

    What is not used any more is not taken apart while somebody waits for an answer.
    """
    _KEPT[:] = [thing]


def leave(status: list[int]) -> None:
    """The end of the program, once its ``status`` is entered: what is left goes back as a whole.

    To be registered with ``atexit`` before anything else is, so that it is called after all else. To take a
    graph of 100,000 endpoints apart, object by object, takes a tenth of a second.
    """
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):  # the interpreter says so in its own words, and with its own status
            return
    if status:
        os._exit(status[-1])
