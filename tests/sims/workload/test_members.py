"""Who is in a group with whom: by server, by leaf where there are no servers, and alone."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Fabric
from sims.workload.members import Members
from sims.workload.total_exchange import TotalExchange


def star(servers: list[int | None], cabled: bool = True) -> Fabric:
    """Endpoints on one switch, each in the server that ``servers`` says."""
    G = nx.Graph(name="star")
    for i, server in enumerate(servers):
        G.add_node(i, kind="gpu", tier=0, **({} if server is None else {"server": server}))
    G.add_node("s", kind="switch", tier=1)
    for i in range(len(servers) if cabled else 0):
        G.add_edge(i, "s", rate=50e9, delay=0.0)
    return Fabric.from_graph(G, allow_partition=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([None, 0, 1, 2]), min_size=2, max_size=9), st.randoms(use_true_random=False))
def test_ranks_of_one_server_are_a_group_and_others_stand_alone(
    servers: list[int | None], random: object
) -> None:
    where = list(range(len(servers)))
    random.shuffle(where)  # type: ignore[attr-defined]
    if servers == [None] * len(servers):
        servers[0] = 0
    fabric = star(servers)
    members = Members(fabric, np.array(where))
    own = fabric.server[where]
    same = (own[:, None] == own) & (own[:, None] >= 0) | np.eye(len(where), dtype=bool)
    assert np.array_equal(members.groups[:, None] == members.groups, same)
    assert members.nodes == len(np.unique(members.groups))


def test_without_servers_leaves_are_the_groups_and_who_has_no_cable_stands_alone() -> None:
    assert len(set(Members(star([None] * 3), np.arange(3)).groups.tolist())) == 1
    assert Members(star([None] * 3, cabled=False), np.array([2, 0, 1])).groups.tolist() == [2, 0, 1]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_total_exchange_has_a_transfer_for_every_ordered_pair_of_a_group(sizes: list[int]) -> None:
    group = np.repeat(np.arange(len(sizes)), sizes)
    ranks = np.arange(len(group))
    whole = TotalExchange(ranks=ranks, group=group, count=1, chunks_of=lambda src, dst: src[:, None])
    pairs = {(s, d) for s in ranks.tolist() for d in ranks.tolist() if s != d and group[s] == group[d]}
    assert len(whole) == len(whole.src) == len(pairs)
    assert set(zip(whole.src.tolist(), whole.dst.tolist())) == pairs
