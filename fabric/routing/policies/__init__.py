"""Routing policies, a file each, and the texts that name them. A new file in this folder is a new policy.

Each module enters its policy by ``register``; no list of them is kept.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from fabric.machine.no_file import no_file
from fabric.routing.policy import POLICIES, Policy, register
from fabric.words.errors import ParameterError
from fabric.words.grammar import read_arguments

__all__ = ["POLICIES", "Policy", "parse_policy", "policy_file", "policy_help", "policy_text", "register"]

for _module in iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)


def parse_policy(text: str, seed: int = 0, planes: int = 1) -> Policy:
    """The policy that ``text`` names, such as ``ecmp:qps=4,salt=none``; ``policy_help`` lists them.

    What follows ``file=`` is the path, commas and all. ``planes``: what the text does not name of the parts
    of which there is one for each plane of an endpoint, as NICs deal transfers over their ports.

    Raises:
        ParameterError: an unknown policy or parameter (with the known ones), a value out of its range, a
            parameter given twice, a file that is not there.

    >>> str(parse_policy("ecmp:salt=none", planes=4))
    'ecmp:qps=4,salt=none'
    """
    return _read(text, seed, planes)[0]


def policy_text(text: str) -> str:
    """The one spelling of a policy's text. Queue pairs that it does not name are left to the fabric.

    >>> policy_text("ecmp:salt=switch"), policy_text("ecmp:salt=none,qps=4")
    ('ecmp', 'ecmp:qps=4,salt=none')
    """
    policy, named = _read(text)
    return policy.text(named)


def policy_file(routing: str) -> Path | None:
    """The file that a routing text names, or None: what counts for a result is its contents, not its path.

    >>> policy_file("static:unrouted=dmodk,file=tables.csv"), policy_file("ecmp")
    (PosixPath('tables.csv'), None)
    """
    name, _, rest = routing.partition(":")
    kind = POLICIES.get(name.strip().lower())
    for key in (key for key, part in kind.parts.items() if part.verbatim) if kind else ():
        if (found := re.search(rf"(?:^|,)\s*{key}\s*=\s*(.*\S)", rest, re.DOTALL)) is not None:
            return Path(found[1])
    return None


def policy_help() -> str:
    """The texts of all policies, in one sentence.

    >>> policy_help().partition("; ")[2]
    'without tiers also adaptive:paths=K, valiant and ugal.'
    """
    usage = [kind.usage or kind.name for kind in POLICIES.values() if not kind.forbids_tiers]
    more = [
        kind.usage_untiered or kind.usage or kind.name
        for kind in POLICIES.values()
        if kind.usage_untiered or kind.forbids_tiers
    ]
    return f"{', '.join(usage)}; without tiers also {', '.join(more[:-1])} and {more[-1]}."


def _read(text: str, seed: int = 0, planes: int = 1) -> tuple[Policy, list[str]]:
    """The policy, and the parts that the text names."""
    given, _, rest = (piece.strip() for piece in text.partition(":"))
    name = given.lower()
    if name not in POLICIES:
        raise ParameterError("routing", given, "unknown policy", POLICIES)
    kind = POLICIES[name]
    named = read_arguments(f"routing {name}", rest, kind.parts, prefix=f"routing {name}: ")
    values = {**dict.fromkeys(kind.per_plane, planes), **named}
    policy = kind(**values, **({"seed": seed} if kind.drawn else {}))
    file = policy_file(text)
    if file and not os.path.isfile(file):
        raise ParameterError(f"routing {name}: file", str(file), no_file(file))
    return policy, list(named)
