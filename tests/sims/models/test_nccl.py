"""NCCL's beliefs are its published formulas, written out here by hand; its choices are where these cross."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from sims.models.nccl import GENERATIONS, Belief, Communicator, beliefs, chosen


def h100(nodes: int) -> Communicator:
    return Communicator(ranks=8 * nodes, nodes=nodes, nics=8, nvlink=450e9, nic=50e9, generation="hopper")


def believed(of: Communicator, collective: str, size: float) -> dict[tuple[str, str], Belief]:
    return {(one.algorithm, one.protocol): one for one in beliefs(of, collective, size)}


def choice(of: Communicator, size: float, collective: str = "all-reduce") -> tuple[str, str]:
    one = chosen(of, collective, size)
    return one.algorithm, one.protocol


def test_channels_are_those_that_nccl_logs() -> None:
    """Servers of eight H100 or H200: 12 at 30 GB/s and NVLS 8 at 40/60 alone (nccl#1197), 8 at 48 with eight
    NICs of 400G (a log of NCCL 2.28.9, weiziyang.wiki, 2026); of eight A100, 12 at 20.
    """
    assert h100(1).search() == (12, 30.0) and h100(1).heads() == (8, 40.0, 60.0)
    assert h100(2).search() == h100(512).search() == (8, 48.0)
    a100 = Communicator(ranks=8, nodes=1, nics=8, nvlink=300e9, nic=25e9, generation="ampere")
    assert a100.search() == (12, 20.0)


def test_small_messages_take_the_latencies_of_the_table() -> None:
    """4 servers of eight: trees base + 2 (7 NVLink + 2 NET); rings 62 steps, 6 between servers, none below
    1 us (Simple: 3 us) inside; a LL ring's 32 bytes are far from the plateau.
    """
    found = {key: one.time * 1e6 for key, one in believed(h100(4), "all-reduce", 32).items()}
    tree = {"ll": 6.8 + 2 * (7 * 0.6 + 2 * 5), "ll128": 14 + 2 * (7 * 1.25 + 2 * 8.5)}
    ring = {"ll": 6.6 + 56 * 1.0 + 6 * 2.7, "ll128": 14 + 56 * 1.9 + 6 * 4, "simple": 8.4 + 56 * 3.4 + 6 * 14}
    for protocol, due in tree.items():
        assert found["tree", protocol] == pytest.approx(due, abs=0.01)
    for protocol, due in ring.items():
        assert found["ring", protocol] == pytest.approx(due, abs=0.01)
    assert found["nvls-tree", "simple"] == pytest.approx(25 + 2 * 2 * 20.9, abs=0.01)
    assert choice(h100(4), 32) == ("tree", "ll")


def test_an_all_reduce_of_256_a100_takes_what_was_measured() -> None:
    """62 to 65 us for 32 bytes on 32 servers with four HDR each (nccl#652)."""
    of = Communicator(ranks=256, nodes=32, nics=8, nvlink=300e9, nic=12.5e9, generation="ampere")
    assert choice(of, 32) == ("tree", "ll")
    assert chosen(of, "all-reduce", 32).time * 1e6 == pytest.approx(63.5, rel=0.04)


def test_what_nccl_logged_and_what_was_measured_of_h100() -> None:
    """3 servers, 256 KiB: an older NCCL logged algorithm 0, protocol 1 and 54.7 us (nccl#1453). 16 servers,
    up to 512 B: 62 us were measured (nccl#1469, NCCL 2.20.5). Neither has gone into the model.
    """
    assert choice(h100(3), 2**18) == ("tree", "ll128")
    assert chosen(h100(3), "all-reduce", 2**18).time * 1e6 == pytest.approx(54.7, rel=0.06)
    assert chosen(h100(16), "all-reduce", 128).time * 1e6 == pytest.approx(62, rel=0.12)


def test_large_messages_take_their_bytes() -> None:
    size = 2.0**40
    found = {key: size / one.time / 1e9 for key, one in believed(h100(8), "all-reduce", size).items()}
    ring = 64 / (2 * 63)
    assert found["ring", "simple"] == pytest.approx(8 * 48 * ring, rel=1e-3)
    assert found["ring", "ll128"] == pytest.approx(min(8 * 48 * 0.92, 8 * 36.7) * ring, rel=1e-3)
    assert found["ring", "ll"] == pytest.approx(20.4 * ring, rel=1e-3)
    assert found["tree", "simple"] == pytest.approx(min(8 * 48 * 0.92, 8 * 36) / 2, rel=1e-3)
    assert found["tree", "ll128"] == pytest.approx(8 * 29 / 2, rel=1e-3)
    assert found["nvls-tree", "simple"] == pytest.approx(8 * 45.5 * ring, rel=1e-3)
    alone = believed(h100(1), "all-reduce", size)["nvls", "simple"]
    assert size / alone.time / 1e9 * 2 * 7 / 8 == pytest.approx(476, rel=0.01)  # measured: nccl-tests#290


def test_crossings_lie_where_the_formulas_meet() -> None:
    """8 servers of H100: the plateau makes a ring's latency 1.4 times 8.4 + 112 x 3.4 + 14 x 14; NVLSTree has
    25 + 6 x 20.9, and 45.5 GB/s a channel where a ring has 48. 64 KiB: tree LL with a correction of 0.6.
    """
    ring, tree = 1.4 * (8.4 + 112 * 3.4 + 14 * 14) * 1e-6, (25 + 6 * 20.9) * 1e-6
    meet = (ring - tree) / (126 / 64 / (8 * 45.5e9) - 126 / 64 / (8 * 48e9))
    assert choice(h100(8), meet * 0.999) == ("nvls-tree", "simple")
    assert choice(h100(8), meet * 1.001) == ("ring", "simple")
    # All-gather has rings only: LL's latency and half of the bytes against Simple's.
    lat = {"ll": 6.6 + 56 * 1.0 + 7 * 2.7, "ll128": 14 + 56 * 1.9 + 7 * 4}
    rate = {"ll": 20.4e9 * 64 / 63, "ll128": min(8 * 48e9 * 0.92, 8 * 36.7e9) * 64 / 63}
    meet = (lat["ll128"] - lat["ll"]) * 1e-6 / (1 / rate["ll"] - 1 / rate["ll128"])
    assert choice(h100(8), meet * 0.999, "all-gather") == ("ring", "ll")
    assert choice(h100(8), meet * 1.001, "all-gather") == ("ring", "ll128")


def test_trees_are_corrected_at_medium_sizes() -> None:
    """4 MiB, Simple: the factor of 2^16 x 64 B is 0.7; 128 B has 0.9; beyond 256 MiB there is none."""
    of, rate = h100(8), 8 * 36e9 / 2
    lat = (8.4 + 2 * (7 * 4 + 3 * 14)) * 1e-6
    for size, factor in ((128.0, 0.9), (4 * 2.0**20, 0.7), (2.0**30, 1.0)):
        due = lat + size / (rate * factor)
        assert believed(of, "all-reduce", size)["tree", "simple"].time == pytest.approx(due)


def test_one_gpu_a_server_has_pat_and_the_latency_of_trees() -> None:
    of = Communicator(ranks=64, nodes=64, nics=1, nvlink=0.0, nic=50e9, generation="hopper")
    found = believed(of, "all-gather", 64)
    assert found["pat", "simple"].time * 1e6 == pytest.approx(8 + 6 * 14 / 3.5 + 64 * 2.8, abs=0.01)
    assert found["ring", "ll"].time * 1e6 == pytest.approx(6.6 + 63 * 5.0, abs=0.01)
    assert {key[0] for key in found} == {"ring", "pat"}


def test_nccl_believed_in_rings_where_trees_were_faster() -> None:
    """GB200, three domains of 4 and 8 GPUs, NVLS off: NCCL 2.27.3 took a ring of 16 GiB (nccl#1801)."""
    for gpus in (4, 8):
        of = Communicator(ranks=3 * gpus, nodes=3, nics=gpus, nvlink=900e9, nic=50e9, generation="blackwell")
        found = believed(of, "all-reduce", 2.0**34)
        least = min((one for key, one in found.items() if key[0] != "nvls-tree"), key=lambda one: one.time)
        assert (least.algorithm, least.protocol) == ("ring", "simple")


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("nodes", [1, 2, 3, 8, 1000])
def test_beliefs_of_any_machine_are_in_order(generation: str, nodes: int) -> None:
    """More bytes never take less time but where a factor of the table jumps; channels only grow."""
    for per_node in (1, 2, 4, 8, 72):
        for nic in (0.1e9, 12.5e9, 50e9, 100e9):
            of = Communicator(
                ranks=nodes * per_node, nodes=nodes, nics=per_node, nvlink=450e9 * (per_node > 1), nic=nic,
                generation=generation,
            )  # fmt: skip
            if of.ranks == 1:
                continue
            for collective in ("all-reduce", "all-gather", "reduce-scatter", "broadcast", "reduce"):
                curves = [believed(of, collective, 2.0**k) for k in range(0, 40, 3)]
                assert all(0 < one.time < math.inf for curve in curves for one in curve.values())
                for less, more in pairwise(curves):
                    for key, one in less.items():
                        assert one.channels <= more[key].channels
                        assert key[0] == "tree" or one.time <= more[key].time or key[0] == "nvls-tree"
