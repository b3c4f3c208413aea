"""Dtype: what the elements of a message are, for the columns ``count`` and ``type``. No time needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fabric.words.errors import ParameterError
from sims.workload.collective import Collective

__all__ = ["DTYPES", "FLOAT", "Dtype", "parse_dtype", "undivided"]


@dataclass(frozen=True)
class Dtype:
    """``name``: as nccl-tests prints it; ``size``: bytes of an element."""

    name: str
    size: int


# The names of nccl-tests (test_typenames in src/common.cu), then those of PyTorch and NumPy for the same.
_NAMES = {
    **dict.fromkeys(("int8", "uint8", "f8e4m3", "f8e5m2"), 1),
    **dict.fromkeys(("half", "bfloat16"), 2),
    **dict.fromkeys(("int32", "uint32", "float"), 4),
    **dict.fromkeys(("int64", "uint64", "double"), 8),
}
DTYPES: Mapping[str, Dtype] = {
    **{name: Dtype(name, size) for name, size in _NAMES.items()},
    **{
        other: Dtype(name, _NAMES[name])
        for other, name in {"float16": "half", "float32": "float", "float64": "double"}.items()
    },
}
FLOAT = DTYPES["float"]


def parse_dtype(text: str) -> Dtype:
    """The type of this name.

    Raises:
        ParameterError: there is none; the known ones are listed.

    >>> parse_dtype("float32"), parse_dtype("bfloat16").size
    (Dtype(name='float', size=4), 2)
    """
    if text not in DTYPES:
        raise ParameterError("--dtype", text, "unknown type of elements", DTYPES)
    return DTYPES[text]


def undivided(collective: Collective, n: int, sizes: Sequence[int], dtype: Dtype) -> list[str]:
    """What to say of sizes that n ranks cannot share in whole elements; nothing where they all can.

    >>> from sims.workload.collective import ALL_GATHER
    >>> undivided(ALL_GATHER, 8, [64, 2**20], DTYPES["float"])
    []
    """
    each = collective.count(n) * dtype.size
    odd = [size for size in sizes if size % each]
    if not odd or each == dtype.size:
        return []
    those = (
        "the size does"
        if len(sizes) == 1
        else f"{len(odd)} of {len(sizes)} sizes {'does' if len(odd) == 1 else 'do'}"
    )
    rest = f"{those} not divide into {n:,} parts of whole elements"
    return [f"{rest}: equal fractions are dealt, where nccl-tests rounds the size down"]
