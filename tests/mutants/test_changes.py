"""The changes that mutation testing makes: one token each, and none where no number hangs on it."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from changes import changes, owner

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("x = a + b", ["x = a - b"]),
        ("x = a // 2", ["x = a * 2", "x = a // 3"]),
        ("x = y[0] if a <= b else y[1]", ["x = y[1] if a <= b else y[1]", "x = y[0] if a < b else y[1]"]),
        ("x = max(a, *b)", ["x = min(a, *b)"]),
        ("x = not a and b is c", ["x = a and b is c", "x = not a or b is c", "x = not a and b is not c"]),
        ("x = f(a, strict=True, **b)", []),
        ("raise ValueError(f'{a + 1}', 1 + 2)", []),
        ("BLOCK_AT_ONCE = 4 * 1024", []),
        ("x = 1e9", ["x = 1e9 * 2"]),
    ],
)
def test_one_token_at_a_time(line: str, changed: list[str]) -> None:
    found = [change.now for change in changes(line + "\n")]
    assert found[: len(changed)] == changed and bool(found) == bool(changed)


def test_every_change_of_the_program_is_python_and_another_one() -> None:
    for file in (Path(__file__).parent / "files.txt").read_text(encoding="utf-8").split()[::4]:
        source = (ROOT / file).read_text(encoding="utf-8")
        for change in list(changes(source))[::97]:
            assert ast.dump(ast.parse(change.source)) != ast.dump(ast.parse(source)), change.now


def test_the_owner_is_the_innermost_function_by_its_qualified_name() -> None:
    source = "A = 1\nclass B:\n    def c(self):\n        def d():\n            return 2\n        return 3\n"
    names = [owner(source, line) for line in (1, 5, 6)]
    assert names == [None, "B.c.<locals>.d", "B.c"]


def test_what_is_listed_as_harmless_has_a_reason_and_is_a_change_that_is_made() -> None:
    """Of lines that still stand in the program; those that do not, `make mutants` names."""
    text = (Path(__file__).parent / "survivors.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["harmless"]
    for entry in entries:
        assert entry.keys() == {"file", "was", "now", "reason"} and entry["reason"].endswith(".")
        source = (ROOT / entry["file"]).read_text(encoding="utf-8")
        made = {(change.was, change.now) for change in changes(source)}
        assert entry["was"] not in map(str.strip, source.splitlines()) or (entry["was"], entry["now"]) in made
