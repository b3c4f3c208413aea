"""Every number of `routing compare`, in rows and in lines, against a demand that can be shared by eye."""

from __future__ import annotations

import numpy as np
import pytest

from fabric import Fabric
from fabric.routing.policies import parse_policy
from fabric.words.errors import ParameterError
from sims.jobs import uniform
from sims.jobs.demand import Demand, demand
from sims.jobs.routing_compare import Balance, TierLoad, balance_rows, balances, parse_policies
from sims.show.words.routing_compare import balance_lines
from topologies import load

# 0 and 1 to 3, 2 to 4, on one switch at 50 GB/s: the link into 3 is shared, that into 4 is not.
DEMAND = Demand(text="by hand", src=np.array([0, 1, 2]), dst=np.array([3, 3, 4]))


@pytest.fixture(scope="module")
def star() -> Fabric:
    return Fabric.from_graph(load("star:endpoints=5,rate=400Gbps"))


def test_rows_are_in_gigabytes_per_second_and_loads_in_shares(star: Fabric) -> None:
    """Rates 25, 25, 50 GB/s; the link into 3 carries twice its share, which is load 1; half of it is 0.5."""
    (found,) = balances(star, DEMAND, [parse_policy("dmodk")])
    up, down = balance_rows([found], topology="star", traffic="by hand")
    if up["kind"].startswith(("leaf", "switch")):  # type: ignore[attr-defined]
        up, down = down, up
    for row in (up, down):
        assert row["flows"] == 3 and row["sampled_flows"] == 0 and row["links"] == 5
        assert row["slowest_GBps"] == pytest.approx(25.0)
        assert row["mean_GBps"] == pytest.approx(100 / 3)
        assert row["full_GBps"] == pytest.approx(25.0)
        # Of three flows in order the second is the least with at least half of the way below it.
        quantiles = row["rate_quantiles_GBps"]
        assert isinstance(quantiles, list) and len(quantiles) == 201
        assert (quantiles[0], quantiles[100], quantiles[200]) == pytest.approx((25.0, 25.0, 50.0))
    # Out of 0, 1, 2: 0.5 each, and nothing out of the receivers: 0, 0, 0.5, 0.5, 0.5 in order.
    assert [up[f"load_{name}"] for name in ("mean", "median", "p99", "most")] == pytest.approx(
        [0.3, 0.5, 0.5, 0.5]
    )
    # Into the receivers 1 and 0.5: 0, 0, 0, 0.5, 1 in order. Rank 0.99 x 4 is below the last.
    assert [down[f"load_{name}"] for name in ("mean", "median", "p99", "most")] == pytest.approx(
        [0.3, 0.0, 0.5, 1.0]
    )
    assert (up["used"], down["used"]) == pytest.approx((0.6, 0.4))


def test_queue_pairs_divide_a_flow_and_add_up_again(star: Fabric) -> None:
    """On one switch all queue pairs take one way, so their number changes nothing."""
    one, four = balances(star, DEMAND, [parse_policy("ecmp"), parse_policy("ecmp:qps=4")])
    assert four.quantiles == pytest.approx(one.quantiles) and four.full == pytest.approx(one.full)
    assert [tier.mean for tier in four.tiers] == pytest.approx([tier.mean for tier in one.tiers])
    assert four.flows == 3


def test_lines_show_the_ranks_that_their_titles_name(star: Fabric) -> None:
    """Quantiles that are their own rank: 1% is the third of 201, the median the 101st."""
    loads = tuple(float(rank) for rank in range(201))
    tier = TierLoad(
        kind="a -> b", links=7, used=0.25, mean=3.0, median=100.0, p99=198.0, most=200.0, quantiles=loads
    )
    shown = Balance(
        routing="dmodk",
        flows=201,
        slowest=1e9,
        mean=90e9,
        full=200e9,
        quantiles=tuple(rank * 1e9 for rank in loads),
        tiers=(tier,),
    )
    lines = list(balance_lines("star", star, DEMAND, [shown]))
    assert any("full: 200 GB/s" in line for line in lines)
    (rates,) = [line for line in lines if line.startswith("dmodk")]
    assert rates.split()[1:] == ["1.00", "0.5%", "2.00", "100.00", "90.00"]
    head, units = lines[lines.index(rates) - 2 : lines.index(rates)]
    assert units.split() == ["(GB/s)", "of", "full", "(GB/s)", "(GB/s)", "(GB/s)"]
    assert len(head) == len(units) == len(rates)
    (tiers,) = [line for line in lines if line.startswith("a -> b")]
    assert tiers.split()[3:] == ["dmodk", "25.0%", "3.000", "100.000", "198.000", "200.000"]


def test_the_99_percent_of_a_tier_is_its_own_rank() -> None:
    """Endpoint i of 201 sends i flows over its own link: the loads are 0 to 200 of 200, each once."""
    wide = Fabric.from_graph(load("star:endpoints=201"))
    src = np.repeat(np.arange(201), np.arange(201))
    turn = np.arange(len(src)) - np.repeat(np.cumsum(np.arange(201)) - np.arange(201), np.arange(201))
    traffic = Demand(text="a ramp", src=src, dst=(src + 1 + turn) % 201)
    (found,) = balances(wide, traffic, [parse_policy("dmodk")])
    (up,) = [tier for tier in found.tiers if tier.kind.startswith("endpoint")]
    assert (up.median, up.p99, up.most) == pytest.approx((100 / 200, 198 / 200, 1.0))
    assert up.quantiles == pytest.approx([rank / 200 for rank in range(201)])


@pytest.mark.parametrize("most_listed", [uniform._MOST_LISTED, 1])
def test_all_to_all_on_a_switch(star: Fabric, monkeypatch: pytest.MonkeyPatch, most_listed: int) -> None:
    """5 x 4 flows, four on each cable: a quarter of 50 GB/s each, listed or not."""
    monkeypatch.setattr(uniform, "_MOST_LISTED", most_listed)
    (found,) = balances(star, demand("alltoall", star), [parse_policy("dmodk")])
    assert found.flows == 20
    rates = (found.slowest, found.mean, found.full, found.quantiles[0], found.quantiles[-1])
    assert rates == pytest.approx((12.5e9,) * 5)
    assert [(tier.used, tier.mean, tier.most) for tier in found.tiers] == [pytest.approx((1, 1, 1))] * 2


def test_one_flow_on_a_link_is_a_load_and_thirds_of_flows_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two leaves of one endpoint and three spines: a flow each way, whole or in thirds."""
    thin = Fabric.from_graph(load("leaf-spine:leaves=2,spines=3,endpoints_per_leaf=1"))
    monkeypatch.setattr(uniform, "_MOST_LISTED", 1)
    for routing in ("dmodk", "spray"):
        (found,) = balances(thin, demand("alltoall", thin), [parse_policy(routing)])
        assert (found.flows, found.slowest, found.mean) == (2, pytest.approx(50e9), pytest.approx(50e9))
    narrow = Fabric.from_graph(load("leaf-spine:leaves=2,spines=3,endpoints_per_leaf=1,trunk_rate=10GB/s"))
    (found,) = balances(narrow, demand("alltoall", narrow), [parse_policy("spray")])
    assert found.slowest == pytest.approx(30e9)


def test_what_no_list_could_hold_is_known_before_there_is_a_fabric() -> None:
    """Loads are known without a list, in trees or elsewhere, or the list is short."""
    for routing in ("dmodk", "ecmp", "spray", "adaptive"):
        uniform.require_known(parse_policy(routing), 100_000)
    uniform.require_known(parse_policy("ugal"), 500)
    with pytest.raises(ParameterError, match=r"alltoall of 100,000 endpoints under ugal.*at about 707"):
        uniform.require_known(parse_policy("ugal"), 100_000)


def test_the_way_inside_a_server_is_measured_by_itself() -> None:
    """0 to its neighbour: the cable into the scale-up switch bounds it, and no NIC's."""
    fabric = Fabric.from_graph(load("fat-tree:k=4,gpus_per_server=2"))
    inside = Demand(text="a pair", src=np.array([0]), dst=np.array([1]))
    up = (fabric.link_src == 0) & (fabric.link_dst == fabric.scaleup[0])
    (found,) = balances(fabric, inside, [parse_policy("dmodk")])
    assert found.full == found.slowest == pytest.approx(float(fabric.capacity[up][0]))


def test_policies_are_those_of_seed_zero_unless_told() -> None:
    assert parse_policies("ecmp,dmodk") == [parse_policy("ecmp", 0), parse_policy("dmodk", 0)]
    assert parse_policies("ecmp", 3) == [parse_policy("ecmp", 3)] != parse_policies("ecmp")


@pytest.mark.parametrize("routing", ["dmodk", "adaptive", "spray", "valiant", "ugal"])
def test_a_policy_without_queue_pairs_sends_each_transfer_once(routing: str) -> None:
    assert parse_policy(routing).qps == 1
