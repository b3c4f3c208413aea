"""The style of every page, which stands in a file of its own and is written into the page."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["stylesheet"]


def stylesheet() -> str:
    """The text of report.css."""
    return files("sims.show.report").joinpath("report.css").read_text(encoding="utf-8")
