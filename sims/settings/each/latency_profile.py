"""``latency_profile``: the constants of latency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sims.settings.setting import Setting

__all__ = ["LATENCY_PROFILE"]


def _spell(text: str) -> str:
    from sims.models.profiles import latency_profile

    return latency_profile(text).spec


def _all_parts() -> Iterable[str]:
    from sims.models.profiles import CONSTANTS

    return CONSTANTS


def _parts(text: str) -> Mapping[str, str | None]:
    return dict.fromkeys(_all_parts())


def _suited(topology: str) -> str:
    """The profile of the kind of network that a preset or a dump has; "" of a family, which says nothing."""
    from fabric.words.errors import FabricsimError
    from topologies.named import named

    try:
        network = named(topology).network
    except FabricsimError:
        return ""  # which is told where the topology is built
    return _NETWORKS.get(network, "")


_NETWORKS = {"InfiniBand": "ib-ndr", "RoCE 800G": "roce-800g"}

LATENCY_PROFILE = Setting(
    name="latency_profile",
    place=100,
    default="roce-400g",
    metavar="NAME|FILE.toml[:constant=value,...]",
    help="roce-400g, roce-800g, ib-ndr, ideal, nccl-ring-ll|ll128|simple, nccl-tree-ll|ll128|simple, "
    "nccl-nvlstree|nvls, host-mpi or a file; constants can be replaced, e.g. ib-ndr:switch_latency=300ns.",
    suited=_suited,
    spell=_spell,
    parts=_parts,
    all_parts=_all_parts,
    later=False,
    noun="latency profile",
    nouns="latency profiles",
)
