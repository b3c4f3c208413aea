"""The page in a real browser: what it shows where a control stands is what a row holds; wide and narrow."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from browser import browse, console, in_a_browser

from fabric.words.errors import ParameterError
from sims.scenario.row import Failure, Row
from sims.show.explore import MOST_BYTES, explore_page
from sims.show.explore.controls import controls, place
from sims.studies.explore.grid import plan_grid
from sims.studies.explore.run import Explored, explore

pytest.importorskip("altair", reason="the extra [explore] is not installed: no page is made")
pytest.importorskip("vl_convert", reason="the extra [explore] is not installed: no page is made")

SETS = "size=1M,1G ranks=16,8 algorithm=ring,tree routing=ecmp,adaptive fail=none,cables=25% seed=0..2"
HERE = Path(__file__).parent
CALM = ("--force-prefers-reduced-motion", "--hide-scrollbars")


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Explored:
    grid = plan_grid(["fat-tree:k=4"], [*SETS.split(), "oversubscription=1,2"])
    return explore(grid, tmp_path_factory.mktemp("explore") / "rows", jobs=1)


@pytest.fixture(scope="module")
def text(explored: Explored) -> str:
    return explore_page(explored.results, explored.pictures, sweep=explored.sweep, source="rows")


def seen(folder: Path, text: str, script: str, width: int = 1200) -> dict[str, Any]:
    """What the script of this name, which does as a reader does, has seen of the page in a frame so wide."""
    around = (HERE / "around.html").read_text()
    for name, value in {
        "width": str(width),
        "page": html.escape(text),
        "script": (HERE / script).read_text(),
    }.items():
        around = around.replace(f"@{name}@", value)
    done = browse(
        folder, around, "--dump-dom", "--window-size=2000,3100", "--virtual-time-budget=3000", *CALM
    )
    assert console(done) == []
    (found,) = re.findall(r'<pre id="seen">(\{.*?\})</pre>', done.stdout)
    return json.loads(html.unescape(found))


def rows_at(explored: Explored, **wanted: Any) -> list[Row]:
    rows = [one for one in explored.results if isinstance(one, Row)]
    return [row for row in rows if all(place(row.scenario, key) == value for key, value in wanted.items())]


def median(rows: list[Row], column: str) -> float:
    values = sorted(getattr(row, column) for row in rows)
    assert len(values) in (1, 3)
    return values[len(values) // 2]


@in_a_browser
def test_moving_a_control_shows_the_number_that_a_row_holds(
    explored: Explored, text: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, text, "moves.js")
    ecmp = next(one for one in {row.scenario.routing for row in rows_at(explored)} if one.startswith("ecmp"))
    at = {
        "ranks": 16,
        "failed": 0.0,
        "oversubscription": 1.0,
        "algorithm": "ring",
        "routing": ecmp,
        "size_bytes": 2**30,
    }
    moves = {
        "first": {},
        "ranks": {"ranks": 8},
        "failed": {"failed": 25.0},
        "over": {"oversubscription": 2.0},
        "tree": {"algorithm": "tree"},
        "adaptive": {"routing": "adaptive"},
        "size": {"size_bytes": 2**20},
    }
    shown = set()
    for name, move in moves.items():
        at |= move
        rows = rows_at(explored, **at)
        assert float(found[name]["busbw"]) == median(rows, "busbw_GBps"), name
        assert float(found[name]["time"]) == median(rows, "time_s"), name
        assert all(row.key in found[name]["note"] for row in rows)
        assert (
            f"--size {at['size_bytes']}" in found[name]["command"]
            and f"--ranks {at['ranks']}" in found[name]["command"]
        )
        assert found[name]["status"].startswith("Bus bandwidth")
        shown.add(found[name]["busbw"])
    assert len(shown) >= 4, "moving a control changes the number"
    assert found["spoken"] == "1 MiB" and found["live"] == "polite"


@in_a_browser
def test_the_fabric_opens_and_ranks_step_by_keyboard_too(
    explored: Explored, text: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, text, "picture.js")
    at = {"ranks": 16, "failed": 0.0, "oversubscription": 1.0, "algorithm": "ring", "size_bytes": 2**30}
    ecmp = [row for row in rows_at(explored, **at) if row.scenario.routing.startswith("ecmp")]
    row = min(ecmp, key=lambda one: one.scenario.seed)
    assert len(found["top"]) == 4
    mean = round(100 * row.utilisation["spine -> core"]["mean"])
    assert found["top"][0].startswith("pod 0; 2 leaves; 4 cables, 1.6 Tbps one way; use")
    assert f"use {mean}% in the mean" in found["top"][0]
    assert [one.split(";")[0] for one in found["pod"]] == ["leaf 2", "leaf 3"]
    assert found["focus"] == found["pod"][0]
    assert [one.split(";")[0] for one in found["leaf"]] == ["GPU 4", "GPU 5"]
    assert found["way"] == ["whole fabric", "pod 1", "leaf 2"]
    assert found["back"] == 2
    assert found["steps"].startswith("Step 6 of 6: 4 transfers") and found["steps"].endswith(
        "what it is due."
    )
    assert set(found["held"]) == {"4"}
    assert found["before"].startswith("Step 5 of 6")
    assert found["lines"] == 2 * 2, "two sizes, a line for each of two algorithms"
    assert found["svg"] == 1 and "over" in found["aria"]
    assert found["dark"] != found["light"]
    assert found["nameless"] == []


@in_a_browser
@pytest.mark.parametrize("width", [360, 1200, 1920])
def test_nothing_is_cut_off_at_any_width(text: str, tmp_path: Path, width: int) -> None:
    found = seen(tmp_path, text, "widths.js", width)
    assert found["client"] == width and found["scroll"] <= width, "the page scrolls sideways"
    assert found["small"] == [] and found["low"] == []


def test_the_page_loads_nothing_and_is_small(text: str) -> None:
    assert len(text.encode()) < MOST_BYTES
    markup = html.unescape(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert not re.search(r'(src|href)="(?!#|data:)', markup)
    assert "default-src 'none'" in markup and "unsafe-eval" not in markup
    assert markup.count("<h1>") == 1 and 'lang="en"' in markup


def test_every_chart_is_valid_vega_lite(explored: Explored) -> None:
    import altair

    from sims.show.explore.charts import METRICS, chart_specs

    made = controls(explored.results)
    specs = chart_specs(made)
    assert set(specs) == {f"{one.key}|{metric[0]}" for one in made if one.slider for metric in METRICS}
    for spec in specs.values():
        assert altair.LayerChart.from_dict(spec).to_dict()["layer"]


def test_controls_are_what_differs(explored: Explored) -> None:
    made = {one.key: one for one in controls(explored.results)}
    assert list(made) == ["oversubscription", "ranks", "algorithm", "routing", "failed", "size_bytes"]
    assert made["failed"].values == ((0.0, "0%"), (25.0, "25%")) and made["failed"].slider
    assert not made["routing"].slider


def test_failures_are_told_and_a_page_of_nothing_is_refused(explored: Explored) -> None:
    first, *rest = explored.results
    broken = [Failure(scenario=first.scenario, error="TestError: <b>no</b>", version="1"), *rest]
    page = explore_page(broken)
    assert "1 run gave no result" in page and "<b>no" not in page and 'id="fabric"' not in page
    with pytest.raises(ParameterError, match="one row at least"):
        explore_page(broken[:1])


def test_the_same_rows_give_the_same_page(explored: Explored) -> None:
    few = explored.results[:6]
    assert explore_page(few) == explore_page(list(few))
