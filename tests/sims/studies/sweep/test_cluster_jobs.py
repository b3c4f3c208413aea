"""Sweeps of jobs on a Dask cluster, as docs/sweeps.md starts them: the same rows, and none run again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from dask_cluster import Cluster
from sweep_cases import by_key, fabricsim

from sims.scenario.rows import read_results
from sims.studies.sweep.run import run_sweep
from sims.studies.sweep.spec import read_sweep

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
]

TREE = 'topology = "fat-tree:endpoints=64,radix=16,gpus_per_server=8"\n'
MIX = """
[[job]]
name = "one"
ranks = 32
[[job.step]]
collective = "all-reduce"
over = "all"
size = "64MB"
"""
SWEEPS = {
    "train": f'{TREE}model = "llama3-8b:layers=4"\nranks = 64\nbatch = 64\n[grid]\n'
    'groups = ["mesh:tp=8,dp=rest", "mesh:tp=4,pp=2,dp=rest"]\nprecision = ["bf16", "fp8"]',
    "goodput": f'{TREE}step = "20s"\nruns = 8\nduration = "9d"\n[grid]\nspares = [0, 1, 2, 4]',
    "run": f'{TREE}mix = "mix.toml"\n[grid]\nrouting = ["ecmp", "spray"]\nplacement = ["packed", "random"]',
}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster(tmp_path)
    yield found
    found.stop()


def test_jobs_of_each_kind_have_the_rows_of_one_process(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        cluster.worker()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mix.toml").write_text(MIX)
    for kind, text in SWEEPS.items():
        path = tmp_path / f"{kind}.toml"
        path.write_text(f'command = "{kind}"\n[base]\n{text}\n')
        words = ("sweep", str(path), "-o", f"there-{kind}", "--scheduler", cluster.address)
        for ran in (4, 0):  # the second time everything is there
            out, said = fabricsim(tmp_path, *words).communicate()
            assert f"{ran} run now" in out + said, said
        here = run_sweep(read_sweep(path), tmp_path / f"here-{kind}", jobs=1)
        found = read_results(tmp_path / f"there-{kind}")
        assert len(found) == 4 and by_key(found) == by_key(list(here.results))
        assert {row.scenario.kind for row in found} == {kind}
