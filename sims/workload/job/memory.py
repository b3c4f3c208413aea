"""Memory: what a step holds in a GPU, stage by stage. Knows no fabric.

Activations: Korthikanti et al. 2022, equations 1 to 4, term by term, so that grouped keys and values, gated
layers and experts count as they are; sbh (34 + 5 a s / h) of the paper comes out for a GPT. Parameters:
weights, gradients, and what Adam has of them. Bytes of each: sims.workload.job.precision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fabric.words.errors import ParameterError
from sims.workload.job.gpu import Gpu
from sims.workload.job.model import Model
from sims.workload.job.pipeline import in_flight
from sims.workload.job.precision import BF16, GRADIENT, Precision
from sims.workload.job.sizes import weight_bytes
from sims.workload.job.training import Training

__all__ = ["Memory", "activation_bytes", "check_memory", "checkpoint_bytes", "memory_of"]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes of a GPU of ``stage``: weights, gradients and states of the optimizer; activations."""

    stage: int
    states: float
    activations: float

    @property
    def total(self) -> float:
        return self.states + self.activations


def activation_bytes(
    model: Model, sequence: int, tp: int, recompute: str, parallel: bool, precision: Precision = BF16
) -> float:
    """What one layer keeps of one token on a rank for backward, in bytes.

    >>> from sims.workload.job.model import MODELS
    >>> h, a, s = 12288, 96, 2048  # sbh (34 + 5 a s / h), over sb
    >>> activation_bytes(MODELS["gpt-175b"], s, 1, "none", True) == h * (34 + 5 * a * s / h)
    True
    >>> activation_bytes(MODELS["gpt-175b"], s, 8, "none", False) == h * (10 + 24 / 8 + 5 * a * s / h / 8)
    True
    """
    h, masks = model.hidden, 0 if model.gated else 1
    if recompute == "full":
        return 2.0 * h / (tp if parallel else 1)
    # Inputs of norms and of the two blocks, and masks of dropout, which tensor parallelism does not split.
    whole = 4.0 * h + 2 * precision.product * h + 2.0 * h * masks
    # Attention stays in bf16, its result too, which fp8 keeps in no less than 12 bits.
    attention = 2.0 * model.width + 4.0 * model.kv_width + 2.0 * model.width
    # Of a gated layer its two inputs are kept, and their product computed again, as fused kernels do.
    layer = (3.0 if model.gated and recompute == "none" else 2.0) * precision.product * model.ffn
    split = attention + (model.top_k * (layer + precision.product * h) if model.experts else layer)
    scores = 5.0 * model.heads * sequence if recompute == "none" else 0.0
    return whole / (tp if parallel else 1) + (split + scores) / tp


def checkpoint_bytes(model: Model, precision: Precision = BF16) -> int:
    """What a checkpoint of all of a model holds: its weights, and what the optimizer has of them.

    >>> from sims.workload.job.model import MODELS
    >>> checkpoint_bytes(MODELS["llama3-8b"]) == 14 * MODELS["llama3-8b"].parameters
    True
    """
    return (precision.weight + precision.states) * model.parameters


def memory_of(job: Training) -> Memory:
    """Of the stage that holds most."""
    return max((_stage(job, stage) for stage in range(job.pp)), key=lambda one: one.total)


def _stage(job: Training, stage: int) -> Memory:
    states = sum(_states(job, chunk) for chunk in job.own_chunks(stage))
    if job.sharding == "fsdp":  # two layers at a time are whole
        model, weight = job.model, job.precision.weight
        layer = model.dense_layer / job.tp + model.expert_layer / (job.ep * job.etp)
        states += 2 * (weight + GRADIENT) * layer
    token = activation_bytes(job.model, job.sequence, job.tp, job.recompute, job.parallel, job.precision)
    token *= job.skew if job.model.experts else 1.0
    kept = max(
        sum(count * job.layers[chunk] for chunk, count in one.items()) for one in in_flight(job.orders[stage])
    )
    activations = kept * job.tokens * token
    if job.recompute == "full":  # the layer at work is whole
        whole = activation_bytes(job.model, job.sequence, job.tp, "selective", job.parallel, job.precision)
        activations += job.tokens * whole
    if stage == job.pp - 1:  # the scores of the vocabulary, in fp32
        activations += 4.0 * job.tokens * job.model.vocabulary / job.tp
    return Memory(stage=stage, states=states, activations=activations)


def _states(job: Training, chunk: int) -> float:
    """Bytes of a chunk's weights, gradients and states of the optimizer, of which ranks may have parts."""
    found = 0.0
    of_both = zip(weight_bytes(job, chunk), (job.dense(chunk), job.experts(chunk)), (job.replicas, job.edp))
    for weights, parameters, ranks in of_both:
        held, states = weights + GRADIENT * parameters, job.precision.states * parameters
        if job.sharding != "plain":
            states /= ranks
        found += (held / ranks if job.sharding == "fsdp" else held) + states
    return found


def check_memory(job: Training, gpu: Gpu) -> Memory:
    """What the fullest stage holds.

    Raises:
        ParameterError: more than a GPU has; names what would fit.
    """
    needed = memory_of(job)
    if needed.total <= gpu.memory:
        return needed
    rule = (
        f"one {gpu.name} has {gpu.memory / 1e9:.1f} GB: of {job.model.text} stage {needed.stage} needs "
        f"{needed.states / 1e9:.1f} GB for parameters and the optimizer, "
        f"{needed.activations / 1e9:.1f} GB for activations"
    )
    tried = {
        "--recompute full": replace(job, recompute="full"),
        "--sharding fsdp": replace(job, sharding="fsdp"),
        "--sharding fsdp --recompute full": replace(job, sharding="fsdp", recompute="full"),
    }
    fits = [text for text, other in tried.items() if memory_of(other).total <= gpu.memory]
    legal = fits[:1] or ["more ranks in tp, cp or pp", "a smaller --microbatch"]
    raise ParameterError("memory", f"{needed.total / 1e9:.1f} GB", rule, legal)
