"""A row of flows is re-runnable: the same numbers from the row alone, and a refusal where a file changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from project import ROOT

from fabric.words.errors import FabricsimError, ParameterError
from sims.jobs import flow_run
from sims.jobs.flow_row import FlowRow, flow_row, simulate_flows
from sims.jobs.flow_run import FlowRun, traffic_of
from sims.settings.setup import Setup
from sims.workload.traffic import Traffic
from topologies.named import named

CASES: list[dict[str, Any]] = [
    {},
    {"routing": "ecmp:salt=none,qps=2", "seed": "3"},
    {"routing": "adaptive", "fail": "cables=tier1:2", "seed": "7"},
    {"upgrade": "leaf-spine=2", "latency_profile": "ib-ndr:switch_latency=300ns"},
    {"engine": "packet", "packet": "window:mtu=2048"},
    {"faults": "quiet:flaps=200000000/d", "reroute_delay": "1ms"},
]


def run(traffic: str, size: str | None, **settings: Any) -> FlowRow:
    setup, topology = Setup(**settings), named("fat-tree:k=4")
    fabric = topology.fabric()
    flows = FlowRun.of(fabric, setup, traffic_of(traffic, size, fabric, setup.seed))
    found = flows.run()
    return flow_row(
        flows, found, setup, topology=topology.text, digest=topology.digest, traffic=traffic, size=size
    )


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_a_row_is_run_again_from_what_it_says(settings: dict[str, Any]) -> None:
    row = run("permutation", "1MB", **settings)
    written = json.loads(json.dumps(row.to_dict()))
    read = FlowRow.from_dict(written)
    assert read == row and read.key == row.key
    assert simulate_flows(read) == row
    as_csv = FlowRow.from_dict({name: str(value) for name, value in row.to_dict().items()})
    assert as_csv == row


@pytest.mark.parametrize(
    ("sizes", "starts", "resolution"),
    [([5.0, 5.0], [1.0, 1.0], 0), ([5.0, 6.0], [1.0, 1.0], 0.002), ([5.0, 5.0], [1.0, 2.0], 0.002)],
)
def test_many_flows_are_exact_where_they_are_alike_and_else_to_a_share(
    sizes: list[float], starts: list[float], resolution: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = Traffic(src=np.array([0, 1]), dst=np.array([2, 3]), size=np.array(sizes), start=np.array(starts))
    fabric = named("fat-tree:k=4").fabric()
    assert FlowRun.of(fabric, Setup(), who).resolution == 0
    monkeypatch.setattr(flow_run, "_MANY", 1)
    assert FlowRun.of(fabric, Setup(), who).resolution == resolution


def test_keys_tell_causes_apart_and_name_no_default() -> None:
    keys = {run("permutation", "1MB", **settings).key for settings in CASES}
    assert len(keys) == len(CASES)
    values = run("permutation", "1MB").to_dict()
    del values["reroute_delay"]  # as if it had come after the row was written
    assert FlowRow.from_dict(values).key == values["key"]


def test_a_file_of_traffic_counts_by_its_contents(tmp_path: Path) -> None:
    file = tmp_path / "flows.csv"
    file.write_text("src,dst,size_bytes\n0,5,1000\n1,6,2000\n")
    row = run(str(file), None)
    assert simulate_flows(row) == row
    file.write_text("src,dst,size_bytes\n0,5,1000\n1,6,2001\n")
    with pytest.raises(FabricsimError, match="a file of this row changed"):
        simulate_flows(row)


def test_a_row_that_was_edited_is_refused() -> None:
    values = run("permutation", "1MB").to_dict()
    with pytest.raises(ParameterError, match="does not belong to this row"):
        FlowRow.from_dict({**values, "size": "2MB"})
    with pytest.raises(ParameterError, match="these columns of a row of flows are missing"):
        FlowRow.from_dict({"key": values["key"]})


def test_the_command_writes_it(tmp_path: Path) -> None:
    """``flows --row``: two spellings of one run are one row, and it is the one that Python makes."""
    words = [sys.executable, "-m", "sims.cli", "flows", "fat-tree:k=4"]
    for name, size in (("a.json", "1MB"), ("b.json", "1000000B")):
        subprocess.run(
            [*words, "--size", size, "--row", str(tmp_path / name)], cwd=ROOT, check=True, capture_output=True
        )
    one, other = (json.loads((tmp_path / name).read_text())[0] for name in ("a.json", "b.json"))
    assert one == other == run("permutation", "1MB").to_dict()
