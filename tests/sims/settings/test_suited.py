"""What a preset or a dump says of its network is taken where nobody says otherwise, whoever asks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from project import ROOT

from sims import all_reduce
from sims.cli.main import main
from sims.scenario.rows import read_rows
from sims.settings.suited import brought, suited
from topologies import load
from topologies.files.exchange import write_graph
from topologies.named import PRESETS

NETWORKS = {"RoCE 400G": {}, "RoCE 800G": {"latency_profile": "roce-800g"}}
NETWORKS["InfiniBand"] = {"latency_profile": "ib-ndr"}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_what_network_it_has(name: str) -> None:
    assert brought(f"preset:{name}") == NETWORKS[PRESETS[name].network]


def test_of_what_says_nothing_the_default_stays() -> None:
    assert brought("fat-tree:k=4") == brought("no such thing") == {}
    texts = {"topology": "preset:superpod-h100", "latency_profile": "ideal"}
    assert suited(texts, ()) == texts
    texts["latency_profile"] = "roce-400g"
    assert suited(texts, {"latency_profile"}) == texts


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["fabricsim", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0


def test_commands_sweeps_and_python_take_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, small = "preset:superpod-h100:su=1", ("--ranks", "16", "--size", "1MiB")
    run(tmp_path, monkeypatch, "allreduce", spec, "--algorithm", "ring", *small, "--out", "a.json")
    sets = [f"topology={spec},fat-tree:k=4", "algorithm=ring", "size=1MiB", "ranks=16"]
    run(tmp_path, monkeypatch, "sweep", *(word for text in sets for word in ("--set", text)), "-o", "out")
    run(tmp_path, monkeypatch, "compare", spec, "fat-tree:k=4", "--algorithm", "ring", *small, "-o", "c.csv")
    run(tmp_path, monkeypatch, "latency", spec, "--json", "-o", "l.json")
    (row,) = read_rows(tmp_path / "a.json")
    assert row.scenario.latency_profile == "ib-ndr"
    assert row == all_reduce(spec, "ring", "1MiB", ranks=16)[0]
    swept = {one.scenario.topology: one for one in read_rows(tmp_path / "out")}
    assert swept[spec] == row
    assert swept["fat-tree:k=4"].scenario.latency_profile == "roce-400g"
    (pair,) = csv.DictReader((tmp_path / "c.csv").read_text().splitlines())
    assert float(pair["time_a_s"]) == row.time_s
    said = all_reduce(spec, "ring", "1MiB", ranks=16, latency_profile="roce-400g")[0]
    assert said.time_s > row.time_s
    assert "ib-ndr" in json.dumps((tmp_path / "l.json").read_text())


def test_a_dump_of_a_subnet_manager_is_infiniband(tmp_path: Path) -> None:
    path = tmp_path / "own.ibnetdiscover"
    write_graph(load("fat-tree:k=4"), path)
    assert brought(str(path)) == {"latency_profile": "ib-ndr"}
    assert brought(f"{path}:nvlink=450GB/s") == {"latency_profile": "ib-ndr"}
    write_graph(load("fat-tree:k=4"), tmp_path / "own.json")
    assert brought(str(tmp_path / "own.json")) == {}


def test_the_sample_dump_is_infiniband() -> None:
    sample = ROOT.parent / "shared" / "samples" / "dgx-ndr.ibnetdiscover"
    if not sample.exists():
        pytest.skip("the sample dump is not beside this checkout")
    assert brought(str(sample)) == {"latency_profile": "ib-ndr"}
