"""Failure rates: the published totals come out of the constants; texts are read and written alike."""

import math

import pytest

from fabric.words.errors import ParameterError
from sims.models.goodput.hazards import PARTS, PROFILES, UNITS, parse_hazards

DAY = 86400.0


def test_llama3_has_419_interruptions_in_54_days_on_16384_gpus():
    one = PROFILES["llama3"]
    units = {"gpu": 16384, "host": 2048, "nic": 16384, "link": 16384, "software": 16384}
    counts = {unit: round(54 * DAY * count * one.rate(unit), 6) for unit, count in units.items()}
    assert counts == {"gpu": 268, "host": 46, "nic": 7, "link": 35, "software": 63}
    assert sum(counts.values()) == 419
    assert one.rate("switch") == 0


def test_rsc_1_gives_the_published_times():
    # 6.50 failures per 1,000 node-days: 1.8 h at 16,384 GPUs, 0.23 h at 131,072.
    for gpus, hours in ((16384, 1.8), (131072, 0.23)):
        assert 1 / (gpus / 8 * PROFILES["rsc-1"].rate("host")) / 3600 == pytest.approx(hours, abs=0.005)


def test_texts():
    assert parse_hazards("llama3").spec == "llama3"
    assert parse_hazards("LLAMA3:link_mttr=4h").spec == "llama3"
    text = "llama3:gpu_mtbf=never,switch_mtbf=20y"
    assert parse_hazards(text).spec == text
    assert parse_hazards("quiet:gpu_mtbf=2/1y").gpu_mtbf == pytest.approx(365.25 * DAY / 2)
    assert parse_hazards("quiet:gpu_mtbf= 1 / 5d ").spec == "quiet:gpu_mtbf=5d"
    changed = parse_hazards("llama3").changed("gpu", 2.0)
    assert changed.rate("gpu") == parse_hazards("llama3").rate("gpu") / 2
    assert math.isclose(parse_hazards(changed.spec).rate("gpu"), changed.rate("gpu"), rel_tol=1e-9)
    assert [f"{unit}_mtbf" for unit in UNITS] == [part for part in PARTS if part.endswith("mtbf")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("llama4", r"no profile of failure rates \(did you mean 'llama3'"),
        ("llama3:gpu=5y", "unknown constant .legal: gpu_mtbf, "),
        ("llama3:gpu_mtbf=5y,gpu_mtbf=5y", "given twice"),
        ("llama3:gpu_mtbf=5", r"a time \(5y\), a rate \(6.5/1000d\) or never: a unit is needed"),
        ("llama3:gpu_mtbf=6.5/1000", "a unit is needed"),
        ("llama3:gpu_mtbf=0/1000d", "write never for what does not fail"),
        ("llama3:gpu_mtbf=-5y", "write never for what does not fail"),
        ("llama3:link_mttr=never", "a number with a unit"),
        ("llama3:link_mttr=1/4h", "a number with a unit"),
        ("llama3:gpu_mtbf=1ns", "from a millisecond"),
    ],
)
def test_illegal_texts(text, rule):
    with pytest.raises(ParameterError, match=rule):
        parse_hazards(text)
