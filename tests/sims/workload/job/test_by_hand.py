"""Steps by hand: what entries become, and what is refused."""

import pytest

from fabric.words.errors import ParameterError
from sims.models.step.clock import run_step
from sims.models.step.traffic import Traffic
from sims.workload.job.by_hand import canonical_steps, hand_tasks, read_steps

REDUCE = {"collective": "reduce-scatter", "over": "dp", "size": "1GB"}


def test_entries_follow_each_other_unless_they_say_otherwise():
    entries = [{"compute": "1ms", "name": "a"}, {"compute": "2ms", "name": "b"}, {**REDUCE, "after": ["a"]}]
    tasks = hand_tasks(read_steps(entries))
    assert [task.after for task in tasks] == [(), (0,), (0,), (2,)]
    assert run_step(Traffic.of({}), tasks, free=["dp"]).end.tolist() == pytest.approx(
        [1e-3, 3e-3, 1e-3, 3e-3]
    )


@pytest.mark.parametrize("buckets", [1, 3, 4])
def test_a_bucket_sets_out_when_its_share_of_computing_is_done(buckets):
    """8 ms of computing in as many pieces: bucket k of n after (k + 1) / n of them, one after another."""
    entries = [{"compute": "8ms", "name": "backward"}, {**REDUCE, "buckets": buckets, "overlap": "backward"}]
    record = run_step(Traffic.of({}), hand_tasks(read_steps(entries)), free=["dp"])
    begins = [record.begin[i] for i, task in enumerate(record.tasks) if task.lane == "ranks dp"]
    assert begins == pytest.approx([8e-3 * (k + 1) / buckets for k in range(buckets)])


def test_what_overlaps_the_finer_computing_waits_for_its_share():
    fine = {**REDUCE, "buckets": 6, "overlap": "b"}
    coarse = {"collective": "all-gather", "over": "tp", "size": "1MB", "buckets": 2, "overlap": "b"}
    tasks = hand_tasks(read_steps([{"compute": "6ms", "name": "b"}, fine, coarse]))
    record = run_step(Traffic.of({}), tasks, free=["dp", "tp"])
    begins = [record.begin[i] for i, task in enumerate(tasks) if task.lane == "ranks tp"]
    assert begins == pytest.approx([3e-3, 6e-3])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "a list of entries"),
        ([{"name": "a"}], "step 1.*either compute or collective"),
        ([{"compute": "12"}], "step 1: compute.*a unit is needed"),
        ([{"compute": "1ms", "size": "1GB"}], "step 1: size.*unknown.*after, compute, name"),
        ([{"collective": "all-reduce", "size": "1GB"}], "step 1: over.*a collective needs it"),
        ([{"collective": "sum", "over": "dp", "size": "1GB"}], "unknown collective.*all-reduce"),
        ([{**REDUCE, "size": "many"}], "step 1: size.*a number with a unit"),
        ([{**REDUCE, "buckets": 0}], "step 1: buckets.*from 1 to 10,000"),
        ([{**REDUCE, "overlap": "b"}], "step 1: overlap.*no computing of that name"),
        ([{**REDUCE, "after": "b"}], "step 1: after.*no entry of that name"),
        ([{"compute": "1ms", "name": "a"}, {"compute": "1ms", "name": "a"}], "two entries are called so"),
        ([{"compute": "1ms", "name": "a\nb"}], "step 1: name.*letters, digits"),
        (
            [{"compute": "1ms", "name": "a", "after": "b"}, {"compute": "1ms", "name": "b", "after": "a"}],
            "(a, b, a|b, a, b).*wait for each other",
        ),
    ],
)
def test_entries_that_make_no_step_are_refused(entries, message):
    with pytest.raises(ParameterError, match=message):
        hand_tasks(read_steps(entries))


def test_the_text_of_a_step_is_json():
    assert canonical_steps("  ") == ""
    for text in ("{", "[1]", '{"compute": "1ms"}'):
        with pytest.raises(ParameterError, match="entries"):
            canonical_steps(text)
