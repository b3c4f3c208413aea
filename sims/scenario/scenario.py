"""Scenario: everything that determines a result, and nothing else. Knows no fabric and runs nothing."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from fabric.damage.fault import NONE, without_paths
from fabric.words.errors import ParameterError
from sims.workload.collective import ALL_REDUCE, COLLECTIVES

__all__ = ["FABRIC", "JOB", "LATER", "MODEL_VERSION", "SETTINGS", "Scenario"]

MODEL_VERSION = 1  # raised whenever a change of the model can change a number


class Scenario(BaseModel):
    """One collective: where, who, how, how much. Frozen; equal scenarios have equal keys.

    Texts are canonical (the caller's business): the same thing is always written the same way.
    ``topology_digest``, ``placement_digest`` and ``routing_digest`` are hashes of the contents where a file
    or a graph in memory is meant, else empty; ``fault_digest`` is that of what the files of ``fail``,
    ``degrade`` and ``faults`` name. ``seed`` draws random placements, the salts of ECMP, intermediate
    switches and faults; it is 0 where nothing is drawn. ``packet``: settings of the packet model, "" for
    other engines. ``faults`` strike during the run; ``repeat`` collectives follow each other, ``gap`` apart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topology: str
    topology_digest: str = ""
    ranks: int = Field(ge=2)
    placement: str = "packed"
    placement_digest: str = ""
    seed: int = Field(default=0, ge=0, lt=2**63)
    routing: str = "ecmp:qps=1"
    routing_digest: str = ""
    collective: str = ALL_REDUCE.name
    algorithm: str
    size_bytes: int = Field(gt=0)
    engine: Literal["flow", "bound", "packet"] = "flow"
    packet: str = ""
    latency_profile: str = "roce-400g"
    upgrade: str = NONE
    fail: str = NONE
    degrade: str = NONE
    fault_digest: str = ""
    allow_partition: bool = False
    faults: str = NONE
    reroute_delay: str = "1s"
    repeat: str = "1"
    gap: str = "0s"

    @field_validator("collective")
    @classmethod
    def _known(cls, name: str) -> str:
        """Who takes one collective for another counts its bandwidth wrong: an unknown one is refused."""
        if name not in COLLECTIVES:
            legal = ", ".join(COLLECTIVES)
            raise PydanticCustomError("collective", "unknown collective (legal: {legal})", {"legal": legal})
        return name

    @classmethod
    def of(cls, **values: Any) -> Scenario:
        """A scenario of these values; a bad one is a ParameterError that names field, value and rule."""
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"])) or "scenario"
            raise ParameterError(name, first.get("input"), first["msg"]) from None

    def canonical(self) -> str:
        """JSON that equal causes share: a file counts by its contents, not by its path."""
        values = self.model_dump()
        for name in ("topology", "placement"):
            if values[f"{name}_digest"]:
                # What follows the path (such as :nvlink=450GB/s) is a cause; the path is not.
                values[name] = "file:" + ",".join(re.findall(r"[\w-]+=[^,:]+", values[name]))
        if self.routing_digest:
            values["routing"] = self.routing.partition(":")[0]
        if self.fault_digest:
            values |= {name: without_paths(values[name]) for name in ("fail", "degrade")}
            if self.faults.endswith(".toml"):
                values["faults"] = "file"
        for name in LATER:
            if values[name] == type(self).model_fields[name].default:
                del values[name]
        return json.dumps({"model": MODEL_VERSION, **values}, sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        """16 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]


# Fields that came after rows had been written: they are no cause at their default, so that keys stay.
LATER = (
    *("routing_digest", "packet", "upgrade", "fail", "degrade", "fault_digest", "allow_partition"),
    *("faults", "reroute_delay", "repeat", "gap", "collective"),
)

# Which fields name the fabric; which a job on it has once, whatever its algorithms and sizes; and which of
# those a user sets (the others are found from files).
FABRIC = ("topology", "topology_digest")
JOB = tuple(name for name in Scenario.model_fields if name not in (*FABRIC, "algorithm", "size_bytes"))
SETTINGS = tuple(name for name in JOB if not name.endswith("_digest"))
