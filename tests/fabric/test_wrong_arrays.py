"""What the library is handed by mistake: one line of ours, never a foreign exception, nor a silent answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import Dmodk, Fabric, Paths, Spray, carrier, certify, max_min, measure, route
from fabric.words.errors import FabricsimError, ParameterError
from topologies import fat_tree

F = Fabric.from_graph(fat_tree(k=4))
P = route(F, [0, 1], [5, 6], Dmodk())
RATES = max_min(P, F.capacity)
ODD = [None, "x", "8", b"8", 0.9, 2.0, np.nan, np.inf, -1, True, {}, object(), [], ["a"], [[1], [1, 2]]]
ODD += [[0.9, 1.9], [np.nan, 1.0], [-1, 2], [0, 1, 2], [True, False], [2**63, 0], [1j, 0]]
ODD += [np.zeros((2, 2)), F.capacity[:3], -F.capacity, F.capacity * np.nan, P, F]
CALLS: dict[Callable[..., Any], dict[str, Any]] = {
    route: {"fabric": F, "src": [0, 1], "dst": [5, 6], "policy": Dmodk(), "qp": 0},
    carrier: {"fabric": F, "policy": Dmodk()},
    measure: {"fabric": F},
    max_min: {"paths": P, "capacity": F.capacity, "limits": RATES},
    certify: {"paths": P, "capacity": F.capacity, "rates": RATES, "limits": RATES},
}


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_only_errors_of_ours(data: st.DataObject) -> None:
    call = data.draw(st.sampled_from(list(CALLS)))
    wrong = data.draw(st.sampled_from(sorted(CALLS[call])))
    value = ODD[data.draw(st.integers(0, len(ODD) - 1))]
    try:
        call(**{**CALLS[call], wrong: value})
    except FabricsimError as error:
        names = {"src": ("src", "dst"), "policy": ("policy", "routing")}.get(wrong, (wrong,))
        assert str(error).startswith(tuple(f"{name}: " for name in names))
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: max_min(P, F.capacity * np.nan), "capacity: nan: the bytes/s of each link of the fabric"),
        (lambda: max_min(P, -F.capacity), "at least 0; number 0 is not"),
        (lambda: max_min(P, F.capacity[:3]), "capacity: '3 numbers': .*: the paths cross link 89"),
        (lambda: max_min(P, None), "capacity: not given: the bytes/s of each link"),  # type: ignore[arg-type]
        (lambda: max_min(P, F.capacity, [1.0]), "limits: '1 numbers': the most of each flow, 2 in all"),
        (lambda: route(F, ["a"], [1], Dmodk()), r"src: \['a'\]: endpoints by their numbers, one per flow"),
        (lambda: route(F, [0.9], [1.9], Dmodk()), "src: 0.9: endpoints by their numbers"),
        (lambda: route(F, [0], [1], "dmod"), "routing: 'dmod': unknown policy .did you mean 'dmodk'"),
        (lambda: route(F, [0], [1], None), "policy: not given: a policy such as"),  # type: ignore[arg-type]
        (lambda: route(fat_tree(k=4), [0], [1], Dmodk()), "a Fabric: Fabric.from_graph makes one"),  # type: ignore[arg-type]
        (lambda: route(F, [0], [1], Dmodk(), qp=-1), "qp: -1: the number of a queue pair, from 0"),
    ],
)
def test_the_words_say_what_to_pass(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        call()


def test_lists_of_numbers_and_the_text_of_a_policy_are_what_arrays_and_policies_are() -> None:
    src, dst = np.array([0, 3]), np.array([9, 4])
    on = carrier(F, "spray")
    assert on.n_links == carrier(F, Spray()).n_links
    by_text, whole = route(on, [0, 3], [9.0, 4.0], "spray"), route(on, src, dst, Spray())
    assert np.array_equal(by_text.link, whole.link) and np.array_equal(by_text.ptr, whole.ptr)
    assert len(route(F, [], [], "ecmp:qps=1")) == 0
    assert max_min(P, F.capacity.tolist(), [1, 2]).tolist() == [1.0, 2.0]


def test_weights_that_are_no_numbers_end_too() -> None:
    wrong = Paths(ptr=P.ptr, link=P.link, weight=np.full(len(P.link), np.nan))
    with pytest.raises(ParameterError, match="paths: nan: the weight of each crossing"):
        max_min(wrong, F.capacity)
