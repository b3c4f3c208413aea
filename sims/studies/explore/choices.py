"""Choices: the values of each setting that a page one can play with offers, many and fewer. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from fabric import Fabric
from fabric.graph.schema import SWITCH
from fabric.routing.policies import parse_policy
from fabric.routing.route import check_policy
from fabric.words.errors import FabricsimError, ParameterError
from sims.settings.assignments import read_assignments
from sims.settings.table import spelled
from sims.settings.texts import DEFAULTS, resolve, with_part
from sims.studies.sweep.axis import Axis, read_values
from sims.studies.sweep.spec import SweepSpec
from sims.workload.collective import ALL_REDUCE, COLLECTIVES
from sims.workload.collectives import usual_algorithms
from topologies.named import NamedTopology, named

__all__ = ["STEPS", "Choices", "choices_on", "read_choices"]

Values = tuple[str, ...]

# Of each setting the values from many to few.
_SIZES = tuple(
    tuple(spelled("size", size) for size in read_values("size", sizes))
    for sizes in ("4K:1G:x8", ["4K", "256K", "2M", "16M", "1G"], "4K:1G:x64", ["256K", "1G"], "1G")
)
_SEEDS: tuple[Values, ...] = (("0", "1", "2"), ("0",))
_FAILED = (1, 5, 10, 25)  # per cent of the cables between switches, of which the first two that come to any
# Which setting gets fewer values next.
STEPS = (
    *("size", "work", "ranks", "fail", "oversubscription", "size", "seed", "work", "routing", "ranks"),
    *("work", "fail", "oversubscription", "work", "size"),
)
_OVERSUBSCRIBED = ("1", "2", "4")
_ROUTINGS = ("ecmp", "adaptive", "spray", "valiant")  # of which the first two that the fabric allows
_SHARES = (1, 2, 8)  # of the endpoints as ranks: all, a half, an eighth
_PAIRS = {
    False: ("all-reduce ring", "all-reduce halving-doubling", "all-reduce tree"),
    True: ("all-reduce ring", "all-reduce tree", "all-reduce hierarchical-ring"),  # of servers
}
_MORE = ("all-to-all pairwise", "all-gather ring")
_PART = "topology.oversubscription"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """``where``: topologies by their oversubscription, the first the one asked for, each with its numbers of
    ranks; ``work``: pairs of a collective and an algorithm; ``of``: the ladders of other settings.
    """

    where: tuple[tuple[tuple[str, Values], ...], ...]
    work: tuple[tuple[str, str], ...]
    of: Mapping[str, tuple[Values, ...]] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()

    @classmethod
    def together(cls, several: Sequence[Choices]) -> Choices:
        """Those of all topologies on one page: of routings what every one of them allows."""
        first = several[0]
        common = {key: _common([one.of[key][0] for one in several]) for key in ("routing", "fail")}
        work = tuple(pair for pair in first.work if all(pair in one.work for one in several))
        for name, values in {**common, "algorithm": work}.items():
            if not values:
                rule = "none fits all of these topologies: a page for each of them, or --set"
                raise ParameterError(name, "", rule)
        ladders = {key: _shorter(values) for key, values in common.items() if len(first.of[key]) > 1}
        return cls(
            where=tuple(one for choices in several for one in choices.where),
            work=work,
            of={**first.of, **ladders},
            fixed=first.fixed,
        )

    def spec(self, steps: Mapping[str, int] | None = None) -> SweepSpec:
        """The sweep after so many ``steps`` to fewer values of each setting."""
        steps = steps or {}
        where = [
            (("topology", topology), ("ranks", count))
            for variants in self.where
            for topology, counts in variants[: self._left("oversubscription", len(variants), steps)]
            for count in counts[: self._left("ranks", len(counts), steps)]
        ]
        work = self.work[: self._left("work", len(self.work), steps)]
        pairs = [(("collective", collective), ("algorithm", algorithm)) for collective, algorithm in work]
        axes = [Axis(kind="zip", choices=tuple(dict.fromkeys(where))), Axis(kind="zip", choices=tuple(pairs))]
        for key, ladder in self.of.items():
            values = ladder[min(steps.get(key, 0), len(ladder) - 1)]
            axes.append(Axis(kind="grid", choices=tuple(((key, value),) for value in values)))
        return SweepSpec(title="", axes=tuple(axes), source="explore")

    def _left(self, name: str, count: int, steps: Mapping[str, int]) -> int:
        return count if name in self.fixed else max(1, count - steps.get(name, 0))


def read_choices(sets: Sequence[str], topologies: Sequence[str]) -> dict[str, Values]:
    """The values of each setting, or part of the ``topologies``, in texts ``key=v1,v2``.

    Raises:
        ParameterError: no ``=``, a key twice, an unknown key, a value twice.
    """
    found: dict[str, Values] = {}
    texts = {**{name: [text] for name, text in DEFAULTS.items()}, "topology": list(topologies)}
    for key, values in read_assignments(sets):
        name = resolve(key, texts)
        head, dot, _ = name.partition(".")
        if name == "topology":
            raise ParameterError("--set", key, "topologies are named before: fabricsim explore SPEC SPEC ...")
        if dot and head != "topology":
            rule = f"whole values of {head} are needed, as in --set {head}={DEFAULTS[head]},..."
            raise ParameterError("--set", key, rule)
        found[name] = read_values(name, list(values))
    return found


def choices_on(topology: NamedTopology, fabric: Fabric, given: Mapping[str, Values]) -> Choices:
    """What a page about one topology offers; ``given``: as of ``read_choices``, instead of what is usual.

    Raises:
        FabricsimError: a value that is none of its setting, or a part that the topology has not.
    """
    variants = list(_variants(topology, given))
    where = tuple((text, _ranks(fabric, given)) for text in variants)
    routing = given.get("routing") or _routings(fabric)
    of = {"routing": (routing,) if "routing" in given else _shorter(routing)}
    usual = {"fail": _failed(fabric, len(variants)), "size": _SIZES, "seed": _SEEDS}
    of |= {key: (given[key],) if key in given else ladder for key, ladder in usual.items()}
    others = [key for key in given if "." not in key and key not in (*of, "ranks", "collective", "algorithm")]
    of |= {key: (given[key],) for key in others}
    fixed = {"ranks"} & given.keys()
    fixed |= {"oversubscription"} if any("." in key for key in given) else set()
    fixed |= {"work"} if {"collective", "algorithm"} & given.keys() else set()
    return Choices(where=(where,), work=_work(fabric, given), of=of, fixed=frozenset(fixed))


def _common(lists: Sequence[Values]) -> Values:
    return tuple(value for value in lists[0] if all(value in other for other in lists))


def _shorter(values: Values) -> tuple[Values, ...]:
    """A list of values and all shorter ones."""
    return tuple(values[:count] for count in range(len(values), 0, -1))


def _variants(topology: NamedTopology, given: Mapping[str, Values]) -> Iterator[str]:
    """The topology with other values of what was asked for, or of its oversubscription where it has one."""
    asked = {key: values for key, values in given.items() if key.startswith("topology.")}
    if not asked and "oversubscription" not in topology.builder.parameters:
        yield topology.text
        return
    texts = [_stretchable(topology)] if _PART in (asked or {_PART: ()}) else [topology.text]
    if not asked:
        own = named(texts[0])
        now = own.builder.parameters["oversubscription"].write(
            own.arguments.get("oversubscription", own.builder.defaults["oversubscription"])
        )
        for value in dict.fromkeys((now, *_OVERSUBSCRIBED)):
            with suppress(FabricsimError):  # a fabric that cannot be had with it
                other = named(with_part("topology", texts[0], "oversubscription", value))
                if other.size is not None:
                    yield other.text
        return
    for key, values in asked.items():
        part = key.partition(".")[2]
        texts = [named(with_part("topology", text, part, value)).text for text in texts for value in values]
    yield from dict.fromkeys(texts)


def _stretchable(topology: NamedTopology) -> str:
    """The same topology, named such that it can be oversubscribed: a fat tree by its endpoints and radix."""
    k = topology.arguments.get("k")
    if topology.name != "fat-tree" or k is None:
        return topology.text
    arguments = {key: value for key, value in topology.arguments.items() if key != "k"}
    return topology.builder.spelled({"endpoints": k**3 // 4, "radix": k, **arguments})


def _ranks(fabric: Fabric, given: Mapping[str, Values]) -> Values:
    if "ranks" in given:
        every = [spelled("ranks", value) for value in given["ranks"]]
        return tuple(dict.fromkeys(str(fabric.n_endpoints) if text == "all" else text for text in every))
    server = fabric.n_endpoints // fabric.n_scaleup if fabric.n_scaleup else 1
    counts = [fabric.n_endpoints // share // server * server for share in _SHARES]
    return tuple(str(count) for count in dict.fromkeys(counts) if count >= max(2, server))


def _failed(fabric: Fabric, variants: int) -> tuple[Values, ...]:
    """Shares of failed cables. An oversubscribed variant has a part of the cables only."""
    ends = fabric.kind[fabric.link_src], fabric.kind[fabric.link_dst]
    between = np.sum((ends[0] == SWITCH) & (ends[1] == SWITCH)) / 2
    fewest = between / int(_OVERSUBSCRIBED[-1]) if variants > 1 else between
    some = [f"cables={share}%" for share in _FAILED if share / 100 * fewest >= 1]
    return _shorter(("none", *some[:2]))


def _routings(fabric: Fabric) -> Values:
    fit = []
    for name in _ROUTINGS:
        with suppress(FabricsimError):
            check_policy(fabric, parse_policy(name))
            fit.append(name)
    return tuple(fit[:2])


def _work(fabric: Fabric, given: Mapping[str, Values]) -> tuple[tuple[str, str], ...]:
    """Pairs of a collective and an algorithm."""
    usual = [tuple(pair.split()) for pair in (*_PAIRS[bool(fabric.n_scaleup)], *_MORE)]
    collectives = [spelled("collective", text) for text in given.get("collective", ())]
    if "algorithm" in given:
        return tuple((one, text) for one in collectives or [ALL_REDUCE.name] for text in given["algorithm"])
    if not collectives:
        return tuple((pair[0], pair[1]) for pair in usual)
    known = {one: [pair[1] for pair in usual if pair[0] == one] for one in COLLECTIVES}
    return tuple((one, name) for one in collectives for name in known[one] or usual_algorithms(one))
