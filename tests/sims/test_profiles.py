"""Latency profiles: parsed, summed along a path, refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from fabric import Dmodk, Fabric, route
from fabric.errors import ParameterError
from sims.profiles import DEFAULT_PROFILE, PROFILES, latency_profile, link_latency
from topologies import fat_tree


def test_names_and_overrides() -> None:
    assert set(PROFILES) == {"ideal", "roce-400g", "ib-ndr"} and DEFAULT_PROFILE in PROFILES
    assert latency_profile("ib-ndr") == latency_profile("ib-ndr:") == PROFILES["ib-ndr"]
    changed = latency_profile("ib-ndr:switch_latency=1ms,overhead=2s")
    assert changed == replace(PROFILES["ib-ndr"], switch_latency=1e-3, overhead=2.0)


@pytest.mark.parametrize(
    ("name", "under_a_leaf"), [("roce-400g", 3.6e-6), ("ib-ndr", 2.8e-6), ("ideal", 50e-9)]
)
def test_a_message_under_one_leaf_takes_the_published_time(name: str, under_a_leaf: float) -> None:
    fabric = Fabric.from_graph(fat_tree(k=4))
    paths = route(fabric, np.array([0]), np.array([1]), Dmodk())
    assert paths.total(link_latency(fabric, PROFILES[name])).tolist() == pytest.approx([under_a_leaf])


def test_two_more_switches_and_their_cables_are_two_more_hops_of_the_published_time() -> None:
    fabric = Fabric.from_graph(fat_tree(k=4))
    paths = route(fabric, np.array([0, 0]), np.array([1, 2]), Dmodk())
    near, far = paths.total(link_latency(fabric, PROFILES["roce-400g"]))
    assert far - near == pytest.approx(2 * 0.725e-6)


def test_inside_a_server_nvlink_has_its_own_overhead() -> None:
    fabric = Fabric.from_graph(fat_tree(endpoints=16, radix=16, gpus_per_server=8))
    paths = route(fabric, np.array([0]), np.array([1]), Dmodk())
    profile = latency_profile("ideal:scaleup_overhead=1us,scaleup_switch_latency=100ns")
    assert paths.total(link_latency(fabric, profile)).tolist() == pytest.approx([1.1e-6 + 2 * 5e-9])


def test_a_profile_prints_its_constants() -> None:
    text = str(latency_profile("roce-400g"))
    assert text.startswith("roce-400g (overhead=3.075us, switch_latency=475ns")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("roce", r"latency-profile: 'roce': unknown profile \(did you mean 'roce-400g'"),
        (
            "ib-ndr:overhed=1us",
            r"latency-profile ib-ndr: 'overhed': unknown constant \(did you mean 'overhead'",
        ),
        ("ib-ndr:overhead=1", r"overhead: '1': a unit is needed"),
        ("ib-ndr:overhead", r"overhead: '': a number with a unit"),
        ("ib-ndr:overhead=-1us", r"overhead: '-1us': a number with a unit"),
        ("ib-ndr:overhead=1us,overhead=2us", r"overhead: '2us': given twice"),
    ],
)
def test_illegal_texts(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        latency_profile(text)


@pytest.mark.parametrize("value", [-1e-6, math.nan, math.inf])
def test_illegal_constants(value: float) -> None:
    with pytest.raises(
        ParameterError, match=r"latency-profile ideal: switch_latency: .*: seconds, zero or more"
    ):
        replace(PROFILES["ideal"], switch_latency=value)
