"""Scenarios on a Dask cluster: the same rows as anywhere, whichever worker dies; one line if all do."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from dask_cluster import Cluster
from sweep_cases import by_key, scenarios, undisturbed

from fabric.words.errors import FabricsimError, ParameterError
from sims.scenario.row import Failure, Row
from sims.scenario.scenario import Scenario
from sims.studies.sweep.cluster import ClusterError, DaskCluster, SchedulerLostError

# The processes are real, and die as they like: what distributed leaves open then is not ours to close.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster(tmp_path)
    yield found
    found.stop()


def run_and(
    cluster: DaskCluster, asked: list[Scenario], after: int, act: Callable[[], None]
) -> list[Row | Failure]:
    """All results, or those up to an error; ``act`` happens when ``after`` of them are there."""
    found = []
    for result in cluster.run(asked):
        found.append(result)
        if len(found) == after:
            act()
    return found


def test_the_rows_are_those_of_any_other_engine(cluster: Cluster) -> None:
    cluster.worker("--nthreads", "2")
    cluster.worker()
    asked = [*scenarios(), scenarios()[0].model_copy(update={"topology": "no-such:k=4"})]
    with cluster.client() as client:
        found = list(client.run(asked))
        again = list(client.run(asked[:3]))
    assert by_key(found) == undisturbed(asked)
    assert [type(result) for result in by_key(found)].count(Failure) == 1
    assert by_key(again) == undisturbed(asked[:3])


def test_a_worker_that_is_killed_costs_no_row(cluster: Cluster) -> None:
    cluster.worker(pause=0.05)
    doomed = cluster.worker(pause=0.05)
    asked = scenarios()
    with cluster.client() as client:
        until = time.monotonic() + 20
        while len(client._ready) < 2 and time.monotonic() < until:
            client._look()
            time.sleep(0.1)
        assert len(client._ready) == 2
        found = run_and(client, asked, 8, doomed.kill)
    assert doomed.wait() == -signal.SIGKILL
    assert by_key(found) == undisturbed(asked)  # equal lists: none lost, none twice


def test_a_scenario_that_kills_its_workers_fails_alone(cluster: Cluster) -> None:
    cluster.worker("--nanny", pause=0.01)
    asked = scenarios(16)
    asked.append(asked[0].model_copy(update={"size_bytes": 666}))
    with cluster.client() as client:
        found = list(client.run(asked))
    failures = [result for result in found if isinstance(result, Failure)]
    assert len(found) == len(asked)
    assert [failure.scenario for failure in failures] == asked[-1:]
    assert failures[0].error.startswith("KilledWorker: 3 workers died over it")
    assert by_key([result for result in found if isinstance(result, Row)]) == undisturbed(asked[:-1])


def test_a_scheduler_that_is_killed_is_one_line_that_says_how_to_go_on(cluster: Cluster) -> None:
    cluster.worker(pause=0.05)
    asked = scenarios()
    found: list[Row | Failure] = []

    def keep(client: DaskCluster) -> None:
        for result in client.run(asked):
            found.append(result)
            if len(found) == 6:
                cluster.scheduler.kill()

    began = time.monotonic()
    with cluster.client() as client, pytest.raises(SchedulerLostError) as caught:
        keep(client)
    assert time.monotonic() - began < 25
    words = str(caught.value)
    assert "\n" not in words and cluster.address in words
    assert 6 <= len(found) < 40
    done = {result.key for result in found}
    assert len(done) == len(found)
    assert by_key(found) == [result for result in undisturbed(asked) if result.key in done]


def test_a_scheduler_without_workers_is_waited_for_and_then_refused(cluster: Cluster) -> None:
    said: list[str] = []
    with (
        pytest.raises(ClusterError, match=r"has had no workers for 0.5 s: start some with `dask worker tcp:"),
        DaskCluster(cluster.address, timeout=20, patience=0.5, say=said.append),
    ):
        pass
    assert said == [f"scheduler {cluster.address} has no workers: waiting 0.5 s for one"]


def test_the_last_worker_gone_is_an_error_and_not_a_hang(cluster: Cluster) -> None:
    doomed = cluster.worker(pause=0.05)
    with (
        cluster.client(patience=20) as client,
        pytest.raises(ClusterError, match="no workers for 1 s: start some with"),
    ):
        client.patience = 1
        run_and(client, scenarios(), 5, doomed.kill)


def test_workers_of_another_model_or_with_another_fabric_are_named(cluster: Cluster, tmp_path: Path) -> None:
    worker = cluster.worker(preload="from sims.scenario import scenario\nscenario.MODEL_VERSION = 99\n")
    with (
        pytest.raises(ClusterError, match=r"worker tcp://\S+ has MODEL_VERSION 99, here it is 1: start"),
        cluster.client(),
    ):
        pass
    worker.kill()
    (tmp_path / "other" / "fabric").mkdir(parents=True)
    (tmp_path / "other" / "fabric" / "__init__.py").touch()
    cluster.worker(first=str(tmp_path / "other"))
    rule = r"cannot import fabricsim: .*'fabric.* \(its `fabric` is \S+/other/fabric/__init__.py\): install"
    with pytest.raises(ClusterError, match=rule), cluster.client():
        pass


def test_ctrl_c_leaves_the_cluster_as_it_was(cluster: Cluster) -> None:
    worker = cluster.worker(pause=0.05)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), cluster.client() as client:
        try:
            run_and(client, scenarios(), 5, interrupt)
        finally:
            began = time.monotonic()
    assert time.monotonic() - began < 3
    assert worker.poll() is None and cluster.scheduler.poll() is None
    with cluster.client() as client:
        assert len(list(client.run(scenarios(8)))) == 8


def test_no_scheduler_no_address_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterError, match=rf"scheduler {address}: no Dask scheduler answers"):
            DaskCluster(address, timeout=0.5).__enter__()
    for address in ("carrier://pigeon:1", "tcp://127.0.0.1"):
        with pytest.raises(
            ParameterError, match=rf"scheduler: '{address}': an address as in tcp://host:8786"
        ):
            DaskCluster(address, timeout=0.5).__enter__()
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(FabricsimError, match=r"needs the extra \[cluster\]: python -m pip install"):
        DaskCluster("tcp://127.0.0.1:1").__enter__()
