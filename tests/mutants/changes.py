"""Single-token changes of a Python source: what a test should notice. Runs nothing and knows no test."""

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

# Each for the other.
PAIRS = """
    + -   * /   << >>   & |   < <=   > >=   == !=   += -=   *= /=   &= |=   and or   True False   any all
    min max   minimum maximum   argmin argmax   floor ceil   "left" "right"
"""
_ONE, _OTHER = PAIRS.split()[::2], PAIRS.split()[1::2]
SWAPS = dict(zip(_ONE, _OTHER)) | dict(zip(_OTHER, _ONE)) | {"//": "*", "%": "*", "**": "*"}
UNARY = {"*", "**", "/", "&", "|"}  # operators only between two operands; else a star of arguments or a mark
# Arguments that change how fast or how strictly something is done, or how it prints, and no number.
QUIET_ARGUMENTS = """
    assume_unique check compare copy dtype encoding frozen help init kw_only maxsize repr slots stacklevel
    strict unsafe_hash write
"""
QUIET_NAMES = re.compile(r"BLOCK|CHUNK|CACHE|_AT_ONCE|__all__|writeable")  # sizes of blocks, exports, locks
QUIET_FUNCTIONS = {"__repr__", "__str__", "__rich_repr__", "__getattr__", "__dir__"}


@dataclass(frozen=True, order=True)
class Change:
    """One token replaced: the line's number, the line as it `was` and is `now` (stripped), the new source."""

    line: int
    was: str
    now: str
    source: str


def changes(source: str) -> Iterator[Change]:
    """All changes of `source`, in its order, without what no number hangs on.

    >>> [change.now for change in changes("def f(a: int | None) -> float:\\n    return a * 8 < 9\\n")]
    ['return a / 8 < 9', 'return a * 9 < 9', 'return a * 8 <= 9', 'return a * 8 < 10']
    """
    lines = source.splitlines(keepends=True)
    quiet = list(_quiet(ast.parse(source)))
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type
        not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    ]
    for before, token, after in zip(tokens, tokens[1:], tokens[2:]):
        if any(start <= token.start < end for start, end in quiet):
            continue
        new = _swapped(before, token, after)
        if new is None:
            continue
        number, start, end = token.start[0], token.start[1], token.end[1]
        line = lines[number - 1]
        changed = line[:start] + new + line[end:]
        text = "".join([*lines[: number - 1], changed, *lines[number:]])
        yield Change(line=number, was=line.strip(), now=" ".join(changed.split()), source=text)


def owner(source: str, line: int) -> str | None:
    """The innermost function around a line, as `co_qualname` spells it; None where it runs at import."""
    found = [(first, name) for first, last, name in _functions(ast.parse(source), "") if first < line <= last]
    return max(found)[1] if found else None


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child.lineno, child.end_lineno or child.lineno, prefix + child.name
            yield from _functions(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def _swapped(before: tokenize.TokenInfo, token: tokenize.TokenInfo, after: tokenize.TokenInfo) -> str | None:
    text = token.string
    if token.type == tokenize.NUMBER:
        return _number(text)
    if text in UNARY and not _ends_operand(before):
        return None
    if text == "not":
        return ""
    if text == "is" and after.string != "not":
        return "is not"
    if text == "in" and before.string != "not":
        return None  # `for x in` and `x in y` look alike here; the second is nearly always a lookup
    return SWAPS.get(text)


def _ends_operand(token: tokenize.TokenInfo) -> bool:
    if token.type == tokenize.NAME:
        return not keyword.iskeyword(token.string)
    return token.type in (tokenize.NUMBER, tokenize.STRING) or token.string in (")", "]", "}")


def _number(text: str) -> str | None:
    """A whole number gets a neighbour (0 and 1 each other); another number twice its value."""
    try:
        value = int(text, 0)
    except ValueError:
        return f"{text} * 2" if not text.endswith(("j", "J")) and float(text.replace("_", "")) else "1.0"
    return str({0: 1, 1: 0}.get(value, value + 1))


def _quiet(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Ranges of a source that no number hangs on: annotations, error texts, printing, sizes of blocks."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from map(_span, node.decorator_list)
                if isinstance(node, ast.ClassDef):
                    continue
                if node.name in QUIET_FUNCTIONS:
                    yield _span(node)
                if node.returns is not None:
                    yield _span(node.returns)
            case ast.arg(annotation=annotation) if annotation is not None:
                yield _span(annotation)
            case ast.AnnAssign():
                yield _span(node.annotation)
                if QUIET_NAMES.search(ast.unparse(node.target)):
                    yield _span(node)
            case ast.Assign():
                if any(QUIET_NAMES.search(ast.unparse(target)) for target in node.targets):
                    yield _span(node)
            case ast.Raise() | ast.Import() | ast.ImportFrom() | ast.Assert():
                yield _span(node)
            case ast.keyword(arg=str(name)) if name in QUIET_ARGUMENTS.split():
                yield _span(node)


def _span(node: ast.expr | ast.stmt | ast.keyword) -> tuple[tuple[int, int], tuple[int, int]]:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
