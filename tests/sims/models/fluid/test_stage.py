"""How long a byte takes on the links of a fabric, against the links one by one."""

from __future__ import annotations

import numpy as np
import pytest
from fabric_zoo import ZOO

from fabric import Fabric
from fabric.graph.schema import SWITCH
from sims.models.fluid.stage import pace_of


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("seed", range(4))
def test_the_fullest_link_and_whether_anything_leaves_its_server(name: str, seed: int) -> None:
    f = Fabric.from_graph(ZOO[name]())
    draw = np.random.default_rng(seed)
    load = draw.integers(0, 3, f.n_links) * float(seed > 0)  # 0: nothing moves
    load[draw.random(f.n_links) < 0.5] = 0.0
    seconds = [float(bytes_) / float(rate) for bytes_, rate in zip(load, f.capacity)]
    ends = [link if at_end else 0.0 for link, at_end in zip(seconds, f.access.tolist())]
    hot, own = (max(range(f.n_links), key=among.__getitem__) for among in (seconds, ends))
    if seconds[hot] <= seconds[own] * (1 + 1e-9):
        hot = own
    to_switch = [f.kind[f.link_dst[i]] == SWITCH for i in range(f.n_links)]
    to_end = [f.link_src[i] < f.n_endpoints and f.link_dst[i] < f.n_endpoints for i in range(f.n_links)]
    found = pace_of(load, f)
    assert (found["hot"], found["peak"]) == (hot, seconds[hot])
    assert found["crosses"] == any(bytes_ > 0 and (a or b) for bytes_, a, b in zip(load, to_switch, to_end))
