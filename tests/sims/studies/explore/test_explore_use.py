"""Parts of fabrics by counting, and the use of their cables against the rows' and a slow twin."""

import numpy as np
import pytest

from sims.jobs.collective import CollectiveJob
from sims.studies.explore.layers import layers_of
from sims.studies.explore.use import carried, use_of
from topologies.named import named

SIZE = 2**30


def job(text: str, **settings: str) -> CollectiveJob:
    return CollectiveJob(named(text).fabric(), topology=text, **settings)


def test_a_fat_tree_opens_from_cores_to_gpus() -> None:
    layers = layers_of(named("fat-tree:k=8").fabric(), 10_000)
    assert layers.head == (16, "core")
    pods = layers.top
    assert [layers.kind[pod] for pod in pods] == ["pod"] * 8
    assert {(layers.holds[p], layers.switches[p], layers.heads[p], int(layers.cables[p])) for p in pods} == {
        (4, 4, "spine", 16)
    }
    leaf = layers.inside[pods[3]][1]
    assert (layers.kind[leaf], layers.number[leaf], layers.cables[leaf], layers.rate[leaf]) == (
        "leaf",
        13,
        4,
        200e9,
    )
    ends = layers.inside[leaf]
    assert [(layers.kind[e], layers.number[e]) for e in ends] == [("GPU", 52 + i) for i in range(4)]
    assert len(layers) == 8 + 32 + 128


def test_servers_stand_below_each_of_their_leaves_and_open_once() -> None:
    layers = layers_of(named("rail-optimized:servers=8,radix=32").fabric(), 10_000)
    leaves = [p for p in range(len(layers)) if layers.kind[p] == "leaf"]
    assert len(leaves) == 8
    first, other = layers.inside[leaves[0]][0], layers.inside[leaves[5]][0]
    assert layers.kind[first] == "server" and first != other
    assert layers.inside[first] == layers.inside[other], "the GPUs of the same server"
    gpus = layers.inside[first]
    assert len(gpus) == 8 and all(layers.kind[layers.partner[g]] == "scale-up" for g in gpus)


def test_what_has_no_room_is_left_closed_but_a_way_down_is_kept() -> None:
    layers = layers_of(named("fat-tree:k=8").fabric(), 20)
    assert len(layers) <= 20
    part, kinds = layers.top[0], []
    while layers.inside[part]:
        part = layers.inside[part][0]
        kinds.append(layers.kind[part])
    assert kinds == ["leaf", "GPU"]
    assert layers.holds[layers.top[5]] == 4 and layers.inside[layers.top[5]] == ()


@pytest.mark.parametrize("routing", ["ecmp", "adaptive", "spray"])
@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("fat-tree:k=4", {"pod": "spine -> core", "leaf": "leaf -> spine", "GPU": "endpoint -> leaf"}),
        ("rail-optimized:servers=8,radix=32",
         {"leaf": "leaf -> spine", "GPU": "endpoint -> leaf", "scale-up": "endpoint -> scale-up switch"}),
        ("multi-plane:planes=2,endpoints=32,radix=8", {"leaf": "leaf -> spine", "GPU": "endpoint -> leaf"}),
    ],
)  # fmt: skip
def test_use_is_that_of_the_rows(text: str, kinds: dict[str, str], routing: str) -> None:
    run = job(text, routing=routing)
    row = run.row("ring", SIZE)
    layers = layers_of(run.fabric, 10_000)
    use = use_of(layers, run, "ring", SIZE)
    for kind, links in kinds.items():
        parts = [p for p in range(len(layers)) if layers.kind[p] == kind]
        back = " -> ".join(reversed(links.split(" -> ")))
        expected = max(row.utilisation[way]["peak"] for way in (links, back))
        assert max(use.peak[parts]) * SIZE / row.time_s == pytest.approx(expected)
        # All parts have as many cables, so that the mean over parts is that over links.
        means = [row.utilisation[way]["mean"] for way in (links, back)]
        assert np.mean(use.mean[parts]) * SIZE / row.time_s >= max(means) * (1 - 1e-9)


def test_failed_cables_are_missed_where_they_were() -> None:
    run = job("fat-tree:k=4", fail="cables=3", seed="5")
    layers = layers_of(run.fabric, 10_000)
    use = use_of(layers, run, "ring", SIZE)
    lost = layers.cables - use.cables
    gone = {
        kind: sum(int(lost[p]) for p in range(len(layers)) if layers.kind[p] == kind)
        for kind in ("pod", "leaf", "GPU")
    }
    assert gone["pod"] + gone["leaf"] == 3 and gone["GPU"] == 0


def test_against_a_slow_count_of_each_link() -> None:
    run = job("dragonfly:p=2", routing="ecmp")
    layers = layers_of(run.fabric, 10_000)
    use = use_of(layers, run, "halving-doubling", SIZE)
    program = run.program("halving-doubling")
    fabric, load = program.fabric, carried(program)
    n = fabric.n_endpoints
    for number, group in enumerate(layers.top):
        inside = {n + 4 * number + i for i in range(4)}
        ways = []
        for own, far in ((fabric.link_src, fabric.link_dst), (fabric.link_dst, fabric.link_src)):
            mine = [
                link
                for link in range(fabric.n_links)
                if own[link] in inside and far[link] not in inside and far[link] >= n
            ]
            ways.append(sum(load[mine]) / sum(fabric.capacity[mine]))
        assert use.mean[group] == pytest.approx(max(ways))


def test_carried_bytes_are_what_usage_says() -> None:
    run = job("fat-tree:k=4", collective="all-to-all")
    program = run.program("pairwise")
    peak = max(peak for _, peak in program.usage.values())
    assert max(carried(program) / program.fabric.capacity) == pytest.approx(peak)
