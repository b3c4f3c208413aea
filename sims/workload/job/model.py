"""Model: a transformer as its job sees it: layers and widths, its parameters, the arithmetic of a token.

Formulas: Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using Megatron-LM",
SC'21 (equations 2 and 3), generalised to grouped keys and values, gated feed-forward layers and experts.
Knows no rank.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from fabric.words.errors import ParameterError
from fabric.words.grammar import read_named
from fabric.words.units import parse_count

__all__ = ["CUSTOM", "MODELS", "SIZES", "Model", "canonical_model", "model_named"]

CUSTOM = "custom"
_NEEDED = ("layers", "hidden", "heads", "ffn", "vocabulary")


@dataclass(frozen=True, kw_only=True)
class Model:
    """Sizes of a transformer.

    Args:
        layers, hidden, heads, vocabulary: as everywhere.
        kv_heads: heads of keys and values; 0: as many as ``heads``.
        head: width of a head; 0: hidden / heads.
        ffn: width of the feed-forward layer, of one expert where there are experts.
        gated: 1 if that layer has three matrices (SwiGLU) and nothing has biases; 0: two, and biases.
        experts, top_k: of each layer, and how many of them a token uses; 0: the layer is dense.
        tied: 1 if the first and the last layer share the embedding.
        positions: learned positions; 0: none.
        source: where the sizes are printed.

    >>> round(MODELS["llama3-405b"].parameters / 1e9), round(MODELS["mixtral-8x22b"].active / 1e9)
    (406, 39)
    """

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int = 0
    head: int = 0
    ffn: int
    vocabulary: int
    gated: int = 1
    experts: int = 0
    top_k: int = 0
    tied: int = 0
    positions: int = 0
    source: str = ""

    def __post_init__(self) -> None:
        rule = ""
        if not self.head and self.hidden % self.heads:
            rule = f"heads = {self.heads} do not divide hidden = {self.hidden:,}: give head, the width of one"
        elif self.heads % self.groups:
            rule = f"kv_heads = {self.kv_heads} do not divide heads = {self.heads}"
        elif bool(self.experts) != bool(self.top_k) or self.top_k > self.experts:
            rule = f"experts = {self.experts} need top_k, from 1 to as many"
        if rule:
            raise ParameterError("model", self.text, rule)

    @property
    def text(self) -> str:
        """What ``model_named`` reads back: the name, and what differs from the model of that name."""
        usual = MODELS.get(self.name) if "MODELS" in globals() else None
        own = {key: getattr(self, key) for key in SIZES}
        base = {key: getattr(usual, key) for key in SIZES} if usual else _DEFAULTS
        changes = [f"{key}={own[key]}" for key in SIZES if own[key] != base.get(key)]
        return f"{self.name}:{','.join(changes)}" if changes else self.name

    @property
    def groups(self) -> int:
        """Heads of keys and values."""
        return self.kv_heads or self.heads

    @property
    def width(self) -> int:
        """Of all queries together."""
        return self.heads * (self.head or self.hidden // self.heads)

    @property
    def kv_width(self) -> int:
        """Of all keys, and of all values."""
        return self.groups * (self.head or self.hidden // self.heads)

    @property
    def attention(self) -> int:
        """Parameters of the matrices of one layer's attention."""
        return 2 * self.hidden * (self.width + self.kv_width)

    @property
    def expert(self) -> int:
        """Parameters of the matrices of one feed-forward layer, or of one expert."""
        return (3 if self.gated else 2) * self.hidden * self.ffn

    @property
    def router(self) -> int:
        return self.hidden * self.experts

    @property
    def small(self) -> int:
        """Parameters of one layer that are no matrix: norms, and biases where there are any."""
        if self.gated:
            return 2 * self.hidden
        return self.width + 2 * self.kv_width + self.hidden + self.ffn + self.hidden + 4 * self.hidden

    @property
    def matrices(self) -> int:
        """Parameters of one layer's matrices without the router and experts."""
        return self.attention + (0 if self.experts else self.expert)

    @property
    def dense_layer(self) -> int:
        """Parameters of one layer without its experts."""
        return self.matrices + self.router + self.small

    @property
    def expert_layer(self) -> int:
        """Parameters of all experts of one layer."""
        return self.experts * self.expert

    @property
    def embedding(self) -> int:
        """Parameters of one matrix of the vocabulary."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All of them.

        >>> gpt = Model(name="custom", layers=96, hidden=12288, heads=96, ffn=49152, vocabulary=51200,
        ...             gated=0, tied=1, positions=2048)
        >>> round(gpt.parameters / 1e9, 1)  # SC'21: 174.6
        174.6
        """
        layers = self.layers * (self.dense_layer + self.expert_layer)
        return layers + self.embedding * (1 if self.tied else 2) + self.positions * self.hidden

    @property
    def active(self) -> int:
        """Parameters that a token uses."""
        idle = self.layers * (self.experts - self.top_k) * self.expert if self.experts else 0
        return self.parameters - idle

    def matrix_flops(self) -> float:
        """Forward, of one token in one layer, in its matrices but experts'."""
        return 2.0 * (self.matrices + self.router)

    def expert_flops(self) -> float:
        """Forward, of one token in one layer, in the experts that it uses."""
        return 2.0 * self.top_k * self.expert

    def attention_flops(self, sequence: int, causal: bool) -> float:
        """Forward, of one token in one layer: scores and their sums; of a ``causal`` one half of them."""
        return 4.0 * sequence * self.width * (0.5 if causal else 1.0)

    def head_flops(self) -> float:
        """Forward, of one token: the scores of the vocabulary."""
        return 2.0 * self.embedding

    def flops(self, sequence: int, *, causal: bool = False) -> float:
        """Forward and backward, of one token: what MFU counts, whatever is computed again.

        >>> gpt = MODELS["gpt-175b"]  # SC'21, equation 3 with 3/4 of it, as nothing is computed again
        >>> h, layers, s = 12288, 96, 2048
        >>> round(gpt.flops(s) / (72 * layers * h * h * (1 + s / (6 * h) + 51200 / (12 * layers * h))), 12)
        1.0
        """
        layer = self.matrix_flops() + self.expert_flops() + self.attention_flops(sequence, causal)
        return 3.0 * (self.layers * layer + self.head_flops())


SIZES = tuple(one.name for one in fields(Model) if one.type == "int")
_DEFAULTS = {one.name: one.default for one in fields(Model) if one.type == "int"}


def _llama(name: str, layers: int, hidden: int, heads: int, ffn: int) -> Model:
    source = "Llama 3, arXiv:2407.21783, table 3; vocabulary as in its released configuration"
    sizes = {"layers": layers, "hidden": hidden, "heads": heads, "kv_heads": 8, "ffn": ffn}
    return Model(name=name, vocabulary=128256, source=source, **sizes)


def _gpt(name: str, layers: int, hidden: int, heads: int) -> Model:
    source = "Korthikanti et al., arXiv:2205.05198, table 3; vocabulary and positions as in its section 6"
    sizes = {"layers": layers, "hidden": hidden, "heads": heads, "ffn": 4 * hidden, "vocabulary": 51200}
    return Model(name=name, gated=0, tied=1, positions=2048, source=source, **sizes)


MODELS: dict[str, Model] = {
    one.name: one
    for one in (
        _llama("llama3-8b", 32, 4096, 32, 14336),
        _llama("llama3-70b", 80, 8192, 64, 28672),
        _llama("llama3-405b", 126, 16384, 128, 53248),
        _gpt("gpt-22b", 48, 6144, 64),
        _gpt("gpt-175b", 96, 12288, 96),
        _gpt("gpt-530b", 105, 20480, 128),
        _gpt("gpt-1t", 128, 25600, 160),
        Model(
            name="mixtral-8x7b",
            layers=32,
            hidden=4096,
            heads=32,
            kv_heads=8,
            ffn=14336,
            vocabulary=32000,
            experts=8,
            top_k=2,
            source="Mixtral of Experts, arXiv:2401.04088, table 1",
        ),
        Model(
            name="mixtral-8x22b",
            layers=56,
            hidden=6144,
            heads=48,
            kv_heads=8,
            ffn=16384,
            vocabulary=32000,
            experts=8,
            top_k=2,
            source="the released configuration of Mixtral-8x22B-v0.1 (141 B parameters, 39 B active)",
        ),
        Model(
            name="qwen3-235b-a22b",
            layers=94,
            hidden=4096,
            heads=64,
            kv_heads=4,
            head=128,
            ffn=1536,
            vocabulary=151936,
            experts=128,
            top_k=8,
            source="Qwen3, arXiv:2505.09388, table 2; widths as in its released configuration",
        ),
    )
}


def model_named(text: str) -> Model:
    """A model of the table, some of its sizes replaced (``llama3-8b:layers=16``), or ``custom:layers=...``.

    Raises:
        ParameterError: no such model or size, a size that is no whole number, or sizes contradict each other.

    >>> model_named("llama3-8b:layers=16").parameters < model_named("llama3-8b").parameters
    True
    """
    name, given = read_named("model", text)
    if name not in MODELS and name != CUSTOM:
        raise ParameterError("model", text, "unknown model", (*MODELS, f"{CUSTOM}:layers=N,hidden=N,..."))
    sizes: dict[str, int] = {}
    for key, value in given.items():
        if key not in SIZES:
            raise ParameterError(f"model {name}", key, "no such size", SIZES)
        number, least = parse_count(value), 1 if key in _NEEDED else 0
        if number is None or not least <= number < 10**9:
            raise ParameterError(f"model {name}: {key}", value, f"a whole number from {least}, below 10^9")
        sizes[key] = number
    if name in MODELS:
        return replace(MODELS[name], **sizes)  # type: ignore[arg-type]
    missing = [key for key in _NEEDED if key not in sizes]
    if missing:
        raise ParameterError("model", text, f"{CUSTOM} needs {', '.join(missing)} too")
    return Model(name=CUSTOM, source="given", **sizes)


def canonical_model(text: str) -> str:
    """The one spelling of a model.

    >>> canonical_model("LLaMA3-8b:layers=32, vocabulary=128k")
    'llama3-8b:vocabulary=128000'
    """
    return model_named(text).text
