"""Pipeline: which layers each stage has, and in which order it works on microbatches. Knows no time.

One forward, one backward (1F1B), and its interleaved form, in which a stage has several chunks of layers:
Narayanan et al., SC'21, section 2.2; order as in Megatron-LM. Chunk c is the c-th of the model and is on
stage c mod p.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from fabric.words.errors import ParameterError

__all__ = ["Turn", "in_flight", "layers_of", "turns"]


class Turn(NamedTuple):
    """One chunk of one microbatch, forward or backward."""

    forward: bool
    microbatch: int
    chunk: int


def layers_of(layers: int, chunks: int) -> tuple[int, ...]:
    """Layers of each chunk. What is missing to equal ones is taken from the first and the last, and inwards.

    Raises:
        ParameterError: fewer layers than chunks need: none but the first and the last may be empty.

    >>> layers_of(126, 16)
    (7, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 7)
    """
    if chunks > layers + 2 or (chunks > layers and layers < 1):
        rule = f"at most {layers + 2:,}, for {layers:,} layers: only the first and the last may have none"
        raise ParameterError("pp x interleave", chunks, rule)
    most = -(-layers // chunks)
    found = [most] * chunks
    for number in range(most * chunks - layers):
        place = number // 2 % chunks
        found[-1 - place if number % 2 else place] -= 1
    return tuple(found)


def turns(stage: int, stages: int, microbatches: int, interleave: int = 1) -> list[Turn]:
    """What a stage does, in its order.

    With ``interleave`` chunks a stage takes microbatches in groups of as many as there are stages, or of some
    more where these do not divide them: all of a group through a chunk, then the same group through the next.
    Backward is the same from the last chunk on.

    >>> ["FB"[not turn.forward] + str(turn.microbatch) for turn in turns(1, 3, 4)]
    ['F0', 'F1', 'B0', 'F2', 'B1', 'F3', 'B2', 'B3']
    """
    groups = max(1, microbatches // stages)
    edges = [microbatches * number // groups for number in range(groups + 1)][::-1]
    edges = [microbatches - edge for edge in edges]  # the larger ones first
    order = [
        (number, local)
        for first, behind in pairwise(edges)
        for local in range(interleave)
        for number in range(first, behind)
    ]
    forward = [Turn(True, number, local * stages + stage) for number, local in order]
    backward = [Turn(False, number, (interleave - 1 - local) * stages + stage) for number, local in order]
    ahead = stages - stage - 1
    if interleave > 1:
        ahead = 2 * ahead + (interleave - 1) * edges[1]
    ahead = min(ahead, len(order))
    found = forward[:ahead]
    for one, other in zip(forward[ahead:], backward):
        found += [one, other]
    return found + backward[len(order) - ahead :]


def in_flight(order: list[Turn]) -> list[dict[int, int]]:
    """After each turn, how many microbatches of each chunk are kept for their backward turn.

    >>> max(sum(kept.values()) for kept in in_flight(turns(0, 4, 8)))
    4
    """
    kept: dict[int, int] = {}
    found = []
    for turn in order:
        kept[turn.chunk] = kept.get(turn.chunk, 0) + (1 if turn.forward else -1)
        found.append(dict(kept))
    return found
