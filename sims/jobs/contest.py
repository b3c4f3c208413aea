"""Contest: what routing policies are compared on. A contest on a fabric gives a ``Balance`` for each policy.

Knows texts as users write them; reads no file but tables of ``static``, and prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fabric import Fabric
from fabric.damage.breakage import Damage, harmed
from fabric.damage.fault import format_faults, parse_faults
from fabric.graph.nic import planes
from fabric.routing.policies import Policy
from sims.jobs.demand import Demand, check_demand, demand
from sims.jobs.routing_compare import Balance, balance_rows, balances, parse_policies, search_wait
from sims.jobs.uniform import require_known
from sims.settings.table import SETTINGS, spelled
from sims.workload.placement import require_ranks
from topologies.parts.memory import Size

__all__ = ["Arena", "Contest"]


_ONE = ("ranks", "seed", "allow_partition")  # what is no text


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Texts as of the command line; ``routing``: policies with commas between.

    Raises:
        ParameterError: a mistake that needs no fabric to be seen.

    >>> from topologies import fat_tree
    >>> arena = Contest(traffic="shift:8", routing="ecmp,dmodk").on(Fabric.from_graph(fat_tree(k=4)))
    >>> [f"{one.routing} {one.slowest / one.full:.0%}" for one in arena.balances()]
    ['ecmp:qps=1 33%', 'dmodk 100%']
    """

    traffic: str = "permutation"
    routing: str = "ecmp,ecmp:qps=16,dmodk,adaptive"
    ranks: int | None = None
    placement: str = "packed"
    seed: int = 0
    fail: str = "none"
    degrade: str = "none"
    allow_partition: bool = False

    @classmethod
    def of(cls, traffic: str, texts: Mapping[str, str]) -> Contest:
        """From the texts of settings, by name."""
        values = {name: SETTINGS[name].value(spelled(name, texts[name])) for name in _ONE}
        return cls(traffic=traffic, **{**texts, **values})

    def __post_init__(self) -> None:
        parse_policies(self.routing, self.seed)
        check_demand(self.traffic, ranks=self.ranks, placement=self.placement)
        parse_faults("fail", self.fail)
        parse_faults("degrade", self.degrade)

    def fits(self, name: str, size: Size) -> None:
        """Raise ParameterError where the contest cannot be on a topology called ``name``, not built yet."""
        if self.ranks is not None:
            require_ranks(self.ranks, size.endpoints, name)
        if self.traffic == "alltoall":
            for policy in parse_policies(self.routing, self.seed):
                require_known(policy, size.endpoints)

    def on(self, fabric: Fabric) -> Arena:
        """The contest on ``fabric``, with what it has failed.

        Raises:
            FabricsimError: the demand or the faults do not fit the fabric.
        """
        wanted = demand(self.traffic, fabric, seed=self.seed, ranks=self.ranks, placement=self.placement)
        faults = (*parse_faults("fail", self.fail), *parse_faults("degrade", self.degrade))
        degraded, damage = harmed(fabric, faults, self.seed, allow_partition=self.allow_partition)
        return Arena(
            contest=self,
            fabric=degraded,
            damage=damage,
            demand=wanted,
            policies=tuple(parse_policies(self.routing, self.seed, planes(fabric))),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Arena:
    """A contest on a ``fabric``, which is what ``damage`` has left of the one that was given."""

    contest: Contest
    fabric: Fabric
    damage: Damage
    demand: Demand
    policies: tuple[Policy, ...]

    @property
    def foretold(self) -> str:
        """A sentence where routing takes a minute or more, else nothing."""
        return search_wait(self.fabric, self.demand, self.policies).foretold

    def balances(self) -> Iterator[Balance]:
        """One for each policy, in their order. Raises as ``sims.jobs.routing_compare.balances``."""
        return balances(self.fabric, self.demand, self.policies, self.contest.seed)

    def rows(self, balances: Sequence[Balance], topology: str, digest: str) -> list[dict[str, object]]:
        """The rows of ``balances``, with all that determines them; ``digest``: of the topology's file."""
        asked = self.contest
        return balance_rows(
            balances,
            topology=topology,
            topology_digest=digest,
            traffic=asked.traffic,
            ranks=self.fabric.n_endpoints if asked.ranks is None else asked.ranks,
            placement=asked.placement,
            seed=asked.seed,
            fail=format_faults(parse_faults("fail", asked.fail)),
            degrade=format_faults(parse_faults("degrade", asked.degrade)),
            allow_partition=asked.allow_partition,
        )
