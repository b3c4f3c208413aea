"""Each run of packets by SimPy, and again by the compiled loop where numba is installed."""

from importlib.util import find_spec

import pytest

COMPILED = pytest.param(
    "compiled",
    marks=pytest.mark.skipif(find_spec("numba") is None, reason="the extra [fast] is not installed"),
)


@pytest.fixture(params=["simpy", COMPILED])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sims.models.packet.choice._MANY", 0 if request.param == "compiled" else float("inf"))
