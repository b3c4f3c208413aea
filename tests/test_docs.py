"""What the documents point to is there: files, headings, paths of the source."""

import re
from pathlib import Path

import pytest
from project import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
HISTORY = {"CHANGELOG.md"}  # names paths of its time
NEW = {"topologies/families/express_torus.py"}  # what the reader shall write


def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as renderers make them."""
    heads = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(path), f"{page.name}: {target}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in HISTORY], ids=lambda page: page.name
)
def test_paths_of_the_source_exist(page):
    named = set(re.findall(r"`((?:fabric|topologies|sims|tests|docs)/[\w/.-]+)`", prose(page))) - NEW
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_where_things_are_fits_on_one_page():
    assert len((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines()) <= 80


def test_the_glossary_has_the_words_that_tables_and_headers_print():
    """Labels of `topology show` and of the lines that limit a run, as gold has them."""
    words = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").lower()
    shown = (ROOT / "tests" / "gold" / "outputs" / "topology-show.txt").read_text(encoding="utf-8")
    labels = set(re.findall(r"^  ([a-z][a-z -]+?)  ", shown, re.MULTILINE)) - {"note"}
    assert len(labels) > 8
    for label in labels | {
        "contention",
        "efficiency",
        "algbw",
        "busbw",
        "latency",
        "the rest",
        "utilisation",
    }:
        one = {"leaves": "leaf", "switches": "switch"}.get(label, label)
        assert one in words or one.removesuffix("s") in words, label
