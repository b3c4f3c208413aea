"""Parameters that algorithms take: how the value behind each key is spelled, and how large it may be."""

from __future__ import annotations

from fabric.words.errors import ParameterError
from fabric.words.parameter import Parameter, choice
from fabric.words.units import parse_size

__all__ = ["CHANNELS", "LIBRARY", "PIPELINE", "SEGMENT", "SLICES", "protocols", "whole_parameter"]

# Slices of hierarchical algorithms where nobody says how many, and what pipeline=true means. With latency
# paid side by side more slices are never slower in the model, but each is a message of its own: so as few as
# come near the best. Of phases that take b_k s of bytes, m slices take max b + (sum b - max b) / m: with two
# kinds of links, inside servers and between them, 8 are within 1/8 of what any number can reach.
SLICES = 8
_MOST_CHANNELS = 1024  # as of the queue pairs of ECMP; NCCL has 64 at most
_MOST_SLICES = 4096


def whole_parameter(most: int, why: str, example: str) -> Parameter:
    """A whole number from 1 to ``most``; ``why`` more cannot be: each costs time and memory of its own.

    >>> whole_parameter(8, "there are eight", "4").read("ring:channels", "04")
    4
    """

    def read(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 1000) or int(text) < 1:
            raise ParameterError(name, text, "a whole number, at least 1")
        if len(text) > 18 or int(text) > most:
            raise ParameterError(name, text, f"a whole number from 1 to {most:,}: {why}")
        return int(text)

    return Parameter(read=read, write=str, example=example)


CHANNELS = whole_parameter(_MOST_CHANNELS, "rings beyond the ranks of a server repeat the first ones", "4")
SEGMENT = Parameter(read=lambda name, text: parse_size(text, name), write=str, example="1MiB")
_COUNTED = whole_parameter(_MOST_SLICES, "each slice is sent in every phase", "4")


def _pipeline(name: str, text: str) -> int:
    words = {"true": SLICES, "false": 1}
    return words[text.lower()] if text.lower() in words else int(_COUNTED.read(name, text))


PIPELINE = Parameter(read=_pipeline, write=str, example="4")

# Whose choice ``auto`` makes; with the GPUs where NVLink's rate does not tell them.
LIBRARY = choice("nccl", "nccl-ampere", "nccl-hopper", "nccl-blackwell")


def protocols(nccl: str) -> Parameter:
    """The protocols in which NCCL runs its algorithm ``nccl``.

    >>> protocols("ring").read("ring:protocol", "LL128")
    'll128'
    """
    return choice("ll", "ll128", "simple") if nccl in ("ring", "tree") else choice("simple")
