"""What a library chooses runs as it would by itself, in the latencies of its protocol."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.jobs.library import communicator
from sims.models.nccl import chosen
from sims.simulation import simulate
from sims.studies.explain.explainer import Explainer
from topologies.named import named

SERVERS = "fat-tree:endpoints=32,radix=16,gpus_per_server=8,rate=400Gbps,nvlink=450GB/s"
PLAIN = "fat-tree:k=4"
OURS = {"ring": "ring", "tree": "chain-tree", "nvls-tree": "hierarchical-tree"}


def job(text: str, **settings: object) -> CollectiveJob:
    found = named(text)
    return CollectiveJob(found.fabric(), topology=found.text, digest=found.digest, **settings)


def test_a_fabric_is_seen_as_nccl_would() -> None:
    fabric = named(SERVERS).fabric()
    of = communicator(fabric, np.arange(32))
    assert (of.ranks, of.nodes, of.nics, of.nvlink, of.nic) == (32, 4, 8, 450e9, 50e9)
    assert (
        of.generation == "hopper"
        and communicator(fabric, np.arange(32), "nccl-ampere").generation == "ampere"
    )
    alone = communicator(named(PLAIN).fabric(), np.arange(16))
    assert (alone.nodes, alone.nics, alone.nvlink) == (16, 1, 0.0)


@pytest.mark.parametrize("size", [8, 64 * 2**10, 2**22, 2**28, 2**34])
def test_what_is_chosen_runs_as_by_itself(size: int) -> None:
    """By the profile of the protocol, as anybody may give it by hand."""
    every = job(SERVERS, routing="adaptive")
    row = every.row("auto:library=nccl", size)
    belief = chosen(communicator(every.fabric, every.placement), "all-reduce", size)
    name, _, rest = row.used.partition(":")
    assert name == OURS[belief.algorithm] and rest.endswith(f"protocol={belief.protocol}")
    kind = (
        "nccl-nvlstree" if belief.algorithm == "nvls-tree" else f"nccl-{belief.algorithm}-{belief.protocol}"
    )
    by_hand = job(SERVERS, routing="adaptive", latency_profile=kind)
    channels = f":channels={min(8, belief.channels)}" if name != "hierarchical-tree" else ""
    assert row.time_s == pytest.approx(by_hand.row(name + channels, size).time_s, rel=1e-12)
    assert row.time_s == every.row(row.used, size).time_s
    assert (row.error_low, row.error_high) == pytest.approx(
        (lambda own: (own.error_low, own.error_high))(by_hand.row(name + channels, size))
    )


def test_rows_say_what_ran_and_run_again() -> None:
    row = job(SERVERS).row("auto:library=nccl,pipeline=8", 2**26)
    assert row.scenario.algorithm == "auto:library=nccl,pipeline=8"
    assert row.used == "hierarchical-tree:pipeline=8,protocol=simple"
    assert simulate(row.scenario) == row
    assert row.key != job(SERVERS).row("auto:pipeline=8", 2**26).key


def test_small_messages_take_what_nccl_believes() -> None:
    """Without bytes there is nothing but the steps, which are counted alike."""
    for text in (SERVERS, PLAIN, "star:endpoints=8,gpus_per_server=8,nvlink=450GB/s"):
        every = job(text, routing="adaptive")
        of = communicator(every.fabric, every.placement)
        row = every.row("auto:library=nccl", 1)
        assert row.time_s == pytest.approx(chosen(of, "all-reduce", 1).time, rel=0.02), row.used


def test_trees_were_faster_than_the_rings_that_nccl_took() -> None:
    """GB200, three domains of 4 and of 8 GPUs, 16 GiB (nccl#1801, GB/s on the bus): nothing is fitted."""
    for gpus, measured in (
        (4, {"ring": 196.8, "chain-tree": 234.6}),
        (8, {"ring": 393.7, "chain-tree": 484.6}),
    ):
        text = f"fat-tree:radix=64,endpoints={3 * gpus},rate=400Gbps,gpus_per_server={gpus},nvlink=900GB/s"
        three = job(text, routing="adaptive")
        for name, due in measured.items():
            assert three.row(f"{name}:protocol=simple", 2**34).busbw_GBps == pytest.approx(due, rel=0.05)


def test_the_shares_of_a_network_and_what_ranks_compute_stay() -> None:
    whole, half = (
        job(SERVERS, routing="adaptive", latency_profile=f"ideal:bandwidth={share},scaleup_bandwidth={share}")
        .row("ring:protocol=simple", 2**36)
        .time_s
        for share in (1, 0.5)
    )
    assert half == pytest.approx(2 * whole, rel=0.01)
    slow = job(SERVERS, routing="adaptive", latency_profile="ideal:reduction=1ns").row(
        "ring:protocol=ll", 2**20
    )
    assert slow.time_s > 2**20 * 1e-9


def test_groups_ranks_and_unequal_servers() -> None:
    """Groups of one rank a server have no NVLink; servers of 8 and 4 have no tree of rails."""
    over = job(SERVERS, groups="tp=8,dp=rest", over="dp").row("auto:library=nccl", 2**20)
    assert "channels=1,protocol=" in over.used
    unequal = job(SERVERS, ranks=12, routing="adaptive").row("auto:library=nccl,pipeline=8", 2**28)
    assert not unequal.used.startswith("hierarchical")


def test_other_collectives() -> None:
    for name, due in (
        ("all-gather", "ring"),
        ("reduce-scatter", "ring"),
        ("broadcast", "chain"),
        ("reduce", "chain"),
    ):
        assert job(SERVERS, collective=name).row("auto:library=nccl", 2**20).used.startswith(f"{due}:")
    assert job(PLAIN, collective="all-gather").row("auto:library=nccl", 2**10).used == "pat:protocol=simple"


def test_explaining_compares_what_nccl_has() -> None:
    one = Explainer(job(SERVERS))
    found = one.explain(one.job.row("auto:library=nccl", 2**16))
    other = next(remedy for remedy in found.remedies if "other algorithm" in remedy.name)
    assert "protocol=" in other.name and "no latency" not in {remedy.name for remedy in found.remedies}
    assert any("protocol" in words for words in found.left_out)


def test_what_no_library_chooses_is_refused() -> None:
    with pytest.raises(
        ParameterError, match=r"auto:library: 'mpi': one of a few words \(legal: nccl, nccl-amp"
    ):
        job(PLAIN).row("auto:library=mpi", 8)
    with pytest.raises(
        ParameterError, match=r"collective: 'all-to-all': NCCL makes it of sends and receives"
    ):
        job(PLAIN, collective="all-to-all").check("auto:library=nccl", [8])
    with pytest.raises(
        ParameterError, match=r"latency_profile: 'nccl-ring-ll': a protocol of NCCL brings its own"
    ):
        job(PLAIN, latency_profile="nccl-ring-ll").check("auto:library=nccl", [8])
    with pytest.raises(
        ParameterError, match=r"latency_profile: 'nccl-ring-ll': a protocol of NCCL brings its own"
    ):
        job(PLAIN, latency_profile="nccl-ring-ll").row("ring:protocol=ll", 8)
    with pytest.raises(
        ParameterError, match=r"ring:protocol: 'fast': one of a few words \(legal: ll, ll128, simple"
    ):
        job(PLAIN).row("ring:protocol=fast", 8)
    with pytest.raises(ParameterError, match=r"recursive-doubling takes no parameter"):
        job(PLAIN).row("recursive-doubling:protocol=ll", 8)


def test_fabrics_of_one_rank_and_of_two() -> None:
    assert isinstance(named("star:endpoints=2").fabric(), Fabric)
    assert job("star:endpoints=2").row("auto:library=nccl", 8).used.endswith("protocol=ll")
