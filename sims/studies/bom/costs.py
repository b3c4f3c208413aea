"""What the fabrics of a set of results cost, by their bills of materials. Draws and prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fabric.words.errors import ParameterError
from fabric.words.given import require_path
from sims.studies.bom import bill
from sims.studies.bom.parts import read_parts
from topologies import load

__all__ = ["Costs", "costs"]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """``of``: what each topology costs, by its text; ``source``: where the prices come from."""

    currency: str
    of: Mapping[str, float]
    source: str


def costs(
    topologies: Iterable[str], prices: str | Path, step: Callable[[str], None] = lambda text: None
) -> Costs:
    """The cost of each of ``topologies``, which are built one after another.

    ``prices``: a file as ``topology bom`` takes it, or ``sample``; ``step``: is told what comes next.

    Raises:
        ParameterError: no such file or topology, or a topology of which some part has no price.
    """
    require_path("prices", prices)
    parts = read_parts(prices)
    if not parts.currency:
        raise ParameterError("prices", str(prices), "holds no prices")
    found: dict[str, float] = {}
    for text in dict.fromkeys(topologies):
        if text.startswith("graph "):
            raise ParameterError("topology", text, "a graph in memory cannot be built again to be priced")
        step(f"pricing {text}")
        made = bill(load(text), parts)
        cost = made.cost()
        if cost is None:
            raise ParameterError("prices", str(prices), f"no price for {', '.join(made.unpriced)} of {text}")
        found[text] = cost
    return Costs(currency=parts.currency, of=found, source=parts.source)
