"""``routing``: the policy that chooses among equal ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

from fabric.words.grammar import read_named
from sims.settings.setting import Setting

__all__ = ["ROUTING"]


def _spell(text: str) -> str:
    from fabric.routing.policies import policy_text

    return policy_text(text)


def _parts(text: str) -> Mapping[str, str | None]:
    from fabric.routing.policies import POLICIES

    name = text.partition(":")[0].strip()
    if name not in POLICIES:
        return {}
    return dict.fromkeys(field.name for field in fields(POLICIES[name]) if field.name != "seed")


def _all_parts() -> Iterable[str]:
    from fabric.routing.policies import POLICIES

    return [part for name in POLICIES for part in _parts(name)]


ROUTING = Setting(
    name="routing",
    place=50,
    default="ecmp",
    metavar="POLICY",
    help="ecmp[:qps=Q,salt=none], dmodk, adaptive, spray, static:file=TABLE.csv (switch,destination,"
    "next_hop); without tiers also adaptive:paths=K, valiant and ugal. A transfer has Q queue pairs: by "
    "default one for each plane of a NIC.",
    spell=_spell,
    parts=_parts,
    all_parts=_all_parts,
    apart=lambda text: read_named("routing", text, verbatim=("file",)),
    usual="ecmp:qps=1",
    later=False,
    digest="routing_digest",
    unnamed=lambda text: text.partition(":")[0],
    noun="routing policy",
    nouns="routing policies",
)
