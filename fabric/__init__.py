"""The graph compiled to arrays: links, routes, sharing of bandwidth, static measures. No time, no workload,
no terminal.

Names are loaded when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fabric.graph.fabric import Fabric as Fabric
    from fabric.measures.measure import Measures as Measures
    from fabric.measures.measure import measure as measure
    from fabric.routing.paths import Paths as Paths
    from fabric.routing.policies.adaptive import Adaptive as Adaptive
    from fabric.routing.policies.dmodk import Dmodk as Dmodk
    from fabric.routing.policies.ecmp import Ecmp as Ecmp
    from fabric.routing.policies.spray import Spray as Spray
    from fabric.routing.policies.static import Static as Static
    from fabric.routing.policies.ugal import Ugal as Ugal
    from fabric.routing.policies.valiant import Valiant as Valiant
    from fabric.routing.route import carrier as carrier
    from fabric.routing.route import route as route
    from fabric.sharing import certify as certify
    from fabric.sharing import max_min as max_min
    from fabric.words.errors import FabricsimError as FabricsimError

_HOME = {
    "FabricsimError": "words.errors",
    "Fabric": "graph.fabric",
    "Measures": "measures.measure",
    "measure": "measures.measure",
    "Paths": "routing.paths",
    "Adaptive": "routing.policies.adaptive",
    "Dmodk": "routing.policies.dmodk",
    "Ecmp": "routing.policies.ecmp",
    "Spray": "routing.policies.spray",
    "Static": "routing.policies.static",
    "Ugal": "routing.policies.ugal",
    "Valiant": "routing.policies.valiant",
    "carrier": "routing.route",
    "route": "routing.route",
    "certify": "sharing",
    "max_min": "sharing",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        from fabric.words.attribute import no_attribute

        raise no_attribute("module 'fabric'", name, _HOME)
    return getattr(import_module(f"fabric.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
