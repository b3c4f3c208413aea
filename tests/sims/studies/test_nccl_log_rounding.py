"""A busbw is that of size and time, or of the algbw that is printed beside it: each as it is rounded."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_nccl_log import read, without_devices
from test_nccl_log_forms import LOG

from fabric.words.errors import FileFormatError
from sims.studies.nccl_log.entry import Entry, agrees, entry, rounded_twice


def printed(size: int, time: float, algbw: float, busbw: float, digits: int = 2) -> Entry:
    numbers = {"time": f"{time:.2f}", "algbw": f"{algbw:.{digits}f}", "busbw": f"{busbw:.{digits}f}"}
    return entry(str, size, name="", in_place=False, wrong="0", redop="sum", root="-1", **numbers)


@given(st.integers(8, 2**34), st.floats(5, 1e5), st.integers(2, 4096), st.integers(1, 4), st.integers(-3, 3))
def test_each_way_of_rounding_is_one_and_a_digit_beyond_both_is_none(
    size: int, time: float, ranks: int, digits: int, off: int
) -> None:
    factor, algbw = 2 * (ranks - 1) / ranks, size / time / 1e3
    once = printed(size, time, algbw, factor * algbw, digits)
    twice = printed(size, time, algbw, factor * float(once.algbw), digits)
    assert agrees(once, once.busbw, factor) and rounded_twice(twice, factor)
    unit = 10.0**-digits
    assume(float(once.busbw) + off * unit >= 0)
    changed = printed(size, time, algbw, float(once.busbw) + off * unit, digits)
    # Two units and what half a unit of the time makes of busbw: further away than either way of rounding.
    assume(abs(off) * unit > unit * (1 + factor / 2) + factor * algbw * 0.006 / time)
    assert not agrees(changed, changed.busbw, factor) and not rounded_twice(changed, factor)


# size / time x 1.5 is 42.6134: of the algbw 28.41, as printed, 42.615.
@pytest.mark.parametrize("told", [True, False])
def test_a_busbw_of_the_printed_algbw_is_rounding(told: bool, tmp_path: Path) -> None:
    text = LOG.replace("42.61", "42.62") if told else without_devices(LOG.replace("42.61", "42.62"))
    assert read(text, tmp_path).ranks == 4
    with pytest.raises(
        FileFormatError, match=r"busbw 42\.63 is not size / time x 1\.5 .* other than 4 ranks"
    ):
        read(LOG.replace("42.61", "42.63"), tmp_path)
