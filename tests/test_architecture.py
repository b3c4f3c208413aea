"""The three lines of docs/architecture.md, and what else holds of every module, read off the syntax trees."""

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from project import ROOT

ROOMS = ("fabric", "topologies", "sims")
DOORS = {
    "simpy": ("sims.models.",),
    "matplotlib": ("sims.show.figures.", "sims.show.drawing."),
    "typer": ("sims.cli.",),
    "rich": ("sims.cli.progress",),
    "pyarrow": ("sims.scenario.parquet",),
    "numba": ("sims.models.kernel",),
    "altair": ("sims.show.explore.charts",),
    "vl_convert": ("sims.show.explore.charts",),
    "distributed": ("sims.studies.sweep.cluster",),
}


@cache
def floors() -> dict[str, list[str]]:
    """The folders and modules of each room, lowest first, as docs/architecture.md has them."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = {room: re.search(rf"^{room}: +(.+)$", text, re.MULTILINE) for room in ROOMS}
    assert all(lines.values())
    return {room: re.split(r"\s*<\s*", line[1].strip()) for room, line in lines.items() if line}


def modules() -> dict[str, Path]:
    """Every module but the rooms' own doors, which only point inwards, lazily."""
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    named = {path.relative_to(ROOT).with_suffix("").parts: path for path in paths}
    names = {(parts[:-1] if parts[-1] == "__init__" else parts): path for parts, path in named.items()}
    return {".".join(parts): path for parts, path in names.items() if len(parts) > 1}


MODULES = modules()


@cache
def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def ours(name: str) -> set[str]:
    """The modules that ``name`` imports; a package only where none of its modules is named."""
    found = {m for m in imported(MODULES[name]) if m in MODULES and m != name}
    return {m for m in found if not any(other.startswith(f"{m}.") for other in found)}


def above(importer: str, target: str) -> bool:
    """Whether ``target`` stands on a floor above that of ``importer``, or in a room above."""
    (room, floor), (other, its_floor) = importer.split(".")[:2], target.split(".")[:2]
    if room != other:
        return ROOMS.index(other) > ROOMS.index(room)
    order = floors()[room]
    return order.index(its_floor) > order.index(floor)


def test_every_folder_and_loose_module_is_a_floor():
    for room, order in floors().items():
        here = {name.split(".")[1] for name in MODULES if name.startswith(f"{room}.")}
        assert sorted(order) == sorted(here)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_go_down(name):
    assert {target for target in ours(name) if above(name, target)} == set()


def test_an_arrow_upwards_is_seen():
    assert above("fabric.words.units", "fabric.graph.fabric")
    assert above("topologies.catalogue", "sims.cli.main")
    assert not above("sims.cli.main", "sims.scenario.row")


def test_there_is_no_circle():
    try:
        list(TopologicalSorter({name: ours(name) for name in MODULES}).static_order())
    except CycleError as error:
        pytest.fail(f"modules import each other: {' <- '.join(error.args[1])}")


def functions(path: Path) -> dict[str, int]:
    """The lines of each function without signature and docstring."""
    sizes = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1
            sizes[f"{path.stem}.{node.name}"] = lines
    return sizes


def test_files_and_functions_are_read_at_once():
    long = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: lines for name, lines in long.items() if lines >= 400} == {}
    sizes = [functions(path) for path in MODULES.values()]
    assert {name: lines for each in sizes for name, lines in each.items() if lines > 80} == {}
    commands = [functions(path) for name, path in MODULES.items() if name.startswith("sims.cli.")]
    assert {name: lines for each in commands for name, lines in each.items() if lines > 60} == {}


@pytest.mark.parametrize("library", DOORS)
def test_one_door_per_library(library):
    users = {name for name in MODULES if any(m.split(".")[0] == library for m in imported(MODULES[name]))}
    assert users, f"nothing imports {library}: its door can go"
    assert {user for user in users if not f"{user}.".startswith(DOORS[library])} == set()


def test_the_package_fabric_is_ours():
    import fabric

    assert Path(fabric.__file__).resolve() == ROOT / "fabric" / "__init__.py"


def test_test_files_have_names_of_their_own():
    """pytest imports them by name alone: two of one name cannot be collected together."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert [name for name in names if names.count(name) > 1] == []
