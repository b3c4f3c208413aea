"""docs/performance.md says what its JSON file says, and what was measured holds together."""

from pathlib import Path

import pytest

from tests.bench.__main__ import benches
from tests.bench.curves import draw, lines, replaced, table
from tests.bench.growth import LARGE, slope
from tests.bench.measured import Measured, read

DOCS = Path(__file__).parents[2] / "docs"
FOUND = read(DOCS / "performance" / "growth.json")
PAGE = (DOCS / "performance.md").read_text(encoding="utf-8")


def test_the_page_has_the_table_of_its_file() -> None:
    assert replaced(PAGE, FOUND) == PAGE
    assert "\n".join(table(FOUND)) in PAGE and "growth" in benches()


def test_another_measurement_makes_another_table() -> None:
    slower = {
        name: Measured(**{**vars(one), "seconds": one.seconds * 2, "peak_mb": one.peak_mb + 100})
        for name, one in FOUND.items()
    }
    assert replaced(PAGE, slower) != PAGE
    assert replaced(replaced(PAGE, slower), FOUND) == PAGE


def test_it_goes_from_a_thousand_endpoints_to_a_million() -> None:
    known = lines(FOUND)
    assert min(known) <= 1_024 and max(known) >= 1_000_000 and len(known) >= 6
    for one in known.values():
        assert one.value == pytest.approx(one.seconds / one.floor, rel=1e-9)
        assert one.peak_mb > 0 and not one.off
    few = next(endpoints for endpoints in known if endpoints > LARGE)
    power = slope(few, known[few].seconds, max(known), known[max(known)].seconds)
    name = f"growth: exponent of time, {few:,} to {max(known):,} endpoints"
    assert FOUND[name].value == pytest.approx(power, rel=1e-9)


def test_powers_are_those_of_the_costs() -> None:
    found = {
        f"growth: {n:,} endpoints": Measured(
            case="", value=2, target=4, seconds=n**1.5, floor=1, peak_mb=7 * n**0.5
        )
        for n in (1_000, 4_000, 1_000_000)
    }
    rows = [line.split(" | ") for line in list(table(found))[2:]]
    assert [row[2] for row in rows] == ["", "1.50", "1.50"]
    assert [row[6].rstrip(" |") for row in rows] == ["", "0.50", "0.50"]


def test_the_figure_is_written(tmp_path: Path) -> None:
    draw(FOUND, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 10_000
