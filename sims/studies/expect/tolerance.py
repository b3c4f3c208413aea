"""How far from a time still counts as it: a share. Knows no time."""

from __future__ import annotations

from fabric.words.errors import ParameterError

__all__ = ["share"]


def share(value: float | str | None) -> float | None:
    """The share that ``value`` says, as in 20% or 0.2; None for None.

    Raises:
        ParameterError: it is no share above 0 and at most 1, as 20 is that was meant in percent.

    >>> share("20%"), share(0.2), share(None)
    (0.2, 0.2, None)
    """
    if value is None:
        return None
    text = str(value)
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 < found <= 1:
        meant = f": {found:.4g}% is {found / 100:.4g}" if 1 < found <= 100 and not text.endswith("%") else ""
        rule = "a share above 0 and at most 1, such as 20% or 0.2"
        raise ParameterError("tolerance", value, rule + meant)
    return found
