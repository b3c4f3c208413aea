"""Settings: the texts that name a scenario, one per field, and how one of them or a part of it is changed.

Every text is written as on the command line, ``name:key=value,...``, so a dotted key names a part:
``topology.k`` is the k of ``fat-tree:k=16``. Knows how texts are put together and which parts there are;
builds no graph.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import cache, lru_cache

from fabric.damage.fault import NONE
from fabric.routing.policies import POLICIES
from fabric.words.errors import ParameterError
from sims.models.fluid.faults.setting import DEFAULT_DELAY
from sims.models.fluid.faults.wear import PARTS as WEAR_PARTS
from sims.models.fluid.faults.wear import PROFILES as WEARS
from sims.models.packet.settings import PARTS
from sims.models.profiles import CONSTANTS, DEFAULT_PROFILE
from sims.workload.collective import ALL_REDUCE
from sims.workload.collectives import parameters_of

__all__ = [
    "DEFAULTS",
    "all_parts",
    "assign",
    "defaults_of",
    "field_of",
    "legal_parts",
    "option_words",
    "resolve",
    "taken_apart",
    "with_part",
]

ENGINES = ("flow", "bound", "packet")  # what sims.jobs.collective runs, without SimPy

DEFAULTS: Mapping[str, str] = {
    "topology": "preset:colossus-100k",
    "ranks": "all",
    "placement": "packed",
    "seed": "0",
    "routing": "ecmp",
    "collective": ALL_REDUCE.name,
    "algorithm": "ring",
    "size": "1GiB",
    "engine": "flow",
    "packet": "",
    "latency_profile": DEFAULT_PROFILE,
    "upgrade": NONE,
    "fail": NONE,
    "degrade": NONE,
    "allow_partition": "false",
    "faults": NONE,
    "reroute_delay": DEFAULT_DELAY,
    "repeat": "1",
    "gap": "0s",
}

# A row's column, the options' names.
_ALSO = {
    "size_bytes": "size",
    "latency-profile": "latency_profile",
    "allow-partition": "allow_partition",
    "reroute-delay": "reroute_delay",
}
_WITH_PARTS = ("topology", "routing", "algorithm", "packet", "latency_profile", "faults")
_FILE = re.compile(r"(.+):([A-Za-z_]+=[^:]*)", re.DOTALL)
_OF_FILES = ("nvlink", "delay")


def assign(settings: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    """``settings`` with one field or one part of a field replaced.

    Args:
        settings: a text for each field of DEFAULTS.
        key: a field (``ranks``), a part (``topology.k``), or a bare part that only one field has (``k``).
        value: as a user would write it.

    Raises:
        ParameterError: nothing or more than one thing is called so (the legal names are listed), or the
            field's text has no such part.

    >>> assign({**DEFAULTS, "topology": "fat-tree:k=16"}, "k", "32")["topology"]
    'fat-tree:k=32'
    """
    name = resolve(key, {field: (text,) for field, text in settings.items()})
    field, dot, part = name.partition(".")
    changed = with_part(field, settings[field], part, value) if dot else value.strip()
    return {**settings, field: changed}


def field_of(name: str) -> str:
    """The field that an option's name or a row's column means.

    >>> field_of("size_bytes"), field_of("k")
    ('size', 'k')
    """
    return _ALSO.get(name, name)


def resolve(key: str, texts: Mapping[str, Collection[str]]) -> str:
    """The one full name of ``key``: ``field`` or ``field.part``.

    ``texts``: what each field may be; a bare part belongs to the field of which some text has it. A dotted
    name is not held against them: whether a text has the part is seen when it is assigned.

    Raises:
        ParameterError: unknown, or the part of several fields.

    >>> resolve("switch_latency", {"latency_profile": ["ideal"]})
    'latency_profile.switch_latency'
    """
    name = key.strip()
    field, dot, part = (piece.strip() for piece in name.partition("."))
    field = field_of(field)
    if dot:
        if field not in DEFAULTS:
            raise ParameterError("setting", field, f"unknown field in {name}", _WITH_PARTS)
        if field not in _WITH_PARTS:
            raise ParameterError("setting", name, f"{field} has no parts", _WITH_PARTS)
        if part not in all_parts(field):
            raise ParameterError("setting", part, f"no {field} has such a part", all_parts(field))
        return f"{field}.{part}"
    if field in DEFAULTS:
        return field
    having = {
        f: dict.fromkeys(p for text in texts.get(f, ()) for p in legal_parts(f, text)) for f in _WITH_PARTS
    }
    fits = [f"{f}.{name}" for f, parts in having.items() if name in parts]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise ParameterError("setting", name, f"means {' or '.join(fits)}: write one of them", fits)
    bare = [part for parts in having.values() for part in parts]
    near = get_close_matches(name, bare, n=1)
    legal = [*DEFAULTS, *(f"{f}.{part}" for f, parts in having.items() for part in parts)]
    hint = f": did you mean {near[0]!r}?" if near else ""
    raise ParameterError("setting", name, f"no field and no part of one{hint}", legal)


@lru_cache(maxsize=65_536)
def with_part(field: str, text: str, part: str, value: str) -> str:
    """``text`` with one part replaced or added.

    Raises:
        ParameterError: what ``text`` names has no such part, or ``text`` is not ``name:key=value,...``.

    >>> with_part("algorithm", "ring:channels=2", "channels", "4")
    'ring:channels=4'
    """
    head, parts = taken_apart(field, text)
    legal = legal_parts(field, text)
    if part not in legal:
        rule = f"{head} has no such part" if legal else f"{head} has no parts"
        raise ParameterError(
            f"{field}.{part}", value, f"{rule}; legal: {', '.join(legal)}" if legal else rule
        )
    if "," in value and value.partition(",")[2].find("=") >= 0:
        raise ParameterError(f"{field}.{part}", value, "one value, without a second key")
    parts = {**parts, part: value.strip()}
    return f"{head}:{','.join(f'{key}={given}' for key, given in parts.items())}"


def taken_apart(field: str, text: str) -> tuple[str, dict[str, str]]:
    """What ``text`` names, and the parts that it gives.

    Raises:
        ParameterError: a part is not key=value.

    >>> taken_apart("topology", "preset:hpn-pod:rate=200Gbps")
    ('preset:hpn-pod', {'rate': '200Gbps'})
    """
    head, _, rest = (piece.strip() for piece in text.strip().partition(":"))
    if field not in _WITH_PARTS:
        return text.strip(), {}
    if field == "topology":
        if head == "preset":
            name, _, rest = (piece.strip() for piece in rest.partition(":"))
            head = f"preset:{name}"
        elif head not in _topologies():
            match = None if os.path.isfile(text.strip()) else _FILE.fullmatch(text.strip())
            head, rest = (match[1], match[2]) if match else (text.strip(), "")
    pairs = [rest] if rest.startswith("file=") else [pair for pair in rest.split(",") if pair.strip()]
    parts = {}
    for pair in pairs:
        key, equals, value = (piece.strip() for piece in pair.partition("="))
        if not equals:
            raise ParameterError(field, text, f"{head}:key=value,... is needed")
        parts[key] = value
    return head, parts


def option_words(field: str, value: object) -> list[str]:
    """How a command is given the value of a scenario's field.

    >>> option_words("latency_profile", "ideal"), option_words("allow_partition", True)
    (['--latency-profile', 'ideal'], ['--allow-partition'])
    """
    option = f"--{field.replace('_', '-')}"
    if value is True:
        return [option]
    if field == "packet":  # whose parts have an option each
        control, parts = taken_apart(field, str(value))
        return [word for key, text in {"cc": control, **parts}.items() for word in (f"--{key}", text)]
    return [option, str(value)]


def legal_parts(field: str, text: str) -> tuple[str, ...]:
    """The parts that what ``text`` names can have; none where it names nothing."""
    head = text.partition(":")[0].strip()
    if field == "topology":
        named = text.strip().split(":")
        head = ":".join(piece.strip() for piece in named[:2]) if head == "preset" else head
        unknown = head.startswith("preset:") or not re.search(r"[./\\]", text)
        return tuple(_topologies().get(head, () if unknown else _OF_FILES))
    if field == "routing":
        return _policy_parts(head)
    if field == "algorithm":
        return parameters_of(head)
    if field == "packet":
        return PARTS
    if field == "faults":
        return WEAR_PARTS if head in WEARS else ()
    return CONSTANTS if field == "latency_profile" else ()


@cache
def all_parts(field: str) -> tuple[str, ...]:
    """The parts that any text of ``field`` can have."""
    parts: Iterable[str] = ()
    if field == "topology":
        parts = [*(part for entry in _topologies().values() for part in entry), *_OF_FILES]
    elif field == "routing":
        parts = [part for name in POLICIES for part in _policy_parts(name)]
    elif field == "algorithm":
        parts = parameters_of()
    elif field == "packet":
        parts = PARTS
    elif field == "latency_profile":
        parts = CONSTANTS
    elif field == "faults":
        parts = WEAR_PARTS
    return tuple(dict.fromkeys(parts))


def defaults_of(field: str, text: str) -> Mapping[str, str | None]:
    """The text of the default of each part of a topology that can be named; of other fields nothing."""
    return _topologies().get(taken_apart(field, text)[0], {}) if field == "topology" else {}


@cache
def _topologies() -> dict[str, Mapping[str, str | None]]:
    from topologies.catalogue import listing

    return {entry.name: entry.parameters for entry in listing()}


def _policy_parts(name: str) -> tuple[str, ...]:
    return tuple(f.name for f in fields(POLICIES[name]) if f.name != "seed") if name in POLICIES else ()
