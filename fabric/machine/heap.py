"""What the C library does with the memory that arrays leave. Knows nothing of what it is for."""

from __future__ import annotations

import sys
from contextlib import suppress

__all__ = ["keep_freed"]

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of mallopt, malloc.h of the GNU C library
_KEPT, _ARRAY = 2**28, 2**24  # bytes that stay with the program, and of arrays that go back as they are left


def keep_freed() -> None:
    """From now on memory that an array leaves serves the next one; elsewhere than on Linux nothing.

    The GNU C library hands back what is free beyond twice the largest array so far, and asks for it again
    for the next: each page then comes anew, filled with zeros. Of programs that make and leave arrays of some
    megabytes that takes a twentieth of the time. Larger arrays go back at once, as before.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):  # another library
        mallopt = ctypes.CDLL(None).mallopt
        for what, value in ((_MMAP_THRESHOLD, _ARRAY), (_TRIM_THRESHOLD, _KEPT), (_TOP_PAD, 2**24)):
            mallopt(what, value)
