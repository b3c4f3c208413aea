"""Models, arithmetic and memory, held against the tables that their papers print."""

import pytest

from fabric.words.errors import ParameterError
from sims.workload.job.gpu import gpu_named
from sims.workload.job.memory import activation_bytes, check_memory, memory_of
from sims.workload.job.model import MODELS, Model, model_named
from sims.workload.job.training import Training

# SC'21, table 1: 10^9 parameters, heads, hidden, layers, GPUs, batch, TFLOP/s each, PFLOP/s.
SC21 = [
    (1.7, 24, 2304, 24, 32, 512, 137, 4.4),
    (3.6, 32, 3072, 30, 64, 512, 138, 8.8),
    (7.5, 32, 4096, 36, 128, 512, 142, 18.2),
    (18.4, 48, 6144, 40, 256, 1024, 135, 34.6),
    (39.1, 64, 8192, 48, 512, 1536, 138, 70.8),
    (76.1, 80, 10240, 60, 1024, 1792, 140, 143.8),
    (145.6, 96, 12288, 80, 1536, 2304, 148, 227.1),
    (310.1, 128, 16384, 96, 1920, 2160, 155, 297.4),
    (529.6, 128, 20480, 105, 2520, 2520, 163, 410.2),
    (1008.0, 160, 25600, 128, 3072, 3072, 163, 502.0),
]
# Korthikanti et al. 2022, table 5: model, GPUs, batch, s an iteration, MFU and HFU in percent of 312 TFLOP/s.
REDUCING = [
    ("gpt-22b", 8, 4, 1.10, 41.5, 43.7),
    ("gpt-175b", 64, 64, 13.75, 51.4, 52.8),
    ("gpt-530b", 280, 280, 37.83, 56.0, 57.0),
    ("gpt-1t", 512, 512, 71.49, 56.3, 57.0),
]


def gpt(heads, hidden, layers):
    sizes = {"heads": heads, "hidden": hidden, "layers": layers, "ffn": 4 * hidden, "vocabulary": 51200}
    return Model(name="custom", gated=0, tied=1, positions=2048, **sizes)


@pytest.mark.parametrize("row", SC21, ids=lambda row: f"{row[0]}B")
def test_parameters_are_those_of_the_table(row):
    assert gpt(*row[1:4]).parameters / 1e9 == pytest.approx(row[0], abs=0.051)


@pytest.mark.parametrize(
    ("row", "tokens", "days"), [(gpt(96, 12288, 96), 300e9, 34), (gpt(160, 25600, 128), 450e9, 84)]
)
def test_days_of_training_are_those_of_the_paper(row, tokens, days):
    """SC'21, section 5.1: about 8 T P / (n X) s, on 1,024 GPUs at 140 and 3,072 at 163 TFLOP/s.

    8 counts every layer's forward pass twice, as all is computed again.
    """
    gpus, speed = (1024, 140e12) if days == 34 else (3072, 163e12)
    again = row.layers * (row.matrix_flops() + row.attention_flops(2048, False))
    assert (row.flops(2048) + again) * tokens / gpus / speed / 86400 == pytest.approx(days, rel=0.06)


@pytest.mark.parametrize("row", REDUCING, ids=lambda row: row[0])
def test_shares_of_peak_are_those_of_the_table(row):
    name, gpus, batch, seconds, mfu, hfu = row
    model, tokens = MODELS[name], batch * 2048
    flops = model.flops(2048) * tokens
    assert 100 * flops / seconds / gpus / 312e12 == pytest.approx(mfu, abs=0.3)
    # The paper's HFU (equation 8) counts all of attention twice, of which only forward is computed again.
    scores = 3 * model.layers * model.attention_flops(2048, False) * tokens
    assert 100 * (flops + scores) / seconds / gpus / 312e12 == pytest.approx(hfu, abs=0.3)


@pytest.mark.parametrize(
    ("name", "total", "active"),
    [
        *[("llama3-8b", 8.03, 8.03), ("llama3-70b", 70.6, 70.6), ("llama3-405b", 405.9, 405.9)],
        *[("mixtral-8x7b", 46.7, 12.9), ("mixtral-8x22b", 140.6, 39.2), ("qwen3-235b-a22b", 235.1, 22.2)],
        *[("gpt-22b", 22, 22), ("gpt-175b", 175, 175), ("gpt-530b", 530, 530), ("gpt-1t", 1008, 1008)],
    ],
)
def test_models_have_the_parameters_in_their_names(name, total, active):
    assert MODELS[name].parameters / 1e9 == pytest.approx(total, rel=0.005)
    assert MODELS[name].active / 1e9 == pytest.approx(active, rel=0.005)


@pytest.mark.parametrize("tp", [1, 2, 8])
@pytest.mark.parametrize("name", ["gpt-22b", "gpt-175b", "gpt-530b", "gpt-1t"])
def test_activations_are_those_of_the_paper(name, tp):
    """Korthikanti et al., table 2, over s b: of a layer, without and with its parallelism, recomputed."""
    model, s = MODELS[name], 2048
    h, scores = model.hidden, 5 * model.heads * s / model.hidden

    def due(recompute, parallel):
        return activation_bytes(model, s, tp, recompute, parallel)

    assert due("none", False) == pytest.approx(h * (10 + 24 / tp + scores / tp))
    assert due("none", True) == pytest.approx(h / tp * (34 + scores))
    assert due("selective", True) == pytest.approx(34 * h / tp)
    assert due("full", True) == pytest.approx(2 * h / tp)


def llama(**changes):
    sizes = {"tp": 8, "pp": 16, "dp": 128, "edp": 1024, "sequence": 8192, "batch": 2048, "speed": 500e12}
    return Training(**{"model": MODELS["llama3-405b"], **sizes, **changes})


def test_states_are_what_each_sharding_leaves():
    """18 bytes a parameter: all of them, 6 + 12/n, 18/n and two layers whole; stage 1 has 8 of 126 layers."""
    model = MODELS["llama3-405b"]
    own = 8 * model.dense_layer / 8
    due = {"plain": 18 * own, "zero1": (6 + 12 / 128) * own, "fsdp-keep": (6 + 12 / 128) * own}
    due["fsdp"] = 18 / 128 * own + 2 * 6 * model.dense_layer / 8
    for sharding, states in due.items():
        found = memory_of(llama(sharding=sharding, recompute="full", batch=2048))
        if found.stage == 1:
            assert found.states == pytest.approx(states)
    first = memory_of(llama())
    assert first.stage == 1 and first.states == pytest.approx(due["zero1"])
    kept = activation_bytes(model, 8192, 8, "selective", True)
    assert first.activations == pytest.approx(15 * 8 * 8192 * kept)  # 15 microbatches of the second stage


def test_what_does_not_fit_is_refused_with_what_would():
    with pytest.raises(
        ParameterError, match=r"memory: '.* GB': one h100 has 85.9 GB: of llama3-405b stage 1 .*ute full"
    ):
        check_memory(llama(recompute="none"), gpu_named("h100"))
    with pytest.raises(ParameterError, match="more ranks in tp, cp or pp"):
        check_memory(llama(tp=1, pp=1, dp=16384, edp=16384, batch=16384), gpu_named("a100:memory=20GB"))
    assert check_memory(llama(), gpu_named("h100")).total < 85.9e9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("llama4", "unknown model.*llama3-405b"),
        ("llama3-8b:depth=3", "no such size.*layers"),
        ("llama3-8b:layers=two", "a whole number from 1"),
        ("llama3-8b:layers=0", "a whole number from 1"),
        ("custom:layers=2", "needs hidden, heads, ffn, vocabulary too"),
        ("llama3-8b:heads=33", "do not divide hidden"),
        ("llama3-8b:kv_heads=5", "kv_heads = 5 do not divide"),
        ("llama3-8b:experts=8", "need top_k"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(text, message):
    with pytest.raises(ParameterError, match=message):
        model_named(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [("h300", "unknown GPU.*h100"), ("h100:peak=900", "with its unit"), ("h100:cores=3", "no such part")],
)
def test_a_gpu_that_makes_no_sense_is_refused(text, message):
    with pytest.raises(ParameterError, match=message):
        gpu_named(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 2000}, "multiple of dp x microbatch = 128 x 1.*1920, 2048"),
        ({"tp": 7}, "must divide the 128 heads"),
        ({"sequence": 8191}, "multiple of cp x tp = 8.*8184, 8192"),
        ({"pp": 1, "dp": 2048, "interleave": 2}, "pp above 1"),
        ({"interleave": 16}, "at most 128"),
        ({"ep": 8}, "has no experts"),
        ({"model": MODELS["mixtral-8x7b"], "pp": 4, "ep": 3}, "must divide the 8 experts"),
        ({"model": MODELS["mixtral-8x7b"], "pp": 4, "parallel": False}, "need it"),
    ],
)
def test_sizes_that_do_not_divide_are_refused(changes, message):
    with pytest.raises(ParameterError, match=message):
        llama(**changes)


def test_fewer_microbatches_than_stages_are_warned_of():
    assert llama(batch=1024).warnings[0].startswith("8 microbatches are fewer than the 16 stages")
    (uneven,) = llama().warnings
    assert uneven == "126 layers on 16 chunks: 8 each, 2 of them (from the ends) with one fewer"
