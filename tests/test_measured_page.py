"""docs/measured.md says what `validate --measured` finds."""

from __future__ import annotations

import re

import numpy as np
import pytest
from project import ROOT

from sims.studies.measured.bands import KINDS, coverage, held, samples
from sims.studies.measured.machine import NCCL
from sims.studies.measured.machines import machine
from sims.studies.measured.residuals import Residual, headline, residuals, spread
from sims.studies.measured.servers import SERVERS
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


def shares(of: dict[str, tuple[int, float]]) -> list[str]:
    """The mean over what was left out, and of the points."""
    points = sum(number for number, _ in of.values())
    share = sum(number * part for number, part in of.values()) / points
    return [f"{np.mean([part for _, part in of.values()]):.0%}", f"{share:.0%}"]


@pytest.mark.parametrize("kind", KINDS)
def test_how_the_bands_do_on_machines_that_they_are_not_made_of(kind: str) -> None:
    made_of, others = samples(kind), samples(kind, plugin=True)
    assert not {one.system for one in made_of} & {one.system for one in others}
    cells = shares(coverage(made_of, lambda one: one.system))
    cells += shares(coverage(made_of, lambda one: one.run))
    cells += shares(held(made_of, others, lambda one: one.system)) if others else ["-", "-"]
    assert f"| {kind.replace('nccl', 'nccl-...')} | {' | '.join(cells)} |" in PAGE


def test_how_the_later_machines_do_by_size(found: list[Residual]) -> None:
    lines = re.findall(r"^\| [^|]*(?:median error|of points) \| (.*) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(lines) == 4
    later = [one.name for one in SERVERS[6:]]
    for k, by_plugin in enumerate((False, True)):
        own = [one for one in found if one.of.system in later]
        own = [one for one in own if bool(machine(one.of.system).plugin) == by_plugin]
        for column, (least, most) in enumerate(((0, 2**16), (2**20, 2**24), (2**28, 2**60))):
            some = [one for one in own if least <= one.of.size_bytes <= most]
            took = np.quantile([one.measured / one.modelled for one in some], [0.1, 0.9])
            assert lines[2 * k][column] == f"{np.median([abs(one.error) for one in some]):.1%}"
            assert lines[2 * k + 1][column] == f"{took[0]:.2f} to {took[1]:.2f}"
