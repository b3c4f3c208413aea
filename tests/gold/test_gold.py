"""Every recorded command says today what it said: words to the letter, numbers to the ninth digit.

`gold.py` compares bytes; machines differ in the last bits of a number, and these tests run on any.
"""

from __future__ import annotations

import math
import re
import shlex
from functools import cache
from itertools import zip_longest

import pytest

from tests.gold.gold import HERE, OUTPUTS, new_folder, played, sections

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
SECTIONS = dict(sections())
COMMANDS = [(section, place) for section, commands in SECTIONS.items() for place in range(len(commands))]


@cache
def recorded(section: str) -> list[str]:
    """What each command of a section said."""
    text = (OUTPUTS / f"{section}.txt").read_text(encoding="utf-8")
    starts = []
    for command in SECTIONS[section]:  # in their order: a line of an output may begin like a command
        starts.append(text.index(f"$ {command}\n", starts[-1] + 1 if starts else 0))
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)])]


def files(command: str) -> set[str]:
    """Words of a command that may name a file which is no input."""
    parts = {
        part for word in shlex.split(command)[1:] for part in (word, word.split(":")[0], word.split("/")[0])
    }
    inputs = {path.relative_to(HERE / "inputs").as_posix() for path in (HERE / "inputs").rglob("*")}
    return {part for part in parts if re.fullmatch(r"[\w/-]+(\.\w+)+|out\w*", part)} - inputs


def before(section: str, place: int) -> list[str]:
    """The commands that one needs: those before it that name a file of its own, and what they need."""
    commands, needed, named = SECTIONS[section], [], files(SECTIONS[section][place])
    for command in reversed(commands[:place]):
        if named & files(command):
            named |= files(command)
            needed.append(command)
    return needed[::-1]


def same(line: str, old: str) -> bool:
    """Whether two lines differ by no more than the last bits of their numbers."""
    if line == old:
        return True
    if NUMBER.sub("0", line) != NUMBER.sub("0", old):
        return False
    return all(
        math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-15)
        for a, b in zip(NUMBER.findall(line), NUMBER.findall(old), strict=True)
    )


@pytest.mark.parametrize(("section", "place"), COMMANDS, ids=[f"{name}-{i + 1}" for name, i in COMMANDS])
def test_command_says_what_it_said(section: str, place: int) -> None:
    with new_folder() as folder:
        for command in before(section, place):
            played(command, folder)
        now = played(SECTIONS[section][place], folder)
    for line, old in zip_longest(now.splitlines(), recorded(section)[place].splitlines(), fillvalue=""):
        assert same(line, old)


@pytest.mark.parametrize(
    ("line", "old"),
    [
        ("12.000000000001 us", "12 us"),
        ("a 1e-9,2.0000000001 b", "a 1e-9,2.0000000002 b"),
        ('{"time_s": 0.1}', '{"time_s": 0.1000000000000001}'),
    ],
)
def test_last_bits_may_differ(line: str, old: str) -> None:
    assert same(line, old)


@pytest.mark.parametrize(
    ("line", "old"),
    [
        ("12.00001 us", "12 us"),
        ("1 flow", "1 flows"),
        ("k=4", "k=8"),
        ("-1", "1"),
        ("1 2", "1"),
        ("x1e5", "x1e6"),
    ],
)
def test_more_may_not(line: str, old: str) -> None:
    assert not same(line, old)
