"""JobScenario: what determines the result of a job that is no single collective. Runs nothing.

A *kind* of job, such as ``goodput``, has settings of its own (sims.settings.table.table_of) and a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from fabric.words.errors import ParameterError
from sims.settings.table import spelled, table_of

__all__ = ["JobScenario"]

_MODEL = 1  # raised whenever a change of a job's model can change a number


@dataclass(frozen=True, kw_only=True)
class JobScenario:
    """``kind``: as of sims.settings.table.KINDS; ``settings``: a text for each setting of it, in its one
    spelling; ``digest``: what files hold that some of them name, as ``topology=HASH;placement=HASH``.

    Equal scenarios have equal keys. What is at its default is no cause, so that keys stay when settings come.
    """

    kind: str
    settings: Mapping[str, str]
    digest: str = ""

    @classmethod
    def of(cls, kind: str, given: Mapping[str, Any] = {}, digest: str = "") -> JobScenario:
        """With the default of what is not ``given``, as text or a value that ``Setting.text_of`` takes.

        Raises:
            ParameterError: there is no such kind, no such setting, or a text is illegal.

        >>> JobScenario.of("goodput", {"step": "20 s"}).settings["step"]
        '20s'
        """
        table = table_of(kind)
        for name in given:
            if name not in table:
                raise ParameterError("setting", name, f"unknown to {kind}", table)
        texts = {name: one.text_of(given.get(name)) for name, one in table.items()}
        return cls(
            kind=kind,
            settings={name: spelled(name, text, kind) for name, text in texts.items()},
            digest=digest,
        )

    def __getattr__(self, name: str) -> str:
        if name.startswith("__") or name == "settings" or name not in self.settings:
            raise AttributeError(name)
        return self.settings[name]

    def __hash__(self) -> int:
        return hash(self.key)

    def with_settings(self, **texts: str) -> Self:
        """The same with some settings replaced, whose texts must be in their one spelling."""
        return replace(self, settings={**self.settings, **texts})

    def digest_of(self, name: str) -> str:
        """The hash of what the file holds that the setting ``name`` names; "" where it names none.

        >>> JobScenario.of("goodput", {"step": "1s"}, "topology=ab;routing=cd").digest_of("routing")
        'cd'
        """
        return dict(item.split("=", 1) for item in self.digest.split(";") if item).get(name, "")

    def model_dump(self) -> dict[str, Any]:
        """The kind, a column for each setting, and the digest."""
        return {"kind": self.kind, **self.settings, "digest": self.digest}

    @classmethod
    def from_dump(cls, values: Mapping[str, Any]) -> JobScenario:
        """The scenario of which ``model_dump`` gave these values; further ones are passed over.

        What may name a file or a graph in memory is taken as it is: it need not be here.

        Raises:
            ParameterError: as ``of``.
        """
        kind = str(values.get("kind", ""))
        table = table_of(kind)
        named = {name: str(values[name]) for name, one in table.items() if one.digest and name in values}
        given = {name: str(values[name]) for name in table if name in values and name not in named}
        found = cls.of(kind, given, str(values.get("digest", "")))
        return found.with_settings(**named)

    def canonical(self) -> str:
        """JSON that equal causes share: a file counts by its contents."""
        said = {}
        files = {item.partition("=")[0] for item in self.digest.split(";")}
        for name, one in table_of(self.kind).items():
            text = self.settings[name]
            if text != (one.default and spelled(name, one.default, self.kind)):
                said[name] = one.unnamed(text) if name in files else text
        cause = {"model": _MODEL, "kind": self.kind, "digest": self.digest, **said}
        return json.dumps(cause, sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        """16 hex digits of the SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]
