"""What a setting of a job, or a part of one, is worth: a number where its text is one. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping

from fabric.words.errors import ParameterError
from fabric.words.grammar import read_named
from sims.settings.texts import parts_of, taken_apart
from sims.studies.sweep.condition import Value, quantity

__all__ = ["job_apart", "job_value", "part_text"]

_MESH = "mesh:"


def job_apart(name: str, text: str, kind: str) -> tuple[str, dict[str, str]]:
    """What the text of a setting of a ``kind`` names, and the parts that it gives; of groups the dimensions.

    >>> tuple(job_apart("groups", "mesh:tp=8,dp=rest", "train"))
    ('mesh', {'tp': '8', 'dp': 'rest'})
    """
    return read_named(name, text) if text.startswith(_MESH) else taken_apart(name, text, kind)


def part_text(texts: Mapping[str, str], name: str, kind: str) -> tuple[str, str]:
    """The setting that ``name`` is of, and its text or that of the part.

    ``name``: a setting (``step``), a part (``faults.gpu_mtbf``), or a bare part.

    Raises:
        ParameterError: no setting says it.
    """
    field, dot, part = name.partition(".")
    if field in texts and not dot:
        return field, texts[field]
    for one in [] if dot and field not in texts else [field] if dot else texts:
        head, given = job_apart(one, texts[one], kind)
        asked = part or name
        said = given.get(asked) or parts_of(one, texts[one], kind).get(asked)
        if said is not None or (asked == "name" and dot):
            return one, head if said is None else said
    raise ParameterError("where", name, "no setting says it at every point")


def job_value(texts: Mapping[str, str], name: str, kind: str) -> Value:
    """What ``name``, as of ``part_text``, is worth among ``texts`` of the settings of a ``kind``.

    >>> job_value({"step": "20s", "topology": "fat-tree:k=4"}, "k", "goodput")
    4
    """
    text = part_text(texts, name, kind)[1]
    found = quantity(text)
    return text if found is None else found
