"""Where values stand in TOML: a mark that is put there is in that value, and nothing else changes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toml_leaves import leaves

from fabric.machine.toml_ways import TomlWays, Way

MARK = "7777"

bare = st.from_regex(r"[a-z0-9_-]{1,4}", fullmatch=True)
keys = st.one_of(bare, st.text(st.sampled_from("ab .#\"'[]=\u00e9\\"), min_size=1, max_size=4))
texts = st.text(st.sampled_from("ab\u00e9 #\"'[]{},=\\\n"), max_size=6)
plain = st.one_of(st.integers(1, 999), texts, st.lists(st.integers(1, 9), max_size=3))
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.dictionaries(keys, inner, max_size=3),
        st.lists(inner, max_size=3),
        st.lists(st.dictionaries(keys, inner, min_size=1, max_size=2), min_size=1, max_size=3),
    ),
    max_leaves=12,
)


def quoted(text: str, draw: Any) -> str:
    ways = ['"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"']
    if not set(text) & {"'", "\n"}:
        ways.append(f"'{text}'")
    if "'''" not in text and not text.endswith("'") and not text.startswith("\n"):
        ways.append(f"'''{text}'''")
    if '"' not in text and "\\" not in text and not text.startswith("\n"):
        ways.append(f'"""{text}"""')
    return draw(st.sampled_from(ways))


def key_text(key: str, draw: Any) -> str:
    if key.isascii() and key.replace("_", "").replace("-", "").isalnum() and draw(st.booleans()):
        return key
    return draw(st.sampled_from([f"'{key}'"])) if "'" not in key and draw(st.booleans()) else quoted_key(key)


def quoted_key(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def inline(value: Any, draw: Any) -> str:
    gap = draw(st.sampled_from(["", " "]))
    if isinstance(value, str):
        return quoted(value, draw)
    if isinstance(value, list):
        end = draw(st.sampled_from(["", "\n", " # a ] , comment\n"]))
        return "[" + end + f",{end}{gap}".join(inline(one, draw) for one in value) + end + "]"
    if isinstance(value, dict):
        pairs = (f"{key_text(k, draw)}{gap}={gap}{inline(v, draw)}" for k, v in value.items())
        return "{" + gap + f",{gap}".join(pairs) + gap + "}"
    return str(value)


def table(value: dict[str, Any], before: tuple[str, ...], draw: Any) -> Iterator[str]:
    """Lines of a table: pairs first, then tables, some of them as headers, some dotted or inline."""
    later = []
    for key, one in value.items():
        style = draw(st.sampled_from(["inline", "dotted", "header"]))
        written = key_text(key, draw)
        if isinstance(one, dict) and one and style == "dotted":
            for inner, leaf in one.items():
                yield f"  {written} . {key_text(inner, draw)} = {inline(leaf, draw)} # note"
        elif isinstance(one, dict) and style == "header":
            later.append(("[{}]", (*before, written), [one]))
        elif isinstance(one, list) and one and all(isinstance(x, dict) for x in one) and style == "header":
            later.append(("[[ {} ]]", (*before, written), one))
        else:
            yield f"{written}\t= {inline(one, draw)}"
    for form, way, tables in later:
        for one in tables:
            yield draw(st.sampled_from(["", "# [x] = '\n"]))
            yield " " + form.format(" . ".join(way)) + draw(st.sampled_from(["", "  # [a]"]))
            yield from table(one, way, draw)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(keys, values, max_size=5), st.data())
def test_a_mark_that_is_put_where_a_value_begins_is_in_that_value(
    content: dict[str, Any], data: st.DataObject
) -> None:
    text = "\n".join(table(content, (), data.draw))
    assert tomllib.loads(text) == content
    ways, before = TomlWays(text), dict(leaves(content))
    for way, value in before.items():
        index = ways.index(way)
        after = dict(leaves(tomllib.loads(text[:index] + MARK + text[index:])))
        marked = MARK + value if isinstance(value, str) else int(f"{MARK}{value}")
        assert after == {**before, way: marked}
        if isinstance(way[-1], str):
            key = ways.index(way, of_key=True)
            assert key < index
            assert (text[key] in "\"'") or text.startswith(way[-1], key)


@pytest.mark.parametrize(
    ("text", "way", "due"),
    [
        ("a = 1", (), 0),
        ("a = 1", ("b",), 0),
        ("[a]\nb = 1", ("a", "c", "d"), 0),
        ("x = 1\n[[a]]\nb = 1\n[[a]]\nc = 1", ("a", 1, "b"), 18),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2", ("a", 1, "b", "c"), 34),
        ('a = """""two""\nlines"""""\nb = 1', ("b",), 30),
        ("a = 1979-05-27 07:32:00 # [b]\nb = true", ("b",), 34),
        ('"\\u0061" = 1', ("a",), 11),
    ],
)
def test_of_a_way_as_much_as_there_is(text: str, way: Way, due: int) -> None:
    tomllib.loads(text)
    assert TomlWays(text).index(way) == due
