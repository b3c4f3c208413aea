"""OpenSM, the subnet manager of InfiniBand, on any topology: its forwarding tables, and what these load."""

from sims.studies.opensm.routes import Routes, all_routes
from sims.studies.opensm.subnet_manager import ENGINES, have_opensm
from sims.studies.opensm.tables import opensm_tables, write_tables

__all__ = ["ENGINES", "Routes", "all_routes", "have_opensm", "opensm_tables", "write_tables"]
