"""The steps that a page shows: what the script adds up must be what the collective is for."""

import pytest

from sims.show.explore.steps import LEAST, MOST, SHOWN, steps_of_ranks
from sims.workload.collectives import build


def after(found: dict) -> list[list[int]]:
    """What each rank holds in the end, by the rule of the page's script."""
    held = [list(own) for own in found["start"]]
    for transfers in found["steps"]:
        before = [list(own) for own in held]
        for start, end, copies, *chunks in transfers:
            for chunk in chunks:
                held[end][chunk] = before[start][chunk] + (0 if copies else held[end][chunk])
    return held


@pytest.mark.parametrize("ranks", range(LEAST, MOST + 1))
@pytest.mark.parametrize(("collective", "algorithm", "name"), SHOWN)
def test_every_rank_ends_with_all_that_it_is_due(
    collective: str, algorithm: str, name: str, ranks: int
) -> None:
    found = steps_of_ranks(build(algorithm, {}, ranks, collective=collective))
    for own, wanted in zip(after(found), found["wanted"]):
        assert [count for count, due in zip(own, wanted) if due] == [
            count for count, due in zip(found["due"], wanted) if due
        ]


def test_the_number_of_steps_is_known() -> None:
    steps = {
        name: len(steps_of_ranks(build(name, {}, 8))["steps"])
        for name in ("ring", "recursive-doubling", "halving-doubling")
    }
    assert steps == {"ring": 14, "recursive-doubling": 3, "halving-doubling": 6}
