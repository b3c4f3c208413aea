"""Text with a unit to numbers and back."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.damage.fault import parse_faults
from fabric.damage.upgrade import parse_upgrades
from fabric.words.errors import ParameterError
from fabric.words.units import (
    format_rate,
    format_size,
    format_time,
    parse_rate,
    parse_size,
    parse_sizes,
    parse_time,
)


@pytest.mark.parametrize(
    "seconds, text",
    [
        (86400.0, "1 d"),
        (86399.9, "1 d"),  # what rounds to a day is a day, and not 23 h 60 min
        (3599.6, "1 h"),
        (599.9, "599.9 s"),
        (600.0, "10 min"),
        (754.2, "12 min 34 s"),
        (5400.0, "1 h 30 min"),
        (-5400.0, "-1 h 30 min"),
        (30 * 86400.0, "30 d"),
        (731 * 86400.0, "2 y"),
        (1000 * 31557600.0, "1,000 y"),
        (4.1, "4.1 s"),
        (0.999999, "1 s"),
        (0.99994, "999.9 ms"),
        (0.0, "0 ns"),
    ],
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


_SMALLER = {"min": "s", "h": "min", "d": "h", "y": "d"}


def _of_a_unit(many: int) -> st.SearchStrategy[float]:
    """``many`` whole units, about as often as not: where nothing is left over."""
    return st.sampled_from([600.0, 3600.0, 86400.0, 31557600.0]).map(lambda unit: many * unit)


@given(st.floats(600, 1e12) | st.integers(1, 10**6).flatmap(_of_a_unit))
def test_a_long_time_in_words_is_as_long_within_its_smaller_unit(seconds: float) -> None:
    many, large, *smaller = format_time(seconds).replace(",", "").split()
    assert len(smaller) in (0, 2), "one number and one unit, or two of each"
    rest, small = smaller or ("0", _SMALLER[large])
    assert (
        abs(parse_time(many + large) + parse_time(rest + small) - seconds) <= parse_time("1" + small) * 1.01
    )
    assert parse_time(rest + small) < parse_time("1" + large)


@given(st.floats(0, 1e12), st.sampled_from([1, -1]))
def test_no_part_of_a_time_is_zero(seconds: float, sign: int) -> None:
    """Nothing is said of a unit of which nothing is left: 54 d, and not 54 d 0 h."""
    words = format_time(sign * seconds).lstrip("-").replace(",", "").split()
    if float(words[0]):  # 0 ns is all there is of nothing
        assert all(float(number) for number in words[::2])


@pytest.mark.parametrize(
    "text, value",
    [
        ("400Gbps", 50e9),
        ("400 Gb/s", 50e9),
        ("8bps", 1.0),
        ("1.6Tbps", 200e9),
        ("1e3 kbps", 125e3),
        ("50GB/s", 50e9),
        ("1GiB/s", 2**30),
        (" 100MB/s ", 1e8),
    ],
)
def test_rates(text: str, value: float) -> None:
    assert parse_rate(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text, value",
    [
        ("1.5us", 1.5e-06),
        ("200ns", 2e-07),
        ("2µs", 2e-06),
        ("3ms", 0.003),
        ("1s", 1),
        ("2min", 120),
        ("1h", 3600),
        ("0s", 0),
        (".5d", 43200),
        ("1y", 31557600),
    ],
)
def test_times(text: str, value: float) -> None:
    assert parse_time(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text, value",
    [
        ("8", 8),
        (8, 8),
        ("64MiB", 2**26),
        ("1GB", 10**9),
        ("1G", 2**30),
        ("512k", 2**19),
        ("1.5KiB", 1536),
        ("1TiB", 2**40),
        ("2B", 2),
        ("1T", 2**40),
        ("3kB", 3000),
        ("1e3", 1000),
    ],
)
def test_sizes(text: str | int, value: int) -> None:
    assert parse_size(text) == value and type(parse_size(text)) is int


@pytest.mark.parametrize(
    "text, sizes",
    [
        ("8:128:x4", (8, 32, 128)),
        ("8:16G:x4", tuple(8 * 4**i for i in range(16))),
        ("1:10:+3", (1, 4, 7, 10)),
        ("1KiB:4KiB:+1KiB", (1024, 2048, 3072, 4096)),
        ("8,1KiB,1GB", (8, 1024, 10**9)),
        ("5:5:x2", (5,)),
        ("1:4:x1.5", (1, 2, 3)),  # 1, 1.5, 2.25, 3.375: rounded, each once
    ],
)
def test_ranges_of_sizes(text: str, sizes: tuple[int, ...]) -> None:
    assert parse_sizes(text) == sizes


@pytest.mark.parametrize(
    "parse, text, words",
    [
        (parse_rate, "400", "rate: '400': a unit is needed: write it as 400Gbps or 50GB/s"),
        (parse_rate, "400Gib", "unknown unit 'Gib'"),
        (parse_rate, "-1Gbps", "a number with a unit"),
        (parse_rate, "", "a number with a unit"),
        (parse_rate, "0Gbps", "a rate above zero"),
        (parse_rate, "1e400Gbps", "a finite number"),
        (parse_rate, "400gbps", "did you mean 'Gbps'|unknown unit 'gbps'"),
        (parse_time, "1.5", "time: '1.5': a unit is needed: write it as 1.5us or 200ns"),
        (parse_time, "1 fortnight", "unknown unit 'fortnight'"),
        (parse_time, "nan s", "a number with a unit"),
        (parse_size, "0", "a size above zero"),
        (parse_size, "1.5", r"a whole number of bytes \(this is 1.5\)"),
        (parse_size, "10Gbps", "unknown unit 'Gbps'"),
        (parse_sizes, "8:4:x2", "the first size is at most the last"),
        (parse_sizes, "8:16:x1", "the factor after x is a finite number above 1"),
        (parse_sizes, "8:16:xtwo", "the factor after x is a finite number above 1"),
        (parse_sizes, "8:16:xinf", "the factor after x is a finite number above 1"),
        (parse_sizes, "8:16:+0", "a size above zero"),
        (parse_sizes, "8:16", "or a range first:last:xFACTOR or first:last:.STEP"),
        (parse_sizes, "8:16:2", "or a range first:last:xFACTOR or first:last:.STEP"),
        (parse_sizes, "8,8", "each size once"),
        (parse_sizes, "8,,16", "a number with a unit"),
        (parse_sizes, "1:1M:+1", "at most 10,000 sizes in one range"),
        (parse_sizes, "1G:2G:x1.0000001", "at most 10,000 sizes in one range"),
    ],
)
def test_illegal_text(parse, text: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        parse(text)


def test_the_parameter_is_named() -> None:
    with pytest.raises(ParameterError, match=r"^link rate: '5': a unit is needed"):
        parse_rate("5", "link rate")


@pytest.mark.parametrize(
    "size, text",
    [
        (8, "8 B"),
        (1024, "1 KiB"),
        (1536, "1536 B"),
        (2**30, "1 GiB"),
        (3 * 2**40, "3 TiB"),
        (1000, "1000 B"),
        (10**6, "1 MB"),
        (10**9, "1 GB"),
        (2**26, "64 MiB"),
        (1234567 * 1024, "1.2642 GB"),
        (4097 * 2**20, "4097 MiB"),
    ],
)
def test_sizes_as_text(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 19), st.integers(1, 99))
def test_a_size_that_is_written_in_binary_reads_back(bits: int, mantissa: int) -> None:
    assert parse_size(format_size(mantissa << bits)) == mantissa << bits


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0 ns"), (1.23e-5, "12.3 us"), (2e-9, "2 ns"), (0.25, "250 ms"), (90.0, "90 s"), (-1e-3, "-1 ms")],
)
def test_times_as_text(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


@pytest.mark.parametrize(
    "rate, text",
    [(50e9, "400 Gbps"), (1.0, "8 bps"), (2e14, "1.6 Pbps"), (125e3, "1 Mbps"), (2e11, "1.6 Tbps")],
)
def test_rates_as_text(rate: float, text: str) -> None:
    assert format_rate(rate) == text


@pytest.mark.parametrize(
    "read",
    [parse_rate, parse_time, parse_sizes, parse_upgrades, partial(parse_faults, "fail")],
)
@pytest.mark.parametrize(
    "text",
    [
        "1" + " " * 50_000 + "!",
        "leaf" + " " * 50_000 + "!",
        "9" * 50_000 + "!",
        "1e" + "3" * 400,
        "1e999999999",
        "cables=" + "9" * 5000,
    ],
)
def test_long_texts_are_taken_or_refused_at_once(read: Callable[[str], object], text: str) -> None:
    began = time.process_time()
    with suppress(ParameterError):
        read(text)
    assert time.process_time() - began < 2  # the square of 50,000 took four and more


@pytest.mark.parametrize("text", ["1,5GiB", "8,1KiB,2,5GiB", "0,5M", "1,5MB,8MB"])
def test_a_decimal_comma_is_no_list_of_sizes(text: str) -> None:
    with pytest.raises(ParameterError, match=r"may be .*\..*, or .* B and .*: write"):
        parse_sizes(text)


@pytest.mark.parametrize(
    ("text", "sizes"), [("8,1KiB,1GiB", (8, 2**10, 2**30)), ("1B,5GiB", (1, 5 * 2**30)), ("8,512", (8, 512))]
)
def test_a_list_with_one_reading_stays_one(text: str, sizes: tuple[int, ...]) -> None:
    assert parse_sizes(text) == sizes


@pytest.mark.parametrize("power", range(300))
def test_no_quantity_fills_a_line(power: int) -> None:
    for words in (format_size(10.0**power), format_time(10.0**power), format_time(-(10.0**power))):
        assert len(words) <= 20, words
