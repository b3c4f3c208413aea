"""Failed cables in drawings: as many as failed, where they were, and said; nothing where none did."""

from pathlib import Path

import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from fabric import Fabric
from fabric.damage.breakage import harmed
from fabric.damage.fault import parse_faults
from fabric.measures.groups import between_switches, hierarchy, of_endpoints
from sims.cli.main import main
from sims.show.drawing import topology_figure
from sims.show.drawing.failed import failed, failed_words
from topologies.named import named

RED = (0xB0 / 255, 0, 0x20 / 255, 1.0)


def broken(text: str, fail: str, seed: int = 3) -> tuple[Fabric, Fabric]:
    before = named(text).fabric()
    return before, harmed(before, parse_faults("fail", fail), seed)[0]


def red_lines(figure: Figure) -> list[int]:
    """How many segments the red collections have: dashes, then crosses of two arms."""
    found = []
    for collection in figure.axes[0].collections:
        if isinstance(collection, LineCollection) and tuple(collection.get_colors()[0]) == pytest.approx(RED):
            found.append(len(collection.get_segments()))
    return found


@pytest.mark.parametrize("text", ["fat-tree:k=4", "dragonfly:p=2"])
def test_as_many_lines_as_cables_failed(text: str) -> None:
    before, after = broken(text, "cables=4")
    lines = red_lines(topology_figure(after, before=before))
    assert sum(lines[::2]) == 4 and sum(lines[1::2]) == 2 * 4
    assert red_lines(topology_figure(before)) == []


def test_bundles_count_their_cables() -> None:
    before, after = broken("leaf-spine:leaves=2,spines=2,endpoints_per_leaf=2,cables=4", "cables=9")
    gone = failed(between_switches(before), between_switches(after))
    assert gone.cables.sum() == 2 * 9, "each cable from both ends"
    assert failed(between_switches(before), between_switches(before)).cables.sum() == 0


def test_words_name_the_count_and_the_mark() -> None:
    before, after = broken("fat-tree:k=4", "cables=4")
    assert (
        failed_words(before, after, "dashed, with a cross") == "4 of 48 cables failed: dashed, with a cross."
    )
    assert failed_words(before, before, "dashed") == "No cable failed."
    folded = topology_figure(after, style="folded", before=before)
    said = " ".join(text.get_text().replace("\n", " ") for ax in folded.axes for text in ax.texts)
    assert "4 of 48 cables failed: a cross with their number; all else as it was before." in said


@pytest.mark.parametrize("fail", ["cables=1%", "cables=tier1:7", "switches=tier2:1"])
@pytest.mark.parametrize(
    "text", ["fat-tree:k=16", "multi-plane:planes=4,endpoints=512,radix=32", "dragonfly:p=4"]
)
def test_numbers_beside_the_crosses_of_a_folded_drawing_add_up(text: str, fail: str) -> None:
    fail = fail if "tier" not in fail or "dragonfly" not in text else "cables=30"
    before, after = broken(text, fail)
    figure = topology_figure(after, style="folded", before=before)
    red = [t.get_text() for t in figure.axes[0].texts if t.get_color() == "#B00020"]
    trunk = failed(between_switches(before), between_switches(after))
    access = failed(of_endpoints(before), of_endpoints(after))
    between = trunk.cables[hierarchy(before).group[0][trunk.src] != hierarchy(before).group[0][trunk.dst]]
    whole = trunk.cables if before.tiered else between  # inside a group there is no band
    assert sum(int(one.replace(",", "")) for one in red) == whole.sum() // 2 + access.cables.sum()
    assert red_lines(topology_figure(before, style="folded")) == [] and red


def test_the_command_draws_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, words in {"a.svg": [], "b.svg": ["--fail", "cables=4"]}.items():
        monkeypatch.setattr("sys.argv", ["fabricsim", "topology", "draw", "fat-tree:k=4", *words, "-o", name])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
    assert "4 of 48 cables failed" in Path("b.svg").read_text()
    assert "failed" not in Path("a.svg").read_text()
