"""Latency profiles: parsed, summed along a path, refused."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fabric_zoo import graph
from project import ROOT

from fabric import Dmodk, Fabric, route
from fabric.words.errors import FileFormatError, ParameterError
from sims.jobs.allreduce import AllReduce, all_reduce
from sims.models.fluid.engine import bound_time, flow_time
from sims.models.latency import derated, link_latency, transfer_latency
from sims.models.profiles import CUSTOM, DEFAULT_PROFILE, PROFILES, latency_profile, profile_toml
from sims.simulation import simulate
from topologies import fat_tree

MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")


def test_names_and_overrides() -> None:
    assert {"ideal", "roce-400g", "ib-ndr", "nccl-ring-ll", "nccl-nvlstree"} < set(PROFILES)
    assert DEFAULT_PROFILE in PROFILES
    assert latency_profile("ib-ndr") == latency_profile("ib-ndr:") == PROFILES["ib-ndr"]
    changed = latency_profile("ib-ndr:switch_latency=1ms,overhead=2s")
    assert changed == replace(PROFILES["ib-ndr"], switch_latency=1e-3, overhead=2.0)


@pytest.mark.parametrize(
    ("name", "under_a_leaf"),
    [("roce-400g", 3.6e-6), ("roce-800g", 5.09e-6), ("ib-ndr", 2.8e-6), ("ideal", 50e-9)],
)
def test_a_message_under_one_leaf_takes_the_published_time(name: str, under_a_leaf: float) -> None:
    fabric = Fabric.from_graph(fat_tree(k=4))
    paths = route(fabric, np.array([0]), np.array([1]), Dmodk())
    assert paths.total(link_latency(fabric, PROFILES[name])).tolist() == pytest.approx([under_a_leaf])


def test_800g_differs_from_400g_by_the_overhead_of_a_message_and_nothing_else() -> None:
    """5.09 - 3.6 us in each of the 2 x 127 steps of a ring of 128, as docs/model.md has it, at any size."""
    old, new = PROFILES["roce-400g"], PROFILES["roce-800g"]
    assert {key for key in old.constants() if old.constants()[key] != new.constants()[key]} == {"overhead"}
    times = {}
    for rate, name in (("400Gbps", "roce-400g"), ("800Gbps", "roce-400g"), ("800Gbps", "roce-800g")):
        rows = all_reduce(
            f"fat-tree:k=8,rate={rate}", "ring", sizes=["8", "1MiB", "1GiB"], latency_profile=name
        )
        times[rate, name] = [row.time_s for row in rows]
    for slow, quick in zip(times["800Gbps", "roce-800g"], times["800Gbps", "roce-400g"]):
        assert slow - quick == pytest.approx(254 * 1.49e-6)
    table = re.findall(
        r"^\| .*`roce-(400|800)g` \| ([\d,]+) us \| ([\d,]+) us \| ([\d.]+) ms \|$", MODEL, re.MULTILINE
    )
    assert len(table) == 3
    for (_, *cells), own in zip(table, times.values()):
        small, medium, large = (float(cell.replace(",", "")) for cell in cells)
        assert [small, medium] == [round(time * 1e6) for time in own[:2]]
        assert large == round(own[2] * 1e3, 2)


def test_every_profile_says_where_it_is_from_and_a_file_nothing(tmp_path: Path) -> None:
    assert all(profile.about for name, profile in PROFILES.items() if name != CUSTOM)
    (tmp_path / "own.toml").write_text('profile = "roce-800g"\noverhead = "3us"\n')
    own = latency_profile(str(tmp_path / "own.toml"))
    assert (own.name, own.about) == (CUSTOM, "")


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
        (
            "roce",
            r"'roce': neither a profile nor a file that ends in .toml \(did you mean 'roce-800g'",
        ),
        (
            "ib-ndr:overhed=1us",
            r"latency-profile ib-ndr: 'overhed': unknown constant \(did you mean 'overhead'",
        ),
        ("ib-ndr:overhead=1", r"overhead: '1': a unit is needed"),
        ("ib-ndr:overhead", r"overhead: '': a number with a unit"),
        ("ib-ndr:overhead=-1us", r"overhead: '-1us': a number with a unit"),
        ("ib-ndr:overhead=1us,overhead=2us", r"overhead: '2us': given twice"),
        ("ideal:bandwidth=0", r"bandwidth: 0.0: a factor above 0, at most 10"),
        ("ideal:bandwidth=high", r"bandwidth: 'high': a factor: a plain number"),
        ("ideal:plateau=-1", r"plateau: -1.0: a factor, zero or more"),
        ("ideal:cable_factor=nan", r"cable_factor: nan: a factor, zero or more"),
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


# --- NCCL's cost model --------------------------------------------------------------------------------------

US = 1e-6
# src/graph/tuning.cc of NCCL 2.30.7: base, NVLink step, network step, the network's overhead in a ring.
RING = {"ll": (6.6, 0.6, 2.7, 1.0), "ll128": (14.0, 1.9, 4.0, 1.0), "simple": (8.4, 3.4, 14.0, 3.0)}
TREE = {"ll": (6.8, 0.6, 5.0), "ll128": (14.0, 1.25, 8.5), "simple": (8.4, 4.0, 14.0)}
SHAPES = [(1, 8), (2, 1), (3, 1), (8, 1), (2, 2), (5, 2), (2, 8), (3, 4), (7, 3), (16, 8)]


@cache
def servers(nodes: int, gpus: int) -> Fabric:
    if gpus == 1:
        return Fabric.from_graph(fat_tree(endpoints=nodes, radix=16, tiers=2))
    return Fabric.from_graph(fat_tree(endpoints=nodes * gpus, radix=16, gpus_per_server=gpus, tiers=3))


def latency_of(nodes: int, gpus: int, algorithm: str, profile: str, size: int = 8) -> float:
    """Latency alone, without the bytes."""
    job = AllReduce(servers(nodes, gpus), routing="dmodk", latency_profile=profile)
    program = job.program(algorithm)
    time = bound_time(program, size)
    assert flow_time(program, size) == pytest.approx(time, rel=1e-12)
    return time - program.byte_times(size)[:, 0].sum()


@pytest.mark.parametrize(("nodes", "gpus"), SHAPES)
@pytest.mark.parametrize("protocol", RING)
def test_a_ring_takes_nccls_latency_but_for_the_hops_that_it_does_not_make(
    protocol: str, nodes: int, gpus: int
) -> None:
    base, intra, net, overhead = RING[protocol]
    if nodes > 1:
        intra = max(intra, overhead)
    steps, inter = 2 * (nodes * gpus - 1), 2 * (nodes - 1)
    nccl = base + (steps - inter) * intra + inter * net
    # A chunk goes twice round but for two hops, from whichever rank that is slowest. NCCL has it miss two
    # hops between servers; the slowest one misses none if a server has two hops inside in a row, else one.
    missed = 0 if nodes == 1 else {1: 2, 2: 1}.get(gpus, 0)
    ours = nccl + (2 - missed) * (net - intra) * (nodes > 1)
    assert latency_of(nodes, gpus, "ring", f"nccl-ring-{protocol}") == pytest.approx(ours * US, rel=1e-12)


@pytest.mark.parametrize(("nodes", "gpus"), [(n, g) for n, g in SHAPES if g > 1])
@pytest.mark.parametrize("protocol", [*TREE, "nvls"])
def test_a_hierarchical_tree_takes_nccls_latency_of_a_tree(protocol: str, nodes: int, gpus: int) -> None:
    depth = int(math.log2(nodes))
    if protocol == "nvls":
        expected, profile = 25 + 2 * depth * 20.9, "nccl-nvlstree"
    else:
        base, intra, net = TREE[protocol]
        expected, profile = base + 2 * ((gpus - 1) * intra + depth * net), f"nccl-tree-{protocol}"
    assert latency_of(nodes, gpus, "hierarchical-tree", profile) == pytest.approx(expected * US, rel=1e-12)


def test_a_ring_of_simple_over_servers_has_a_plateau_from_64_bytes_a_step() -> None:
    chunks = AllReduce(servers(3, 4)).program("ring").schedule.chunks
    assert chunks == 4 * 12
    small, large = (
        latency_of(3, 4, "ring", "nccl-ring-simple", size) for size in (64 * chunks - 1, 64 * chunks)
    )
    assert large == pytest.approx(1.4 * small, rel=1e-12)
    inside = [latency_of(1, 8, "ring", "nccl-ring-simple", size) for size in (8, 10**6)]
    assert inside[0] == pytest.approx(inside[1], rel=1e-9)


@pytest.mark.parametrize(("profile", "share"), [("nccl-ring-ll", 0.5), ("nccl-ring-ll128", 0.92)])
def test_a_protocol_leaves_its_share_of_the_bandwidth(profile: str, share: float) -> None:
    full = AllReduce(servers(3, 4), latency_profile="ideal").row("ring", 10**12)
    part = AllReduce(servers(3, 4), latency_profile=profile).row("ring", 10**12)
    assert part.busbw_GBps == pytest.approx(share * full.busbw_GBps, rel=1e-3)
    assert simulate(part.scenario, servers(3, 4)) == part


def test_shares_of_bandwidth_apply_inside_servers_and_outside() -> None:
    fabric = servers(3, 4)
    assert derated(fabric, PROFILES["ib-ndr"]) is fabric
    slow = derated(fabric, latency_profile("ideal:bandwidth=0.5,scaleup_bandwidth=0.8"))
    inside = fabric.kind[fabric.link_src] == 2
    inside |= fabric.kind[fabric.link_dst] == 2
    assert inside.any() and not inside.all()
    np.testing.assert_allclose(slow.capacity / fabric.capacity, np.where(inside, 0.8, 0.5))


def test_a_step_is_charged_once_whatever_the_way() -> None:
    fabric = servers(3, 4)
    near, far = np.array([0, 0, 0, 0]), np.array([1, 4, 8, 0])
    paths = route(fabric, near, far, Dmodk())
    profile = latency_profile("ideal:net_step=3us,intra_step=1us,cable_factor=0")
    np.testing.assert_allclose(transfer_latency(paths, fabric, profile), [1e-6, 3e-6, 3e-6, 0])
    least = replace(profile, least_step=2e-6)
    np.testing.assert_allclose(transfer_latency(paths, fabric, least), [2e-6, 3e-6, 3e-6, 0])
    alone = transfer_latency(paths.take(np.array([0])), fabric, least)
    np.testing.assert_allclose(alone, [1e-6])  # nothing crosses the network in this phase


def test_a_server_by_itself_takes_no_step_of_the_network() -> None:
    """Its scale-up switch is the first node behind the endpoints, as a switch of the network is elsewhere."""
    fabric = Fabric.from_graph(graph("server", range(4), {}, [(i, "nv") for i in range(4)], ["nv"]))
    profile = latency_profile("ideal:net_step=3us,intra_step=1us,cable_factor=0")
    paths = route(fabric, np.array([0, 3]), np.array([1, 0]), Dmodk())
    np.testing.assert_allclose(transfer_latency(paths, fabric, profile), [1e-6, 1e-6])


def test_a_base_is_paid_once_a_collective() -> None:
    fabric = servers(3, 4)
    for algorithm in ("ring", "hierarchical-ring", "hierarchical-ring:pipeline=4"):
        times = [
            AllReduce(fabric, latency_profile=f"ib-ndr{base}").row(algorithm, 10**6).time_s
            for base in ("", ":base=50us")
        ]
        assert times[1] - times[0] == pytest.approx(50e-6, rel=1e-9)


# --- files --------------------------------------------------------------------------------------------------


def test_a_file_counts_by_its_contents(tmp_path: Path) -> None:
    path, twin = tmp_path / "own.toml", tmp_path / "twin.toml"
    path.write_text(
        '# mine\nprofile = "nccl-ring-ll"\nnet_step = "3us"\nbandwidth = 0.87\n[calibration]\nlog = "a"\n',
        encoding="utf-8",
    )
    found = latency_profile(str(path))
    assert found.name == CUSTOM and latency_profile(found.spec) == found
    expected = replace(PROFILES["nccl-ring-ll"], name=CUSTOM, net_step=3e-6, bandwidth=0.87)
    assert found.constants() == pytest.approx(expected.constants(), rel=1e-14)
    assert str(tmp_path) not in found.spec
    assert latency_profile(f"{path}:base=1us").base == 1e-6
    twin.write_text(profile_toml(found, {"log": "b"}), encoding="utf-8")
    rows = [AllReduce(servers(3, 4), latency_profile=str(file)).row("ring", 2**20) for file in (path, twin)]
    assert rows[0] == rows[1]
    path.unlink()
    assert simulate(rows[0].scenario, servers(3, 4)) == rows[0]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_is_read_back_exactly(seed: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(seed)
    times = {name: float(draw.uniform(0, 1e-4)) for name in ("base", "net_step", "overhead")}
    path = tmp_path / "own.toml"
    path.write_text(profile_toml(replace(PROFILES[CUSTOM], **times, bandwidth=draw.uniform(0.1, 1))))
    found = latency_profile(str(path))
    assert latency_profile(found.spec) == found
    path.write_text(profile_toml(found))
    assert latency_profile(str(path)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("net_step = 3", r"net_step = 3: a time in quotes"),
        ('bandwidth = "much"', r"bandwidth = 'much': a factor: a number"),
        ('profile = "nope"', r"profile = 'nope': one of ideal"),
        ('net_stp = "3us"', r"'net_stp': unknown constant \(did you mean 'net_step'"),
        ("= 3", r"is not TOML"),
    ],
)
def test_illegal_files(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((FileFormatError, ParameterError), match=message):
        latency_profile(str(path))
    with pytest.raises(FileFormatError, match=r"nowhere.toml: cannot be read"):
        latency_profile("nowhere.toml")


def test_a_file_in_a_folder_whose_name_has_the_ending_too(tmp_path: Path) -> None:
    folder = tmp_path / "own.toml.d"
    folder.mkdir()
    (folder / "own.toml").write_text('overhead = "2us"\n', encoding="utf-8")
    assert latency_profile(f"{folder}/own.toml").overhead == 2e-6
    assert latency_profile(f"{folder}/own.toml:bandwidth=0.5").bandwidth == 0.5


def test_a_profile_that_is_no_name_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("profile = [1]\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"profile = \[1\]: one of ideal"):
        latency_profile(str(path))
