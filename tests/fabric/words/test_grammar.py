"""The one grammar: what is written is read back, spaces count for nothing, each mistake is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.words.errors import ParameterError
from fabric.words.grammar import read_arguments, read_list, read_named, write_named
from fabric.words.parameter import PATH, WHOLE

WORD = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
VALUE = st.from_regex(r"[A-Za-z0-9./:%-]{1,8}", fullmatch=True)
GIVEN = st.dictionaries(WORD, VALUE, max_size=4)
SPACE = st.sampled_from(["", " ", "\t "])


@given(WORD, GIVEN, SPACE)
def test_what_is_written_is_read_back_with_spaces_anywhere(
    name: str, texts: dict[str, str], space: str
) -> None:
    written = write_named(name, texts)
    spread = written if not texts else name + space + ":" + written[len(name) + 1 :]
    spread = spread.replace(",", f"{space},{space}").replace("=", f"{space}={space}") + space
    assert read_named("thing", spread) == (name, texts)
    assert read_named("thing", spread + ("," if texts else "")) == (name, texts)


@given(st.lists(st.tuples(WORD, GIVEN), min_size=1, max_size=4))
def test_a_list_is_read_as_its_items(items: list[tuple[str, dict[str, str]]]) -> None:
    assert read_list("thing", ",".join(write_named(*one) for one in items)) == items


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ecmp:qps=1,qps=2", "routing ecmp: qps: '2': given twice, '1' before"),
        ("ecmp:qps", "routing ecmp: 'qps': key=value is needed"),
        ("ecmp:qps=", "routing ecmp: 'qps=': key=value is needed"),
        ("ecmp:=4", "routing ecmp: '=4': key=value is needed"),
    ],
)
def test_mistakes(text: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        read_named("routing", text)


def test_a_setting_without_a_name_before_it() -> None:
    with pytest.raises(ParameterError, match="algorithm: 'channels=2': a setting needs the name"):
        read_list("algorithm", "channels=2,ring")


def test_arguments_are_typed_and_a_path_is_all_that_follows() -> None:
    parts = {"file": PATH, "k": WHOLE}
    assert read_arguments("thing", "k=8", parts) == {"k": 8}
    assert read_arguments("thing", "file=a,k=8.csv", parts) == {"file": "a,k=8.csv"}
    assert read_arguments("thing", "k=8,file=a", parts) == {"k": 8, "file": "a"}
    with pytest.raises(ParameterError, match="routing x: k: 'y': a whole number"):
        read_arguments("thing", "k=y", parts, prefix="routing x: ")
