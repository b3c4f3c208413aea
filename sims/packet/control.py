"""Window: how much of a flow may be under way, by what its packets met. Knows no port and no clock."""

from __future__ import annotations

__all__ = ["Window"]

GAIN = 0.25
STEP = 4.0


class Window:
    """Packets of a flow that may be under way."""

    __slots__ = ("flying", "most", "size")

    def __init__(self, most: float) -> None:
        self.size = self.most = most
        self.flying = 0

    def acknowledged(self, use: float) -> None:
        """A packet has arrived and met ``use``."""
        self.flying -= 1
        size = self.size
        size += GAIN / size * (size / use + STEP - size)
        self.size = max(1.0, min(size, self.most))
