"""JSON by pieces: what ``parse_json`` makes of the whole, a refusal where that refuses; little is held."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fabric.machine import document
from fabric.machine.document import parse_json
from fabric.machine.json_stream import NotStreamed, json_members
from fabric.words.errors import FileFormatError

LISTS = ("nodes", "edges")

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["},", "]", '"},\n{"', "\\ud83d", "\u00e9", "\U0001f600", "e999", ""]),
)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
items = st.lists(st.one_of(values, st.dictionaries(st.text(max_size=3), values, max_size=3)), max_size=8)
documents = st.dictionaries(
    st.one_of(st.sampled_from(LISTS), st.text(max_size=3)), st.one_of(values, items), max_size=5
)


def streamed(path: Path) -> dict[str, Any]:
    found = {}
    for key, value in json_members(path, LISTS):
        found[key] = list(value) if isinstance(value, Iterator) else value
    return found


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "x.json"


@settings(max_examples=300, deadline=None)
@given(documents, st.integers(1, 40), st.sampled_from([None, 0, 1]), st.booleans())
def test_what_comes_piece_by_piece_is_the_whole(
    path: Path, content: dict[str, Any], piece: int, indent: int | None, ascii_only: bool
) -> None:
    write(path, json.dumps(content, indent=indent, ensure_ascii=ascii_only))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_PIECE", piece)
        try:
            assert streamed(path) == content
        except NotStreamed:  # numbers that may be too large, and halves of characters: also in texts
            text = path.read_text(encoding="utf-8")
            assert "\\ud" in text.lower() or "e+" in text.lower() or "e999" in text or "e30" in text


@settings(max_examples=500, deadline=None)
@given(documents, st.integers(1, 40), st.data())
@example({"nodes": [{"a": 1}]}, 7, None)
def test_what_is_no_strict_json_is_refused(
    path: Path, content: dict[str, Any], piece: int, data: st.DataObject | None
) -> None:
    """One to three damages: what the whole refuses does not pass, and what passes is the whole."""
    text = json.dumps(content, indent=data and data.draw(st.sampled_from([None, 1])))
    for _ in range(data.draw(st.integers(1, 3)) if data else 0):
        assert data
        at = data.draw(st.integers(0, len(text)))
        new = data.draw(
            st.sampled_from(['"', "{", "}", "[", "]", ",", ":", "1", "},", "NaN", "e9", "\\", "\n"])
        )
        text = text[:at] + new + text[at + data.draw(st.integers(0, 3)) :]
    write(path, text)
    try:
        whole = parse_json(text, "x")
    except FileFormatError:
        whole = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_PIECE", piece)
        try:
            found = streamed(path)
        except NotStreamed:
            return
    assert isinstance(whole, dict)
    assert found == whole


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "7", "", "{", '{"nodes": [1,]}', '{"nodes": [{},]}', '{"nodes": [{} {}]}', '{"a": 1,}'),
        *('{"a" 1}', '{"a": 1} x', '{"a": 1, "a": 1}', '{"nodes": [{"a": 1, "a": 2}]}', '{"nodes": [NaN]}'),
        *('{"a": 1e999}', '{"nodes": [1' + "0" * 400 + "]}", '{"nodes": ["\\ud800"]}', "{7: 1}"),
        *('{"nodes": [' + "[" * 62 + "]" * 62 + "]}]}", '{"nodes": [' + "[" * 64 + "]" * 64 + "]}"),
        *('{"nodes": [' + "[" * 100_000, '{"nodes": [{"a": "},'),
    ],
)
def test_what_the_whole_has_to_tell(text: str, tmp_path: Path) -> None:
    write(tmp_path / "x.json", text)
    with pytest.raises(NotStreamed):
        streamed(tmp_path / "x.json")


@pytest.mark.parametrize("newline", ["\n", " "])
def test_a_piece_is_held_and_not_the_file(newline: str, tmp_path: Path) -> None:
    """22 MB of items, on lines of their own or all on one: a piece of 1 MB and what comes of it is held, 17;
    the whole took 174 MB.
    """
    path = tmp_path / "x.json"
    rows = (f",{newline}".join(f'{{"id": {i}, "kind": "gpu", "rate": 5e10}}' for i in range(500_000)),)
    write(path, '{"nodes": [' + rows[0] + "]}")
    tracemalloc.start()
    try:
        count = sum(1 for _, value in json_members(path, LISTS) for _ in value)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 500_000
    assert peak < 24e6, peak
