"""Usual options of a command under test, which those of a test replace: each is given once."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["replaced"]


def replaced(usual: Sequence[str], given: Sequence[str]) -> list[str]:
    """``usual``, two words and pairs of option and value, without what ``given`` says; then ``given``."""
    said = {*given, *(f"--{word.partition('=')[0]}" for word in given)}
    pairs = zip(usual[2::2], usual[3::2])
    return [*usual[:2], *(word for pair in pairs if pair[0] not in said for word in pair), *given]
