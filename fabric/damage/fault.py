"""Fault: which cables or switches fail, or slow down, as a text. Draws nothing and reads no file.

``cables=0.5%``, ``cables=26``, ``cables=tier1:26``, ``switches=tier2:3`` and the path of a file that names
nodes and cables; with ``:rate=25%`` behind for cables that go on at a part of their rate. Several stand with
``;`` between them; ``none`` is none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fabric.machine.no_file import no_file
from fabric.words.errors import ParameterError

__all__ = ["NONE", "Fault", "format_faults", "parse_faults", "without_paths"]

NONE = "none"
_TIERS = {"endpoint": 0, "leaf": 1, "spine": 2, "core": 3}
_ITEM = re.compile(r"(cables|switches)=(?:(tier\d{1,4}|endpoint|leaf|spine|core):)?(\d+(?:\.\d+)?%|\d+)")
_RATE = re.compile(r"(.*):rate=(\d+(?:\.\d+)?)%", re.DOTALL)
_MOST_DIGITS = 18
_FORMS = {
    "fail": ("cables=0.5%", "cables=26", "cables=tier1:26", "switches=tier2:3", "the path of a file", NONE),
    "degrade": ("cables=1%:rate=25%", "cables=tier1:26:rate=50%", "the path of a file:rate=25%", NONE),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``what`` is cables, switches or file; ``tier`` -1 for any (of a cable: that of its lower end).

    ``count`` of them, or the ``share`` (in per cent) if ``count`` is 0; ``rate``: the part of its rate (in
    per cent) that each keeps, 0 for what fails; ``path``: the file that names them.
    """

    what: str
    tier: int = -1
    count: int = 0
    share: Decimal = Decimal(0)
    rate: Decimal = Decimal(0)
    path: str = ""

    @property
    def option(self) -> str:
        return "degrade" if self.rate else "fail"

    @property
    def amount(self) -> str:
        """How many, as ``26`` or ``0.5%``."""
        return f"{_plain(self.share)}%" if self.share else str(self.count)

    def __str__(self) -> str:
        tier = f"tier{self.tier}:" if self.tier >= 0 else ""
        text = self.path if self.what == "file" else f"{self.what}={tier}{self.amount}"
        return text + (f":rate={_plain(self.rate)}%" if self.rate else "")


def parse_faults(option: str, text: str) -> tuple[Fault, ...]:
    """The faults in ``text``, for the option ``fail`` or ``degrade``.

    Raises:
        ParameterError: an item has none of the forms, or is none at all (0 cables, 0%).

    >>> [str(fault) for fault in parse_faults("fail", "switches=spine:3; cables=0.50%")]
    ['switches=tier2:3', 'cables=0.5%']
    """
    if text.strip() in ("", NONE):
        return ()
    items = [item.strip() for item in text.split(";")]
    if "" in items or NONE in items:
        raise ParameterError(option, text, f"faults with ; between them, or {NONE}", _FORMS[option])
    return tuple(_parsed(option, item) for item in items)


def format_faults(faults: Sequence[Fault]) -> str:
    """The text that ``parse_faults`` reads back, the same for equal faults."""
    return ";".join(map(str, faults)) or NONE


def without_paths(text: str) -> str:
    """``text`` with ``file`` for every path: a file counts by what it names.

    >>> without_paths("cables=1%;some/list.txt:rate=25%")
    'cables=1%;file:rate=25%'
    """
    items = []
    for item in text.split(";"):
        head, rate = _split(item)
        is_path = item != NONE and not _ITEM.fullmatch(head)
        items.append(("file" if is_path else head) + (f":rate={rate}%" if rate else ""))
    return ";".join(items)


def _split(item: str) -> tuple[str, str]:
    """What an item names, and the rate behind it, without its sign, or nothing."""
    match = _RATE.fullmatch(item)
    return (match[1], match[2]) if match else (item, "")


def _parsed(option: str, item: str) -> Fault:
    head, rate = _split(item)
    match = _ITEM.fullmatch(head.replace(" ", ""))
    if match is None and not os.path.isfile(head):
        rule = no_file(head, "neither a number of cables or switches nor a file")
        if re.match(r"\s*(cables|switches)\s*=", head):
            rule = "how many, as a whole number or in per cent, after the tier if one is meant"
        raise ParameterError(option, item, rule, _FORMS[option])
    if option == "fail" and rate:
        raise ParameterError(option, item, "what fails keeps no rate: degrade slows down", _FORMS[option])
    if option == "degrade" and not (rate and 0 < Decimal(rate) < 100):
        rule = "the part of its rate that remains stands behind, above 0% and below 100%"
        raise ParameterError(option, item, rule, _FORMS[option])
    keeps = Decimal(rate or 0)
    if match is None:
        return Fault(what="file", path=head, rate=keeps)
    what, tier, number = match[1], match[2], match[3]
    if rate and what == "switches":
        raise ParameterError(option, item, "cables slow down, switches only fail", _FORMS[option])
    level = -1 if tier is None else _TIERS[tier] if tier in _TIERS else int(tier.removeprefix("tier"))
    if what == "switches" and level == 0:
        raise ParameterError(option, item, "tier 0 holds endpoints: switches stand from tier 1 on")
    if number.endswith("%"):
        share = Decimal(number[:-1])
        if not 0 < share <= 100:
            raise ParameterError(option, item, "a share above 0% and at most 100%")
        return Fault(what=what, tier=level, share=share, rate=keeps)
    if len(number.lstrip("0")) > _MOST_DIGITS:
        raise ParameterError(option, item, f"how many, as a whole number of at most {_MOST_DIGITS} digits")
    number = number.lstrip("0") or "0"
    if int(number) == 0:
        raise ParameterError(option, item, f"at least one, or {NONE}")
    return Fault(what=what, tier=level, count=int(number), rate=keeps)


def _plain(number: Decimal) -> str:
    """Without an exponent and without zeros behind."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
