"""What the texts of a scenario say by parts: ``fat-tree:k=8`` is a family and its k. Builds nothing."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from fabric.damage.upgrade import parse_upgrades
from fabric.routing.policies import parse_policy
from fabric.words.grammar import read_arguments
from fabric.words.parameter import Parameter
from sims.models.packet.settings import parse_packet_settings
from sims.models.profiles import latency_profile
from topologies.catalogue import FAMILIES, PRESETS
from topologies.parts.builder import Builder

__all__ = ["parameters_of", "parts", "spelled"]

_FAULT = re.compile(r"(cables|switches)=(?:tier\d+:)?([\d.]+)(%?)")
_PAIR = re.compile(r"([\w-]+)=([^,:]+)")
_BUILDERS: tuple[Builder, ...] = (*FAMILIES.values(), *PRESETS.values())


def parts(name: str, text: str) -> dict[str, Any]:
    """What a text of a scenario says by parts, defaults included: family or name, then its parameters.

    >>> parts("topology", "fat-tree:k=8")["k"], parts("routing", "ecmp:qps=4")
    (8, {'name': 'ecmp', 'qps': 4, 'salt': 'switch'})
    """
    head, _, rest = text.partition(":")
    if name == "topology":
        return _topology(head, rest, text)
    if name == "routing":
        policy = parse_policy(text)
        return {"name": policy.name, **{part: getattr(policy, part) for part in policy.parts}}
    if name in ("fail", "degrade"):
        return {
            what + "_percent" * bool(percent): float(number) for what, number, percent in _FAULT.findall(text)
        }
    if name == "upgrade":
        return {one.kind: float(one.factor) for one in parse_upgrades(text)}
    if name == "packet":
        settings = parse_packet_settings(text)
        return {field.name: getattr(settings, field.name) for field in fields(settings)}
    if name == "latency_profile":
        profile = latency_profile(text)
        return {"name": profile.name, **profile.constants()}
    return {"name": head, **{key: _read(value) for key, value in _PAIR.findall(rest)}}


def _topology(head: str, rest: str, text: str) -> dict[str, Any]:
    builder: Builder | None = FAMILIES.get(head)
    family = head
    if head == "preset":
        name, _, rest = rest.partition(":")
        builder, family = PRESETS.get(name), f"preset:{name}"
    if builder is None:  # a file or a graph in memory: what it is made of does not stand in its name
        return {"family": text}
    said = {**builder.defaults, **read_arguments(family, rest, builder.parameters)}
    known = {key: value for key, value in said.items() if key in builder.parameters and value is not None}
    return {"family": family, **{key: _single(value) for key, value in known.items()}}


def _single(value: Any) -> Any:
    """A list as words, as a list is no place on an axis."""
    if isinstance(value, (list, tuple)):
        return value[0] if len(value) == 1 else "/".join(f"{item:g}" for item in value)
    return str(value).lower() if isinstance(value, bool) else value


def _read(text: str) -> Any:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        return text


def parameters_of(part: str) -> list[Parameter]:
    """How the families that have a parameter of this name spell it."""
    return [builder.parameters[part] for builder in _BUILDERS if part in builder.parameters]


def spelled(part: str, value: Any) -> str:
    """A value of a part as it stands in the text.

    >>> spelled("rate", 50e9), spelled("k", 8)
    ('400Gbps', '8')
    """
    if isinstance(value, (int, float)) and (known := parameters_of(part)):
        return known[0].write(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
