"""FlowRow: a run of flows in one row, from which it can be run again. Writes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fabric import Fabric
from fabric.routing.policies import policy_file
from fabric.words.card import Card
from fabric.words.errors import FabricsimError, ParameterError
from fabric.words.given import require
from fabric.words.units import format_time
from sims.jobs.flow_run import FlowRun, traffic_of
from sims.models.fluid.faults.schedule_file import FaultSchedule
from sims.models.fluid.flows import FlowResult
from sims.scenario.digest import content_digest, digest_of
from sims.scenario.version import model_version
from sims.settings.setup import Setup
from sims.settings.table import SETTINGS, spelled

__all__ = ["FLOW_SETTINGS", "FlowRow", "flow_row", "simulate_flows"]

FLOW_SETTINGS = tuple(
    name for name, one in SETTINGS.items() if one.of_flows and name not in ("topology", "size")
)


@dataclass(frozen=True, kw_only=True, repr=False)
class FlowRow(Card):
    """What was run and what came out; ``simulate_flows(row) == row``.

    ``traffic``: a pattern or the path of a file; ``size``: of each flow of a pattern, "" of a file;
    ``settings``: a text for each of FLOW_SETTINGS; ``digest``: the hash of what their files, those of
    ``topology`` and ``traffic`` among them, hold; ``resolution``: as of FlowRun. Results as of FlowResult:
    ``flows`` of ``bytes`` in all, ``makespan_s``, the mean and the least rate of a flow. GB = 1e9 bytes.
    """

    topology: str
    traffic: str
    size: str
    resolution: float
    settings: Mapping[str, str]
    digest: str
    endpoints: int
    flows: int
    bytes: float
    makespan_s: float
    mean_GBps: float
    least_GBps: float
    busiest: str
    busiest_s: float
    version: str

    def card(self) -> tuple[str, dict[str, str]]:
        return f"FlowRow {self.topology}", {
            "traffic": self.traffic,
            "flows": f"{self.flows:,}",
            "last": format_time(self.makespan_s),
            "mean rate": f"{self.mean_GBps:.4g} GB/s",
            "least rate": f"{self.least_GBps:.4g} GB/s",
            "busiest": self.busiest,
        }

    @property
    def key(self) -> str:
        """16 hex digits of the SHA-256 of all that determines the result."""
        # What is at its default is no cause, so that keys stay when a setting comes.
        said = {name: text for name, text in self.settings.items() if text != SETTINGS[name].default}
        cause = [self.topology, self.traffic, self.size, self.resolution, said, self.digest]
        return hashlib.sha256(json.dumps(cause, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """The key and the fields, with a column for each setting."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "settings"}
        return {"key": self.key, **own, **self.settings}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FlowRow:
        """The row that ``to_dict``, or a line of a CSV file, describes.

        Raises:
            ParameterError: a column is missing, or the key is not that of the row.
        """
        columns = [one for one in fields(cls) if one.name != "settings"]
        missing = [name for name in ("key", *(c.name for c in columns)) if name not in values]
        if missing:
            raise ParameterError("row", ", ".join(missing), "these columns of a row of flows are missing")
        read = {"str": str, "int": int, "float": float}
        row = cls(
            settings={name: str(values.get(name, SETTINGS[name].default)) for name in FLOW_SETTINGS},
            **{one.name: read[str(one.type)](values[one.name]) for one in columns},
        )
        if values["key"] != row.key:
            rule = f"does not belong to this row, whose key is {row.key}"
            raise ParameterError("key", values["key"], rule)
        return row


def flow_row(
    run: FlowRun,
    result: FlowResult,
    setup: Setup,
    *,
    topology: str,
    digest: str | None = None,
    traffic: str,
    size: str | None,
) -> FlowRow:
    """The row of a run. ``digest``: as of CollectiveJob, by default that of the compiled arrays."""
    of_fabric = content_digest(run.healthy) if digest is None else digest
    texts = {name: setup.values[name] for name in FLOW_SETTINGS} | run.course.texts
    return FlowRow(
        topology=topology,
        traffic=traffic,
        size=spelled("size", size) if size else "",
        resolution=run.resolution,
        settings={name: SETTINGS[name].text_of(texts[name]) for name in FLOW_SETTINGS},
        digest=_digest(run, of_fabric, traffic, setup.routing),
        endpoints=run.fabric.n_endpoints,
        flows=len(run.traffic),
        bytes=float(run.traffic.size.sum()),
        makespan_s=result.makespan,
        mean_GBps=float(result.rate.mean()) / 1e9,
        least_GBps=float(result.rate.min()) / 1e9,
        busiest=result.busiest,
        busiest_s=result.busiest_s,
        version=model_version(),
    )


def simulate_flows(row: FlowRow, fabric: Fabric | None = None) -> FlowRow:
    """The row of what ``row`` says, run again.

    Raises:
        FabricsimError: its topology was in memory and is not given, or a file is no longer what it was.
    """
    require("row", row, FlowRow, "the row of a run of flows, as read_rows gives it")
    digest = None
    if fabric is None:
        if row.topology.startswith("graph "):
            raise FabricsimError(f"{row.topology} was in memory: pass it, as in simulate_flows(row, fabric)")
        from topologies.named import named

        topology = named(row.topology)
        digest = topology.digest
        fabric = topology.fabric(allow_partition=row.settings["allow_partition"] == "true")
    setup = Setup(**row.settings)
    traffic = traffic_of(row.traffic, row.size or None, fabric, setup.seed)
    run = FlowRun.of(fabric, setup, traffic, row.resolution)
    again = flow_row(
        run,
        run.run(),
        setup,
        topology=row.topology,
        digest=digest,
        traffic=row.traffic,
        size=row.size,
    )
    if again.digest != row.digest:
        raise FabricsimError(f"{row.topology}, {row.traffic}: a file of this row changed since it was made")
    return again


def _digest(run: FlowRun, of_fabric: str, traffic: str, routing: str) -> str:
    """One hash of all that files hold; "" where none is named."""
    source, table = run.course.source, policy_file(routing)
    found = [
        of_fabric,
        hashlib.sha256(Path(traffic).read_bytes()).hexdigest() if Path(traffic).is_file() else "",
        hashlib.sha256(table.read_bytes()).hexdigest() if table else "",
        digest_of(*run.damage.named) if run.damage.named else "",
        source.digest if isinstance(source, FaultSchedule) else "",
    ]
    return hashlib.sha256(";".join(found).encode()).hexdigest() if any(found) else ""
