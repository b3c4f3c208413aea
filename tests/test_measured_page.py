"""docs/measured.md says what `validate --measured` finds."""

from __future__ import annotations

import re

import numpy as np
import pytest
from project import ROOT

from sims.studies.measured.machines import NCCL, machine
from sims.studies.measured.residuals import Residual, headline, residuals, spread
from sims.studies.measured.table import measured

PAGE = (ROOT / "docs" / "measured.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found() -> list[Residual]:
    return residuals(measured())[0]


def test_a_line_for_each_system_with_its_errors(found: list[Residual]) -> None:
    lines = re.findall(
        r"^\| (\S+) \| ([\d,]+) \| (\S+%) \| (\S+%) \| (\S+%) \| (\S+) \|$", PAGE, re.MULTILINE
    )
    systems = dict.fromkeys(one.of.system for one in found)
    assert [line[0] for line in lines] == list(systems)
    for name, *cells in lines:
        of = spread([one for one in found if one.of.system == name])
        shares = [f"{share:.1%}" for share in (of.median, of.p90, of.worst)]
        assert cells == [f"{of.points:,}", *shares, "-" if of.noise is None else f"{of.noise:.1%}"]
        assert f"{name}," in PAGE or f"| {name} |" in PAGE or f", {name}" in PAGE


def test_the_headline_and_what_nccl_reaches(found: list[Residual]) -> None:
    words = headline(found)
    assert words[:1].upper() + words[1:] in PAGE
    large = [
        abs(one.error)
        for one in found
        if machine(one.of.system).kind == NCCL and one.of.size_bytes >= 256 * 2**20
    ]
    assert f"within {np.median(large):.1%} in the median" in PAGE
