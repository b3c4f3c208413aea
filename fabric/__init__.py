"""The graph compiled to arrays: links, routes, sharing of bandwidth, static measures. No time, no workload,
no terminal.

Names are loaded when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fabric.errors import FabricsimError as FabricsimError
    from fabric.fabric import Fabric as Fabric
    from fabric.measures import Measures as Measures
    from fabric.measures import measure as measure
    from fabric.paths import Paths as Paths
    from fabric.policy import Adaptive as Adaptive
    from fabric.policy import Dmodk as Dmodk
    from fabric.policy import Ecmp as Ecmp
    from fabric.policy import Spray as Spray
    from fabric.policy import Static as Static
    from fabric.policy import Ugal as Ugal
    from fabric.policy import Valiant as Valiant
    from fabric.routing import carrier as carrier
    from fabric.routing import route as route
    from fabric.sharing import certify as certify
    from fabric.sharing import max_min as max_min

_HOME = {
    "FabricsimError": "errors",
    "Fabric": "fabric",
    "Measures": "measures",
    "measure": "measures",
    "Paths": "paths",
    "Adaptive": "policy",
    "Dmodk": "policy",
    "Ecmp": "policy",
    "Spray": "policy",
    "Static": "policy",
    "Ugal": "policy",
    "Valiant": "policy",
    "carrier": "routing",
    "route": "routing",
    "certify": "sharing",
    "max_min": "sharing",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fabric' has no attribute {name!r}")
    return getattr(import_module(f"fabric.{_HOME[name]}"), name)
