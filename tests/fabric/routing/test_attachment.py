"""Attachments: the same choice however many flows are looked at together."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from fabric_zoo import dual_homed

from fabric import Adaptive, Dmodk, Ecmp, Fabric, Spray, carrier, route
from fabric.routing import attachment
from fabric.routing.policies import Policy
from topologies.catalogue import load

SEVERAL = [dual_homed(), load("multi-plane:planes=4,endpoints=16,radix=8")]


@pytest.mark.parametrize("policy", [Ecmp(qps=8), Dmodk(), Adaptive(), Spray()], ids=str)
@pytest.mark.parametrize("G", SEVERAL, ids=["dual-homed", "multi-plane"])
def test_flows_one_by_one_take_the_paths_of_all_together(
    G: object, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    F = carrier(Fabric.from_graph(G), policy)
    src, dst = np.array(list(permutations(range(F.n_endpoints), 2))).T
    qp = np.arange(len(src)) % 8
    together = route(F, src, dst, policy, qp=qp)
    monkeypatch.setattr(attachment, "_PAIRS", 1)
    alone = route(F, src, dst, policy, qp=qp)
    for name in ("ptr", "link", "weight"):
        assert np.array_equal(getattr(together, name), getattr(alone, name)), name
