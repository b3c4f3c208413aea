"""All kinds of figures by name. A new one is a file in ``sims/show/figures/kinds/``, and no entry here."""

from __future__ import annotations

from fabric.machine.declared import declared_in
from sims.show.figures.kind import Kind

__all__ = ["FIGURES"]

FIGURES: dict[str, Kind] = {
    kind.name: kind
    for kind in sorted(
        declared_in("sims.show.figures.kinds", "kind"), key=lambda kind: (kind.place, kind.name)
    )
}
