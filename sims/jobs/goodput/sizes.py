"""The sizes of job over which goodput is drawn. Runs nothing."""

from __future__ import annotations

from fabric.words.errors import ParameterError
from fabric.words.units import parse_count

__all__ = ["SIZES", "parse_sizes"]

SIZES = (1024, 4096, 16_384, 65_536, 262_144, 1_000_000)
_MOST, _MANY = 10_000_000, 50


def parse_sizes(text: str | None) -> tuple[int, ...]:
    """The sizes of ``1k,16k,1M``, ascending; SIZES without a text.

    Raises:
        ParameterError: one is no number of GPUs, or there are fewer than two or more than fifty.

    >>> parse_sizes("16k,1k")
    (1000, 16000)
    """
    if text is None:
        return SIZES
    found = set()
    for item in text.split(","):
        value = parse_count(item.strip())
        if value is None or not 8 <= value <= _MOST:
            raise ParameterError("--gpus", item.strip(), f"a number of GPUs from 8 to {_MOST:,}, as 1k or 1M")
        found.add(value)
    if not 2 <= len(found) <= _MANY:
        raise ParameterError("--gpus", text, f"two to {_MANY} sizes, as a line needs them")
    return tuple(sorted(found))
