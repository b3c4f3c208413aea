"""Orders of pipelines, held against their definition and the bubble that their paper prints."""

import pytest

from fabric.words.errors import ParameterError
from sims.models.step.clock import run_step
from sims.models.step.traffic import Traffic
from sims.workload.job.pipeline import in_flight, layers_of, turns
from sims.workload.job.tasks import Part, Task


def tasks_of(stages, microbatches, interleave, forward=1.0, backward=2.0):
    """A pipeline of equal stages whose messages take no time, as tasks that wait for what they need."""
    orders = [turns(stage, stages, microbatches, interleave) for stage in range(stages)]
    number = {turn: i for i, turn in enumerate(turn for order in orders for turn in order)}
    last = stages * interleave - 1
    found = []
    for stage, order in enumerate(orders):
        for turn in order:
            if turn.forward:
                need = [turn._replace(chunk=turn.chunk - 1)] if turn.chunk else []
            else:
                need = [turn._replace(forward=True)]
                need += [turn._replace(chunk=turn.chunk + 1)] if turn.chunk < last else []
            seconds = (forward if turn.forward else backward) / interleave
            after = tuple(number[one] for one in need)
            found.append(Task(name=str(turn), lane=str(stage), parts=(Part(seconds=seconds),), after=after))
    return found


@pytest.mark.parametrize(
    ("stages", "microbatches", "interleave"),
    [(1, 3, 1), (2, 2, 1), (4, 4, 1), (4, 9, 1), (8, 32, 1), (2, 4, 2), (4, 8, 2), (4, 16, 4), (3, 6, 5)],
)
def test_the_bubble_is_that_of_the_paper(stages, microbatches, interleave):
    """SC'21, section 2.2: (p - 1) / (m v) of the ideal time, where stages are equal and messages free."""
    time = run_step(Traffic.of({}), tasks_of(stages, microbatches, interleave)).time
    assert time / (3.0 * microbatches) - 1 == pytest.approx((stages - 1) / (microbatches * interleave))


@pytest.mark.parametrize("interleave", [1, 2, 3])
@pytest.mark.parametrize("microbatches", range(1, 12))
@pytest.mark.parametrize("stages", [1, 2, 3, 4, 7])
def test_every_turn_comes_once_and_nobody_waits_forever(stages, microbatches, interleave):
    tasks = tasks_of(stages, microbatches, interleave)
    assert len(tasks) == len({task.name for task in tasks}) == 2 * stages * microbatches * interleave
    least = 3.0 * microbatches * (1 + (stages - 1) / (microbatches * interleave))
    assert run_step(Traffic.of({}), tasks).time >= least * (1 - 1e-12)


@pytest.mark.parametrize(("stages", "microbatches"), [(4, 8), (4, 2), (8, 8), (1, 5)])
def test_a_stage_keeps_as_many_microbatches_as_stages_follow(stages, microbatches):
    for stage in range(stages):
        kept = in_flight(turns(stage, stages, microbatches))
        assert max(sum(one.values()) for one in kept) == min(stages - stage, microbatches)
        assert not any(kept[-1].values())


def test_interleaved_stages_keep_what_megatron_says():
    """Korthikanti et al. 2022, section 4.2.3: L (1 + (p - 1) / (p m)) layers on the first stage, m chunks."""
    stages, interleave = 8, 3
    kept = in_flight(turns(0, stages, 16, interleave))
    chunks = max(sum(one.values()) for one in kept)
    assert chunks / (stages * interleave) == pytest.approx(1 + (stages - 1) / (stages * interleave))


@pytest.mark.parametrize("chunks", range(1, 20))
@pytest.mark.parametrize("layers", [18, 19, 20, 57, 126])
def test_layers_are_all_dealt_and_differ_by_few(layers, chunks):
    found = layers_of(layers, chunks)
    assert sum(found) == layers and max(found) - min(found) <= 1 and found[chunks // 2] == max(found)


def test_the_first_and_the_last_chunk_may_have_no_layer():
    """arXiv:2407.21783, section 3.3.2: the first chunk has the embedding alone, the last one the output."""
    assert layers_of(126, 128) == (0, *[1] * 126, 0)
    with pytest.raises(ParameterError, match="at most 128, for 126 layers"):
        layers_of(126, 129)
