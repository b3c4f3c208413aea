"""Memory of readers: in proportion to the graph that they make, whatever the format."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import networkx as nx
import pytest

from sims.workload.trace.goal import read_goal
from sims.workload.traffic import read_traffic
from topologies import load
from topologies.files.exchange import write_graph
from topologies.files.slurm import write_slurm_yaml

# Peak of reading over the memory of the graph that comes of it, measured: 1.1 (htsim), 1.9 (GraphML), 2.2
# (topology.txt), 1.8 (JSON) to 3.1 (DOT); two are the graph and its edges as listed.
FACTOR = 3.5
BARE = ":hosts=gpu-*"
FORMS = {
    ".json": "", ".csv": "", ".dot": "", ".ibnetdiscover": "", ".txt": "", ".conf": "", ".yaml": "",
    ".topo": "", ".plan.csv": BARE, ".plan.dot": "", ".gml": BARE, ".graphml": "", ".gexf": BARE,
}  # fmt: skip


def written(k: int, ending: str, folder: Path) -> str:
    G = load(f"fat-tree:k={k}")
    path = folder / f"g{k}{ending}"
    if ending in (".gml", ".gexf"):
        plain = nx.Graph((f"{'gpu' if u < k**3 // 4 else 'sw'}-{u}", f"sw-{v}") for u, v in G.edges)
        (nx.write_gml if ending == ".gml" else nx.write_gexf)(plain, path)
    elif ending == ".yaml":
        write_slurm_yaml(G, path)
    else:
        write_graph(G, path)
    return f"{path}{FORMS[ending]}"


def measured(spec: str) -> tuple[float, float]:
    """Bytes at the peak of reading, and of the graph."""
    gc.collect()
    tracemalloc.start()
    try:
        graph = load(spec)
        gc.collect()
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert graph.number_of_nodes()
    return peak, left


@pytest.mark.parametrize("ending", FORMS)
def test_a_reader_takes_a_few_times_what_its_graph_takes(ending: str, tmp_path: Path) -> None:
    load(written(4, ending, tmp_path))  # imports are none of it
    small, large = (measured(written(k, ending, tmp_path)) for k in (10, 16))
    assert large[0] <= FACTOR * large[1]
    assert large[0] / small[0] <= 1.25 * large[1] / small[1]  # in proportion


def test_json_is_not_held_beside_its_graph(tmp_path: Path) -> None:
    """2.4 times the graph where it was read whole."""
    load(written(4, ".json", tmp_path))
    peak, left = measured(written(16, ".json", tmp_path))
    assert peak <= 2.0 * left


def test_traffic_and_traces_are_read_a_row_at_a_time(tmp_path: Path) -> None:
    """The peak over the bytes of the file, measured: 3.8 of traffic, and 29 of a trace, whose operations know
    what they wait for; 25 and 39 where all lines were held.
    """
    flows, trace = tmp_path / "f.csv", tmp_path / "t.goal"
    rows = [f"{i % 512},{(7 * i + 1) % 512},{i + 1},0.{i:06}\n" for i in range(20_000)]
    flows.write_text("src,dst,size_bytes,start_s\n" + "".join(rows))
    trace.write_text(
        "num_ranks 2\nrank 0 {\n" + "".join(f"s{i}: send {i}b to 1 tag {i}\n" for i in range(20_000))
        + "}\nrank 1 {\n" + "".join(f"r{i}: recv {i}b from 0 tag {i}\n" for i in range(20_000)) + "}\n"
    )  # fmt: skip
    for read, path, most in ((lambda p: read_traffic(p, 512), flows, 6), (read_goal, trace, 33)):
        read(path)
        tracemalloc.start()
        try:
            read(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak <= most * path.stat().st_size, (path.name, peak / path.stat().st_size)
