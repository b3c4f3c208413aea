"""Training: a model, the dimensions over which its ranks are dealt, how a step is run. Knows no fabric."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fabric.words.errors import ParameterError
from sims.workload.job.model import Model
from sims.workload.job.pipeline import Turn, layers_of, turns
from sims.workload.job.precision import BF16, Precision

__all__ = ["OVERLAPS", "RECOMPUTES", "SHARDINGS", "Training"]

RECOMPUTES = ("selective", "full", "none")
SHARDINGS = ("zero1", "plain", "fsdp", "fsdp-keep")
OVERLAPS = ("grads", "all", "none")


@dataclass(frozen=True, kw_only=True)
class Training:
    """A job: tp x cp x pp x dp ranks, of which those of a stage are etp x ep x edp for its experts.

    Args:
        sequence: tokens of a sequence; ``batch``: sequences of a step; ``micro``: of a microbatch.
        interleave: chunks of layers of a stage.
        recompute: ``selective``: scores of attention, as flash attention does; ``full``: every layer, from
            its input; ``none``.
        sharding: ``plain``: gradients are all-reduced. ``zero1``: reduce-scattered (fp32), and parameters
            gathered, once a step. ``fsdp``: parameters are gathered for each turn of a chunk, and
            gradients reduce-scattered after each backward turn. ``fsdp-keep``: parameters are not given up
            after forward: gathered once a step, gradients reduce-scattered once.
        overlap: ``grads``: gradients are reduced by buckets behind the last backward turn; ``all``: and
            parameters are gathered behind the first forward turns; ``none``.
        parallel: whether what tensor parallelism does not split goes by parts of the sequence.
        causal: whether the half of attention that a token must not see is left out.
        skew: tokens of the fullest expert rank over the mean.
        bucket: parameters of a bucket; 0: what Megatron-LM takes, 40 million or 1 million x its ranks.
        optimizer: s that its step takes.
        speed: FLOP/s that a GPU reaches in bf16; ``boost``: how many times as many in matrix products of
            layers, where ``precision`` has these in fp8.

    Raises:
        ParameterError: sizes that do not divide each other; names the nearest that do.
    """

    model: Model
    tp: int = 1
    cp: int = 1
    pp: int = 1
    dp: int = 1
    ep: int = 1
    etp: int = 1
    edp: int = 1
    sequence: int
    batch: int
    micro: int = 1
    interleave: int = 1
    recompute: str = "selective"
    sharding: str = "zero1"
    overlap: str = "grads"
    parallel: bool = True
    causal: bool = True
    skew: float = 1.0
    bucket: int = 0
    optimizer: float = 0.0
    speed: float
    precision: Precision = BF16
    boost: float = 1.0

    def __post_init__(self) -> None:
        self._check_batch()
        self._check_split()
        if self.interleave > 1 and self.pp == 1:
            rule = "chunks of a stage need a pipeline: pp above 1"
            raise ParameterError("interleave", self.interleave, rule, ("1",))
        layers_of(self.model.layers, self.chunks)
        if not self.model.experts and self.ep > 1:
            rule = f"{self.model.name} has no experts"
            raise ParameterError("experts", f"ep={self.ep}", rule)
        if self.model.experts and self.model.experts % self.ep:
            rule = f"must divide the {self.model.experts} experts of {self.model.name}"
            raise ParameterError("experts: ep", self.ep, rule, _divisors(self.model.experts))
        if self.model.experts and self.tp > 1 and not self.parallel:
            rule = "experts under tensor parallelism need it: each rank sends its own tokens"
            raise ParameterError("sequence_parallel", "false", rule, ("true",))

    def _check_batch(self) -> None:
        each = self.dp * self.micro
        if self.batch % each:
            near = [str(n) for n in (self.batch // each * each, (self.batch // each + 1) * each) if n]
            rule = (
                f"must be a multiple of dp x microbatch = {self.dp:,} x {self.micro:,}: the nearest that are"
            )
            raise ParameterError("batch", self.batch, rule, near)

    def _check_split(self) -> None:
        if self.model.heads % self.tp:
            rule = f"must divide the {self.model.heads} heads of {self.model.name}"
            raise ParameterError("groups: tp", self.tp, rule, _divisors(self.model.heads))
        parts = self.cp * (self.tp if self.parallel else 1)
        if self.sequence % parts:
            near = self.sequence // parts * parts
            rule = (
                f"must be a multiple of cp x tp = {parts:,}, as ranks share its tokens: the nearest that are"
            )
            raise ParameterError("sequence", self.sequence, rule, [str(n) for n in (near, near + parts) if n])

    @property
    def ranks(self) -> int:
        return self.tp * self.cp * self.pp * self.dp

    @property
    def chunks(self) -> int:
        """Of the whole model."""
        return self.pp * self.interleave

    @property
    def microbatches(self) -> int:
        """Of a step, for each pipeline."""
        return self.batch // (self.dp * self.micro)

    @property
    def tokens(self) -> int:
        """Of a microbatch on a rank, before tensor parallelism splits them."""
        return self.micro * self.sequence // self.cp

    @property
    def replicas(self) -> int:
        """Ranks that have the same dense parameters."""
        return self.dp * self.cp

    @property
    def replicated(self) -> bool:
        """Whether some parameters are on several ranks."""
        return self.replicas > 1 or (self.model.experts > 0 and self.edp > 1)

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """Of each chunk."""
        return layers_of(self.model.layers, self.chunks)

    @cached_property
    def orders(self) -> tuple[list[Turn], ...]:
        """The turns of each stage."""
        stages = range(self.pp)
        return tuple(turns(stage, self.pp, self.microbatches, self.interleave) for stage in stages)

    def own_chunks(self, stage: int) -> range:
        """The chunks of a stage."""
        return range(stage, self.chunks, self.pp)

    def dense(self, chunk: int) -> float:
        """Parameters of a chunk on a rank, without experts. The last stage has a copy of a tied embedding."""
        model, first, last = self.model, chunk == 0, chunk == self.chunks - 1
        found = self.layers[chunk] * model.dense_layer
        if first:
            found += model.embedding + model.positions * model.hidden
        if last and not (model.tied and first):
            found += model.embedding
        return found / self.tp

    def experts(self, chunk: int) -> float:
        """Parameters of the experts of a chunk on a rank."""
        return self.layers[chunk] * self.model.expert_layer / (self.ep * self.etp)

    @property
    def flops(self) -> float:
        """Of a step, in all: what MFU counts."""
        return self.batch * self.sequence * self.model.flops(self.sequence, causal=self.causal)

    @property
    def warnings(self) -> list[str]:
        """What has to be said of a job that can run."""
        found = []
        if self.microbatches < self.pp:
            found.append(
                f"{self.microbatches:,} microbatches are fewer than the {self.pp:,} stages: most of a "
                "pipeline waits at any time"
            )
        if len(set(self.layers)) > 1:
            most = max(self.layers)
            few = sum(one < most for one in self.layers)
            found.append(
                f"{self.model.layers:,} layers on {self.chunks:,} chunks: {most:,} each, "
                f"{few:,} of them (from the ends) with one fewer"
            )
        return found


def _divisors(number: int) -> list[str]:
    return [str(n) for n in range(1, number + 1) if number % n == 0]
