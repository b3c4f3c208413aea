"""The power of a whole site, by hand: GPUs, servers, network and cooling."""

import pytest

from fabric.words.errors import ParameterError
from sims.show.words.bom import bill_lines
from sims.studies.bom import bill
from sims.studies.bom.parts import read_parts
from sims.studies.bom.site import site
from sims.workload.job.gpu import GPUS
from topologies import load

PARTS = read_parts()


def of(spec, gpu, pue=1.25):
    return site(bill(load(spec), PARTS), PARTS, gpu, pue)


def test_a_tree_of_128_by_hand():
    """16 servers of 10.2 kW, of which each NIC of 400 Gbps is 25 W, and the network's switches and cables."""
    power = of("fat-tree:k=8,gpus_per_server=8", "h100")
    assert power.whole == 16
    assert power.gpus == 128 * 700
    assert power.servers == pytest.approx(16 * 10_200 - 128 * 700 - 128 * 25)
    made = bill(load("fat-tree:k=8,gpus_per_server=8"), PARTS)
    assert power.network == made.watts()
    assert power.machines == pytest.approx(16 * 10_200 + made.watts() - 128 * 25)
    assert power.total == pytest.approx(1.25 * power.machines)
    assert power.cooling == pytest.approx(0.25 * power.machines)


@pytest.mark.parametrize(
    ("gpu", "each"),
    [
        ("a100", 6_500 / 8),
        ("h100", 10_200 / 8),
        ("h200", 10_200 / 8),
        ("B200", 14_300 / 8),
        ("gb200", 120_000 / 72),
    ],
)
def test_nothing_counts_twice(gpu, each):
    """What the machines draw beside switches, cables and transceivers is the servers' own."""
    power = of("fat-tree:k=4", gpu)
    made = bill(load("fat-tree:k=4"), PARTS)
    assert power.gpus + power.servers + made.watts("NICs") == pytest.approx(16 * each)


def test_100_000_gpus_pass_100_megawatts():
    """SemiAnalysis, "100,000 H100 clusters": more than 150 MW in all."""
    power = of("preset:colossus-100k", "h100")
    assert power.total > 150e6
    words = "\n".join(bill_lines([bill(load("preset:colossus-100k"), PARTS)], PARTS, [power]))
    each = power.total / 100_000
    assert f"100,000 GPUs draw more than 100 MW: {power.total / 1e6:.4g} MW" in words
    assert f"100 MW are enough for {int(100e6 / each):,}" in words
    assert "700 W a GPU, 10.2 kW a server of 8 (h100)" in words


def test_every_gpu_that_computes_has_a_server_and_the_other_way_round():
    assert {server.name for server in PARTS.servers} == set(GPUS)


@pytest.mark.parametrize(
    ("spec", "gpu", "told"),
    [
        (
            "preset:nvl72:racks=2",
            "h100",
            "a server of the fabric has 72 GPUs, and one of h100 8: another machine",
        ),
        ("preset:nvl72:racks=2", "gb200", ""),
        ("fat-tree:k=8,gpus_per_server=8", "h100", ""),
        ("fat-tree:k=8", "gb200", ""),  # which has no servers
        ("fat-tree:k=8,gpus_per_server=4", "b200", "a server of the fabric has 4 GPUs, and one of b200 8: "),
    ],
)
def test_a_server_of_another_size_is_noted(spec, gpu, told):
    words = [
        line for line in bill_lines([bill(load(spec), PARTS)], PARTS, [of(spec, gpu)]) if "note:" in line
    ]
    notes = [line for line in words if line.startswith("# site")]
    assert [line.startswith(f"# site note: {told}") for line in notes] == [True] * bool(told)


def test_rows_add_up_to_the_machines_and_cooling():
    power = of("fat-tree:k=4", "gb200", pue=1.5)
    rows = {row["section"]: row["power_W"] for row in power.rows()}
    assert rows["GPUs"] + rows["servers"] + power.network == power.machines
    assert rows["cooling"] == pytest.approx(power.machines / 2)


def test_a_network_without_models_has_no_total():
    power = of("star:endpoints=4,rate=5Tbps", "h100")
    assert power.network is power.total is power.cooling is None
    assert not [
        line
        for line in bill_lines([bill(load("star:endpoints=4"), PARTS)], PARTS, [power])
        if "# site" in line
    ]


@pytest.mark.parametrize(
    ("gpu", "pue", "message"),
    [
        ("a10", 1.2, "gpu: 'a10': unknown .*legal: a100, h100, h200, b200, gb200"),
        ("h100", 0.9, "pue: 0.9: a number from 1, below 100: watts"),
        ("h100", float("nan"), "pue: nan: a number from 1, below 100: watts"),
        ("h100", 1e308, r"pue: 1e\+308: a number from 1, below 100: watts"),
    ],
)
def test_bad_input(gpu, pue, message):
    with pytest.raises(ParameterError, match=message):
        of("fat-tree:k=4", gpu, pue)
