"""The one spelling of each setting, after every check that needs no graph. Puts no texts together."""

from __future__ import annotations

from functools import lru_cache

from fabric.damage.fault import format_faults, parse_faults
from fabric.damage.upgrade import format_upgrades, parse_upgrades
from fabric.routing.policies import policy_text
from fabric.words.errors import ParameterError
from fabric.words.units import parse_size
from sims.models.fluid.faults.setting import canonical_time, parse_faults_text, parse_repeat
from sims.models.fluid.faults.wear import Wear, time_text
from sims.models.packet.settings import parse_packet_settings
from sims.models.profiles import latency_profile
from sims.settings.texts import ENGINES
from sims.workload.collective import collective_named
from sims.workload.collectives import canonical_algorithm
from sims.workload.placement import canonical_placement, check_placement

__all__ = ["check_field"]


@lru_cache(maxsize=65_536)
def check_field(field: str, text: str) -> str:
    """``text`` in its one spelling, after every check that needs no graph.

    Raises:
        FabricsimError: what is wrong with it.

    >>> check_field("size", "1KiB"), check_field("algorithm", "tree:segment=1K")
    ('1024', 'tree:segment=1024')
    """
    if field == "topology":
        from topologies.catalogue import canonical

        return canonical(text)
    if field == "algorithm":
        return canonical_algorithm(text)
    if field == "collective":
        return collective_named(text).name
    if field == "size":
        return str(parse_size(text))
    if field == "ranks":
        return "all" if text == "all" else _whole(field, text, 2, "a whole number from 2, or all")
    if field == "seed":
        return _whole(field, text, 0, "a whole number, zero or more, below 2^63")
    if field == "routing":
        return policy_text(text)
    if field == "engine":
        if text not in ENGINES:
            raise ParameterError("engine", text, "unknown engine", ENGINES)
        return text
    if field == "packet":
        return str(parse_packet_settings(text)) if text else ""
    if field == "latency_profile":
        return latency_profile(text).spec
    if field == "upgrade":
        return format_upgrades(parse_upgrades(text))
    if field in ("fail", "degrade"):
        return format_faults(parse_faults(field, text))
    if field == "faults":
        source = parse_faults_text(text)
        return source.spec if isinstance(source, Wear) else text
    if field == "repeat":
        iterations, duration = parse_repeat(text)
        return time_text(duration) if duration else str(iterations)
    if field in ("reroute_delay", "gap"):
        return canonical_time(field, text)
    if field == "allow_partition":
        if text not in ("true", "false"):
            raise ParameterError(field, text, "yes or no, as true or false", ("true", "false"))
        return text
    check_placement(text)
    return canonical_placement(text)


def _whole(name: str, text: str, least: int, rule: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) < 2**63):
        raise ParameterError(name, text, rule)
    return str(int(text))
