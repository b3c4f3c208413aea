"""The picture in docs/architecture.md, held against the imports."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("fabric", "topologies", "sims")
DOORS = {
    "simpy": {"sims.network", "sims.engine", "sims.flows", "sims.faults", "sims.packet"},
    "matplotlib": {"sims.figures", "sims.drawing"},
    "typer": {
        "sims.cli",
        "sims.cli_calibrate",
        "sims.cli_compare",
        "sims.cli_figures",
        "sims.cli_latency",
        "sims.cli_routing",
        "sims.cli_allreduce",
        "sims.cli_flows",
        "sims.naming_outputs",
        "sims.cli_sweep",
        "sims.cli_topology",
        "sims.cli_validate",
        "sims.naming",
        "sims.naming_faults",
        "sims.naming_packets",
    },
    "rich": {"sims.progress"},
    "pyarrow": {"sims.parquet"},
    "distributed": {"sims.sweep.cluster", "sims.sweep.cluster_address", "sims.sweep.cluster_task"},
}


def order() -> list[str]:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"```\n(fabric: .*?)```", text, re.DOTALL)
    assert block
    names = []
    for room, modules in re.findall(r"(\w+):((?:\s+(?!\w+:)[\w.]+)+)", block[1]):
        names += [f"{room}.{module}" for module in modules.split()]
    return names


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if len(parts) > 1:  # the rooms' own doors only point inwards, lazily
            found[".".join(parts)] = path
    return found


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_module_is_in_the_order_once():
    assert sorted(order()) == sorted(modules())


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_go_one_way(name):
    before = order()[: order().index(name)]
    known = set(modules())
    own = {m for m in imported(modules()[name]) if m in known and m != name}
    assert own <= set(before), f"{name} imports {sorted(own - set(before))}, which stand after it"


@pytest.mark.parametrize("library", DOORS)
def test_one_door_per_library(library):
    users = {
        name for name, path in modules().items() if any(m.split(".")[0] == library for m in imported(path))
    }
    rooms = tuple(f"{door}." for door in DOORS[library])
    assert {user for user in users if user not in DOORS[library] and not user.startswith(rooms)} == set()


def test_the_package_fabric_is_ours():
    import fabric

    assert Path(fabric.__file__).resolve() == ROOT / "fabric" / "__init__.py"
