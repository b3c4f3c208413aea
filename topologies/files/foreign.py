"""What a file is that is no graph: files of other programs that people have beside theirs. Reads none."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["foreign_json", "foreign_text", "foreign_xml"]

_XML = {  # by the root
    "platform": "a platform of SimGrid, which is written here and not read",
    "topology": "hwloc's topology (lstopo), of one machine and not of a network",
    "html": "a web page",
    "svg": "a drawing",
    "mxfile": "a drawing of diagrams.net",
    "mxgraphmodel": "a drawing of diagrams.net",
    "visiodocument": "a drawing of Visio",
    "gxl": "GXL",
    "graph": "XGMML, or another graph of that name",
    "nmaprun": "the output of nmap",
    "lldp": "the output of lldpcli",
    "node": "the output of lshw",
    "list": "the output of lshw, or another list",
}
_TEXT = (
    (r"PK\x03\x04", "an archive, as of Excel, Word or Visio"),
    (r"%PDF-", "a PDF"),
    (r"\x1f\x8b", "compressed: unpack it"),
    (r"\x89PNG|.PNG\r\n", "a picture"),
    (r"@startuml\b", "PlantUML"),
    (r"(?:graph|flowchart)\s+(?:TB|TD|BT|LR|RL)\b", "Mermaid"),
    (r"(?:package\s+[\w.]+;|import\s+[\w.*]+;|(?:simple|network|module)\s+\w+\s*\{)", "NED of OMNeT++"),
    (r"-+\s+LLDP neighbors", "the output of lldpctl"),
    (r"\s*GPU0\s+(?:GPU1|X\b|NIC0|CPU)", "the matrix of nvidia-smi topo -m, of one server"),
    (r"Machine \(", "the output of lstopo, of one machine and not of a network"),
    (
        r"(?:[^\n]*\n)*?(?:npus_count|topology)\s*:\s*\[",
        "a network for ASTRA-sim, which is written here and not read",
    ),
    (r"(?:[^\n]*\n)*?\s*topology\s*=\s*\w+\s*;", "a configuration of BookSim"),
    (r"(?:[^\n]*\n)*?START_(?:NODES|PORTS|LINKS)\b", "the db_csv of ibdiagnet"),
    (r"(?:#[^\n]*\n|\s)*(?:import|from)\s+\w[\w.]*(?:\s+import\b|\n|\s+as\b)", "a program in Python"),
)
_JSON = {  # by a key at the top
    "elements": "a graph of Cytoscape",
    "adjacency": "an adjacency list of NetworkX: write it with nx.node_link_data",
    "lldp": "the output of lldpcli",
    "blockdevices": "the output of lsblk",
    "$schema": "a document with a schema of its own",
    "cells": "a notebook",
}
_SHOWN = 5


def foreign_xml(root: str) -> str:
    """What XML with this root is, or that it is unknown.

    >>> foreign_xml("svg"), foreign_xml("menu")
    ('<svg>: a drawing', '<menu>: XML of another kind')
    """
    return f"<{root[:40]}>: {_XML.get(root.lower(), 'XML of another kind')}"


def foreign_text(start: str) -> str:
    """What text is that begins so; "" where nothing is known of it.

    >>> foreign_text("flowchart LR\\n  a --> b"), foreign_text("hello")
    ('Mermaid', '')
    """
    return next((what for pattern, what in _TEXT if re.match(pattern, start)), "")


def foreign_json(data: Any) -> str:
    """What a document is that is no graph, by its keys.

    >>> foreign_json({"elements": {}, "data": []})
    'it has "elements", "data": a graph of Cytoscape'
    """
    if not isinstance(data, dict):
        return "it is a list" if isinstance(data, list) else "it is a single value"
    keys = ", ".join(f'"{str(key)[:40]}"' for key in list(data)[:_SHOWN])
    known = next((f": {what}" for key, what in _JSON.items() if key in data), "")
    more = " and more" if len(data) > _SHOWN else ""
    return f"it has {keys or 'no keys'}{more}{known}"
