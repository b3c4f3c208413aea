"""What of a row of a job can be an axis: a result, an entry of a table of them, a setting, a part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fabric.words.errors import ParameterError
from sims.scenario.job_row import JobRow
from sims.settings.table import table_of
from sims.studies.sweep.condition import quantity
from sims.studies.sweep.job_value import part_text

__all__ = ["Quantity", "quantity_of"]


_LABELS = {
    "share": "useful time (%)",
    "time_s": "time of a step (s)",
    "makespan_s": "end of the last job (s)",
    "tokens_per_s": "tokens a second",
    "mfu": "MFU (%)",
    "tflops": "TFLOP/s of a GPU",
}
_SHARES = ("share", "low", "high", "spread", "saving", "daly", "mfu", "bubble", "compute_share")


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """``values``: of each row, numbers (a share in per cent) or texts; ``texts``: as each is written in the
    settings, where it is one; ``field``: the setting that it is of, or "".
    """

    name: str
    label: str
    values: tuple[float | str, ...]
    texts: tuple[str, ...] = ()
    field: str = ""

    @property
    def numeric(self) -> bool:
        return not any(isinstance(value, str) for value in self.values)


def quantity_of(name: str, rows: Sequence[JobRow]) -> Quantity:
    """The quantity that ``name`` names: ``time_s``, ``exposed.dp``, ``jobs.chat.slowdown``, ``batch``,
    ``groups.tp``.

    Raises:
        ParameterError: a row has it not; lists what all have.
    """
    kind = rows[0].scenario.kind
    column, *entries = name.split(".")
    own = {one.name: str(one.type) for one in type(rows[0]).columns() if one.name != "version"}
    if column in own and (entries or own[column] in ("int", "float")):
        return _result(name, column, entries, rows, own)
    try:
        found = [part_text(row.scenario.settings, name, kind) for row in rows]
    except ParameterError:
        plain = [one for one, kind in own.items() if kind in ("int", "float")]
        tables = [f"{one}.NAME" for one, kind in own.items() if kind.startswith("dict")]
        legal = [*plain, *tables, *table_of(kind)]
        raise ParameterError("column", name, f"no such column in rows of {kind}", legal) from None
    texts = tuple(text for _, text in found)
    numbers = [quantity(text) for text in texts]
    values = tuple(text if number is None else float(number) for text, number in zip(texts, numbers))
    label = name.rpartition(".")[2].replace("_", " ")
    return Quantity(name=name, label=label, values=values, texts=texts, field=found[0][0])


def _result(
    name: str, column: str, entries: Sequence[str], rows: Sequence[JobRow], own: Mapping[str, str]
) -> Quantity:
    percent = column in _SHARES
    found = []
    for row in rows:
        value = getattr(row, column)
        for entry in entries:
            value = value.get(entry) if isinstance(value, dict) else None
        if not isinstance(value, int | float):
            legal = [f"{column}.{key}" for key in getattr(row, column)] if entries else own
            raise ParameterError("column", name, f"no number in the row {row.key}", legal)
        found.append(100.0 * value if percent else float(value))
    plain = name.replace("_", " ").replace(".", " ")
    label = (
        f"{plain.removesuffix(' s')} (s)" if column.endswith("_s") or column in ("exposed", "busy") else plain
    )
    label = _LABELS.get(name) or (f"{plain} (%)" if percent else label)
    return Quantity(name=name, label=label, values=tuple(found))
