"""A training step in words: the job, what a step takes, and where its time goes. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.words.counted import counted
from fabric.words.units import format_time
from sims.scenario.train_row import TrainRow
from sims.show.words.explain import signed_time

__all__ = ["train_lines"]

_ORDER = ("compute", "tp", "cp", "ep", "etp", "pp", "dp", "edp", "embedding", "optimizer", "waiting")
_MEANS = {
    "compute": "forward, backward, and what is computed again",
    "tp": "tensor parallelism",
    "cp": "keys and values of context parallelism",
    "ep": "tokens to experts and back",
    "etp": "tensor parallelism of experts",
    "pp": "messages between stages",
    "dp": "gradients and parameters",
    "edp": "gradients and parameters of experts",
    "embedding": "the gradient of the tied embedding",
    "optimizer": "the step of the optimizer",
    "waiting": "for other stages: the bubble",
}


def train_lines(row: TrainRow, notes: Sequence[str] = (), disclaimer: str = "") -> Iterator[str]:
    """The lines that ``fabricsim train`` prints."""
    said = row.scenario.settings
    yield f"# fabric     {said['topology']}, {counted(row.endpoints, 'endpoint')}"
    yield from (f"# note       {note}" for note in notes)
    if disclaimer:
        yield f"# note       {disclaimer}"
    if said["steps"]:
        yield f"# job        a step by hand on {counted(row.gpus, 'GPU')}, {_groups(row)}"
    else:
        yield from _model(row)
    yield f"# network    routing {said['routing']}, placement {said['placement']}, {said['latency_profile']}"
    yield ""
    yield f"step         {format_time(row.time_s)}{_band(row)}"
    if row.mfu:
        yield f"MFU          {row.mfu:.1%}, {row.tflops:,.0f} TFLOP/s a GPU, {row.tokens_per_s:,.0f} tokens/s"
        yield f"bubble       {row.bubble:.1%} on top of computing, were messages free"
    yield ""
    width = max(map(len, (*row.exposed, *row.busy)))
    yield f"{'':<{width}}{'exposed':>12}{'of the step':>13}{'in all':>12}"
    for kind in sorted(dict.fromkeys((*row.exposed, *row.busy)), key=_place):
        seconds, busy = row.exposed.get(kind, 0.0), row.busy.get(kind)
        cells = f"{signed_time(seconds):>12}{seconds / row.time_s:>13.1%}"
        cells += f"{'' if busy is None else format_time(busy):>12}"
        words = "" if said["steps"] else f"  {_MEANS.get(kind, '')}"
        yield f"{kind:<{width}}{cells}{words}".rstrip()
    yield ""
    yield "links in use (mean, fullest): " + (_links(row) or "none outside servers")


def _band(row: TrainRow) -> str:
    """Between which times machines would be, by the bands of what the step sends."""
    if row.error_low == row.error_high:
        given = row.scenario.settings["compute"].startswith("step=") or not row.busy
        return "" if given else "; no band: nothing near what it sends was measured"
    low, high = (format_time(row.time_s * (1 + error)) for error in (row.error_low, row.error_high))
    return f"; {low} to {high} if what it sends takes what it took four of five machines"


def _place(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else _ORDER.index("dp")


def _groups(row: TrainRow) -> str:
    said = row.scenario.settings
    groups = said["groups"].removeprefix("mesh:")
    experts = said["experts"].removeprefix("mesh:")
    text = "one group" if groups == "none" else groups
    return text if experts == "none" else f"{text}, experts {experts}"


def _model(row: TrainRow) -> Iterator[str]:
    said, memory = row.scenario.settings, row.memory
    yield f"# job        {said['model']} on {counted(row.gpus, 'GPU')}, {_groups(row)}"
    chunks = f", {said['interleave']} chunks a stage" if said["interleave"] != "1" else ""
    yield (
        f"# batch      {int(said['batch']):,} sequences of {int(said['sequence']):,} tokens: "
        f"{counted(row.microbatches, 'microbatch')} of {said['microbatch']} a pipeline{chunks}"
    )
    yield (
        f"# step       sharding {said['sharding']}, overlap {said['overlap']}, "
        f"recompute {said['recompute']}, attention {said['attention']}"
    )
    both = said["precision"] != "bf16"
    of = f"peaks in {said['precision']} (products of layers) and bf16 (all else, and MFU)" if both else "peak"
    yield f"# GPU        {row.gpu_used}, of whose {of} computing reaches {row.compute_share:.1%}"
    total = memory["states"] + memory["activations"]
    yield (
        f"# memory     stage {memory['stage']:.0f} holds {total / 1e9:.1f} of "
        f"{memory['capacity'] / 1e9:.1f} GB: {memory['states'] / 1e9:.1f} parameters and optimizer, "
        f"{memory['activations'] / 1e9:.1f} activations"
    )


def _links(row: TrainRow) -> str:
    used = {kind: one for kind, one in row.utilisation.items() if one["peak"] > 0.0005}
    return "; ".join(f"{kind} {one['mean']:.1%}, {one['peak']:.1%}" for kind, one in used.items())
