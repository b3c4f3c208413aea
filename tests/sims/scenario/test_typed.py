"""Fields of a scenario as files have them: what is read, and what is refused."""

import pickle

import pytest

from fabric.words.errors import ParameterError
from sims.scenario.scenario import Scenario
from sims.scenario.typed import text, truth, whole_number

PLAIN = {"topology": "fat-tree:k=4", "ranks": 8, "algorithm": "ring", "size_bytes": 8}


@pytest.mark.parametrize("value", [16, "16", " 16 ", "16.0", "+16", 16.0])
def test_a_whole_number_however_it_is_written(value: object) -> None:
    assert whole_number("ranks", value, least=2, below=17) == 16


@pytest.mark.parametrize(
    "value", ["", "1.5", "1e3", "١٦", 1.5, float("nan"), None, True, [2], "1", "17", "9" * 5000]
)
def test_what_is_no_whole_number_from_2_below_17(value: object) -> None:
    with pytest.raises(ParameterError, match=r"ranks: .*: a whole number from 2, below 17"):
        whole_number("ranks", value, least=2, below=17)


def test_truths_and_texts() -> None:
    assert [truth("a", v) for v in (True, "TRUE", "1", 0, "False", " false ")] == [True] * 3 + [False] * 3
    for value in ("", "perhaps", 2, None):
        with pytest.raises(ParameterError, match=r"a: .*: true or false"):
            truth("a", value)
    assert text("a", " as it is ") == " as it is "
    with pytest.raises(ParameterError, match=r"a: 1: a text"):
        text("a", 1)


def test_a_scenario_of_texts_is_that_of_values() -> None:
    one = Scenario.of(**PLAIN)
    assert Scenario.of(**{**PLAIN, "ranks": "8", "size_bytes": "8.0", "allow_partition": "false"}) == one
    assert one.model_copy(update={"ranks": 4}).ranks == 4 and one.ranks == 8
    assert pickle.loads(pickle.dumps(one)) == one and hash(one) == hash(Scenario(**PLAIN))
    assert tuple(one.model_dump()) == tuple(Scenario.model_fields)
    with pytest.raises(AttributeError):
        one.ranks = 3


def test_what_a_scenario_does_not_have_or_lacks() -> None:
    with pytest.raises(ParameterError, match=r"rnks: 8: no such field of a scenario .legal: topology, "):
        Scenario.of(**PLAIN, rnks=8)
    with pytest.raises(ParameterError, match=r"size_bytes: not given: each scenario says it"):
        Scenario.of(topology="fat-tree:k=4", ranks=8, algorithm="ring")
    with pytest.raises(ParameterError, match=r"engine: 'flw': unknown engine .did you mean 'flow'"):
        Scenario.of(**PLAIN, engine="flw")
