"""One-way latency by hop class: against every pair routed, published times and queueing that must show."""

from __future__ import annotations

import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from fabric_zoo import graph

from fabric import Ecmp, Fabric, route
from fabric.measures.hops import pair_classes
from fabric.words.errors import ParameterError
from sims.cli import main as cli
from sims.jobs import one_way
from sims.jobs.loaded_latency import loaded, parse_loads
from sims.jobs.one_way import quantile
from sims.models.latency import transfer_latency
from sims.models.profiles import PROFILES, latency_profile
from sims.scenario.files import read_records
from sims.show.figures.latency import latency_figure
from sims.show.words.latency import latency_lines
from topologies import fat_tree, load

ROCE, IDEAL = PROFILES["roce-400g"], PROFILES["ideal"]
SERVERS = "fat-tree:endpoints=96,radix=16,gpus_per_server=4"
SPECS = ["fat-tree:k=4", "dragonfly:p=2", SERVERS, "rail-only:gpus_per_server=4,servers=6,radix=8"]


def every_pair(fabric: Fabric) -> np.ndarray:
    src, dst = (a.ravel() for a in np.mgrid[: fabric.n_endpoints, : fabric.n_endpoints])
    apart = src != dst
    paths = route(fabric, src[apart], dst[apart], Ecmp())
    return np.sort(transfer_latency(paths, fabric, ROCE))


@pytest.mark.parametrize("spec", SPECS)
def test_the_distribution_is_that_of_every_pair(spec: str) -> None:
    fabric = Fabric.from_graph(load(spec))
    classes, expected = one_way.one_way(fabric, ROCE, Ecmp()), every_pair(fabric)
    assert sum(c.pairs for c in classes) == len(expected)
    assert sum(c.pairs * c.mean for c in classes) / len(expected) == pytest.approx(expected.mean())
    for share in (0.001, 0.25, 0.5, 0.9, 0.99, 1.0):
        at = expected[int(np.ceil(share * len(expected))) - 1]
        assert quantile(classes, share) == pytest.approx(at, rel=1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_pairs_that_are_drawn_give_the_same_where_cables_are_alike(
    spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fabric = Fabric.from_graph(load(spec))
    whole = one_way.one_way(fabric, ROCE, Ecmp())
    monkeypatch.setattr(one_way, "_ALL_PAIRS", 0)
    monkeypatch.setattr(one_way, "_SOURCES", 2)
    monkeypatch.setattr(one_way, "_EACH", 2)
    drawn = one_way.one_way(fabric, ROCE, Ecmp(), seed=3)
    assert [(c.way, c.links, c.pairs) for c in drawn] == [(c.way, c.links, c.pairs) for c in whole]
    for few, all_ in zip(drawn, whole):
        assert few.exact == (not spec.startswith("dragonfly"))
        if few.exact:
            np.testing.assert_allclose(few.latency, all_.latency, rtol=1e-12)
        assert all_.latency[0] <= few.latency[0] <= few.latency[-1] <= all_.latency[-1]


def test_published_times_by_number_of_switches() -> None:
    # 3.6 us under a leaf, 1.45 us more across the spine (profiles.py); pairs by hand in a tree of k = 16.
    classes = one_way.one_way(Fabric.from_graph(fat_tree(k=16)), ROCE, Ecmp())
    assert [c.switches for c in classes] == [1, 3, 5] and all(c.exact for c in classes)
    assert [c.pairs for c in classes] == [1024 * 7, 1024 * 56, 1024 * 960]
    assert classes[0].mean == pytest.approx(3.6e-6) and classes[1].mean == pytest.approx(5.05e-6)


def test_cables_of_two_lengths_are_no_exact_class() -> None:
    graph = fat_tree(k=12)
    leaf = graph.number_of_nodes() - 1
    for _, _, data in list(graph.edges(leaf, data=True))[:3]:
        data["delay"] *= 3
    classes = one_way.one_way(Fabric.from_graph(graph), ROCE, Ecmp())
    assert not any(c.exact for c in classes)


def test_cables_past_a_tier_make_no_class_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four links lead 0 to 1 over the spine and 2 to 3 over the core, by longer cables."""
    monkeypatch.setattr(one_way, "_ALL_PAIRS", 0)
    monkeypatch.setattr(one_way, "_SOURCES", 1)
    tiers = {"a": 1, "b": 1, "c": 1, "d": 1, "spine": 2, "core": 3}
    cables = [(i, leaf) for i, leaf in enumerate("abcd")] + [("a", "spine"), ("b", "spine")]
    G = graph("past", range(4), tiers, [*cables, ("spine", "core"), ("c", "core"), ("d", "core")])
    for leaf in "cd":
        G.edges[leaf, "core"]["delay"] = 5e-7
    classes = one_way.one_way(Fabric.from_graph(G), ROCE, Ecmp())
    assert not any(c.exact for c in classes)


def test_words_are_exact_at_a_hundred_thousand() -> None:
    fabric = Fabric.from_graph(load("fat-tree:k=32"))
    n = fabric.n_endpoints
    classes = one_way.one_way(fabric, ROCE, Ecmp())
    assert sum(c.pairs for c in classes) == n * (n - 1) == sum(c.pairs for c in pair_classes(fabric))
    text = "\n".join(latency_lines("a", fabric, ROCE, Ecmp(), classes))
    assert "3.6 us" in text and "5.05 us" in text and f"all {n * (n - 1):,} pairs" in text
    assert "have no path" not in text


# --- under load --------------------------------------------------------------------------------------------


def test_next_to_no_load_is_the_idle_latency_and_the_bytes() -> None:
    fabric = Fabric.from_graph(fat_tree(k=4))
    idle = {c.links: c.mean for c in one_way.one_way(fabric, ROCE, Ecmp())}
    found = loaded(fabric, ROCE, Ecmp(), 0.001, 4096)
    wire = (4096 + 82) / 50e9
    for c in found.classes:
        # Cut-through: the first link takes all the bytes, every other one no more than the header.
        least = idle[c.links] + wire
        assert c.latency[0] == pytest.approx(least, rel=0.01)
        assert quantile([c], 0.5) == pytest.approx(least, rel=0.02)


def test_queues_grow_with_the_load() -> None:
    fabric = Fabric.from_graph(fat_tree(k=4))
    tails = [quantile(loaded(fabric, IDEAL, Ecmp(), x, 4096).classes, 0.99) for x in (0.1, 0.5, 0.8)]
    assert tails[0] < tails[1] < tails[2]


def test_a_large_fabric_is_not_run_packet_by_packet() -> None:
    with pytest.raises(ParameterError, match=r"--load: 0.5: runs packet by packet: at most 2,048 endpoints"):
        loaded(Fabric.from_graph(load("fat-tree:k=32")), ROCE, Ecmp(), 0.5, 4096)


def test_loads_are_shares() -> None:
    assert parse_loads("0.6,0.3") == (0.3, 0.6)
    for bad in ("1", "0", "-0.2", "high", "nan"):
        with pytest.raises(ParameterError, match=r"--load: .* a share above 0 and below 1"):
            parse_loads(bad)


# --- the command -------------------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fabricsim", "latency", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_messages_that_take_more_than_an_hour_are_refused_before_anything_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what this command has: no mtu, no engine."""
    assert run(monkeypatch, "fat-tree:k=4", "--load", "0.5", "--size", "1TiB") == 2
    out, err = capsys.readouterr()
    assert not out and err.startswith("fabricsim: error: --size: '1 TiB': about ")
    assert err.endswith("is tried: ask for smaller messages or a smaller fabric\n")


def test_the_command_prints_writes_and_draws(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("fat-tree:k=4", "--load", "0.2,0.7", "--set", "switch_latency=1us", "--set", "delay=0ns")
    assert run(monkeypatch, *words, "--out", "a.csv", "--plot", "a.svg") == 0
    out, err = capsys.readouterr()
    assert "switch_latency=1us" in out and "under load" in out and err == "wrote a.csv\nwrote a.svg\n"
    rows = read_records(tmp_path / "a.csv")
    idle = [row for row in rows if float(row["load"]) == 0]
    assert [float(row["latency_mean_s"]) for row in idle] == pytest.approx(
        [3.075e-6 + switches * 1e-6 for switches in (1, 3, 5)]
    )
    assert {row["load"] for row in rows} == {"0.0", "0.2", "0.7"}
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert (
        "Latency profile roce-400g" in text
        and "one-way latency (us)" in text
        and "load 0.7" in text
        and "5 switches: 80.0%" in text
    )


def test_what_cannot_be_loaded_is_refused_before_anything_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ("fat-tree:k=32", "--load", "0.5"),
        ("dragonfly:p=2", "--load", "0.5", "--routing", "ugal"),
    ):
        assert run(monkeypatch, *words) == 2
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--set", "ranks=4"),
            "--set: 'ranks': not a setting of this command (legal: topology, latency_profile, ",
        ),
        (("--set", "k=4,8"), "--set: 'k=4,8': one value of topology.k is needed"),
        (("--set", "switch_latency=3"), "a unit is needed"),
        (("--size", "4KiB"), "--size: '4KiB': the size of the messages of --load"),
        (("--load", "2"), "--load: '2': must be a share above 0"),
        (("--routing", "valiant"), "detours have no hop class"),
        (("--plot", "a.txt"), "legal: .svg"),
    ],
)
def test_bad_input(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "fat-tree:k=4", *words) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1


def test_what_has_no_pairs_or_no_network_is_one_clear_error() -> None:
    policy, profile = Ecmp(), latency_profile("ideal")
    with pytest.raises(ParameterError, match="at least two are needed"):
        one_way.one_way(Fabric.from_graph(load("star:endpoints=1")), profile, policy)
    server = nx.Graph(name="server")
    server.add_nodes_from(range(4), kind="gpu", tier=0)
    server.add_node(4, kind="nvswitch", tier=1)
    server.add_edges_from(((gpu, 4) for gpu in range(4)), rate=450e9, delay=1e-8)
    with pytest.raises(ParameterError, match="no endpoint has any"):
        loaded(Fabric.from_graph(server), profile, policy, 0.5, 4096)


def test_a_figure_without_load_begins_at_zero() -> None:
    classes = one_way.one_way(Fabric.from_graph(load(SERVERS)), latency_profile("ib-ndr"), Ecmp())
    (ax,) = latency_figure(classes, [], "a", ROCE).axes
    assert ax.get_xlim()[0] == 0 and ax.get_xscale() == "linear"
