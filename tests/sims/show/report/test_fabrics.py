"""The fabrics of a page: their numbers are those of the bill, and each has its picture."""

from __future__ import annotations

import re

import pytest

from fabric.words.errors import ParameterError
from sims.show.report.fabrics import MOST, fabrics_section
from sims.studies.bom import bill
from sims.studies.bom.parts import read_parts
from sims.studies.bom.site import site
from topologies import load

TEXTS = ["fat-tree:k=4", "star:endpoints=8"]


def test_counts_cost_and_power_are_those_of_the_bills() -> None:
    text = str(fabrics_section(TEXTS, prices="sample", gpu="b200", pue=1.5))
    parts = read_parts("sample")
    lines = {
        re.sub(r"<[^>]+>", "", line.split("</th>")[0]): re.findall(r"<td[^>]*>([^<]*)</td>", line)
        for line in re.findall(r"<tr><th scope=\"row\".*?</tr>", text)
    }
    for place, spec in enumerate(TEXTS):
        made = bill(load(spec), parts)
        assert lines["endpoints"][place] == f"{made.endpoints:,}"
        assert lines[f"cost ({parts.currency})"][place] == f"{made.cost():,.0f}"
        total = site(made, parts, "b200", 1.5).total
        assert total is not None
        assert lines["power of the site"][place] == f"{total / 1e3:,.4g} kW"
    assert text.count("<svg") == 2
    assert "PUE 1.5" in text and "(b200)" in text


def test_what_cannot_be_built_again_is_named_with_the_reason(tmp_path) -> None:
    gone = str(tmp_path / "gone.graphml")
    text = str(fabrics_section(["star:endpoints=8", gone]))
    assert text.count("<svg") == 1
    assert "gone.graphml" in text and "no such file" in text


def test_each_topology_once_and_no_more_than_a_page_holds() -> None:
    text = str(fabrics_section([f"star:endpoints={n}" for n in range(2, MOST + 4) for _ in range(2)]))
    assert text.count("<svg") == MOST
    assert f"Without a bill and a picture: star:endpoints={MOST + 2} and star:endpoints={MOST + 3}." in text


def test_unknown_servers_and_prices_are_refused() -> None:
    with pytest.raises(ParameterError, match="h100"):
        fabrics_section(TEXTS, gpu="h900")
    with pytest.raises(ParameterError, match="pue"):
        fabrics_section(TEXTS, pue=0.5)
