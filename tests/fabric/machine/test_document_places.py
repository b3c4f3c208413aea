"""What a parser of JSON or TOML refuses: line and column, whatever the encoding and the line ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fabric.machine.document import parse_json, parse_toml, read_text, read_toml
from fabric.words.errors import FileFormatError

JSON = [
    ('{"a": 1,\n\t"b": 01}', 2, 8),
    ('{"a": 1,\n\t"b": NaN}', 2, 7),
    ('{"a": "NaN",\n\t"\u00e9": 1e999}', 2, 7),
    ('{"a": 1,\n "b": {"c": "a,", "d": 1,\n\t"c": 2}}', 3, 2),
    ('["\\"[{", \n' + "[" * 70 + "]" * 70 + "]", 2, 65),
    ('["\\"[{", \n' + "[" * 100_000, 2, 65),
    ('["\\\\ud800",\n  "\\ud83d\\ude00\\ud800"]', 2, 16),
    ('["x",\n 1' + "0" * 400 + "]", 2, 2),
    ('{"a": [1, 2', 1, 12),
    ("\t\u00e9", 1, 2),
]
TOML = [
    ("a = 1\n\tb = = 2", 2, 6),
    ("a = 1\n[x.y]\n\tb = nan", 3, 6),
    ("a = 1\n[x.y]\n\tb = [1, 99999999999999999999]", 3, 10),
    ("a = 1\nb = 1" + "0" * 5000, 2, 5),
    ("a = 1979-05-27\nb = 1979-02-30", 2, 5),
    ("a = 1\n  a = 2", 2, 8),
    ("a = 1\n  b = [2,", 2, 10),
    ("x = '''\n'''\n\u00e9 = 1", 3, 1),
]


def seen(read: Callable[[], Any]) -> str:
    with pytest.raises(FileFormatError) as caught:
        read()
    return caught.value.where.rpartition("line ")[2]


@pytest.mark.parametrize(("text", "line", "column"), JSON, ids=[str(i) for i in range(len(JSON))])
def test_the_place_in_json(text: str, line: int, column: int) -> None:
    assert seen(lambda: parse_json(text, "x.json")) == f"{line}, column {column}"


@pytest.mark.parametrize(("text", "line", "column"), TOML, ids=[str(i) for i in range(len(TOML))])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_place_in_toml(
    text: str, line: int, column: int, newline: str, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding=encoding, newline=newline)
    assert seen(lambda: read_toml(path)) == f"{line}, column {column}"
    assert seen(lambda: parse_toml(read_text(path), "x.toml")) == f"{line}, column {column}"


@pytest.mark.parametrize(
    ("content", "byte", "line", "column"),
    [
        (b"ab\xff", 3, 1, 3),
        (b"\xef\xbb\xbfab\xff", 6, 1, 3),
        ("\u00e9\t\u00e9".encode() + b"\r\nf\xfcr", 9, 2, 2),
        (b"\r\r\n\n \xe4", 6, 4, 2),
        ("a\n".encode("utf-16") + b"\x00\xd8a\x00", 7, 2, 1),
    ],
)
def test_bytes_that_are_no_text(content: bytes, byte: int, line: int, column: int, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=f"byte {byte} is not UTF-8") as caught:
        read_text(path)
    assert caught.value.where == f"line {line}, column {column}"
