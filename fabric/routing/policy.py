"""Policy: all that is asked of a routing policy, and what holds unless one says otherwise. Routes nothing.

What a policy needs of the engine is imported when it routes, so that names and help cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Integral
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from fabric.words.errors import ParameterError
from fabric.words.grammar import write_named
from fabric.words.parameter import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fabric.graph.fabric import Fabric
    from fabric.routing.draw import Draw
    from fabric.routing.paths import Paths

__all__ = ["DEFAULT_PATHS", "POLICIES", "Packets", "Policy", "Uniform", "register"]

DEFAULT_PATHS = 8  # ways over which a flow is split where not all can be counted

Packets = Literal["", "random", "shortest queue"]  # "": each follows its flow
Uniform = Literal["by leaf", "by destination", "drawn"]


class Policy:
    """How one of several ways is chosen, or how a flow is split over them. A subclass is a frozen dataclass.

    As it stands each flow takes a shortest path on the fabric as it is, by a hash of flow and switch.
    """

    name: ClassVar[str]  # what a text begins with
    parts: ClassVar[Mapping[str, Parameter]] = {}  # how each part of a text is spelled; a field of each name
    per_plane: ClassVar[Collection[str]] = ()  # parts that, unless named, are one for each plane of a NIC
    place: ClassVar[int] = 100  # in lists of all policies, the usual ones first
    usage: ClassVar[str] = ""  # in help, where the name does not say it all
    usage_untiered: ClassVar[str] = ""  # in help, what only a graph without tiers can have
    by_destination: ClassVar[bool] = False  # whether the next hop is chosen by that, and not by hash
    drawn: ClassVar[bool] = False  # whether ``seed`` matters
    detours: ClassVar[bool] = False  # whether a flow may go by an intermediate switch
    divides: ClassVar[bool] = False  # whether a flow is split over parallel cables and planes
    weighs: ClassVar[bool] = False  # whether the rates of cables matter to the choice
    forbids_tiers: ClassVar[str] = ""  # what would happen on a fabric with tiers, and so forbids them
    stays: ClassVar[str] = ""  # why its flows cannot move when links fail during a run
    packets: ClassVar[Packets | None] = ""  # how each chooses in the packet model; None: it cannot

    qps: int = 1  # independent flows into which each transfer is cut
    salt: str = "switch"  # each switch hashes with a salt of its own; "none": all with the same
    seed: int = 0

    def __str__(self) -> str:
        return self.text(self.per_plane)

    def text(self, named: Collection[str]) -> str:
        """The spelling that names what is not at its default, and of ``per_plane`` what is ``named``."""
        parts = {key: getattr(self, key) for key in self.parts}
        told = {
            key: self.parts[key].write(value)
            for key, value in parts.items()
            if (key in named if key in self.per_plane else value != getattr(type(self), key))
        }
        return write_named(self.name, told)

    def carrier(self, fabric: Fabric) -> Fabric:
        """The fabric on which traffic runs: ``fabric`` or a contraction of it."""
        return fabric

    def misfit(self, fabric: Fabric) -> str:
        """Why ``fabric`` is no carrier of this policy; nothing if it is one."""
        if fabric.contraction and fabric.contraction.by_rate:
            return f"{self} does not run on the fabric whose alike switches are one"
        return ""

    def check(self, fabric: Fabric) -> None:
        """Raise a FabricsimError if it cannot run on this fabric for another reason than its tiers."""

    def warning(self, fabric: Fabric, *, packets: bool = False) -> str:
        """What has to be said beside results on this fabric, or nothing; ``packets``: they go one by one, so
        nothing is said of how the fluid model splits a flow."""
        return ""

    def pieces(self, tiered: bool) -> int:
        """Paths that are found one by one for each transfer: its queue pairs, or the parts of a flow."""
        return self.qps

    def uniform(self, tiered: bool) -> Uniform | None:
        """How the loads of all to all are known without a list of the flows; None: they are not.

        ``by leaf``: endpoints of one leaf are alike; ``by destination``: flows that meet go on as one;
        ``drawn``: around an even split, as hashing flow by flow leaves them.
        """
        return None

    def draw(self, f: Fabric, src: NDArray, dst: NDArray, qp: NDArray[np.uint64]) -> Draw:
        """The choice among next hops and cables for flows from ``src`` to ``dst``, (flows,) each."""
        from fabric.routing.draw import ByDestination, Hashed

        if self.by_destination:
            return ByDestination(f, src, dst, qp)
        return Hashed(f, src, dst, qp, seed=self.seed, salted=self.salt != "none")

    def cables(self, f: Fabric, draw: Draw, flow: NDArray, node: NDArray, arc: NDArray) -> Paths:
        """The cables of ``arc``, which leaves ``node``, that each of ``flow`` takes: one, or all evenly."""
        import numpy as np

        from fabric.routing.paths import Paths
        from fabric.routing.spread import cables

        if self.divides:
            return cables(f, arc.astype(np.int64))
        return Paths.from_columns([draw.cable(flow, node, arc).astype(np.int32)])

    def across(self, f: Fabric, draw: Draw, flow: NDArray) -> tuple[NDArray, Paths, NDArray]:
        """Over the switches: those of ``flow`` that have a path, their paths, and those that have none."""
        import numpy as np

        from fabric.routing.attachment import attached

        first, last, lost = attached(f, draw, flow)
        if not len(lost):
            return flow, self.ways(f, draw, flow, first, last), lost
        keep = np.ones(len(flow), bool)
        keep[lost] = False
        return flow[keep], self.ways(f, draw, flow[keep], first[keep], last[keep]), flow[lost]

    def ways(self, f: Fabric, draw: Draw, flow: NDArray, first: NDArray, last: NDArray) -> Paths:
        """The paths of ``flow``, which leave by the arcs ``first`` and arrive by the arcs ``last``."""
        from fabric.routing.paths import Paths
        from fabric.routing.walk import walk

        columns = walk(f, flow, first, last, draw)
        if len(flow) < len(draw.src):
            columns = [column[flow] for column in columns]
        return Paths.from_columns(columns)

    def require(self, part: str, most: int) -> None:
        """Raise a ParameterError unless the part is a whole number from 1 to ``most``."""
        value = getattr(self, part)
        if not isinstance(value, Integral) or not 1 <= int(value) <= most:
            raise ParameterError(f"routing {self.name}: {part}", value, f"a whole number from 1 to {most}")


POLICIES: dict[str, type[Policy]] = {}  # by name, in the order of their places

Kind = TypeVar("Kind", bound=type[Policy])


def register(kind: Kind) -> Kind:
    """Enter a policy under its name, for a text to name; a decorator.

    Raises:
        ParameterError: another policy has the name.
    """
    other = POLICIES.get(kind.name)
    if other and (other.__module__, other.__qualname__) != (kind.__module__, kind.__qualname__):
        raise ParameterError("policy", kind.name, f"is the name of {other.__module__}.{other.__qualname__}")
    POLICIES[kind.name] = kind
    for name in sorted(POLICIES, key=lambda name: (POLICIES[name].place, name)):
        POLICIES[name] = POLICIES.pop(name)
    return kind
