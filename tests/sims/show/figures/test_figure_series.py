"""Rows of different causes in one figure: lines apart, words that tell them apart, nothing drawn twice."""

from fabric import Fabric
from sims import all_reduce, allreduce_figure
from sims.scenario.row import Row
from sims.show.figures import figure_of
from sims.show.figures.columns import column
from sims.show.figures.style import DASHES, mark
from topologies import fat_tree, load
from topologies.catalogue import canonical


def labels(rows: list[Row]) -> list[str]:
    legend = allreduce_figure(rows).axes[0].get_legend()
    return [text.get_text() for text in legend.get_texts()]


def test_settings_that_differ_are_named_in_the_legend_and_not_above() -> None:
    F = Fabric.from_graph(fat_tree(k=4))
    rows = []
    for routing in ("dmodk", "adaptive"):
        rows += all_reduce(F, "ring,tree", "1M,1G", topology="fat-tree:k=4", digest="", routing=routing)
    assert labels(rows) == ["ring, dmodk", "tree, dmodk", "ring, adaptive", "tree, adaptive"]
    above = [text.get_text() for text in allreduce_figure(rows).texts]
    assert above[0] == "fat-tree:k=4: all-reduce of 16 ranks" and "routing" not in above[1]


def test_what_all_lines_share_is_not_in_their_names() -> None:
    F = Fabric.from_graph(fat_tree(k=4))
    rows = []
    for routing in ("dmodk", "adaptive"):
        rows += all_reduce(F, "ring", "1M,1G", topology="fat-tree:k=4", digest="", routing=routing)
    assert labels(rows) == ["dmodk", "adaptive"]


def test_rows_that_stand_twice_are_drawn_once() -> None:
    rows = all_reduce(fat_tree(k=4), "ring", [2**20, 2**30])
    assert [len(line.get_xdata()) for line in allreduce_figure(rows * 2).axes[0].get_lines()] == [2]


def test_two_fabrics_are_two_lines() -> None:
    rows = [row for k in (4, 6) for row in all_reduce(fat_tree(k=k), "ring", [2**20, 2**30])]
    assert len(allreduce_figure(rows).axes[0].get_lines()) == 2
    assert all("k=" in label for label in labels(rows))


def test_what_a_sweep_sets_is_an_axis() -> None:
    packet = all_reduce(fat_tree(k=4), "ring", [4096], engine="packet", packet="window:mtu=1024")
    lasting = {"faults": "quiet:flaps=500/d", "repeat": "2", "reroute_delay": "100ms", "gap": "2s"}
    other = all_reduce(fat_tree(k=4), "ring", [4096], upgrade="spine-core=4", **lasting)
    rows = [*packet, *other]
    values = {
        "packet.mtu": [1024, 4096],
        "packet.cc": ["window", "none"],
        "upgrade.spine-core": [1.0, 4.0],
        "reroute_delay": [1.0, 0.1],
        "gap": [0.0, 2.0],
    }
    assert {name: column(name, rows).of(rows) for name in values} == values
    assert column("packet.cc", rows).scale == "words" and column("gap", rows).label == "gap (s)"


def test_an_axis_of_fractions_is_an_axis_of_numbers() -> None:
    """However ratios are written, and in whatever order: 1, 3:2, 2:1 and 4 stand at 1, 1.5, 2 and 4."""
    given = ("4", "3:2", "1", "2:1")
    texts = [canonical(f"fat-tree:endpoints=24,radix=16,tiers=2,oversubscription={ratio}") for ratio in given]
    rows = [
        row
        for text in texts
        for row in all_reduce(Fabric.from_graph(load(text)), "ring", [2**20], topology=text, digest="")
    ]
    axis = column("topology.oversubscription", rows)
    assert axis.scale != "words" and axis.of(rows) == [4, 1.5, 1, 2]
    drawn = figure_of(rows, x="topology.oversubscription", y="busbw_GBps")
    (line,) = [line for line in drawn.axes[0].lines if len(line.get_xdata()) == 4]
    assert list(line.get_xdata()) == [1, 1.5, 2, 4]


def test_every_series_has_a_mark_of_its_own() -> None:
    """In grey as well: seven colours, and within one of them dash and marker."""
    alone = [mark(place) for place in range(56)]
    assert len({(one.colour, one.marker) for one in alone}) == 56
    for place in range(7):
        variants = [mark(place, variant) for variant in range(35)]
        assert len({(one.marker, one.dash) for one in variants}) == 35
        assert len({one.colour for one in variants}) == 1
        assert len({mark(place, variant).hatch for variant in range(8)}) == 8
    assert [mark(0, variant).dash for variant in range(5)] == list(DASHES)
