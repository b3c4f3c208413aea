"""Who can speak to the workers of a sweep: this machine, or whoever shows a certificate; and what is said."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("distributed")

import dask
from sweep_cases import ROOT, by_key, scenarios, undisturbed

from fabric.words.errors import ParameterError
from sims.studies.sweep.cluster import ClusterError, DaskCluster
from sims.studies.sweep.cluster_address import open_to_others, require_certificates

PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
]


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """The folder that the page's recipe makes, by the commands that stand there."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    (recipe,) = [block for block in BLOCKS if "openssl req" in block]
    subprocess.run(
        ["sh", "-ec", recipe],
        env={**os.environ, "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return tmp_path / ".config" / "dask"


def configuration(folder: Path) -> dict[str, object]:
    """Dask's settings with the files of ``folder``, as a new process would read them."""
    return dask.config.merge(dask.config.config, dask.config.collect(paths=[str(folder)], env={}))  # type: ignore[no-any-return]


@pytest.fixture
def encrypted(certificates: Path) -> Iterator[str]:
    """The address of a scheduler with one worker, both started with the recipe's configuration."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for words in (
        ("scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"),
        ("worker", f"tls://127.0.0.1:{port}", "--nthreads", "1", "--no-dashboard", "--no-nanny"),
    ):
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=certificates,
                env={**os.environ, "DASK_CONFIG": str(certificates), "PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
    yield f"tls://127.0.0.1:{port}"
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_recipe_runs_the_same_rows_and_lets_nobody_in_without_a_certificate(
    encrypted: str, certificates: Path
) -> None:
    assert {file.stat().st_mode & 0o077 for file in certificates.iterdir()} == {0}  # for its owner alone
    asked, said = scenarios()[:3], []
    with dask.config.set(configuration(certificates)):
        with DaskCluster(encrypted, timeout=20, say=said.append) as cluster:
            assert by_key(list(cluster.run(asked))) == undisturbed(asked)
        assert not [line for line in said if "not encrypted" in line]
        plain = encrypted.replace("tls:", "tcp:")
        with pytest.raises(ParameterError, match=r"tls://host:8786, as Dask's configuration requires enc"):
            DaskCluster(plain).__enter__()
    with pytest.raises(ParameterError, match=r"needs distributed\.comm\.tls \(ca-file, client\.cert"):
        DaskCluster(encrypted).__enter__()
    with pytest.raises(ClusterError, match="no Dask scheduler answers there within 1 s"):
        DaskCluster(plain, timeout=1).__enter__()


def test_a_certificate_that_cannot_be_read_is_named(certificates: Path) -> None:
    (certificates / "cert.pem").write_text("nothing")
    with dask.config.set(configuration(certificates)):
        with pytest.raises(ParameterError, match=r"a readable certificate and key in Dask's"):
            require_certificates("tls://node7:8786")
        (certificates / "cert.pem").unlink()
        with pytest.raises(ParameterError, match=r"distributed\.comm\.tls.* No such file"):
            require_certificates("tls://node7:8786")


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("tcp://10.0.0.7:8786", True),
        ("tcp://node7:8786", True),
        ("node7:8786", True),
        ("tcp://[fe80::1]:8786", True),
        ("tls://10.0.0.7:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("tcp://127.1.2.3:8786", False),
        ("tcp://[::1]:8786", False),
        ("localhost:8786", False),
    ],
)
def test_an_address_of_others_without_encryption_costs_a_line(address: str, warned: bool) -> None:
    line = open_to_others(address)
    assert bool(line) == warned
    assert "\n" not in line and (not warned or f"scheduler {address} is not encrypted" in line)


def test_the_warning_is_said_before_anything_is_sent() -> None:
    said: list[str] = []
    with pytest.raises((ClusterError, ParameterError)):
        # .invalid is no name of a host, ever
        DaskCluster("tcp://node7.invalid:8786", timeout=0.5, say=said.append).__enter__()
    assert [line for line in said if line == open_to_others("tcp://node7.invalid:8786")]


def test_no_recipe_of_the_page_listens_to_strangers() -> None:
    lines = [line for block in BLOCKS for line in block.splitlines() if re.search(r"\bdask (sch|work)", line)]
    assert len(lines) == 6
    for line in lines:
        safe = "--host 127.0.0.1" in line or "--protocol tls" in line or "tls://" in line
        assert safe, line
    (jobqueue,) = [block for block in BLOCKS if "SLURMCluster(" in block]
    assert "security=Security()" in jobqueue
