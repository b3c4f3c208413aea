"""Scenario: everything that determines a result, and nothing else. Knows no fabric and runs nothing.

Its fields are the settings, in their order, and the hashes of what their files hold: sims.settings.table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, make_dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from fabric.words.errors import ParameterError
from sims.scenario.typed import READERS, whole_number
from sims.settings.setting import Setting
from sims.settings.table import SETTINGS, digest_fields

__all__ = ["FABRIC", "JOB", "JOB_SETTINGS", "LATER", "MODEL_VERSION", "Scenario", "usual"]

MODEL_VERSION = 1  # raised whenever a change of the model can change a number


class _Scenario:
    """One collective: where, who, how, how much. Frozen; equal scenarios have equal keys.

    Texts are canonical (the caller's business): the same thing is always written the same way.
    ``topology_digest``, ``placement_digest`` and ``routing_digest`` are hashes of the contents where a file
    or a graph in memory is meant, else empty; ``fault_digest`` is that of what the files of ``fail``,
    ``degrade`` and ``faults`` name. ``seed`` draws random placements, the salts of ECMP, intermediate
    switches and faults; it is 0 where nothing is drawn. ``packet``: settings of the packet model, "" for
    other engines. ``faults`` strike during the run; ``repeat`` collectives follow each other, ``gap`` apart.
    """

    model_fields: ClassVar[Mapping[str, Field[Any]]]  # each field's name and ``default``, in their order

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @classmethod
    def of(cls, **values: Any) -> Scenario:
        """A scenario of these values, or of texts of them as a file has them.

        Raises:
            ParameterError: a field is unknown, missing, or not of its type; names field, value and rule.
        """
        for name in (name for name in values if name not in _FIELDS):
            raise ParameterError(name, values[name], "no such field of a scenario", _FIELDS)
        for name, one in cls.model_fields.items():
            if name not in values and one.default is MISSING:
                raise ParameterError(name, None, "each scenario says it")
        return cls(**values)

    def __post_init__(self) -> None:
        for name, one in _FIELDS.items():
            object.__setattr__(self, name, one.read(name, getattr(self, name)))

    def model_dump(self) -> dict[str, Any]:
        """All fields by name, in their order."""
        return {name: getattr(self, name) for name in _FIELDS}

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same with some fields replaced."""
        return replace(self, **update)  # type: ignore[type-var]

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


@dataclass(frozen=True)
class _FieldOf:
    """How a field is read; what it means where nobody says it; whether it came after rows were written."""

    read: Callable[[str, Any], Any]
    default: Any
    later: bool


def _reader(one: Setting) -> Callable[[str, Any], Any]:
    """That of the type of a setting's field; where there is a list of legal names, a name out of it."""
    if one.kind is int:
        return partial(whole_number, least=one.least, below=one.below)

    def read(name: str, value: Any) -> Any:
        found, legal = READERS[one.kind](name, value), tuple(one.choices())
        if legal and found not in legal:
            raise ParameterError(name, value, f"unknown {one.name}", legal)
        return found

    return read


def _fields() -> Iterator[tuple[str, _FieldOf]]:
    """Each field by name in its order. A hash stands behind those of its settings that follow each other."""
    settings, told = list(SETTINGS.values()), set()
    for one, following in zip(settings, [*settings[1:], None]):
        usual = MISSING if one.required else one.default if one.usual is None else one.usual
        yield one.field, _FieldOf(_reader(one), usual, one.later)
        if one.digest and one.digest not in told and (following is None or following.digest != one.digest):
            told.add(one.digest)
            yield one.digest, _FieldOf(READERS[str], "", one.digest not in _FIRST_DIGESTS)


_DIGESTS = digest_fields()
_FIRST_DIGESTS = ("topology_digest", "placement_digest")
_FIELDS = dict(_fields())

if TYPE_CHECKING:
    Scenario = _Scenario
else:
    Scenario = make_dataclass(
        "Scenario",
        [(name, Any, field(default=one.default)) for name, one in _FIELDS.items()],
        bases=(_Scenario,),
        namespace={"__doc__": _Scenario.__doc__, "__module__": __name__},
        frozen=True,
        kw_only=True,
    )
    Scenario.model_fields = Scenario.__dataclass_fields__


def usual(name: str) -> Any:
    """What a scenario means that does not say the field ``name``."""
    return Scenario.model_fields[name].default


# Fields that came after rows had been written: they are no cause at their default, so that keys stay.
LATER = tuple(name for name, one in _FIELDS.items() if one.later)

# Which fields name the fabric; which a job on it has once, whatever its algorithms and sizes; and which of
# those a user sets (the others are found from files).
FABRIC = ("topology", "topology_digest")
JOB = tuple(name for name in _FIELDS if name not in (*FABRIC, "algorithm", "size_bytes"))
JOB_SETTINGS = tuple(name for name in JOB if name in SETTINGS)
