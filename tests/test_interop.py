"""The commands of docs/interop.md, run as they stand, in one folder with the files that they name."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from project import ROOT

from sims.cli.main import main
from sims.studies.opensm import have_opensm
from sims.studies.opensm.subnet_manager import discovered, managed
from topologies import load
from topologies.files.exchange import write_graph

PAGE = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
SAMPLE = ROOT.parent / "shared" / "samples" / "dgx-ndr.ibnetdiscover"
BLOCKS = re.findall(r"```\n(fabricsim .*?)```", PAGE, re.DOTALL)
LLDP = """local_host,local_if,speed,neighbor,neighbor_if
leaf1,swp1,100G,node01,eth0
leaf1,swp2,100G,node02,eth0
leaf2,swp1,100G,node01,eth1
leaf2,swp2,100G,node02,eth1
leaf1,swp9,400G,spine1,swp1
leaf2,swp9,400G,spine1,swp2
"""
GPU = '<pci busid="{0}a"><gpu dev="{0}" sm="90" rank="{0}"><nvlink target="x" count="18"/></gpu></pci>'
NIC = '<pci busid="{0}b"><nic><net name="mlx5_{0}" dev="{0}" speed="400000" port="1"/></nic></pci>'
INSIDE = "".join((GPU + NIC).format(i) for i in range(4))
SERVER = f'<system version="1"><cpu numaid="0">{INSIDE}</cpu></system>'


def inspected(size: int) -> str:
    """What the Inspector would say of an all-reduce of two ranks of a server at 20 GB/s and 30 us."""
    time = round(30 + size / 20e3)
    perf = {"coll": "AllReduce", "coll_sn": size, "coll_msg_size_bytes": size, "coll_exec_time_us": time}
    header = {"id": "0x1", "rank": 0, "n_ranks": 4}
    return json.dumps({"header": header, "coll_perf": perf | {"coll_algobw_gbs": size / time / 1e3}}) + "\n"


# Files that real programs write, by the names that the page gives them.
FROM_TOOLS = ("links.txt", "opensm-lfts.dump")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("interop")
    nx.write_gml(nx.petersen_graph(), path / "petersen.gml")
    lab = nx.Graph([(f"leaf{i}", f"spine{j}") for i in range(4) for j in range(2)])
    lab.add_edges_from((f"gpu-{i}", f"leaf{i // 4}") for i in range(16))
    nx.write_gml(lab, path / "lab.gml")
    (path / "lldp.csv").write_text(LLDP)
    (path / "nccl-topo.xml").write_text(SERVER)
    for name in ("clos.yaml", "expanded.yaml", "pingpong.goal", *(f"job.{rank}.json" for rank in range(4))):
        shutil.copy(ROOT / "tests" / "gold" / "inputs" / name, path)
    table = np.full((16, 16), 1e6)
    np.save(path / "bytes.npy", table)
    np.savetxt(path / "bytes.csv", table, delimiter=",")
    (path / "inspector.log").write_text("".join(map(inspected, (8, 1 << 20, 1 << 24, 1 << 30))))
    if SAMPLE.exists():
        shutil.copy(SAMPLE, path)
    if have_opensm():
        network = path / "fabric.ibnetdiscover"
        write_graph(load("fat-tree:k=8,gpus_per_server=4"), network)
        host = next(
            line.split('"')[1] for line in network.read_text().splitlines() if line.startswith("Ca\t")
        )
        with managed(network, host, "minhop", 120) as dump:
            shutil.copy(dump, path / "opensm-lfts.dump")
        (path / "links.txt").write_text(discovered(network, host, ["iblinkinfo -l"])["iblinkinfo -l"])
    return path


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: " ".join(block.split()[:3]))
def test_commands(
    block: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = any(name in block for name in FROM_TOOLS) or "fabricsim opensm" in block or "minhop" in block
    if tools and not have_opensm():
        pytest.skip("ibsim and OpenSM are not installed")
    if SAMPLE.name in block and not SAMPLE.exists():
        pytest.skip("the sample dump is not beside this checkout")
    monkeypatch.chdir(folder)
    for line in block.strip().splitlines():
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        try:
            main()
        except SystemExit as end:
            faults = line.endswith(f"check {SAMPLE.name}")  # a cluster has some, and the page says so
            assert end.code in ((1,) if faults else (None, 0)), (line, capsys.readouterr().err)
    out = capsys.readouterr()
    assert out.out or out.err


def test_every_format_is_on_the_page() -> None:
    """Endings that are written, and formats that are told from each other."""
    from topologies.files.exchange import WRITERS

    assert [
        ending
        for ending in WRITERS
        if f"{ending}" not in PAGE and ending not in (".json", ".csv", ".graphml")
    ] == []
