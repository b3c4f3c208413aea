"""Finite fields GF(q) as tables, q a power of a prime. Knows arithmetic; knows no graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fabric.words.errors import ParameterError

__all__ = ["Field", "prime_power"]


def prime_power(q: int) -> tuple[int, int] | None:
    """(p, n) with q = p^n and p a prime, or None where there are none.

    >>> prime_power(27), prime_power(12)
    ((3, 3), None)
    """
    if q < 2:
        return None
    p = next((d for d in range(2, int(q**0.5) + 2) if q % d == 0), q)
    n, rest = 0, q
    while rest % p == 0:
        n, rest = n + 1, rest // p
    return (p, n) if rest == 1 else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """GF(q): elements 0 .. q-1, of which 0 and 1 are zero and one.

    ``plus`` and ``times`` (q, q) are the tables of its operations, ``negative`` (q,) that of -x; ``powers``
    (q - 1,) are 1, g, g^2, ... for a primitive element g, so each element but zero stands in it once. All are
    read-only. The base-p digits of an element are the coefficients of a polynomial in g.
    """

    q: int
    plus: NDArray[np.int64]
    times: NDArray[np.int64]
    negative: NDArray[np.int64]
    powers: NDArray[np.int64]

    @classmethod
    def of(cls, q: int) -> Field:
        """The field of ``q`` elements.

        Raises:
            ParameterError: q is no power of a prime, so there is none.
        """
        found = prime_power(q)
        if found is None:
            raise ParameterError("q", q, "a power of a prime: there is no field of other orders")
        p, n = found
        place = p ** np.arange(n, dtype=np.int64)
        digits = np.arange(q, dtype=np.int64)[:, None] // place % p
        plus = ((digits[:, None] + digits) % p) @ place
        powers = next(order for order in _orders(p, n) if len(order) == q - 1) @ place
        log = np.zeros(q, np.int64)
        log[powers] = np.arange(q - 1)
        times = powers[(log[:, None] + log) % (q - 1)]
        times[0, :] = times[:, 0] = 0
        field = cls(q=q, plus=plus, times=times, negative=(-digits % p) @ place, powers=powers)
        for table in (plus, times, field.negative, powers):
            table.flags.writeable = False
        return field


def _orders(p: int, n: int) -> Iterator[NDArray[np.int64]]:
    """(order, n) digits of 1, x, x^2, ... modulo each monic polynomial of degree n with a constant term.

    Where the order is p^n - 1 the polynomial is primitive: every remainder but zero is a power of x, so
    they form a field.
    """
    one = (1, *[0] * (n - 1))
    for tail in product(range(p), repeat=n):  # x^n = -(the rest of the polynomial) = this
        if tail[0] == 0:
            continue
        element, seen = one, [one]
        while True:
            carry, shifted = element[-1], (0, *element[:-1])
            element = tuple((s + carry * t) % p for s, t in zip(shifted, tail))
            if element == one:
                break
            seen.append(element)
        yield np.array(seen, np.int64)
