"""Gpu: how fast a GPU computes and what it holds, as its maker prints it. Knows no model and no network."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from fabric.words.errors import ParameterError
from fabric.words.grammar import read_named
from fabric.words.units import parse_size

__all__ = ["AUTO", "GPUS", "PARTS", "Gpu", "canonical_gpu", "gpu_beside", "gpu_named"]

AUTO = "auto"
_PEAKS = ("peak", "fp8")
PARTS = (*_PEAKS, "memory")
_FLOPS = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([TP])FLOPS", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """``peak``: FLOP/s of dense matrices in bf16, ``fp8``: in fp8 (0: it has none); ``memory``: bytes;
    ``nvlink``: bytes/s each way of its link to the scale-up switch, by which ``gpu_beside`` knows it;
    ``source``: where that is printed.
    """

    name: str
    peak: float
    fp8: float = 0.0
    memory: float
    nvlink: float
    source: str = ""

    def boost(self, precision: str) -> float:
        """How many times as fast as in bf16 matrix products are.

        Raises:
            ParameterError: the GPU has no such arithmetic.

        >>> GPUS["gb200"].boost("fp8"), GPUS["h100"].boost("bf16")
        (2.0, 1.0)
        """
        if precision == "fp8" and not self.fp8:
            raise ParameterError("precision", precision, f"one {self.name} has no such arithmetic", ("bf16",))
        return self.fp8 / self.peak if precision == "fp8" else 1.0

    @property
    def text(self) -> str:
        """What ``gpu_named`` reads back."""
        usual, parts = GPUS[self.name], []
        if self.peak != usual.peak:
            parts.append(f"peak={self.peak / 1e12:.12g}TFLOPS")
        if self.fp8 != usual.fp8:
            parts.append(f"fp8={self.fp8 / 1e12:.12g}TFLOPS")
        if self.memory != usual.memory:
            parts.append(f"memory={self.memory:.0f}")
        return f"{self.name}:{','.join(parts)}" if parts else self.name


GPUS: dict[str, Gpu] = {
    one.name: one
    for one in (
        Gpu(
            name="a100",
            peak=312e12,
            memory=80 * 2**30,
            nvlink=300e9,
            source="NVIDIA A100 80GB data sheet",
        ),
        Gpu(
            name="h100",
            peak=989.4e12,
            fp8=1978.9e12,
            memory=80 * 2**30,
            nvlink=450e9,
            source="NVIDIA H100 SXM data sheet, without sparsity",
        ),
        Gpu(
            name="h200",
            peak=989.4e12,
            fp8=1978.9e12,
            memory=141e9,
            nvlink=450e9,
            source="NVIDIA H200 SXM data sheet",
        ),
        Gpu(
            name="gb200",
            peak=2500e12,
            fp8=5000e12,
            memory=186e9,
            nvlink=900e9,
            source="NVIDIA GB200 NVL72 data sheet, a 72nd of the rack, without sparsity",
        ),
        Gpu(  # behind the GB200, which gpu_beside takes of two whose NVLink is alike
            name="b200",
            peak=2250e12,
            fp8=4500e12,
            memory=180e9,
            nvlink=900e9,
            source="NVIDIA DGX B200 data sheet, an eighth of the system, without sparsity",
        ),
    )
}


def gpu_named(text: str) -> Gpu:
    """A GPU of the table, its peaks or its memory replaced: ``h100:peak=800TFLOPS,memory=96GB``.

    Raises:
        ParameterError: no such GPU or part, a part without its unit.

    >>> gpu_named("h100:memory=96GB").memory
    96000000000.0
    """
    name, given = read_named("gpu", text)
    if name not in GPUS:
        raise ParameterError("gpu", text, "unknown GPU", (AUTO, *GPUS))
    gpu = GPUS[name]
    for key, value in given.items():
        if key == "memory":
            gpu = replace(gpu, memory=float(parse_size(value, "gpu: memory")))
        elif key in _PEAKS:
            peaks = {"peak": gpu.peak, "fp8": gpu.fp8, key: _peak(key, value)}
            gpu = replace(gpu, peak=peaks["peak"], fp8=peaks["fp8"])
        else:
            raise ParameterError(f"gpu {name}", key, "no such part", PARTS)
    return gpu


def gpu_beside(nvlink: float) -> Gpu:
    """The GPU whose link to its scale-up switch is nearest to ``nvlink`` bytes/s; at 0 the H100.

    >>> gpu_beside(900e9).name, gpu_beside(0.0).name
    ('gb200', 'h100')
    """
    if nvlink <= 0:
        return GPUS["h100"]
    return min(GPUS.values(), key=lambda gpu: abs(math.log(gpu.nvlink / nvlink)))


def canonical_gpu(text: str) -> str:
    """The one spelling of a GPU; ``auto`` stays.

    >>> canonical_gpu("H100:peak=0.9894PFLOPS")
    'h100'
    """
    return AUTO if text.strip().lower() == AUTO else gpu_named(text).text


def _peak(key: str, text: str) -> float:
    match = _FLOPS.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise ParameterError(
            f"gpu: {key}", text, "a number above zero with its unit, such as 989TFLOPS or 2.5PFLOPS"
        )
    return round(float(match[1]) * {"T": 1e12, "P": 1e15}[match[2].upper()], 3)
