"""The built wheel, installed where no checkout is, runs every command from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"
IN = ("fabric", "topologies", "sims")

# All commands in one process, since importing costs more than they do: what each printed, as JSON.
RUN_ALL = """
import io, json, sys
from sims.cli.main import main

outs, stdout, stderr = [], sys.stdout, sys.stderr
for words in json.loads(sys.argv[1]):
    sys.argv, sys.stdout, sys.stderr = ["fabricsim", *words], io.StringIO(), stderr
    out = sys.stdout
    try:
        main()
    except SystemExit as end:
        assert not end.code, (words, end.code)
    outs.append(out.getvalue())
print(json.dumps(outs), file=stdout)
"""

LOG = str(ROOT / "docs" / "figures" / "example-nccl.log")

# A command each, with what shows that it did its work: a file, or words on standard output.
COMMANDS = [
    (["--version"], "fabricsim"),
    (["allreduce", "star:endpoints=4", "--size", "1MiB", "--out", "a.csv", "--plot", "a.svg"], "a.csv"),
    (
        ["allreduce", "star:endpoints=4", "--algorithm", "ring", "--size", "8KiB", "--engine", "packet"],
        "8192",
    ),
    (["flows", "star:endpoints=4", "--traffic", "incast", "--size", "1MB", "--out", "f.csv"], "f.csv"),
    (
        ["sweep", "--set", "topology=star:endpoints=4", "--set", "seed=0..1", "-o", "out", "-j2"],
        "out/rows.csv",
    ),
    (["merge", "out", "a.csv", "-o", "m.csv"], "m.csv"),
    (
        ["explore", "star:endpoints=4", "--set", "size=1M,1G", "--set", "seed=0", "-o", "x.html", "-j1"],
        "x.html",
    ),
    (["plot", "a.csv", "-o", "p.svg"], "p.svg"),
    (["report", "out", "-o", "r.html"], "r.html"),
    (
        ["compare", "star:endpoints=4", "star:endpoints=4,rate=200Gbps", "--size", "1M", "-o", "c.svg"],
        "c.svg",
    ),
    (["latency", "star:endpoints=4"], "star"),
    (["topology", "list"], "fat-tree"),
    (["topology", "show", "fat-tree:k=4"], "16"),
    (["topology", "check", "fat-tree:k=4"], "fat-tree"),
    (["topology", "draw", "star:endpoints=4", "-o", "d.svg"], "d.svg"),
    (["topology", "export", "star:endpoints=4", "-o", "g.json"], "g.json"),
    (["topology", "import", "g.json", "-o", "h.json"], "h.json"),
    (["topology", "bom", "star:endpoints=4", "--prices", "sample"], "switches"),
    (["routing", "compare", "fat-tree:k=4", "--traffic", "permutation", "--routing", "ecmp,dmodk"], "dmodk"),
    (["calibrate", LOG, "-o", "own.toml"], "own.toml"),
    (["validate", "--quick"], "closed forms"),
    (["validate", "--measured"], "median error"),
    (["expect", "star:endpoints=4", "--sizes", "1M", "--tolerance", "10%"], "something may be wrong"),
    (
        ["diagnose", LOG, "fat-tree:endpoints=64,radix=16,gpus_per_server=8"],
        "verdict",
    ),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel; what it depends on is lent by this one."""
    folder = tmp_path_factory.mktemp("wheel")
    lent = sysconfig.get_path("purelib")
    source = folder / "source"
    copied = ["pyproject.toml", "README.md", *IN]
    source.mkdir()
    subprocess.run(["cp", "-r", *(str(ROOT / name) for name in copied), str(source)], check=True)
    run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", str(folder), str(source)], folder
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    own = run([str(python), "-c", PURELIB], folder).strip()
    put = ["install", "--quiet", "--no-deps", "--no-index", "--target", own, str(wheel)]
    run([sys.executable, "-m", "pip", *put], folder)
    # As a path and not as a folder of packages: the .pth of the checkout in there has no effect.
    (Path(own) / "lent.pth").write_text(f"{lent}\n")
    return python


def run(words: Sequence[str], folder: Path) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{words}: {done.stdout[-500:]}{done.stderr[-2000:]}"
    return done.stdout


def test_the_wheel_and_not_the_checkout_is_imported(installed: Path, tmp_path: Path) -> None:
    files = ", ".join(f"{name}.__file__" for name in IN)
    program = f"import {', '.join(IN)}, sys; print({files}, *sys.path, sep='\\n')"
    found = run([str(installed), "-c", program], tmp_path).split("\n")
    assert all(str(installed.parents[1]) in line for line in found[:3])
    assert str(ROOT) not in found


def test_every_file_of_the_packages_is_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    here = {
        str(path.relative_to(ROOT))
        for name in IN
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    own = Path(run([str(installed), "-c", PURELIB], tmp_path).strip())
    missing = {name for name in here if not (own / name).is_file()}
    assert len(here) > 200 and not missing


def test_every_command_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    from sims.cli.main import app
    from sims.cli.routing import commands as routing
    from sims.cli.topology import commands as topology

    commands = [words for words, _ in COMMANDS]
    outs = json.loads(run([str(installed), "-c", RUN_ALL, json.dumps(commands)], tmp_path))
    for (words, shows), out in zip(COMMANDS, outs, strict=True):
        assert (tmp_path / shows).is_file() or shows in out, (words, out)
    assert "fabricsim" in run([str(installed), "-m", "sims.cli", "--version"], tmp_path)
    groups = {(): app, ("topology",): topology, ("routing",): routing}
    every = {
        (*before, command.name or command.callback.__name__)
        for before, group in groups.items()
        for command in group.registered_commands
        if command.callback
    }
    tried = {tuple(words[: 2 if words[0] in ("topology", "routing") else 1]) for words, _ in COMMANDS}
    assert every <= tried
