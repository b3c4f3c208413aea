"""Policies side by side: closed forms, loads of all to all listed and not, rows, figure, command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fabric import Fabric, carrier, max_min, route
from fabric.graph.contraction import members
from fabric.routing.policies import Policy, parse_policy
from fabric.words.errors import ParameterError
from sims.cli.main import app
from sims.jobs import uniform
from sims.jobs.demand import TRAFFIC, check_demand, demand
from sims.jobs.routing_compare import Balance, balance_rows, balances, parse_policies
from sims.show.figures import balance_figure, save_figure
from topologies import dragonfly, fat_tree, load

B = 50e9


@pytest.fixture(scope="module")
def eight() -> Fabric:
    return Fabric.from_graph(fat_tree(k=8))


def one(fabric: Fabric, traffic: str, routing: str, seed: int = 0) -> Balance:
    (found,) = balances(fabric, demand(traffic, fabric, seed=seed), [parse_policy(routing, seed)], seed)
    return found


# --- demands ---


def test_patterns_and_phases(eight: Fabric) -> None:
    shift = demand("shift:3", eight)
    assert np.array_equal(shift.dst, (np.arange(128) + 3) % 128) and shift.via is None and not shift.drawn
    every = demand("alltoall", eight)
    assert every.everyone and not len(every.src) and not len(every.dst)
    assert demand("permutation", eight).drawn
    ring = demand("allreduce", eight)
    assert np.array_equal(ring.dst, (ring.src + 1) % 128)
    assert ring.note == "ring, its one phase: 128 transfers at once"
    # Bytes halve round by round; the third is the first between leaves, which hold four.
    halving = demand("allreduce:halving-doubling", eight)
    assert np.array_equal(halving.src ^ halving.dst, np.full(128, 4)) and "phase 3 of 14" in halving.note


def test_a_ring_of_servers_leaves_by_its_relays() -> None:
    fabric = Fabric.from_graph(fat_tree(k=8, gpus_per_server=4))
    ring = demand("allreduce:ring", fabric)
    assert ring.via is not None and np.any(ring.via >= 0)
    assert one(fabric, "allreduce:ring", "adaptive").slowest == pytest.approx(B)


@pytest.mark.parametrize(
    "text, options, words",
    [
        ("shfit", {}, "traffic: 'shfit': unknown traffic .did you mean 'shift'"),
        ("alltoall:3", {}, "traffic: 'alltoall:3': alltoall takes no parameter"),
        ("shift", {"ranks": 8}, "ranks: 8: applies to allreduce:ALGORITHM only: shift takes all endpoints"),
        ("alltoall", {"placement": "random"}, "placement: 'random': applies to allreduce:ALGORITHM only"),
        ("allreduce:rinf", {}, "unknown"),
        ("allreduce:ring", {"placement": "nowhere"}, "placement: 'nowhere'"),
    ],
)
def test_illegal_demands(text: str, options: dict, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        check_demand(text, **options)
    assert set(TRAFFIC) == {"permutation", "shift", "incast", "alltoall", "allreduce"}


def test_policies_with_several_parameters() -> None:
    names = [str(policy) for policy in parse_policies("ecmp:qps=2,salt=none, dmodk,valiant:paths=3")]
    assert names == ["ecmp:qps=2,salt=none", "dmodk", "valiant:paths=3"]
    with pytest.raises(ParameterError, match="routing: 'ecmp:qps=1': named twice"):
        parse_policies("ecmp:qps=1,ecmp:qps=1")


# --- what comes out ---


def test_a_full_shift_is_free_of_contention_under_dmodk(eight: Fabric) -> None:
    found = one(eight, "shift", "dmodk")
    assert found.slowest == found.mean == found.full == pytest.approx(B)
    assert all(tier.most == pytest.approx(1.0) for tier in found.tiers)


def test_incast_is_bound_by_the_receiver(eight: Fabric) -> None:
    """127 senders, one receiver: its link is full at load 1, and what leads there carries less."""
    found = one(eight, "incast", "ecmp")
    assert found.flows == 127 and found.slowest == pytest.approx(B / 127) == pytest.approx(found.full)
    tiers = {tier.kind: tier for tier in found.tiers}
    assert tiers["leaf -> endpoint"].most == 1.0
    assert tiers["leaf -> endpoint"].used == pytest.approx(1 / 128)
    assert tiers["endpoint -> leaf"].most == pytest.approx(1 / 127)


def test_without_salt_four_of_sixteen_cores_are_used(eight: Fabric) -> None:
    used = {
        salt: {tier.kind: tier for tier in one(eight, "alltoall", f"ecmp:salt={salt}").tiers}["spine -> core"]
        for salt in ("none", "switch")
    }
    assert used["none"].used == 0.25 and used["switch"].used == 1.0
    assert used["none"].mean == pytest.approx(used["switch"].mean)


@pytest.mark.parametrize("routing", ["ecmp:qps=3", "dmodk", "adaptive", "spray"])
def test_figures_are_those_of_paths_and_sharing(eight: Fabric, routing: str) -> None:
    """A second way to each figure: route, share and count on the carrier, link by link."""
    policy = parse_policy(routing)
    wanted, on = demand("permutation", eight), carrier(eight, policy)
    found = one(eight, "permutation", routing)
    src, dst, q = wanted.src, wanted.dst, policy.qps
    every = route(on, np.tile(src, q), np.tile(dst, q), policy, qp=np.repeat(np.arange(q), len(src)))
    rate = max_min(every, on.capacity).reshape(q, -1).min(axis=0) * q
    assert found.slowest == pytest.approx(rate.min()) and found.mean == pytest.approx(rate.mean())
    load = every.load(B / q, on.n_links) / on.capacity
    weight = members(on)
    for tier in found.tiers:
        mine = [
            link
            for link in range(on.n_links)
            if tier.kind.split(" -> ")
            == [
                ("endpoint", "leaf", "spine", "core")[on.tier[node]]
                for node in (on.link_src[link], on.link_dst[link])
            ]
        ]
        assert tier.links == 128 == weight[mine].sum()
        assert tier.most == pytest.approx(load[mine].max())
        assert tier.mean == pytest.approx(np.average(load[mine], weights=weight[mine]))
        assert tier.used == pytest.approx(weight[mine][load[mine] > 0].sum() / 128)
        assert tier.quantiles[0] == pytest.approx(load[mine].min()) and tier.quantiles[-1] == tier.most


def test_queue_pairs_lift_the_slowest_flow(eight: Fabric) -> None:
    slow = [
        np.mean([one(eight, "permutation", f"ecmp:qps={q}", s).slowest for s in range(5)]) for q in (1, 4, 16)
    ]
    assert slow[0] < slow[1] < slow[2] < B


# --- all to all without a list ---

FABRICS = [
    "fat-tree:k=8",
    "fat-tree:k=8,gpus_per_server=4",
    "rail-optimized:radix=8,servers=8,gpus_per_server=4",
    "leaf-spine:leaves=6,spines=3,endpoints_per_leaf=4,cables=2",
    "torus:dims=4/4",
    "rail-only:radix=8,servers=8,gpus_per_server=4",
]


@pytest.mark.parametrize("spec", FABRICS)
@pytest.mark.parametrize("routing", ["dmodk", "adaptive", "spray"])
def test_loads_of_all_to_all_are_those_of_the_list(spec: str, routing: str) -> None:
    fabric, policy = Fabric.from_graph(load(spec)), parse_policy(routing)
    if not fabric.tiered and routing == "adaptive":
        pytest.skip("hashed there")
    on = carrier(fabric, policy)
    found = uniform.uniform(fabric, on, policy)
    assert found.carried == pytest.approx(everyone(fabric, policy))
    assert found.slowest == pytest.approx(max_min(all_paths(fabric, policy), on.capacity).min())


def all_paths(fabric: Fabric, policy: Policy):
    n = fabric.n_endpoints
    src, dst = np.divmod(np.arange(n * n), n)
    return route(carrier(fabric, policy), src[src != dst], dst[src != dst], policy)


def everyone(fabric: Fabric, policy: Policy) -> np.ndarray:
    return all_paths(fabric, policy).load(1.0, carrier(fabric, policy).n_links)


def test_loads_of_hashed_flows_are_drawn_as_far_off_as_hashing_leaves_them(eight: Fabric) -> None:
    """Mean and spread over the 128 cables of a kind, against those of flows hashed one by one."""
    policy = parse_policy("ecmp")
    trunk = ~eight.access
    hashed, drawn = everyone(eight, policy)[trunk], uniform.uniform(eight, eight, policy).carried[trunk]
    even = everyone(eight, parse_policy("spray"))
    known = carrier(eight, parse_policy("spray")).contraction
    assert known is not None
    mean = (even / known.members)[known.image][trunk]
    for loads in (hashed, drawn):
        assert np.mean((loads - mean) / np.sqrt(mean)) == pytest.approx(0, abs=0.2)
        assert np.std((loads - mean) / np.sqrt(mean)) == pytest.approx(1, abs=0.25)


def test_a_comparison_of_more_flows_than_are_listed(eight: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = one(eight, "alltoall", "dmodk")
    monkeypatch.setattr(uniform, "_MOST_LISTED", 10)
    found = one(eight, "alltoall", "dmodk")
    assert (found.flows, found.slowest, found.tiers) == (listed.flows, listed.slowest, listed.tiers)
    assert found.sampled == 200_000 and found.mean == pytest.approx(listed.mean)
    assert "each at its equal share of its fullest link" in found.note
    drawn = one(eight, "alltoall", "ecmp:qps=2")
    assert "loads drawn as hashing leaves them, not hashed" in drawn.note
    assert drawn == one(eight, "alltoall", "ecmp:qps=2") != one(eight, "alltoall", "ecmp:qps=2", 1)


def test_what_cannot_be_known_without_a_list_is_refused(
    eight: Fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uniform, "_MOST_LISTED", 100)
    with pytest.raises(
        ParameterError, match=r"alltoall of 128 endpoints under ecmp:qps=1,salt=none.: needs its flows"
    ):
        one(eight, "alltoall", "ecmp:salt=none")
    with pytest.raises(ParameterError, match="needs its flows listed, which ends at about 3 endpoints"):
        one(Fabric.from_graph(dragonfly(p=2)), "alltoall", "ugal")


# --- rows, figure, command ---


def test_rows_and_figure(eight: Fabric, tmp_path: Path) -> None:
    wanted = demand("permutation", eight)
    policies = parse_policies("ecmp,dmodk,adaptive,spray,ecmp:qps=2")
    found = list(balances(eight, wanted, policies))
    rows = balance_rows(found, topology="fat-tree:k=8", traffic="permutation", seed=0)
    assert len(rows) == 5 * 6 and json.loads(json.dumps(rows)) == rows
    again = balances(
        eight, demand("permutation", eight), parse_policies("ecmp,dmodk,adaptive,spray,ecmp:qps=2")
    )
    assert found == list(again)  # the same seed, the same rows
    figure = balance_figure(rows, "an illustration")
    panels = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert panels == ["ecmp:\nqps=1", "dmodk", "adaptive", "spray", "ecmp:\nqps=2"]
    assert "An illustration." in figure.texts[-1].get_text().replace("\n", " ")
    save_figure(figure, tmp_path / "c.svg")
    assert (tmp_path / "c.svg").stat().st_size > 10_000


def test_the_command(tmp_path: Path) -> None:
    out, plot = tmp_path / "rows.csv", tmp_path / "c.png"
    command = ["routing", "compare", "fat-tree:k=4", "--traffic", "shift:3", "--routing", "ecmp,dmodk,spray"]
    result = CliRunner().invoke(app, [*command, "--out", str(out), "--plot", str(plot)])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("routing"))
    assert [line.split()[0] for line in lines[start + 2 : start + 5]] == ["ecmp:qps=1", "dmodk", "spray"]
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 18 and {row["routing"] for row in rows} == {"ecmp:qps=1", "dmodk", "spray"}
    assert plot.stat().st_size > 10_000


def test_faults_are_compared_too() -> None:
    command = ["routing", "compare", "fat-tree:k=4", "--fail", "cables=2", "--routing", "spray,adaptive"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "an upper bound here" in result.stdout and "2 of 48 cables failed" in result.stdout


def test_a_policy_that_does_not_fit_is_refused_before_any_is_routed(eight: Fabric) -> None:
    with pytest.raises(ParameterError, match="valiant': for graphs without tiers"):
        next(balances(eight, demand("shift", eight), parse_policies("ecmp,valiant")))


def test_set_changes_what_the_options_say(tmp_path: Path) -> None:
    words = ["routing", "compare", "fat-tree:k=4", "--out", str(tmp_path / "a.json")]
    sets = ["--set", "k=8", "--set", "routing=dmodk,ecmp:qps=2", "--set", "fail=cables=2"]
    done = CliRunner().invoke(app, [*words, *sets])
    assert done.exit_code == 0, done.output
    rows = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert {(row["topology"], row["fail"]) for row in rows} == {("fat-tree:k=8", "cables=2")}
    assert list(dict.fromkeys(row["routing"] for row in rows)) == ["dmodk", "ecmp:qps=2"]
    with pytest.raises(ParameterError, match="'engine': not a setting of this command"):
        CliRunner().invoke(app, [*words, "--set", "engine=flow"], catch_exceptions=False)
