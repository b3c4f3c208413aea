"""The band of machines: what it is made of, how often it is right, where it widens, where there is none."""

from __future__ import annotations

import csv
import math
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

import sims.models.band as table_of
from fabric import Fabric
from sims.jobs.collective import CollectiveJob
from sims.models.band import Measurements, band_of, kind_of, regime_of
from sims.scenario.row import Row
from sims.show.words.band import band_words
from sims.simulation import simulate
from sims.studies.measured.bands import KINDS, Sample, bands, coverage, samples, student
from topologies import fat_tree

ONE = Sample(system="a", run="", collective="all-reduce", regime="latency", off=0.0, nodes=4, size=8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_is_that_of_the_residuals_and_right_four_times_of_five(kind: str) -> None:
    of = samples(kind)
    path = Path(table_of.__file__).with_name("bands.csv")
    lines = [
        ",".join(line.values())
        for line in csv.DictReader(path.read_text().splitlines())
        if line["kind"] == kind
    ]
    assert lines == [",".join(map(str, astuple(one))) for one in bands(kind, of)]
    # A system or a run is one draw, whatever number of points it has; by points it is little else.
    for left_out in (lambda one: one.system, lambda one: one.run):
        shares = coverage(of, left_out).values()
        assert 0.75 <= np.mean([share for _, share in shares]) <= 0.9
        assert 0.75 <= np.average([share for _, share in shares], weights=[n for n, _ in shares]) <= 0.92


@pytest.mark.parametrize("systems", [3, 12])
def test_a_band_is_that_of_one_more_normal_system(systems: int) -> None:
    """However few they are: the normal distribution's width would hold 68% of three."""
    rng = np.random.default_rng(1)
    inside, trials = 0, 400
    for _ in range(trials):
        means = rng.normal(0.3, 0.5, systems + 1)
        of = [
            replace(ONE, system=str(k), off=means[k] + rng.normal(0, 0.3))
            for k in range(systems)
            for _ in range(20)
        ]
        (every, same) = bands("x", of)
        assert (every.middle, every.half) == (same.middle, same.half)
        inside += abs(means[systems] + rng.normal(0, 0.3) - every.middle) <= every.half
    assert 0.75 < inside / trials < 0.87


def test_students_t_is_that_of_the_printed_tables() -> None:
    """Quantiles 0.9 of Student (Biometrika 6, 1908) and Fisher's tables; 1.2816 of the normal one."""
    printed = {1: 3.078, 2: 1.886, 3: 1.638, 5: 1.476, 10: 1.372, 30: 1.310, 120: 1.289}
    assert {freedom: round(student(freedom), 3) for freedom in printed} == printed
    assert student(1e6) == pytest.approx(1.28155, abs=1e-4)
    assert student(2) > student(2.5) > student(3)


def test_few_systems_share_the_band_of_all_collectives() -> None:
    of = [replace(ONE, system=s, collective=c) for s in "abc" for c in ("all-reduce", "reduce")]
    of += [replace(ONE, system=s, collective="gather") for s in "ab"]
    assert [one.collective for one in bands("x", of)] == ["", "all-reduce", "reduce"]
    assert bands("x", [ONE]) == []


@pytest.mark.parametrize(("share", "regime"), [(1, "latency"), (0.5, "middle"), (0, "bandwidth")])
def test_regimes(share: float, regime: str) -> None:
    assert regime_of(share) == regime


def test_beyond_what_was_measured_it_widens_by_a_tenth_a_doubling() -> None:
    found = [band_of("host-mpi", "all-reduce", 0.9, nodes, 2**20) for nodes in (8, 512, 1024, 2048)]
    widths = [math.log1p(one.high) - math.log1p(one.low) for one in found if one]
    assert widths == pytest.approx(np.array([1, 1, 1.1, 1.2]) * widths[0])
    larger = band_of("host-mpi", "all-reduce", 0.9, 8, 2**31)
    assert larger is not None and larger.doublings == 1.0


def test_kinds_and_where_nothing_was_measured() -> None:
    assert (kind_of("nccl-tree-ll"), kind_of("ib-ndr")) == ("nccl", "ib-ndr")
    assert band_of("ideal", "all-reduce", 0.5, 8, 8) is None
    other = band_of("nccl-ring-ll", "broadcast", 0.9, 8, 1024)
    assert other is not None and not other.same and isinstance(other.of, Measurements)


def row(profile: str, n: int = 64) -> Row:
    fabric = Fabric.from_graph(fat_tree(endpoints=n, radix=16))
    return CollectiveJob(
        fabric, latency_profile=profile, topology=f"fat-tree:endpoints={n},radix=16", digest=""
    ).row("ring", 2**20)


def test_rows_have_the_band_and_words_say_it() -> None:
    one = row("nccl-ring-ll128")
    near = band_of("nccl-ring-ll128", "all-reduce", one.latency_share, 64, 2**20)
    assert near is not None and (one.error_low, one.error_high) == (near.low, near.high)
    assert simulate(one.scenario) == one
    assert "four of five machines took" in band_words(one)
    assert "extrapolated from 32 nodes" in band_words(one)
    assert "extrapolated" not in band_words(row("nccl-ring-ll128", 16))


def test_where_there_is_none_it_says_so_and_old_rows_say_nothing() -> None:
    one = row("ideal")
    assert (one.error_low, one.error_high) == (0, 0)
    assert band_words(one).startswith("none: nothing near was measured that profile ideal")
    values = one.to_dict()
    del values["error_low"], values["error_high"]
    assert Row.from_dict(values) == one
