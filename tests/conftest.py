"""What holds before every test: the collector runs, which a command leaves at rest when it has drawn."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    yield
    gc.enable()
