"""What stands on axes and ticks: each column's values, unit, scale and words, written out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from figure_rows import run

from fabric.words.errors import ParameterError
from sims.scenario.row import Row
from sims.show.figures.columns import choices, column, numbers, short_size, short_time
from sims.studies.bom.costs import Costs


def like(row: Row, **settings: object) -> Row:
    """The row as if it were of other settings: columns read, they do not run."""
    return replace(row, scenario=row.scenario.model_copy(update=settings))


@pytest.fixture(scope="module")
def row() -> Row:
    return run("fat-tree:k=4", "ring", "64M")[0]


SIZES = {0: "0 B", 512: "512 B", 1023.6: "1 KiB", 1024: "1 KiB", 1536: "1.5 KiB", -2048: "-2 KiB"}
SIZES |= {2**20: "1 MiB", 2**29: "512 MiB", 2**30: "1 GiB", 3 * 2**40: "3 TiB"}
TIMES = {0: "0 s", 0.5e-9: "0.5 ns", 1e-9: "1 ns", 2.5e-6: "2.5 µs", 0.01: "10 ms", 0.99: "990 ms"}
TIMES |= {0.9996: "1 s", 90: "90 s", -2e-3: "-2 ms"}


def test_ticks_of_sizes_and_times() -> None:
    assert {value: short_size(value) for value in SIZES} == SIZES
    assert {value: short_time(value) for value in TIMES} == TIMES


def test_costs_are_whole_or_of_an_endpoint(row: Row) -> None:
    costs = Costs(currency="EUR", of={"fat-tree:k=4": 2.4e6}, source="by hand")
    whole, each = column("cost", [row], costs), column("cost_per_endpoint", [row], costs)
    assert whole.of([row]) == [2.4e6] and each.of([row]) == [2.4e6 / 16]
    assert (whole.label, each.label) == ("cost (EUR)", "cost per endpoint (EUR)")
    assert whole.better == each.better == "low" and whole.scale == "log10"
    shown = {2.4e6: "2.4M", 150e3: "150k", 3e9: "3bn", 12: "12", 0: "0", 1000: "1k"}
    assert {value: whole.text(value) for value in shown} == shown
    with pytest.raises(ParameterError, match="needs prices"):
        column("cost", [row])
    with pytest.raises(ParameterError, match="no cost is given for it"):
        column("cost", [row], Costs(currency="EUR", of={"star": 1.0}, source="")).of([row])
    assert "cost" in choices([row], costs) and "cost" not in choices([row])


def test_shares_are_in_percent_and_numbers_are_cut(row: Row) -> None:
    for name in ("efficiency", "latency_share"):
        one = column(name, [row])
        assert one.of([row]) == [getattr(row, name)] and one.text(0.1234) == "12.3%" and "%" in one.label
    number = column("worst_load", [row]).text
    shown = {0.25: "0.25", 999.96: "1000", 1000: "1,000", 12345: "12,345", -1234.5: "-1,234.5"}
    assert {value: number(value) for value in shown} == shown


def test_use_of_links_is_that_of_the_row(row: Row) -> None:
    for what in ("mean", "peak"):
        one = column(f"utilisation.leaf -> spine.{what}", [row])
        assert one.of([row]) == [row.utilisation["leaf -> spine"][what]]
        assert one.label == f"{what} use of leaf -> spine links (% of capacity)" and one.text(0.5) == "50%"
    without = replace(row, utilisation={})
    with pytest.raises(ParameterError, match="1 of 2 rows have no such value"):
        column("utilisation.leaf -> spine.mean", [row]).of([row, without])


@pytest.mark.parametrize(("most", "scale"), [(16, "linear"), (63, "linear"), (64, "log10"), (4000, "log10")])
def test_a_part_that_spans_a_factor_of_sixteen_gets_a_logarithmic_axis(
    row: Row, most: int, scale: str
) -> None:
    rows = [like(row, topology=f"star:endpoints={number}") for number in (4, most)]
    one = column("topology.endpoints", rows)
    assert one.of(rows) == [4, most] and one.scale == scale and one.label == "endpoints (number)"
    assert one.named(4) == "endpoints 4"
    assert numbers(one, "x") is one


def test_parts_have_their_units(row: Row) -> None:
    rows = [
        like(row, topology="star:endpoints=4,rate=400Gbps,delay=25ns", fail="cables=2%", routing="ecmp"),
        like(row, topology="star:endpoints=4,rate=100Gbps,delay=1us", upgrade="leaf-spine=2"),
        like(
            row,
            topology="star:endpoints=4,rate=200Gbps,delay=1us",
            degrade="switches=3",
            routing="ecmp:qps=8",
        ),
    ]
    rate, delay = column("topology.rate", rows), column("topology.delay", rows)
    assert rate.of(rows) == [50e9, 12.5e9, 25e9] and rate.text(50e9) == "400 Gbps"
    assert delay.of(rows) == pytest.approx([25e-9, 1e-6, 1e-6]) and delay.label == "delay (s)"
    assert delay.text(1e-6) == "1 µs"
    failed = column("fail.cables_percent", rows)
    assert failed.of(rows) == [2.0, 0.0, 0.0] and failed.label == "cables failed (%)"
    slower = column("degrade.switches", rows)
    assert slower.of(rows) == [0.0, 0.0, 3.0] and slower.label == "switches slower (number)"
    faster = column("upgrade.leaf-spine", rows)
    assert faster.of(rows) == [1.0, 2.0, 1.0] and faster.label == "leaf-spine capacity (times)"
    assert faster.scale == "log2"
    pairs = column("routing.qps", rows)
    assert pairs.of(rows) == [1, 1, 8] and pairs.scale == "log2"
    assert pairs.label == "queue pairs per transfer (number)"


def test_sizes_of_packets_are_sizes_and_zero_has_no_logarithm(row: Row) -> None:
    rows = [like(row, engine="packet", packet=text) for text in ("none:mtu=1024,header=0", "none:mtu=4096")]
    mtu, header = column("packet.mtu", rows), column("packet.header", rows)
    assert mtu.of(rows) == [1024, 4096] and mtu.scale == "log2" and mtu.label == "mtu (bytes)"
    assert mtu.text(1024) == "1 KiB" and header.scale == "linear"


def test_waits_are_in_seconds(row: Row) -> None:
    rows = [like(row, gap=text, reroute_delay=text) for text in ("20ms", "2s")]
    gap = column("gap", rows)
    assert gap.of(rows) == [0.02, 2.0] and (gap.label, gap.scale) == ("gap (s)", "log10")
    assert gap.text(0.02) == "20 ms"
    assert column("gap", [*rows, row]).scale == "linear"  # one of them is zero


def test_words_are_no_axis(row: Row) -> None:
    with pytest.raises(ParameterError, match="this column holds words: use it as color or facet"):
        numbers(column("routing.name", [row]), "x")


def test_the_unit_and_the_whole_may_be_left_out_where_one_column_is_meant(row: Row) -> None:
    names = {short: column(short, [row]).name for short in ("busbw", "time", "k", "qps", "ranks")}
    assert names == {
        "busbw": "busbw_GBps",
        "time": "time_s",
        "k": "topology.k",
        "qps": "routing.qps",
        "ranks": "ranks",
    }
    assert column("busbw", [row]).of([row]) == [row.busbw_GBps]
    with pytest.raises(ParameterError, match="no such column in these rows"):
        column("nonsense", [row])
