"""The fabrics of a page side by side: what each is built of, costs and draws, and its picture.

Builds each once more from its text, one after another, and keeps none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fabric import Fabric
from fabric.words.counted import counted
from fabric.words.errors import FabricsimError
from sims.show.drawing import topology_figure
from sims.show.figures.style import svg_text
from sims.show.report.axes import listed
from sims.show.report.markup import Column, Html, element, joined, legal, table
from sims.show.words.bom import bill_rows, site_words, unlike_words
from sims.studies.bom import Bill, bill
from sims.studies.bom.parts import read_parts
from sims.studies.bom.site import PUE, Site, site
from topologies.named import named

__all__ = ["MOST", "fabrics_section"]

_LARGE = 1e7  # watts of a site from which on people ask whether it passes 100 MW
_PIXELS = 1.6  # of a point: the smallest letters of a drawing have 6 points
MOST = 24  # fabrics with a bill and a picture; of what is beyond the page says the names


def fabrics_section(
    topologies: Iterable[str],
    *,
    prices: str | Path = "sample",
    gpu: str = "h100",
    pue: float = PUE,
    step: Callable[[str], None] = lambda text: None,
) -> Html:
    """Bills of ``topologies``, by their texts, in one table, with the power of ``gpu`` and of the site, and
    a drawing of each.

    ``prices``: as of ``topology bom``; ``step``: is told what comes next. A topology that cannot be built
    again, such as a graph in memory or a file that is gone, is named with the reason.

    Raises:
        ParameterError: no such prices, server or PUE.
    """
    parts = read_parts(prices)
    texts = list(dict.fromkeys(topologies))
    bills: list[Bill] = []
    sites: list[Site] = []
    pictures: list[Html] = []
    missing: list[str] = []
    for text in texts[:MOST]:
        step(f"counting and drawing {text}")
        try:
            topology = named(text)
            graph = topology.graph()
            fabric = Fabric.from_graph(graph, allow_partition=True)
            graph.graph["name"] = topology.text
            made = bill(graph, parts)
            about = f"{counted(fabric.n_endpoints, 'endpoint')}, {counted(fabric.n_switches, 'switch')}"
            image = svg_text(topology_figure(fabric), (), legal(topology.text), about)
        except FabricsimError as error:
            missing.append(f"{text}: {error}")
            continue
        bills.append(made)
        sites.append(site(made, parts, gpu, pue))
        caption = element("figcaption", element("strong", topology.text), f"{about}.")
        pictures.append(element("figure", joined([caption, _scrolled(image, topology.text)], "\n")))
    inner = [_bills(bills, sites, parts.source)] if bills else []
    inner += [element("div", joined(pictures, "\n"), class_="fabrics")] if pictures else []
    inner += [element("p", words, class_="note") for words in missing]
    if len(texts) > MOST:
        rest = f"Without a bill and a picture: {listed(texts[MOST:], 12)}."
        inner.append(element("p", rest, class_="note"))
    return joined(inner, "\n")


def _scrolled(image: str, name: str) -> Html:
    """A drawing as large as its letters need, in a box that scrolls sideways."""
    width = re.search(r'viewBox="0 0 ([0-9.]+) ', image)
    assert width is not None
    large = image.replace('width="100%"', f'width="{float(width[1]) * _PIXELS:.0f}"', 1)
    words = f"Drawing of {name}"
    return element("div", Html(large), class_="drawn wide", role="region", aria_label=words, tabindex=0)


def _bills(bills: Sequence[Bill], sites: Sequence[Site], source: str) -> Html:
    columns = [
        Column(title="what it takes"),
        *(Column(title=bill.name, number=True) for bill in bills),
    ]
    lines = [("\u2003" * (name[:1] == " ") + name.strip(), *cells) for name, cells in bill_rows(bills, sites)]
    power = [site_words(own) for own in sites]
    large = [(own.total or 0.0) >= _LARGE for own in sites]
    words = [f"{bill.name}: {passes}." for bill, (passes, _), of in zip(bills, power, large) if of]
    assumed = dict.fromkeys(assumes for _, assumes in power if assumes)
    notes = [f"Prices and power of the network: {source}.", *(f"The site: {one}." for one in assumed)]
    notes += [f"{own.name}: {unlike}." for own in sites if (unlike := unlike_words(own))]
    return joined(
        [
            *(
                [element("ul", joined([element("li", one) for one in words], "\n"), class_="findings")]
                * bool(words)
            ),
            table("The fabrics side by side", columns, lines),
            element("p", " ".join(notes), class_="note"),
        ],
        "\n",
    )
