"""Scenario: everything that determines a result, and nothing else. Knows no fabric and runs nothing.

Its fields are the settings, in their order, and the hashes of what their files hold: sims.settings.table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError

from fabric.words.errors import ParameterError
from sims.settings.setting import Setting
from sims.settings.table import SETTINGS, digest_fields

__all__ = ["FABRIC", "JOB", "JOB_SETTINGS", "LATER", "MODEL_VERSION", "Scenario", "usual"]

MODEL_VERSION = 1  # raised whenever a change of the model can change a number


class _Scenario(BaseModel):
    """One collective: where, who, how, how much. Frozen; equal scenarios have equal keys.

    Texts are canonical (the caller's business): the same thing is always written the same way.
    ``topology_digest``, ``placement_digest`` and ``routing_digest`` are hashes of the contents where a file
    or a graph in memory is meant, else empty; ``fault_digest`` is that of what the files of ``fail``,
    ``degrade`` and ``faults`` name. ``seed`` draws random placements, the salts of ECMP, intermediate
    switches and faults; it is 0 where nothing is drawn. ``packet``: settings of the packet model, "" for
    other engines. ``faults`` strike during the run; ``repeat`` collectives follow each other, ``gap`` apart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

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
        for digest, named in _DIGESTS.items():
            if values[digest]:
                values |= {one.field: one.unnamed(values[one.field]) for one in named}
        for name in LATER:
            if values[name] == usual(name):
                del values[name]
        return json.dumps({"model": MODEL_VERSION, **values}, sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        """16 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]


def _usual(one: Setting) -> Any:
    if one.required:
        return ...
    return one.default if one.usual is None else one.usual


def _kind(one: Setting) -> Any:
    """The type of a field; where there is a list of legal names, a name out of it."""

    def known(value: Any) -> Any:
        legal = tuple(one.choices())
        if legal and value not in legal:
            words = {"name": one.name, "legal": ", ".join(legal)}
            raise PydanticCustomError("choice", "unknown {name} (legal: {legal})", words)
        return value

    return Annotated[one.kind, AfterValidator(known)]


def _fields() -> Iterator[tuple[str, Any, bool]]:
    """Name, definition, and whether it came after rows had been written, of each field in its order.

    A hash stands behind those of its settings that follow each other.
    """
    settings, told = list(SETTINGS.values()), set()
    for one, following in zip(settings, [*settings[1:], None]):
        yield one.field, (_kind(one), Field(default=_usual(one), ge=one.least, lt=one.below)), one.later
        if one.digest and one.digest not in told and (following is None or following.digest != one.digest):
            told.add(one.digest)
            yield one.digest, (str, ""), one.digest not in _FIRST_DIGESTS


_DIGESTS = digest_fields()
_FIRST_DIGESTS = ("topology_digest", "placement_digest")
_FIELDS = {name: (definition, later) for name, definition, later in _fields()}

if TYPE_CHECKING:
    Scenario = _Scenario
else:
    Scenario = create_model(
        "Scenario",
        __base__=_Scenario,
        __module__=__name__,
        __doc__=_Scenario.__doc__,
        **{name: definition for name, (definition, _) in _FIELDS.items()},
    )


def usual(name: str) -> Any:
    """What a scenario means that does not say the field ``name``."""
    return Scenario.model_fields[name].default


# Fields that came after rows had been written: they are no cause at their default, so that keys stay.
LATER = tuple(name for name, (_, later) in _FIELDS.items() if later)

# Which fields name the fabric; which a job on it has once, whatever its algorithms and sizes; and which of
# those a user sets (the others are found from files).
FABRIC = ("topology", "topology_digest")
JOB = tuple(name for name in Scenario.model_fields if name not in (*FABRIC, "algorithm", "size_bytes"))
JOB_SETTINGS = tuple(name for name in JOB if name in SETTINGS)
