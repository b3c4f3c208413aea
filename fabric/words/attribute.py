"""What is said of an attribute that is not there: the nearest that is. Knows no class and no module."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["no_attribute"]


def no_attribute(what: str, name: str, known: Iterable[str], *, hint: str = "") -> AttributeError:
    """The error to raise; ``what`` lacks it, and has ``known``. ``hint``: where it is, if that is known.

    >>> no_attribute("module 'sims'", "al_reduce", ["all_reduce", "simulate"])
    AttributeError("module 'sims' has no attribute 'al_reduce': did you mean 'all_reduce'?")
    """
    from difflib import get_close_matches

    if not hint and not name.startswith("_"):
        near = get_close_matches(name, [one for one in known if not one.startswith("_")], n=1, cutoff=0.55)
        hint = f"did you mean {near[0]!r}?" if near else ""
    return AttributeError(f"{what} has no attribute {name!r}" + (f": {hint}" if hint else ""))
