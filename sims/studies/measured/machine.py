"""Machine: which fabric and latency profile stand for a system that somebody has measured. Lists none."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["HOST", "KERNEL", "NCCL", "Machine"]

HOST, NCCL, KERNEL = "MPI, host memory", "NCCL", "all-to-all kernel"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A system. ``kind``: what moves the data.

    ``fabric``: its topology without numbers of endpoints and rates. ``node_rate``: bytes/s of all network
    cables of a node, each way, of which a rank uses ``rank_rate`` at most; ``inside``: between a rank and the
    others of its node. ``profile``: of latency, or by algorithm in ``profiles``. ``site``: the preset with
    its hosts by name, "" where there is none. ``plugin``: how NCCL reaches a network that its own transport
    (verbs: InfiniBand and RoCE) does not, "" where it needs none. It brings latencies of its own, that no
    profile here has, so bands are not made of it, but tried on it.
    """

    name: str
    words: str
    kind: str
    node_rate: float
    rank_rate: float
    inside: float
    profile: str
    profiles: dict[str, str] = field(default_factory=dict)
    fabric: str = "fat-tree:radix=128"
    site: str = ""
    plugin: str = ""

    def topology(self, nodes: int, per_node: int) -> str:
        """The text of the fabric of so many nodes with so many ranks each, which are its endpoints.

        >>> Machine(name="a", words="", kind=NCCL, node_rate=200e9, rank_rate=50e9, inside=450e9,
        ...         profile="ideal").topology(2, 4)
        'fat-tree:radix=128,endpoints=8,rate=50GB/s,gpus_per_server=4,nvlink=450GB/s'
        """
        rate = min(self.rank_rate, self.node_rate / per_node)
        text = f"{self.fabric},endpoints={nodes * per_node},rate={rate / 1e9:.12g}GB/s"
        if per_node == 1:
            return text
        return f"{text},gpus_per_server={per_node},nvlink={self.inside / 1e9:.12g}GB/s"

    def whole_site(self, per_node: int) -> str:
        """The text of the fabric of all hosts, with so many ranks each.

        >>> Machine(name="a", words="", kind=HOST, node_rate=25e9, rank_rate=25e9, inside=10e9,
        ...         profile="host-mpi", site="leonardo").whole_site(1)
        'preset:leonardo:per_node=1,rate=25GB/s'
        """
        rate = min(self.rank_rate, self.node_rate / per_node)
        return f"preset:{self.site}:per_node={per_node},rate={rate / 1e9:.12g}GB/s"

    def latency_profile(self, algorithm: str) -> str:
        """The latency profile with which ``algorithm`` is simulated."""
        return self.profiles.get(algorithm, self.profile)
