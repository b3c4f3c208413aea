"""Finite fields by their axioms, Slim Flies by their theorems and published sizes."""

from __future__ import annotations

from itertools import product

import networkx as nx
import numpy as np
import pytest
from topology_oracles import assert_plain, assert_shortest_routes, endpoints, ports, same, switches

from fabric.graph.fabric import Fabric
from fabric.words.errors import ParameterError, TooLargeError
from topologies.catalogue import load
from topologies.families.slim_fly import slim_fly
from topologies.parts import memory
from topologies.parts.galois import Field, prime_power

ORDERS = [3, 4, 5, 7, 8, 9, 11, 13, 16, 17]
DELTA = {0: 0, 1: 1, 3: -1}  # of q mod 4


@pytest.mark.parametrize("q", [2, *ORDERS, 25, 27, 32])
def test_field_axioms(q: int) -> None:
    field = Field.of(q)
    plus, times, x = field.plus, field.times, np.arange(q)
    for table in (plus, times):
        assert (table == table.T).all()
        left, right = table[table[:, :, None], x], table[x[:, None, None], table[None]]
        assert (left == right).all()  # (x y) z = x (y z)
    assert (times[x[:, None, None], plus[None]] == plus[times[:, :, None], times[:, None, :]]).all()
    assert (plus[0] == x).all() and (times[1] == x).all() and (times[0] == 0).all()
    assert (plus[x, field.negative] == 0).all()
    assert all(sorted(row) == list(range(1, q)) for row in times[1:, 1:].tolist())  # all but zero divide
    assert sorted(field.powers.tolist()) == list(range(1, q)) and field.powers[0] == 1
    if q > 2:
        assert (times[field.powers[:-1], field.powers[1]] == field.powers[1:]).all()
    assert not plus.flags.writeable


@pytest.mark.parametrize("q", [3, 5, 11, 17])
def test_prime_fields_are_residues(q: int) -> None:
    field, x = Field.of(q), np.arange(q)
    assert (field.plus == (x[:, None] + x) % q).all() and (field.times == x[:, None] * x % q).all()


def test_prime_powers() -> None:
    found = {q: prime_power(q) for q in range(-1, 33)}
    primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31]
    assert {q for q, pn in found.items() if pn} == {
        p**n for p, n in product(primes, range(1, 6)) if p**n < 33
    }
    assert found[27] == (3, 3) and found[32] == (2, 5) and prime_power(1_000_003) == (1_000_003, 1)


@pytest.mark.parametrize("q", ORDERS)
def test_slim_fly_is_regular_of_diameter_two(q: int) -> None:
    """2 q^2 switches, each with (3q - delta) / 2 neighbours, and any two of them at most 2 apart."""
    G = slim_fly(q=q)
    S, k = switches(G), (3 * q - DELTA[q % 4]) // 2
    p = -(-k // 2)
    assert len(S) == 2 * q * q and {d for _, d in S.degree} == {k}
    assert len(endpoints(G)) == 2 * q * q * p and set(ports(G).values()) == {k + p}
    reach = nx.to_numpy_array(S, weight=None)
    assert not np.trace(reach) and (np.eye(len(S)) + reach + reach @ reach > 0).all()
    Fabric.from_graph(G)


def test_q_5_is_the_hoffman_singleton_graph() -> None:
    """The Moore graph of degree 7: 50 = 1 + 7 + 7 * 6 nodes, diameter 2, girth 5; there is no other."""
    S = switches(slim_fly(q=5))
    assert (len(S), S.number_of_edges(), nx.diameter(S), nx.girth(S)) == (50, 175, 2, 5)
    assert nx.is_isomorphic(S, nx.hoffman_singleton_graph())


def test_published_size() -> None:
    """SC 2014: q = 19 has 722 routers of network radix 29, 10,830 endpoints with 15 per router."""
    notes = slim_fly(q=19).graph["notes"]
    assert notes[0] == "10,830 endpoints; 722 switches of 44 ports, 29 to switches."


def test_edges_by_the_definition() -> None:
    """q = 7, delta = -1, field of residues with g = 3: written out as in the paper."""
    X, Y = {1, 9 % 7, 27 % 7, 3**5 % 7}, {3, 27 % 7, 81 % 7, 3**6 % 7}  # 1, g^2, g^3, g^5; g, g^3, g^4, g^6
    expected = nx.Graph()
    for x, y, z in product(range(7), repeat=3):
        if (y - z) % 7 in X:
            expected.add_edge((0, x, y), (0, x, z))
        if (y - z) % 7 in Y:
            expected.add_edge((1, x, y), (1, x, z))
        expected.add_edge((0, x, (y * x + z) % 7), (1, y, z))
    S = switches(slim_fly(q=7))
    place = {n: (i // 49, i // 7 % 7, i % 7) for i, n in enumerate(S)}
    inner = nx.relabel_nodes(S, place)
    across = {frozenset(e) for e in expected.edges if e[0][0] != e[1][0]}
    assert {frozenset(e) for e in inner.edges if e[0][0] != e[1][0]} == across
    assert nx.is_isomorphic(inner, expected)  # X and X' depend on which primitive element is chosen
    assert all(S.nodes[n]["pod"] == place[n][1] for n in S)


def test_record_and_servers() -> None:
    G = slim_fly(q=4, endpoints_per_switch=4, gpus_per_server=4)
    assert_plain(G)
    assert same(G, slim_fly(**G.graph["params"])) and same(G, load(G.graph["name"]))
    assert G.graph["name"] == "slim-fly:q=4,endpoints_per_switch=4,gpus_per_server=4"
    assert Fabric.from_graph(G).n_scaleup == 32
    assert {G.nodes[e]["pod"] for e in range(16)} == {0}


@pytest.mark.parametrize("q", [3, 4, 5])
def test_routes_are_shortest(q: int) -> None:
    assert_shortest_routes(slim_fly(q=q))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("slim-fly", "q: not given: slim-fly needs it"),
        ("slim-fly:q=2", "q: 2: a whole number, at least 3"),
        ("slim-fly:q=6", "q: 6: a power of a prime: the nearest legal are 5 and 7"),
        ("slim-fly:q=21", "q: 21: .* 19 and 23"),
        ("slim-fly:q=5,endpoints_per_switch=0", "endpoints_per_switch: 0: a whole number, at least 1"),
        ("slim-fly:q=5,gpus_per_server=7", "gpus_per_server: 7: divides the 200 endpoints: .* 5 and 8"),
    ],
)
def test_illegal(spec: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        load(spec)


def test_no_field_and_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match="q: 12: a power of a prime"):
        Field.of(12)
    monkeypatch.setattr(memory, "available_memory", lambda: 64e9)
    for q in (1009, 10**17):
        with pytest.raises(TooLargeError, match=f"slim-fly:q={q}: needs about"):
            slim_fly(q=q)
