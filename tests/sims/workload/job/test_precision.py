"""Precision: bytes and times in fp8 by hand, against those in bf16."""

import pytest

from fabric.words.errors import ParameterError
from sims import simulate, train
from sims.workload.job.gpu import canonical_gpu, gpu_named
from sims.workload.job.memory import activation_bytes, memory_of
from sims.workload.job.model import MODELS
from sims.workload.job.precision import PRECISIONS
from sims.workload.job.sizes import gradient_bytes, weight_bytes, work
from sims.workload.job.step import step_tasks
from sims.workload.job.training import Training

FP8 = PRECISIONS["fp8"]
LLAMA, MIXTRAL = MODELS["llama3-405b"], MODELS["mixtral-8x22b"]
SIZES = {"sequence": 8192, "speed": 500e12}
FASTER = {"precision": FP8, "boost": 2.0}


def llama(**changes):
    sizes = {"tp": 8, "pp": 16, "dp": 128, "edp": 1024, "batch": 2048, **SIZES}
    return Training(**{"model": LLAMA, **sizes, **changes})


def mixtral(**changes):
    return Training(model=MIXTRAL, ep=8, edp=1, dp=8, batch=8, **SIZES, **changes)


def test_weights_of_matrices_have_one_byte_all_others_two():
    """Stage 1: 8 layers over tp of 8; the first stage has 7, and the embedding."""
    job = llama(**FASTER)
    matrices = LLAMA.attention + LLAMA.expert
    assert weight_bytes(job, 1) == (matrices + 2 * LLAMA.small, 0)
    assert weight_bytes(job, 0)[0] == (7 * (matrices + 2 * LLAMA.small) + 2 * LLAMA.embedding) / 8
    assert weight_bytes(llama(), 1)[0] == 2 * job.dense(1)
    assert gradient_bytes(job, 1) == gradient_bytes(llama(), 1) == (4 * job.dense(1), 0)
    assert weight_bytes(mixtral(**FASTER), 0)[1] == MIXTRAL.layers * MIXTRAL.expert


def test_a_stage_holds_5_and_8_bytes_of_a_parameter():
    """fp8 weights and fp32 gradients whole, an fp32 copy and two bf16 moments over 128 replicas."""
    job = llama(**FASTER)
    found, p = memory_of(job), job.dense(1)
    assert found.stage == 1 and found.states == pytest.approx(p + 4 * p + 8 / 128 * p, rel=1e-4)
    assert memory_of(llama()).states == pytest.approx((2 + 4 + 12 / 128) * p)


def test_inputs_of_products_are_kept_in_one_byte():
    """Of a Llama over tp: inputs of norms 4 h, of the two blocks 2 x 1 h, of the gate 2 x 1 ffn; attention in
    bf16: queries and its result 2 w each, keys and values 4 kv."""
    h, w, kv, ffn = LLAMA.hidden, LLAMA.width, LLAMA.kv_width, LLAMA.ffn
    due = (4 * h + 2 * h + 4 * w + 4 * kv + 2 * ffn) / 8
    assert activation_bytes(LLAMA, 8192, 8, "selective", True, FP8) == due
    assert activation_bytes(LLAMA, 8192, 8, "selective", True) == due + (2 * h + 2 * ffn) / 8
    each = 2 * MIXTRAL.ffn + MIXTRAL.hidden  # of one expert
    due = 6 * MIXTRAL.hidden + 4 * MIXTRAL.width + 4 * MIXTRAL.kv_width + 2 * each
    assert activation_bytes(MIXTRAL, 4096, 1, "selective", True, FP8) == due


def test_products_of_layers_take_half_the_time_and_nothing_else_does():
    job, both = llama(tp=1, pp=1, dp=16384 // 8, edp=2048), [True, False]
    twice = Training(**{**vars(job), **FASTER})
    slow, fast = (sum(work(one, 0, way, {})[0].seconds for way in both) for one in (job, twice))
    products = 3 * 126 * LLAMA.matrix_flops() * job.tokens / job.speed
    assert slow - fast == pytest.approx(products / 2)
    assert slow > products


def test_what_is_gathered_or_sent_to_experts_is_half_and_what_comes_back_is_not():
    once = {"tp": lambda operation, size: size}
    each = 8192 * LLAMA.hidden
    assert work(llama(**FASTER), 1, True, once)[1].seconds == 2 * 8 * 1 * each  # gathered
    assert work(llama(**FASTER), 1, True, once)[2].seconds == 2 * 8 * 2 * each  # scattered
    sent = [(part.size, part.times) for part in work(mixtral(**FASTER), 0, True, {}) if part.kind == "ep"]
    routed = 8192 * 2 * MIXTRAL.hidden
    assert sent == [(routed, MIXTRAL.layers), (2 * routed, MIXTRAL.layers)]
    sent = [(part.size, part.times) for part in work(mixtral(), 0, True, {}) if part.kind == "ep"]
    assert sent == [(2 * routed, 2 * MIXTRAL.layers)]


def test_parameters_are_gathered_as_they_are_held():
    def total(job, operation):
        parts = [part for task in step_tasks(job, {}) for part in task.parts]
        return sum(part.size for part in parts if part.call.startswith(f"dp {operation}"))

    job = llama(**FASTER)
    own = [sum(values) for values in (weight_bytes(job, chunk) for chunk in range(16))]
    assert total(job, "all-gather") == pytest.approx(sum(own))
    assert total(job, "reduce-scatter") == total(llama(), "reduce-scatter")


def test_a_row_of_fp8_is_faster_and_runs_again():
    how = {"ranks": 64, "model": "llama3-8b", "groups": "tp=4,pp=4,dp=rest", "batch": 64}
    slow = train("fat-tree:k=8,gpus_per_server=4", **how)
    fast = train("fat-tree:k=8,gpus_per_server=4", **how, precision="fp8")
    assert slow.time_s / 2 < fast.time_s < slow.time_s and fast.mfu > slow.mfu
    assert fast.memory["states"] < slow.memory["states"] and fast.key != slow.key
    assert simulate(fast.scenario) == fast
    assert train("fat-tree:k=8,gpus_per_server=4", **how, precision="bf16").key == slow.key


def test_a_gpu_says_what_it_has():
    assert gpu_named("h100").boost("fp8") == pytest.approx(2, rel=1e-3)
    assert canonical_gpu("h100:fp8=1500TFLOPS") == "h100:fp8=1500TFLOPS"
    with pytest.raises(ParameterError, match=r"'fp8': one a100 has no such arithmetic \(legal: bf16"):
        train("fat-tree:k=4", model="llama3-8b:layers=2", batch=16, gpu="a100", precision="fp8")
    with pytest.raises(ParameterError, match="unknown precision"):
        train("fat-tree:k=4", precision="fp4")
