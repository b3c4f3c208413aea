"""What ``sims`` offers by name: loaded when first used, and hidden by no module of the same name."""

import subprocess
import sys
from types import ModuleType

import pytest

import fabric
import sims
import topologies


def test_every_name_is_what_it_says() -> None:
    for name in sims.__all__:
        for _ in range(2):  # a module of the same name would take its place after the first import
            assert getattr(sims, name).__name__ == name


@pytest.mark.parametrize("package", [fabric, topologies, sims], ids=lambda package: package.__name__)
def test_what_a_package_lists_is_what_it_offers(package: ModuleType) -> None:
    """A notebook completes names from ``dir``: all that are offered, nothing that was only imported."""
    assert dir(package) == sorted(package.__all__)
    assert all(callable(getattr(package, name)) for name in dir(package))


def test_the_package_itself_loads_nothing() -> None:
    heavy = "{'numpy', 'matplotlib', 'simpy', 'networkx'} & set(sys.modules)"
    command = [sys.executable, "-c", f"import sims, sys; print({heavy})"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="plot_nothing"):
        _ = sims.plot_nothing
