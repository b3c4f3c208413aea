"""Every text of a user may be UTF-8 or what its byte order mark says; anything else is told by its byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.machine.document import open_text, read_text
from fabric.words.errors import FileFormatError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", ["", "a,b\r\nö,€\r\n", "\U0001f600\n"])
def test_the_same_text_in_any_encoding_that_is_marked(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(text.encode(encoding))
    assert read_text(path, newline="") == text
    assert read_text(path) == text.replace("\r\n", "\n")
    with open_text(path) as file:
        assert file.read() == text.replace("\r\n", "\n")


def test_half_a_character_is_told_by_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes("ab".encode("utf-16")[:-1])
    with pytest.raises(
        FileFormatError,
        match=r"x: line 1, column [0-9]+: cannot be read: byte 5 is not UTF-8 text \(nor UTF-16",
    ):
        read_text(path)
    assert read_text(path, errors="replace") == "a�"
