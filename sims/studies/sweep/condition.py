"""Condition: an expression such as ``ranks <= endpoints``, read and computed by walking its syntax tree.

Nothing is ever executed: what is not in the short list below is refused with its place. Knows no scenario:
whoever asks says what a name is worth.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fabric.words.errors import ParameterError
from fabric.words.parameter import ratio
from fabric.words.units import parse_rate, parse_size, parse_time

__all__ = ["Condition", "Value", "quantity"]

Value = bool | int | float | str

_WITH_UNIT = re.compile(r"""'[^']*'|"[^"]*"|(?<![\w.])([0-9]+(?:\.[0-9]+)?[A-Za-z]+(?:/s)?)(?![\w.])""")
_LONGEST, _DEEPEST, _MOST_BITS = 1_000, 40, 256
_LEGAL = (
    "numbers, with or without a unit, texts, names, dotted names, "
    "+ - * / // % **, comparisons, in (...), and, or, not, parentheses"
)

_ARITHMETIC: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Mapping[type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_GRAMMAR = (
    *(ast.Expression, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Tuple, ast.List, ast.Constant),
    *(ast.Name, ast.Attribute, ast.Load, ast.And, ast.Or, ast.Not, ast.USub, ast.UAdd, ast.In, ast.NotIn),
    *_ARITHMETIC,
    *_COMPARISONS,
)


@dataclass(frozen=True)
class Condition:
    """``text``, checked. ``names``: the names in it, dotted ones whole, in the order of the text.

    Raises:
        ParameterError: not an expression, or one with something else in it than is legal; says where.

    >>> Condition("k ** 3 / 4 >= 1000").holds({"k": 16}.__getitem__)
    True
    """

    text: str
    names: tuple[str, ...] = field(init=False, compare=False)
    _tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tree = _parsed(self.text)
        object.__setattr__(self, "_tree", tree)
        object.__setattr__(self, "names", tuple(dict.fromkeys(_check(self.text, tree, 1))))

    def holds(self, lookup: Callable[[str], Value]) -> bool:
        """Whether the condition is true where ``lookup`` gives the value of each name.

        A text with a unit that meets a number becomes bytes, seconds or bytes/second. ``and`` and ``or``
        ask for no more names than they need.

        Raises:
            ParameterError: a division by zero, a power beyond 2^256, values that do not go together, a result
                that is neither true nor false.
        """
        value = self._value(self._tree, lookup)
        if not isinstance(value, bool):
            raise self._wrong(self._tree, f"true or false is needed, this is {value!r}")
        return value

    def _value(self, node: ast.expr, lookup: Callable[[str], Value]) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name() | ast.Attribute():
                return lookup(ast.unparse(node))
            case ast.Tuple() | ast.List():
                return [self._value(item, lookup) for item in node.elts]
            case ast.BoolOp():
                return self._chain(node, lookup)
            case ast.UnaryOp():
                if isinstance(node.op, ast.Not):
                    return not self._truth(node.operand, lookup)
                value = self._number(node.operand, lookup)
                return -value if isinstance(node.op, ast.USub) else value
            case ast.BinOp():
                return self._arithmetic(node, lookup)
            case ast.Compare():
                return self._compared(node, lookup)
        raise AssertionError(node)  # checked when the condition was made

    def _chain(self, node: ast.BoolOp, lookup: Callable[[str], Value]) -> bool:
        decides = isinstance(node.op, ast.Or)
        return decides if any(self._truth(v, lookup) is decides for v in node.values) else not decides

    def _arithmetic(self, node: ast.BinOp, lookup: Callable[[str], Value]) -> int | float:
        left, right = self._number(node.left, lookup), self._number(node.right, lookup)
        if isinstance(node.op, ast.Pow):
            bits = left.bit_length() if isinstance(left, int) else 1
            if abs(right) * bits > _MOST_BITS:
                raise self._wrong(node, f"{left!r} ** {right!r}: a power is at most 2^{_MOST_BITS}")
        try:
            value = _ARITHMETIC[type(node.op)](left, right)
        except ZeroDivisionError:
            raise self._wrong(node, "division by zero") from None
        except OverflowError:
            raise self._wrong(node, "a number too large") from None
        if isinstance(value, complex):
            raise self._wrong(node, f"{left!r} ** {right!r} is not a real number")
        return value

    def _compared(self, node: ast.Compare, lookup: Callable[[str], Value]) -> bool:
        left = self._value(node.left, lookup)
        for op, right_node in zip(node.ops, node.comparators):
            right = self._value(right_node, lookup)
            if isinstance(op, (ast.In, ast.NotIn)):
                if not isinstance(right, list):
                    raise self._wrong(right_node, "after in comes a list, such as (8, 16)")
                found = any(self._pair(node, ast.Eq, left, item) for item in right)
                holds = found is isinstance(op, ast.In)
            else:
                holds = self._pair(node, type(op), left, right)
            if not holds:
                return False
            left = right
        return True

    def _pair(self, node: ast.expr, op: type[ast.AST], left: Any, right: Any) -> bool:
        for value in (left, right):
            if isinstance(value, list):
                raise self._wrong(node, "a list is compared with in only")
        if _is_number(left) and isinstance(right, str):
            right = self._quantity(node, right)
        elif _is_number(right) and isinstance(left, str):
            left = self._quantity(node, left)
        kinds = [isinstance(value, bool) * 1 + isinstance(value, str) * 2 for value in (left, right)]
        if kinds[0] != kinds[1]:
            raise self._wrong(node, f"{left!r} and {right!r} cannot be compared")
        return _COMPARISONS[op](left, right)

    def _quantity(self, node: ast.expr, text: str) -> int | float:
        value = quantity(text)
        if value is None:
            raise self._wrong(node, f"{text!r} is compared with a number but is none, with or without a unit")
        return value

    def _number(self, node: ast.expr, lookup: Callable[[str], Value]) -> int | float:
        value = self._value(node, lookup)
        if isinstance(value, str):
            found = quantity(value) if isinstance(node, ast.Constant) else None
            value = value if found is None else found
        if not _is_number(value):
            raise self._wrong(node, f"a number is needed, this is {value!r}")
        return value

    def _truth(self, node: ast.expr, lookup: Callable[[str], Value]) -> bool:
        value = self._value(node, lookup)
        if not isinstance(value, bool):
            raise self._wrong(node, f"true or false is needed, this is {value!r}")
        return value

    def _wrong(self, node: ast.expr, rule: str) -> ParameterError:
        return _wrong(self.text, node, rule)


def quantity(text: str) -> int | float | None:
    """The number that ``text`` is: plain, a ratio, or bytes, seconds or bytes/second by its unit; or None.

    >>> quantity("1KiB"), quantity("300ns"), quantity("3:2"), quantity("ring")
    (1024, 3e-07, 1.5, None)
    """
    if ":" in text and (found := ratio(text)) is not None:
        return found
    readers: tuple[Callable[[str], int | float], ...] = (int, float, parse_rate, parse_time, parse_size)
    for read in readers:
        try:
            return read(text)
        except (ValueError, ParameterError):
            continue
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wrong(text: str, node: ast.expr, rule: str) -> ParameterError:
    return ParameterError("where", text, f"at position {_position(text, node.col_offset)}: {rule}")


def _quoted(text: str) -> str:
    """``text`` with each number and unit as a text: ``1MiB`` becomes ``'1MiB'``."""
    return _WITH_UNIT.sub(lambda match: f"'{match[1]}'" if _is_quantity(match) else match[0], text)


def _is_quantity(match: re.Match[str]) -> bool:
    return match[1] is not None and quantity(match[1]) is not None


def _position(text: str, offset: int) -> int:
    """The position in ``text``, from 1, of what stands at ``offset`` once it is quoted."""
    quotes = 0
    for match in _WITH_UNIT.finditer(text):
        if _is_quantity(match) and match.start() + quotes < offset:
            quotes += 2
    return offset - quotes + 1


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise ParameterError("where", text, f"at most {_LONGEST:,} characters (this has {len(text):,})")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as "is" with a literal, which is refused anyway
            return ast.parse(_quoted(text).strip(), mode="eval").body
    except SyntaxError as error:
        place = _position(text, (error.offset or 1) - 1)
        hint = " (equal is written ==)" if re.search(r"(?<![=<>!])=(?!=)", text) else ""
        raise ParameterError("where", text, f"at position {place}: {error.msg}{hint}") from None
    except (ValueError, RecursionError, MemoryError):
        raise ParameterError("where", text, "cannot be read: too deep, or not text") from None


def _check(text: str, node: ast.AST, depth: int) -> Iterator[str]:
    """The names in ``node``; raise where something is not legal."""
    if depth > _DEEPEST:
        raise ParameterError("where", text, f"at most {_DEEPEST} levels of nesting")
    if not isinstance(node, _GRAMMAR):
        place = f"at position {_position(text, node.col_offset)}: " if isinstance(node, ast.expr) else ""
        raise ParameterError("where", text, f"{place}{type(node).__name__} is not legal here: {_LEGAL}")
    if isinstance(node, ast.Constant) and type(node.value) not in (int, float, str, bool):
        raise _wrong(text, node, f"{type(node.value).__name__} is not legal here: {_LEGAL}")
    if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
        raise _wrong(text, node, "a dotted name is field.part, such as topology.k")
    if isinstance(node, (ast.Name, ast.Attribute)):
        yield ast.unparse(node)
        return
    for child in ast.iter_child_nodes(node):
        yield from _check(text, child, depth + 1)
