"""docs/sweeps.md: its files can be read, its commands exist, its links lead somewhere, its sweeps can run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project import ROOT

from sims.studies.sweep import plan_sweep, read_sweep

PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")


def test_the_file_of_the_page_is_a_sweep(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    spec = read_sweep(tmp_path / "spec.toml")
    assert len(spec) == 2 * 3 * 16 * 20 * 2 * 2
    smaller = read_sweep(tmp_path / "spec.toml", ["seed=0..1", "topology.k=16", "size=8,1MiB"])
    found = plan_sweep(smaller)
    # k=16 has 1,024 endpoints, so that 4,096 ranks do not fit; a ring of 8 bytes is not wanted.
    assert {point.ranks for point in found.points} == {512}
    assert {(p.algorithm, p.size_bytes) for p in found.points} == {
        ("ring", 2**20),
        ("tree:segment=1048576", 2**20),
        ("tree:segment=1048576", 8),
    }
    assert found.excluded == 16 + 4 and len(found.points) + found.collapsed + found.excluded == 32


@pytest.mark.parametrize(
    ("name", "points"), [("message-size", 7 * 16 * 10), ("load-balancing", 4 * 6 * 10), ("scale", 8 * 4 * 2)]
)
def test_the_three_sweeps_can_run(name: str, points: int) -> None:
    spec = read_sweep(ROOT / "docs" / "sweeps" / f"{name}.toml")
    assert len(spec) == points
    if name == "scale":
        spec = read_sweep(ROOT / "docs" / "sweeps" / f"{name}.toml", ["topology.endpoints=1024"])
        points = 8
    assert len(plan_sweep(spec).points) == points


def test_the_page_names_what_there_is() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^sweeps:.*##", makefile, re.MULTILINE)
    for figure in (ROOT / "docs" / "sweeps").glob("*.png"):
        assert f"sweeps/{figure.name}" in PAGE and f"docs/sweeps/{figure.name}" in makefile
