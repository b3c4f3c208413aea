"""The program beside the oldest versions that pyproject.toml allows: ``python tests/lowest.py FOLDER``.

Makes an environment in FOLDER where none is yet, and runs commands that use every dependency there.
The tests themselves may need newer versions.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("parquet", "cluster", "fast", "explore")

SWEEP = ["sweep", "--set", "topology=star:endpoints=4", "--set", "seed=0..3"]
# A command each, with the file that it writes.
COMMANDS = [
    (["allreduce", "fat-tree:k=4", "--plot", "a.svg", "--out", "a.parquet"], "a.parquet"),
    (["flows", "fat-tree:k=4", "--traffic", "permutation", "--size", "1MB", "--out", "f.csv"], "f.csv"),
    ([*SWEEP, "-o", "out", "-j2"], "out/rows.parquet"),
    ([*SWEEP, "-o", "spread", "--scheduler", "{address}"], "spread/rows.csv"),
    (["plot", "out", "-o", "p.png"], "p.png"),
    (["plot", "a.parquet", "-o", "q.svg"], "q.svg"),
    (["report", "out", "-o", "r.html"], "r.html"),
    (["explore", "star:endpoints=4", "--set", "size=1M", "--set", "seed=0", "-o", "x.html"], "x.html"),
    (["topology", "list"], ""),
    (["topology", "show", "dragonfly:p=2"], ""),
    (["topology", "check", "fat-tree:k=4"], ""),
    (["topology", "draw", "fat-tree:k=4", "-o", "d.svg"], "d.svg"),
    (["topology", "export", "fat-tree:k=4", "-o", "g.json"], "g.json"),
    (["topology", "export", "fat-tree:k=4", "-o", "g.graphml"], "g.graphml"),
    (["topology", "import", "g.graphml", "-o", "h.json"], "h.json"),
    (["topology", "bom", "fat-tree:k=4", "--prices", "sample"], ""),
    (["routing", "compare", "fat-tree:k=4", "--traffic", "permutation", "--routing", "ecmp,dmodk"], ""),
]

CLUSTER = """
import sys
from distributed import LocalCluster
from sims.cli.main import main
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        sys.argv = [word.replace("{address}", cluster.scheduler_address) for word in sys.argv]
        main()
"""


def lowest() -> list[str]:
    """The lower bound of every dependency, as a constraint of pip.

    >>> "numpy==1.26.*" in lowest()
    True
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = project["dependencies"] + [text for e in EXTRAS for text in project["optional-dependencies"][e]]
    bounds = [text.split(">=") for text in needed]
    return [f"{name}=={bound if '.' in bound else bound + '.0'}.*" for name, bound in bounds]


def environment(folder: Path) -> Path:
    """The Python of an environment with exactly these versions."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    bounds = folder / "lowest.txt"
    bounds.write_text("\n".join(lowest()) + "\n", encoding="utf-8")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wanted = f"{ROOT}[{','.join(EXTRAS)}]"
    subprocess.run([*install, "--constraint", str(bounds), "--editable", wanted], check=True)
    return python


def main(folder: Path) -> int:
    """The number of commands that fail."""
    python, failed = environment(folder.resolve()), 0
    with tempfile.TemporaryDirectory() as place:
        script = Path(place) / "cluster.py"
        script.write_text(CLUSTER, encoding="utf-8")
        for words, file in COMMANDS:
            start = [str(script)] if "{address}" in words else ["-m", "sims.cli"]
            done = subprocess.run([str(python), *start, *words], cwd=place, capture_output=True, text=True)
            bad = done.returncode != 0 or not (Path(place) / file).exists()
            failed += bad
            print("FAILED" if bad else "ok    ", *words, done.stderr[-2000:] if bad else "", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) > 0)
