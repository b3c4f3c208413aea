"""The power of a whole site: GPUs, the rest of their servers, the network and the cooling. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fabric.words.errors import ParameterError
from sims.studies.bom import Bill
from sims.studies.bom.parts import Parts, Server

__all__ = ["PUE", "Site", "site"]

PUE = 1.25  # watts that a site draws over those of its machines: an assumption between new and average halls


@dataclass(frozen=True, kw_only=True)
class Site:
    """Watts of a fabric's site. One GPU an endpoint; ``servers``: all but GPUs and NICs.

    ``network``: that of the bill, NICs included, None where it is not known; ``pue``: watts of the
    site over those of its machines. ``whole`` servers hold the endpoints.
    """

    name: str
    endpoints: int
    server: Server
    pue: float
    gpus: float
    servers: float
    network: float | None
    together: int = 0  # endpoints of a server of the fabric; 0: it has none

    @property
    def whole(self) -> int:
        return -(-self.endpoints // self.server.gpus)

    @property
    def machines(self) -> float | None:
        """Watts of everything that computes or carries; None where the network's are not known."""
        return None if self.network is None else self.gpus + self.servers + self.network

    @property
    def cooling(self) -> float | None:
        """Watts of cooling and losses: what the PUE says that the site draws beside its machines."""
        return None if self.machines is None else (self.pue - 1) * self.machines

    @property
    def total(self) -> float | None:
        return None if self.machines is None else self.pue * self.machines

    def rows(self) -> list[dict[str, Any]]:
        """A record each for GPUs, servers and cooling, like those of the bill, which has the network's."""
        watts = {"GPUs": self.gpus, "servers": self.servers, "cooling": self.cooling}
        count = {"GPUs": self.endpoints, "servers": self.whole, "cooling": None}
        model = {"GPUs": self.server.name, "servers": self.server.name, "cooling": f"PUE {self.pue:g}"}
        head = {"topology": self.name, "endpoints": self.endpoints}
        return [
            {**head, "section": section, "place": "site", "model": model[section], "count": count[section]}
            | {"power_W": watts[section]}
            for section in watts
        ]


def site(bill: Bill, parts: Parts, gpu: str, pue: float = PUE) -> Site:
    """The power of the site of ``bill`` with servers of ``gpu``, a name of the table ``server``.

    Property: GPUs, servers and the network's NICs together are the servers' own watts, so that nothing counts
    twice; where the servers' watts are below that of their GPUs and NICs the rest of them is 0.

    Raises:
        ParameterError: no such server, or a PUE that is not from 1, below 100.

    >>> from sims.studies.bom import bill
    >>> from sims.studies.bom.parts import read_parts
    >>> from topologies import fat_tree
    >>> parts = read_parts()
    >>> made = site(bill(fat_tree(k=8, gpus_per_server=8), parts), parts, "h100", pue=1.0)
    >>> made.whole, made.gpus, made.total == made.machines
    (16, 89600.0, True)
    """
    known = {server.name: server for server in parts.servers}
    if gpu.strip().lower() not in known:
        raise ParameterError("gpu", gpu, "unknown", known)
    if not 1 <= pue < 100:
        rule = "a number from 1, below 100: watts of the site over those of its machines"
        raise ParameterError("pue", pue, rule)
    server = known[gpu.strip().lower()]
    gpus = bill.endpoints * float(server.gpu_watts)
    nics = bill.watts("NICs") or 0.0
    return Site(
        name=bill.name,
        endpoints=bill.endpoints,
        server=server,
        pue=pue,
        gpus=gpus,
        servers=max(0.0, bill.endpoints * server.watts / server.gpus - gpus - nics),
        network=bill.watts(),
        together=bill.together,
    )
