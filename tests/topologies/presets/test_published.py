"""Published figures that are not a preset's: each row of the sources, as a property of a family."""

import pytest
from clusters import cluster_of

from fabric import Fabric
from fabric.measures.measure import measure
from fabric.measures.subnet import UNICAST_LIDS, subnet_lids
from topologies import fat_tree, load
from topologies.families.multi_plane import multi_plane


@pytest.mark.parametrize("k", [4, 8, 16, 48, 64, 74])
def test_k_ary_tree_of_al_fares(k: int) -> None:
    """SIGCOMM 2008: k^3/4 hosts, 5k^2/4 switches, k^3/2 cables between switches."""
    shape = cluster_of(fat_tree, k=k).shape
    assert shape.endpoints == k**3 // 4
    assert sum(shape.switches) == 5 * k**2 // 4
    assert sum(shape.cable_counts[1:]) == k**3 // 2


def test_k_48_has_27648_hosts() -> None:
    """HPN, SIGCOMM 2024, Table 1. Its 2,304 paths are k^2; shortest paths between pods are (k/2)^2 = 576.

    The second is Al-Fares' figure, and what counting gives: 24 spines times 24 cores, the way down forced.
    """
    m = measure(Fabric.from_graph(fat_tree(k=48)))
    assert m.endpoints == 27_648
    assert m.diversity[-1] == (4, 24 * 24, 24 * 24)
    assert 2_304 == 48**2 == 4 * 24 * 24


@pytest.mark.parametrize(("radix", "most"), [(64, 65_536), (128, 524_288)])
def test_most_that_three_tiers_hold(radix: int, most: int) -> None:
    """SemiAnalysis, "100,000 H100 clusters"."""
    assert cluster_of(fat_tree, endpoints=most, radix=radix).shape.tiers == 3
    assert cluster_of(fat_tree, endpoints=most + 1, radix=radix).shape.tiers == 4


def test_100000_endpoints_on_128_ports_need_at_least_1563_1563_782() -> None:
    """The arithmetic of ports; whole pods and planes take a few more."""
    leaf, spine, core = cluster_of(fat_tree, endpoints=100_000, radix=128).shape.switches
    assert leaf == -(-100_000 // 64) == 1_563
    assert spine >= 1_563 and core >= -(-1_563 * 64 // 128) == 782
    assert (spine, core) == (25 * 64, 64 * 16)  # 25 whole pods; 16 cores for each of 64 planes


def test_131072_gpus_at_400g_have_52_pbps() -> None:
    """OCI: 131,072 GPUs, three-tier Clos, 400G, non-blocking, 52 Pb/s."""
    shape = cluster_of(fat_tree, endpoints=131_072, radix=128).shape
    assert shape.tiers == 3
    assert all(count >= 131_072 for count in shape.cable_counts)
    assert int(131_072 * 400e9 / 1e15) == 52


def test_one_subnet_has_49151_unicast_lids() -> None:
    """OpenSM, ib_types.h: 0x0001 to 0xBFFF; one per endpoint port and one per switch."""
    assert UNICAST_LIDS == 0xBFFF == 49_151
    fits, fails = (subnet_lids(Fabric.from_graph(load(f"fat-tree:k={k}"))) for k in (8, 60))
    assert fits.lids == 128 + 80 and fits.lids <= UNICAST_LIDS
    assert fails.lids == 54_000 + 4_500 > UNICAST_LIDS


def test_two_tiers_of_planes_take_three_fifths_of_three_tiers_of_switches() -> None:
    """MRC, arXiv:2605.04333, as reported: 131,072 GPUs in 8 planes of 100G on 512-port leaves."""
    planes = cluster_of(multi_plane, planes=8, endpoints=131_072, radix=512).shape
    assert planes.tiers == 2
    # Three tiers of the same chips, as 64 ports of 800G, take five switches for each 64 endpoints.
    assert sum(planes.switches) / (131_072 / 64 * 5) == pytest.approx(3 / 5)
