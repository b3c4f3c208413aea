"""What is better or worse than built: ``upgrade``, ``fail``, ``degrade``, ``allow_partition``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sims.settings.setting import Setting, one_of

if TYPE_CHECKING:
    from fabric import Fabric

__all__ = ["ALLOW_PARTITION", "DEGRADE", "FAIL", "UPGRADE"]


def _upgrade(text: str) -> str:
    from fabric.damage.upgrade import format_upgrades, parse_upgrades

    return format_upgrades(parse_upgrades(text))


def _improved(fabric: Fabric, text: str) -> Fabric:
    from fabric.damage.upgrade import improved, parse_upgrades

    return improved(fabric, parse_upgrades(text))


UPGRADE = Setting(
    name="upgrade",
    place=110,
    default="none",
    metavar="KIND[=FACTOR]",
    help="Make every cable of a kind faster, twice if no factor is given: leaf-spine, spine-core=1.5, "
    "every-cable. May be given again.",
    again=True,
    spell=_upgrade,
    words=lambda text: "none faster" if text == "none" else f"faster {text}",
    noun="upgrade",
    nouns="upgrades",
    on_fabric=_improved,
)


def _faults(option: str) -> Callable[[str], str]:
    def spell(text: str) -> str:
        from fabric.damage.fault import format_faults, parse_faults

        return format_faults(parse_faults(option, text))

    return spell


def _unnamed(text: str) -> str:
    from fabric.damage.fault import without_paths

    return without_paths(text)


FAIL = Setting(
    name="fail",
    place=120,
    default="none",
    metavar="WHAT",
    help="What has failed from the start: cables=0.5%, cables=26, cables=tier1:26, switches=tier2:3, or a "
    "file with a node or two (a comma between: their cables) per line. A share leaves out what is an "
    "endpoint's only one, unless partitions are allowed. May be given again.",
    again=True,
    spell=_faults("fail"),
    digest="fault_digest",
    unnamed=_unnamed,
    words=lambda text: "none failed" if text == "none" else f"failed {text}",
    noun="failure",
    nouns="failures",
)

DEGRADE = Setting(
    name="degrade",
    place=130,
    default="none",
    metavar="WHAT:rate=SHARE",
    help="Cables that run at a part of their rate: cables=1%:rate=25% (of all cables), FILE:rate=25%. May be "
    "given again.",
    again=True,
    spell=_faults("degrade"),
    digest="fault_digest",
    unnamed=_unnamed,
    words=lambda text: "none slower" if text == "none" else f"slower {text}",
    noun="degradation",
    nouns="degradations",
)

ALLOW_PARTITION = Setting(
    name="allow_partition",
    place=140,
    default="false",
    help="Faults may cut endpoints off from each other.",
    spell=one_of("allow_partition", ("true", "false"), "yes or no, as true or false"),
    value=lambda text: text == "true",
    kind=bool,
    usual=False,
    words=lambda allowed: "partition allowed" if allowed else "no partition",
    noun="rule on partitions",
    nouns="rules on partitions",
)
