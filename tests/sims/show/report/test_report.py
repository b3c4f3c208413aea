"""The report page: parsed, held against its rows, shown by a browser at the width of a phone and a desk."""

import json
import math
import re
import shlex
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from browser import browse, check, console, in_a_browser

from fabric import Fabric
from fabric.words.errors import ParameterError
from fabric.words.units import parse_sizes
from sims import Row, Scenario, all_reduce
from sims.scenario.row import Failure
from sims.show.report import figure_data, report
from sims.show.report.axes import number
from sims.show.report.findings import findings
from sims.show.report.provenance import commands, sizes_text
from sims.show.words.fastest import fastest_lines
from topologies import fat_tree

SIZES = [8 * 16**i for i in range(7)]
BANDWIDTH = 50e9
VOID = {"meta", "link", "br", "img", "hr"}


def row(algorithm: str = "ring", size: int = 2**27, ranks: int = 16, seed: int = 0, **other: str) -> Row:
    """What the closed forms give for a ring or a tree, slowed a little by an odd seed."""
    s = Scenario.of(
        **{"topology": "fat-tree:k=4", **other},
        algorithm=algorithm,
        size_bytes=size,
        ranks=ranks,
        seed=seed,
    )
    contention = (1.0 if algorithm == "ring" else 2.0) * (1 + 0.05 * (seed % 7))
    latency = 5e-6 * (2 * (ranks - 1) if algorithm == "ring" else 2 * math.log2(ranks))
    factor = 2 * (ranks - 1) / ranks
    ideal = factor * size / BANDWIDTH
    time = latency + ideal * contention
    return Row(
        scenario=s,
        endpoints=16,
        used=algorithm,
        time_s=time,
        algbw_GBps=size / time / 1e9,
        busbw_GBps=size / time / 1e9 * factor,
        efficiency=ideal / time,
        limit_link="endpoint-leaf" if contention == 1 else "leaf-spine",
        contention=contention,
        worst_link="leaf-spine",
        worst_load=contention * 1.1,
        latency_share=latency / time,
        utilisation={"endpoint-leaf": {"mean": 0.5 / contention, "peak": 0.6}},
        version="0.1.0",
    )


def failure(error: str = "ParameterError: groups of 4 and 5") -> Failure:
    s = Scenario.of(topology="fat-tree:k=4", ranks=16, algorithm="hierarchical-ring", size_bytes=2**27)
    return Failure(scenario=s, error=error, version="0.1.0")


SWEEP = [row(a, s, n, d) for a in ("ring", "tree") for s in SIZES for n in (4, 8, 16) for d in range(5)]
OVER_SIZES = [row(algorithm, size) for algorithm in ("ring", "tree") for size in SIZES]
FABRICS = {
    "fat-tree:k=4": 16,
    "torus:dims=3/3": 9,
    "dragonfly:p=2": 72,
    "multi-plane:planes=4,endpoints=128,radix=32": 128,
    "rail-optimized:servers=16,radix=16": 128,
}
OWN_RANKS = [
    row(algorithm, size, ranks, topology=topology)
    for algorithm in ("ring", "tree")
    for topology, ranks in FABRICS.items()
    for size in SIZES
]
CASES = {
    "a sweep": [*SWEEP[:-1], failure()],
    "over sizes": OVER_SIZES,
    "one row": [row()],
    "only failures": [failure()],
    "two topologies": [row(topology=f"fat-tree:k={k}") for k in (4, 8)],
    "fabrics of their own sizes": OWN_RANKS,
    "with gains": [
        replace(one, gains={"2x leaf - spine": one.time_s / 4, "best other algorithm: tree": -one.time_s})
        for one in OVER_SIZES
    ],
}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None]
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, *tags: str) -> list["Node"]:
        own = [self] if self.tag in tags else []
        return own + [found for child in self.children for found in child.all(*tags)]

    @property
    def every(self) -> list["Node"]:
        return [self, *(found for child in self.children for found in child.every)]

    @property
    def words(self) -> str:
        return self.text + "".join(child.words for child in self.children)


class Tree(HTMLParser):
    """Elements, and nothing that is left open or closed out of turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert [node.tag for node in self.open] == [""], "left open"

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute stands twice in {tag}"
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].text += data


def parsed(results, **given) -> Node:
    return Tree(report(results, **{"source": "out/", **given})).root


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
def test_the_page_is_well_formed_and_has_what_a_reader_without_eyes_needs(results) -> None:
    text = report(results, source="out/")
    root = Tree(text).root
    assert text.startswith("<!DOCTYPE html>\n") and root.all("html")[0].attributes["lang"] == "en"
    assert [
        meta.attributes["content"] for meta in root.all("meta") if meta.attributes.get("name") == "viewport"
    ]
    ids = re.findall(r'\sid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert {a.attributes["href"] for a in root.all("a")} <= {f"#{name}" for name in ids}
    levels = [int(h.tag[1]) for h in root.all("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for svg in root.all("svg"):
        assert svg.attributes["role"] == "img"
        (title,), (told,) = ([c for c in svg.children if c.tag == t] for t in ("title", "desc"))
        assert title.words and re.search(r"\d", told.words), "the text says what is seen in numbers"
    for figure in root.all("figure"):
        assert figure.all("svg") and figure.all("figcaption") and figure.all("table")
    for table in root.all("table"):
        assert table.all("caption")[0].words
        assert {th.attributes["scope"] for th in table.all("th")} == {"col", "row"}
        widths = {len(tr.children) for tr in table.all("tr")}
        assert len(widths) == 1


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
def test_nothing_runs_and_nothing_is_loaded(results) -> None:
    root = parsed(results)
    assert not root.all("script", "iframe", "object", "embed", "img", "base", "form")
    for node in root.every:
        for name, value in node.attributes.items():
            assert not name.startswith("on"), name
            if name in ("href", "src", "xlink:href"):
                assert (value or "").startswith(("#", "data:")), value
    assert not re.search(r"url\((?!#)|@import", report(results, source="out/"))


def test_the_numbers_of_the_table_are_those_of_the_rows() -> None:
    (section,) = [s for s in parsed(OVER_SIZES).all("section") if s.all("h2")[0].words == "Rows"]
    (table,) = section.all("table")
    heads = [th.words for th in table.all("thead")[0].all("th")]
    assert heads[:4] == ["algorithm", "message size", "time (µs)", "algbw (GB/s)"]
    lines = [[cell.words for cell in tr.children] for tr in table.all("tbody")[0].all("tr")]
    assert [line[-1] for line in lines] == [r.key for r in OVER_SIZES]
    for line, r in zip(lines, OVER_SIZES):
        shown = [float(text.replace(",", "")) for text in line[2:8]]
        exact = [r.time_s * 1e6, r.algbw_GBps, r.busbw_GBps, 100 * r.efficiency, r.contention]
        assert shown == pytest.approx([*exact, 100 * r.latency_share], rel=5.1e-4)


def test_equals_have_no_fastest() -> None:
    rows = [replace(r, time_s=1e-3) for r in OVER_SIZES if r.scenario.size_bytes == 8]
    assert "At 8 B both algorithms take the same time: 1 ms." in parsed(rows).all("ul")[1].words


def race(times: dict[str, tuple[float, ...]]) -> list[str]:
    """What is found of rows of these algorithms, a time for each of the sizes 8 B, 512 KiB, 8 MiB."""
    base = {r.scenario.size_bytes: r for r in OVER_SIZES if r.used == "ring"}
    return findings(
        [
            replace(base[size], time_s=time, scenario=replace(base[size].scenario, algorithm=name))
            for name, each in times.items()
            for size, time in zip((8, 2**19, 2**23), each, strict=True)
        ]
    )


def test_who_is_as_fast_as_the_fastest_is_named_beside_it() -> None:
    """Times that four digits do not tell apart have no single winner, whichever comes first in the table."""
    nearly = 1 + 1e-5
    found = race({"tree": (1, 2, 3), "ring": (nearly, 2 * nearly, 3)})
    assert found[0] == "tree and ring are the fastest at every size."
    assert found[1] == "At 8 B both algorithms take the same time: 1 s."
    found = race({"tree": (1, 2, 4), "ring": (nearly, 3, 3), "linear": (5, 5, 5)})
    assert (
        found[0] == "The fastest algorithm changes with the size: tree from 8 B to 512 KiB and ring at 8 MiB."
    )
    assert found[1].startswith(
        "At 8 B tree and ring are the fastest: 1 s. linear, the slowest of 3, takes 5 s"
    )
    found = race({"tree": (1, 2, 4), "ring": (1, 2, 4), "linear": (3, 3, 3)})
    assert found[0].endswith("with the size: tree and ring from 8 B to 512 KiB; linear at 8 MiB.")


def test_auto_is_named_by_what_it_chose() -> None:
    """That the fastest of all is the fastest says nothing."""
    chosen = {8: "tree", 2**19: "linear", 2**23: "linear"}
    rows = [
        replace(r, used=used, time_s=time, scenario=replace(r.scenario, algorithm=name))
        for r in OVER_SIZES
        if r.used == "ring" and r.scenario.size_bytes in chosen
        for name, used, time in (
            ("ring", "ring", 3e-3),
            ("auto:pipeline=8", chosen[r.scenario.size_bytes], 1e-3),
            ("tree", "tree", 1e-3 if r.scenario.size_bytes == 8 else 2e-3),
        )
    ]
    words = "tree at 8 B{} linear (auto) from 512 KiB to 8 MiB"
    found = findings(rows)
    assert found[0] == f"The fastest algorithm changes with the size: {words.format(' and')}."
    assert found[1].startswith("At 8 B tree is the fastest: 1 ms. ring, the slowest of 3, takes 3 ms")
    assert list(fastest_lines(rows))[1] == f"# fastest    {words.format(';')}"
    said, _ = figure_data.winners(rows)
    assert said == "The fastest algorithm by message size and number of ranks: tree at 3 of 3 points."
    library = [replace(r, scenario=replace(r.scenario, algorithm="auto:library=nccl")) for r in rows[1::3]]
    assert list(fastest_lines([*rows[::3], *library]))[1].endswith("  auto:library=nccl from 8 B to 8 MiB")


def test_findings_are_computed_from_the_rows() -> None:
    found = parsed(OVER_SIZES).all("ul")[1].words
    small = {r.used: r for r in OVER_SIZES if r.scenario.size_bytes == 8}
    ratio = number(small["ring"].time_s / small["tree"].time_s, 3)
    assert "At 8 B tree is the fastest: 40 us. ring, the slowest of 2, takes 150 us" in found
    assert f"{ratio} times as long" in found
    assert f"The highest bus bandwidth is {number(max(r.busbw_GBps for r in OVER_SIZES))} GB/s" in found
    assert "changes with the size: tree from 8 B to 512 KiB and ring from 8 MiB to 128 MiB" in found


def test_seeds_and_ranks_are_summed_up() -> None:
    found = parsed(SWEEP).all("ul")[1].words
    # With few ranks latency is the least part of the time, and the seeds change the rest.
    times = sorted(row("tree", SIZES[-1], 4, seed).time_s for seed in range(5))
    assert f"Over 5 seeds the time of tree, 4 ranks, 128 MiB has the median {times[2] * 1e3:.4g} ms" in found
    few, many = row("ring", SIZES[-1], 4, 2), row("ring", SIZES[-1], 16, 2)
    assert f"from {number(few.busbw_GBps)} to {number(many.busbw_GBps)} GB/s (ring)" in found


def test_figures_follow_what_varies() -> None:
    def titles(results):
        return [strong.words for strong in parsed(results).all("strong")]

    assert titles(OVER_SIZES) == [
        "Bus bandwidth over message size",
        "Time over message size",
        "Use of the links at 128 MiB",
    ]
    whole = " ".join(titles(SWEEP))
    for words in ("over ranks", "fastest algorithm", "Bus bandwidth of ring by", "Spread of the time"):
        assert words in whole
    assert titles([row()]) == ["Use of the links at 128 MiB"]
    assert titles([replace(row(), utilisation={})]) == []


def test_what_varied_most_is_compared_in_one_figure_and_no_figure_is_of_loose_points() -> None:
    titles = [strong.words for strong in parsed(OWN_RANKS).all("strong")]
    assert [title for title in titles if title.startswith("Bus bandwidth over")] == [
        "Bus bandwidth over message size: ring",
        "Bus bandwidth over message size: tree",
    ]
    assert not any("over ranks" in title for title in titles)


def test_gains_are_told_where_the_rows_hold_them() -> None:
    root = parsed(CASES["with gains"])
    figures = [f.all("figcaption")[0].words for f in root.all("figure")]
    assert sum("What would help " in words for words in figures) == 2  # ring and tree
    (best,) = (t for t in root.all("table") if t.all("caption")[0].words.startswith("What would help, each"))
    lines = [[cell.words for cell in tr.children] for tr in best.all("tr")][1:]
    assert [(line[0], line[3], line[4]) for line in lines] == [
        ("ring", "2x leaf - spine: 25.0%", ""),
        ("tree", "2x leaf - spine: 25.0%", ""),
    ]
    assert "What would help" not in parsed(OVER_SIZES).words


def test_the_lead_says_what_was_run() -> None:
    root = parsed(CASES["a sweep"])
    (lead,) = [p.words for p in root.all("p") if p.attributes.get("class") == "lead"]
    assert lead.startswith(
        "All-reduce was simulated at 210 points on fat-tree:k=4 with 16 endpoints. One of "
    )
    assert "number of ranks (4, 8 and 16)" in lead and "message size (7 from 8 B to 128 MiB)" in lead
    assert root.all("h1")[0].words == "All-reduce on fat-tree:k=4"


def test_presets_bring_their_disclaimer() -> None:
    words = parsed([row(topology="preset:colossus-100k")]).all("header")[0].words
    assert "not the operator's design" in words and "an illustration, and not a measurement" in words


def test_titles_and_the_sweep_are_shown_as_they_are() -> None:
    toml = 'title = "Rings & <trees>"\nsizes = "8:1G"  # a < b\n'
    root = parsed(OVER_SIZES, sweep_toml=toml)
    assert root.all("h1")[0].words == "Rings & <trees>" == root.all("title")[0].words
    blocks = [pre.words for pre in root.all("pre")]
    assert blocks[:2] == ["fabricsim sweep sweep.toml -o out/", toml.rstrip("\n")]
    assert parsed(OVER_SIZES, title="Mine", sweep_toml=toml).all("h1")[0].words == "Mine"
    assert (
        parsed(OVER_SIZES, sweep_toml="title = ").all("h1")[0].words
        == "All-reduce of 16 ranks on fat-tree:k=4"
    )
    assert json.loads(blocks[2]) == OVER_SIZES[0].to_dict()


EVIL = "</title><script>alert('&')</script>\"' onload=x \x00\ud800"


def test_whatever_texts_hold_is_text() -> None:
    links = {EVIL[:-3]: {"mean": 0.1, "peak": 0.2}}  # without what no font has a letter for
    results = [replace(row(size=size), limit_link=EVIL, used=EVIL, utilisation=links) for size in SIZES]
    text = report([*results, failure(EVIL)], title=EVIL, sweep_toml=EVIL, source=EVIL)
    assert "<script" not in text and "alert(&#x27;&amp;&#x27;)" in text
    root = Tree(text).root
    assert root.all("h1")[0].words.startswith("</title><script>")
    text.encode("utf-8")


def test_same_results_same_bytes() -> None:
    assert report(CASES["a sweep"], source="out/") == report(list(CASES["a sweep"]), source="out/")


def test_a_thousand_rows_are_a_page_that_one_can_open() -> None:
    results = [row(a, s, 16, seed) for a in ("ring", "tree") for s in SIZES[:5] for seed in range(100)]
    text = report(results, source="out/")
    assert len(text) < 2_000_000
    words = Tree(text).root.words
    assert "These are the first 200 of 1,000 rows; the others are in out/." in words


def test_only_failures_say_what_failed() -> None:
    root = parsed([failure()])
    assert "It failed." in root.words and "ParameterError: groups of 4 and 5" in root.words
    assert [h.words for h in root.all("h2")] == ["What failed", "Where the numbers come from"]


def test_a_report_needs_a_result() -> None:
    with pytest.raises(ParameterError, match="one result at least"):
        report([], source="out/")


def test_sizes_are_written_as_they_are_read() -> None:
    for sizes in ([8], [8, 32], [8, 16, 64], SIZES, [2**30, 3 * 2**30], [1000, 2000, 4000], [7, 49]):
        assert list(parse_sizes(sizes_text(sizes))) == sizes


def test_commands_name_what_was_run() -> None:
    results = all_reduce(
        Fabric.from_graph(fat_tree(k=4)), "ring,tree", "8:512:x8", topology="fat-tree:k=4", digest="",
        placement="random", seed=7,
    )  # fmt: skip
    (command,) = commands(results)
    words = shlex.split(command)
    assert words[:3] == ["fabricsim", "allreduce", "fat-tree:k=4"]
    options = dict(zip(words[3::2], words[4::2]))
    assert options == {
        "--algorithm": "ring,tree",
        "--sizes": "8:512:x8",
        "--ranks": "16",
        "--placement": "random",
        "--seed": "7",
        "--routing": "ecmp:qps=1",
        "--out": "rows.jsonl",
    }
    graph = all_reduce(fat_tree(k=4), "ring", [8])
    assert commands(graph) == [] and "simulate(row.scenario, fabric)" in parsed(graph).words


@pytest.mark.parametrize(
    "settings",
    [
        {"routing": "dmodk", "fail": "cables=1;cables=tier1:1", "degrade": "cables=1:rate=50%", "seed": 3},
        {"engine": "packet", "packet": "window:mtu=2KiB,buffer=1MB", "allow_partition": True},
    ],
    ids=["faults", "packets"],
)
def test_the_commands_give_the_same_rows_again(settings: dict, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sims.cli.main import app
    from sims.scenario.rows import read_rows

    made = all_reduce(fat_tree(k=4), "ring", "8,64K", topology="fat-tree:k=4", digest="", **settings)
    (command,) = commands(made)
    words = shlex.split(command.replace("rows.jsonl", str(tmp_path / "rows.jsonl")))
    assert CliRunner().invoke(app, words[1:]).exit_code == 0
    assert read_rows(tmp_path / "rows.jsonl") == made


def test_text_stands_out_from_its_ground() -> None:
    style = parsed([row()]).all("style")[0].words
    for name in ("ink", "soft", "blue"):
        light, dark = re.findall(rf"--{name}: (#[0-9a-f]{{6}})", style)
        for colour, grounds in ((light, ("#ffffff", "#f3f5f7")), (dark, ("#14181b", "#20262b"))):
            assert min(contrast(colour, ground) for ground in grounds) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@in_a_browser
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
def test_a_browser_shows_it_at_the_width_of_a_phone_and_a_desk(results, width: int, tmp_path: Path) -> None:
    page = report(results, title="A long-name-that-does-not-break-" * 3, source="out/")
    check(tmp_path, page, width)


@in_a_browser
def test_the_browser_itself_reports_no_error_and_would_report_one(tmp_path: Path) -> None:
    page = report(CASES["a sweep"], source="out/")
    shot = tmp_path / "shot.png"
    done = browse(tmp_path, page, f"--screenshot={shot}", "--window-size=1280,2000")
    assert console(done) == [] and shot.stat().st_size > 20_000
    broken = page.replace("</body>", "<script>throw new Error('seen')</script></body>")
    # The policy of the page refuses to run it, which is an error on the console.
    assert len(console(browse(tmp_path, broken, "--dump-dom"))) == 1
