"""Two machines on one cable, through every reader and engine: times by hand, and what the commands say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest
from typer.testing import CliRunner

from fabric import Fabric
from sims import all_reduce
from sims.cli.main import app
from sims.show.drawing import topology_figure
from topologies.files.exchange import read_graph, write_graph

RATE, DELAY = 25e9, 1e-8
DUMP = "".join(
    f"vendid=0x2c9\ndevid=0x1021\nsysimgguid=0x{here}\ncaguid=0x{here}\n"
    f'Ca\t1 "H-{here:0>16}"\t\t# "n{here} mlx5_0"\n'
    f'[1]({here}) \t"H-{there:0>16}"[1] ({there}) \t\t# lid 1 lmc 0 "n{there} mlx5_0" lid 2 4xHDR\n\n'
    for here, there in (("a1", "b1"), ("b1", "a1"))
)


def two() -> nx.Graph:
    G = nx.Graph(name="two")
    G.add_nodes_from([0, 1], kind="gpu", tier=0)
    G.add_edge(0, 1, rate=RATE, delay=DELAY)
    return G


def written(ending: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / f"two{ending}"
        write_graph(two(), path)
        return path

    return write


def dumped(folder: Path) -> Path:
    path = folder / "two.ibnetdiscover"
    path.write_text(DUMP)
    return path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("make", [written(".json"), written(".graphml"), written(".csv"), dumped])
def test_every_reader_takes_a_cable_between_two_endpoints(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path)
    F = Fabric.from_graph(read_graph(path))
    assert (F.n_endpoints, F.n_switches, F.n_links) == (2, 0, 2)
    text = run("topology", "show", str(path))
    assert "endpoint - endpoint                 1   200 Gbps each way" in text
    assert "1 at most, 1.000 in the mean" in text and "not given: there is no switch" in text
    assert "2 endpoint ports + 0 switches take 2 of" in text
    run("topology", "check", str(path))
    run("topology", "bom", str(path))


@pytest.mark.parametrize("engine", ["flow", "bound"])
@pytest.mark.parametrize("routing", ["ecmp", "dmodk", "adaptive", "spray"])
@pytest.mark.parametrize("algorithm", ["ring", "halving-doubling", "hierarchical-ring"])
def test_an_all_reduce_between_two_takes_two_hops_and_its_bytes(
    algorithm: str, routing: str, engine: str
) -> None:
    """2 (n-1)/n S/B for the bytes and 2 a for two steps, with n = 2 and no switch in a."""
    F, size = Fabric.from_graph(two()), 2**20
    constants = "ideal:overhead=1us,switch_latency=1s,cable_factor=1"
    (row,) = all_reduce(F, algorithm, sizes=[size], routing=routing, engine=engine, latency_profile=constants)
    assert row.time_s == pytest.approx(2 * (1e-6 + DELAY) + size / RATE, rel=1e-12)
    assert row.limit_link == "endpoint -> endpoint"
    (row,) = all_reduce(F, algorithm, sizes=[size], latency_profile="ideal:cable_factor=0")
    assert row.efficiency == pytest.approx(1.0)


def test_packets_cross_one_link_and_no_switch() -> None:
    """Packets of 4 KiB without headers or latency: each of two steps is as long as its bytes on the cable."""
    F, size = Fabric.from_graph(two()), 2**20
    (row,) = all_reduce(
        F, "ring", sizes=[size], engine="packet", packet=":header=0", latency_profile="ideal:cable_factor=0"
    )
    assert row.time_s == pytest.approx(size / RATE, rel=1e-9)


def test_nccls_cost_model_counts_the_cable_as_a_step_over_the_network() -> None:
    F = Fabric.from_graph(two())
    G = nx.Graph()
    G.add_nodes_from([0, 1], kind="gpu", tier=0)
    G.add_node("l", kind="switch", tier=1)
    G.add_edges_from([(0, "l"), (1, "l")], rate=RATE, delay=DELAY)
    profile = "nccl-ring-ll:cable_factor=0,switch_latency=0s"
    times = [
        all_reduce(on, "ring", sizes=[1024], latency_profile=profile)[0].time_s
        for on in (F, Fabric.from_graph(G))
    ]
    assert times[0] == pytest.approx(times[1], rel=1e-9)


def test_latency_is_that_of_one_cable(tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    write_graph(two(), path)
    text = run(
        "latency", str(path), "--latency-profile", "ideal:overhead=1us,switch_latency=1s,cable_factor=1"
    )
    assert "network      1         0                 2  100.0000%  1.01 us" in text
    assert "0.5" in run("latency", str(path), "--load", "0.5").splitlines()[-1]


def test_a_drawing_says_which_cables_it_leaves_out() -> None:
    G = two()
    G.add_node("l", kind="switch", tier=1)
    G.add_edges_from([(0, "l"), (1, "l")], rate=RATE, delay=DELAY)
    words = [t.get_text() for ax in topology_figure(Fabric.from_graph(G)).axes for t in ax.texts]
    assert any("1 cable from endpoint to endpoint: not drawn." in text for text in words)


def test_a_chain_is_refused_in_one_line(tmp_path: Path) -> None:
    data = nx.node_link_data(nx.path_graph(3), edges="edges")
    for node in data["nodes"]:
        node |= {"kind": "gpu", "tier": 0}
    for edge in data["edges"]:
        edge |= {"rate": RATE, "delay": DELAY}
    (tmp_path / "chain.json").write_text(json.dumps(data))
    result = CliRunner().invoke(app, ["allreduce", str(tmp_path / "chain.json"), "--size", "1MiB"])
    assert result.exit_code != 0
    assert "cabled to each other carry nothing for others" in str(result.exception or result.output)
