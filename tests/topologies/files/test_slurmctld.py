"""The real slurmctld as judge, where it is installed: it takes the tree that we write, level by level."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from fabric.words.hostlist import expand
from topologies import load
from topologies.files.exchange import write_graph

SLURMCTLD = shutil.which("slurmctld", path="/usr/sbin:/usr/bin:/usr/local/sbin")
needs_slurm = pytest.mark.skipif(SLURMCTLD is None, reason="slurmctld is not installed")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        port: int = one.getsockname()[1]
        return port


def read_by_slurm(folder: Path, hosts: list[str]) -> list[str]:
    """What slurmctld logs of ``topology.conf`` in the folder; it is ended as soon as it has read it."""
    (folder / "state").mkdir()
    (folder / "slurm.conf").write_text(
        f"ClusterName=test\nSlurmctldHost={socket.gethostname()}\nAuthType=auth/none\nCredType=cred/none\n"
        f"SlurmUser=root\nStateSaveLocation={folder}/state\nSlurmctldPidFile={folder}/pid\n"
        f"SlurmctldPort={free_port()}\nTopologyPlugin=topology/tree\nSelectType=select/cons_tres\n"
        f"ProctrackType=proctrack/linuxproc\nNodeName={','.join(hosts)} CPUs=1\nPartitionName=all Nodes=ALL\n"
    )
    log = folder / "log"
    with log.open("wb") as file:
        command = [str(SLURMCTLD), "-D", "-vv", "-c", "-f", str(folder / "slurm.conf")]
        running = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end and running.poll() is None:
            text = log.read_text(errors="replace")
            if "_log_switches" in text and text.rstrip().split("\n")[-1].find("_log_switches") < 0:
                break
            time.sleep(0.05)
    finally:
        running.kill()
        running.wait()
    lines = log.read_text(errors="replace").split("\n")
    if any("auth/none" in line and "error" in line for line in lines):
        pytest.skip("this slurmctld has no authentication without a key")
    return [line for line in lines if "topology/tree" in line or "leaf switch" in line or "fatal" in line]


@needs_slurm
@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("fat-tree:k=4,gpus_per_server=4", 4),
        ("rail-optimized:servers=8,gpus_per_server=4,radix=16", 1),
        ("multi-plane:planes=2,endpoints=16,radix=8", 4),
    ],
)
def test_slurmctld_reads_every_switch_with_its_hosts(text, leaves, tmp_path):
    write_graph(load(text), tmp_path / "topology.conf")
    lines = (tmp_path / "topology.conf").read_text().splitlines()
    hosts: list[str] = []
    for line in lines:
        if match := re.search(r"Nodes=(\S+)", line):
            hosts += expand(match[1])
    said = read_by_slurm(tmp_path, hosts)
    seen = [m for line in said if (m := re.search(r"Switch level:(\d+) name:(\S+) nodes:(\S+)", line))]
    assert not [line for line in said if "error" in line or "fatal" in line]
    assert sorted(m[2] for m in seen) == sorted(re.findall(r"SwitchName=(\S+)", "\n".join(lines)))
    assert sum(m[1] == "0" for m in seen) == leaves
    top = max(seen, key=lambda m: int(m[1]))
    assert sorted(expand(top[3])) == sorted(hosts)


@needs_slurm
def test_slurmctld_tells_a_host_below_two_leaves(tmp_path):
    """What our trees never have, so that its silence above says something."""
    tree = "SwitchName=a Nodes=n[0-1]\nSwitchName=b Nodes=n[1-2]\nSwitchName=r Switches=a,b\n"
    (tmp_path / "topology.conf").write_text(tree)
    said = read_by_slurm(tmp_path, ["n[0-2]"])
    assert any("Multiple leaf switches contain nodes: n1" in line for line in said)
