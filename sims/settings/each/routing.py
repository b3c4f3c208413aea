"""``routing``: the policy that chooses among equal ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fabric.routing.policies import POLICIES, policy_help, policy_text
from fabric.words.grammar import read_named
from sims.settings.setting import Setting

__all__ = ["ROUTING"]


def _parts(text: str) -> Mapping[str, str | None]:
    name = text.partition(":")[0].strip()
    return dict.fromkeys(POLICIES[name].parts) if name in POLICIES else {}


def _all_parts() -> Iterable[str]:
    return [part for name in POLICIES for part in _parts(name)]


_VERBATIM = [part for kind in POLICIES.values() for part, one in kind.parts.items() if one.verbatim]

ROUTING = Setting(
    name="routing",
    place=50,
    default="ecmp",
    metavar="POLICY",
    help=f"{policy_help()} A transfer has Q queue pairs: by default one for each plane of a NIC.",
    spell=policy_text,
    parts=_parts,
    all_parts=_all_parts,
    apart=lambda text: read_named("routing", text, verbatim=_VERBATIM),
    usual="ecmp:qps=1",
    later=False,
    digest="routing_digest",
    unnamed=lambda text: re.sub(rf"[:,](?:{'|'.join(_VERBATIM)})=.*", "", text, flags=re.DOTALL),
    noun="routing policy",
    nouns="routing policies",
)
