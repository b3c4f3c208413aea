"""Who does what next: each scenario once, a fabric with one worker, and no second fabric for nothing."""

from __future__ import annotations

from itertools import pairwise

from sims.scenario.scenario import Scenario
from sims.studies.sweep.bench import share_key
from sims.studies.sweep.piles import DEATHS, Piles


def points(fabrics: int = 2, algorithms: str = "ab", sizes: int = 10) -> list[Scenario]:
    return [
        Scenario(topology=f"t{f}", ranks=8, algorithm=a, size_bytes=s + 1)
        for s in range(sizes)
        for a in algorithms
        for f in range(fabrics)
    ]


def keys(scenarios: list[Scenario]) -> list[str]:
    return sorted(scenario.key for scenario in scenarios)


def work(piles: Piles, workers: str, seconds: float = 0.001) -> list[tuple[str, Scenario]]:
    """What each does in turn until there is nothing left for any."""
    done: list[tuple[str, Scenario]] = []
    while True:
        pieces = {worker: piece for worker in workers if (piece := piles.take(worker))}
        if not pieces:
            return done
        for worker, piece in pieces.items():
            done += [(worker, scenario) for scenario in piece]
            piles.give_back(worker, piece, len(piece), seconds * len(piece))


def test_each_scenario_is_dealt_out_once() -> None:
    for workers in ("a", "ab", "abcdef"):
        asked = points(fabrics=3)
        assert keys([scenario for _, scenario in work(Piles(asked, seconds=0.2), workers)]) == keys(asked)


def test_a_worker_has_its_scenarios_in_an_order_that_shares_most() -> None:
    done = [scenario for _, scenario in work(Piles(points(), seconds=0.2), "a")]
    assert len({share_key(scenario)[0] for scenario in done}) == 2
    changes = sum(share_key(x) != share_key(y) for x, y in pairwise(done))
    assert changes == 3  # two fabrics of two algorithms


def test_two_workers_take_different_fabrics() -> None:
    piles = Piles(points(), seconds=0.2)
    assert piles.take("a")[0].topology != piles.take("b")[0].topology


def test_who_has_nothing_to_do_takes_whole_algorithms() -> None:
    piles = Piles(points(fabrics=1), seconds=0.2)
    assert piles.take("a")[0].algorithm == "a"
    assert piles.take("b")[0].algorithm == "b"


def test_sizes_are_shared_only_where_that_saves_more_than_a_fabric_costs() -> None:
    piles = Piles(points(fabrics=1, algorithms="a", sizes=33), seconds=0.2)
    piles.give_back("a", piece := piles.take("a"), 1, 1.0)  # built and routed
    assert len(piece) == 1 and piles.take("b") == []
    piles.give_back("a", piles.take("a"), 1, 0.001)  # 31 more sizes are nothing
    assert piles.take("b") == []
    piles.give_back("a", piles.take("a"), 2, 2.0)  # 29 more take 29 s
    assert len(piles.take("b")) == 1


def test_pieces_grow_until_they_take_long_enough() -> None:
    piles = Piles(points(fabrics=1, algorithms="a", sizes=40), seconds=0.2)
    lengths = []
    while piece := piles.take("a"):
        lengths.append(len(piece))
        piles.give_back("a", piece, len(piece), 0.02 * len(piece))
    assert lengths == [1, 2, 4, 8, 8, 8, 8, 1]


def test_what_was_not_done_stays_and_the_next_piece_is_as_long_as_what_was() -> None:
    piles = Piles(points(fabrics=1, algorithms="a", sizes=40), seconds=0.2)
    for _ in range(3):
        piles.give_back("a", piece := piles.take("a"), len(piece), 0.0)
    piece = piles.take("a")
    assert len(piece) == 8
    piles.give_back("a", piece, 3, 0.3)
    assert piles.take("a") == piece[3:6]


def test_the_pile_of_a_dead_worker_goes_to_another() -> None:
    asked = points(fabrics=1)
    piles = Piles(asked, seconds=0.2)
    lost = piles.take("a")
    assert piles.suspect(lost) == []
    piles.keep(set())
    assert keys([scenario for _, scenario in work(piles, "b")]) == keys(asked)


def test_suspects_wait_where_they_must_be_alone() -> None:
    piles = Piles(points(fabrics=1, algorithms="a", sizes=1), seconds=0.2)
    piece = piles.take("a")
    piles.suspect(piece)
    assert piles.take("b", suspects=False) == [] and piles.take("b") == piece


def test_who_kills_its_workers_comes_last_and_is_given_up() -> None:
    asked = points(fabrics=1)
    piles, bad = Piles(asked, seconds=0.2), asked[0]
    order: list[Scenario] = []
    given_up: list[Scenario] = []
    for worker in map(str, range(100)):
        piece = piles.take(worker)
        order += piece
        if bad in piece:
            given_up += piles.suspect([bad])
            piles.give_back(worker, [scenario for scenario in piece if scenario != bad], 0, 0.0)
        piles.keep(set())
    assert given_up == [bad]
    assert order.count(bad) == DEATHS and order[-2:] == [bad, bad]
    assert keys([scenario for scenario in order if scenario != bad]) == keys(asked[1:])
