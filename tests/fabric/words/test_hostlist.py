"""Lists of names: published examples, an enumeration by counting, and each rule broken once."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.words.errors import FabricsimError, ParameterError
from fabric.words.hostlist import MOST_NAMES, expand, is_list, split_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # Slurm: scontrol(1), "show hostnames"; slurm.conf(5), NodeName. python-hostlist: README.
        # ClusterShell: "Node sets", with a step and over two dimensions.
        ("tux[1-3]", "tux1 tux2 tux3"),
        ("lx[15,18,32-34]", "lx15 lx18 lx32 lx33 lx34"),
        ("n[9-11],d[01-02]", "n9 n10 n11 d01 d02"),
        (
            "rack[0-1]_b[0-2]",
            "rack0_b0 rack0_b1 rack0_b2 rack1_b0 rack1_b1 rack1_b2",
        ),
        ("node[1-9/4]", "node1 node5 node9"),
        ("da3,dc[1-2]-ipmi", "da3 dc1-ipmi dc2-ipmi"),
        ("lrdn[0001-0003,0040]", "lrdn0001 lrdn0002 lrdn0003 lrdn0040"),
        ("n[098-101]", "n098 n099 n100 n101"),
        ("n[08-9,7]", "n08 n09 n7"),
        ("a[1-2][1-2]", "a11 a12 a21 a22"),
        ("[3-4]", "3 4"),
        (" login1 , login2 ", "login1 login2"),
        ("n[ 1 , 2-3 ]", "n1 n2 n3"),
        ("n2,n1,n2", "n2 n1 n2"),  # an order of ranks: nothing is sorted or joined
    ],
)
def test_published_lists(text: str, names: str) -> None:
    assert expand(text) == names.split()


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), st.integers(1, 5)), min_size=1, max_size=3)
)
def test_ranges_are_what_counting_gives(ranges: list[tuple[int, int, int]]) -> None:
    text = ",".join(f"{low:05}-{low + more}/{step}" for low, more, step in ranges)
    counted = [f"x{n:05}y" for low, more, step in ranges for n in range(low, low + more + 1, step)]
    assert expand(f"x[{text}]y") == counted
    assert expand(f"x[{text}]y,z") == [*counted, "z"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("n[1-3", "brackets close"),
        ("n1-3]", "brackets close"),
        ("n[1,[2-3]]", "brackets close, and hold numbers and no other brackets"),
        ("n[]", "'' is no range"),
        ("n[1,,2]", "'' is no range"),
        ("n[a-c]", "'a-c' is no range: numbers stand in brackets"),
        ("n[1-]", "'1-' is no range"),
        ("n[-2]", "'-2' is no range"),
        ("n[5-3]", "'5-3' is no range: low-high with the low end first"),
        ("n[1-9/0]", "'1-9/0' is no range"),
        ("n[\u0661-\u0663]", "is no range"),
        ("n1,,n2", "a name between two commas is missing"),
        ("", "a name between two commas is missing"),
        ("n[" + "9" * 5000 + "]", "is no range"),
    ],
)
def test_what_is_no_list_is_refused(text: str, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        expand(text)


@pytest.mark.parametrize(
    "text",
    [
        "n[0-999999999]",
        "n[0-999][0-999][0-1]",
        ",".join(["n[1-400000]"] * 3),
        "n" + "[0-99]" * 400,
        "n[0-999999999999999999]",
    ],
)
def test_too_many_are_refused_before_they_are_written(text: str) -> None:
    before = time.process_time()
    with pytest.raises(ParameterError, match=f"stands for [0-9,]+ names: at most {MOST_NAMES:,}"):
        expand(text)
    assert time.process_time() - before < 0.5


def test_quotes_keep_a_comma_and_brackets_too() -> None:
    assert split_names('"leaf, left",n[1,2], x') == ["leaf, left", "n[1,2]", "x"]
    assert split_names('"say ""a,b""",c') == ['say "a,b"', "c"]
    assert is_list("n[1]") and is_list("a,b") and not is_list("lrdn0001 mlx5_0")


@given(st.text(alphabet='n019[]-,/ "x', max_size=40))
def test_any_text_is_a_list_or_a_mistake_of_the_user(text: str) -> None:
    with suppress(FabricsimError):
        assert all(isinstance(name, str) for name in expand(text))
