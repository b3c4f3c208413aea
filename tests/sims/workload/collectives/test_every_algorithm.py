"""Every algorithm of every collective: replayed for n = 1 to 33 and large n, in servers and groups."""

from __future__ import annotations

import numpy as np
import pytest

from sims.workload.collective import COLLECTIVES
from sims.workload.collectives import algorithms, build
from sims.workload.replay import replay

EVERY = [(collective, name) for collective in COLLECTIVES for name in algorithms(collective)]


def _names(case: object) -> str:
    return ":".join(case) if isinstance(case, tuple) else str(case)


@pytest.mark.parametrize("case", EVERY, ids=_names)
def test_each_rank_ends_with_what_it_is_due(case: tuple[str, str]) -> None:
    collective, name = case
    for n in range(1, 34):
        for servers in sorted({1, 2, 3, n // 2, n}):
            if servers > 0 and n % servers == 0:
                for who in (np.arange(n) % servers, np.arange(n) // (n // servers)):
                    of = {"collective": collective, "servers": who, "groups": who}
                    for root in {0, n // 3, n - 1} if COLLECTIVES[collective].rooted else {0}:
                        replay(build(name, {}, n, root=root, **of))


@pytest.mark.parametrize("case", [one for one in EVERY if "groups" not in algorithms(one[0])[one[1]].needs])
@pytest.mark.parametrize("n", [2, 5, 13])
def test_servers_of_any_size(case: tuple[str, str], n: int) -> None:
    servers = np.random.default_rng(n).integers(-1, 3, n)
    replay(build(case[1], {}, n, collective=case[0], servers=servers))


@pytest.mark.parametrize("case", EVERY, ids=_names)
@pytest.mark.parametrize("n", [192, 255])
def test_by_fingerprints(case: tuple[str, str], n: int) -> None:
    groups = np.arange(n) // 3
    replay(build(case[1], {}, n, collective=case[0], servers=groups, groups=groups))


@pytest.mark.parametrize("case", EVERY, ids=_names)
def test_no_rank_sends_less_than_it_must(case: tuple[str, str]) -> None:
    """Whoever is due, or has to give, a share of the message sends as much in the mean."""
    collective, n = case[0], 16
    groups = np.arange(n) // 4
    sent = build(case[1], {}, n, collective=collective, servers=groups, groups=groups).sent(1.0)
    most = sent.sum() if COLLECTIVES[collective].rooted else sent.max()  # to a root many send a little
    due = COLLECTIVES[collective].factor(n)
    assert most >= (due if case[1] != "in-network" else 1) * (1 - 1e-12)  # where switches add up, S is enough
