"""Precision: in how many bytes a step holds and sends what. Knows no model and no GPU.

``bf16`` is mixed precision as Megatron-LM runs it. ``fp8`` is the recipe of DeepSeek-V3, arXiv:2412.19437,
section 3.3: matrix products of layers in fp8, forward and backward; attention, norms, embeddings and the
scores of the vocabulary in bf16; gradients and copies of weights in fp32, the moments of Adam in bf16. Its
inputs of matrix products are cast before they are kept, sent to experts, or gathered over tp (as Transformer
Engine does), and weights of matrices before they are gathered (``--fp8-param-gather`` of Megatron-LM).
"""

from __future__ import annotations

from dataclasses import dataclass

from fabric.words.errors import ParameterError

__all__ = ["BF16", "BYTES", "GRADIENT", "PRECISIONS", "Precision", "precision_named"]

BYTES = 2  # of an element of whatever a precision says nothing else of: bf16
GRADIENT = 4  # of an element of a gradient: fp32


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Bytes of an element: a weight of a layer's matrix, what goes into a matrix product of a layer, and what
    the optimizer has of a parameter (its copy in fp32, two moments).

    >>> PRECISIONS["fp8"].weight, PRECISIONS["bf16"].states
    (1, 12)
    """

    name: str
    weight: int
    product: int
    states: int


BF16 = Precision(name="bf16", weight=2, product=2, states=4 + 4 + 4)
PRECISIONS = {one.name: one for one in (BF16, Precision(name="fp8", weight=1, product=1, states=4 + 2 + 2))}


def precision_named(text: str) -> Precision:
    """The precision of a name.

    Raises:
        ParameterError: there is no such precision.
    """
    if text not in PRECISIONS:
        raise ParameterError("precision", text, "unknown precision", PRECISIONS)
    return PRECISIONS[text]
