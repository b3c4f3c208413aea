"""A topology in Graphviz's DOT language read back: as ``files.dot`` writes it, and cable plans with ports.

Knows statements of nodes and edges, their attributes and ``node:port``; draws nothing and skips layout.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import networkx as nx

from fabric.machine.collector import collector_paused
from fabric.machine.document import text_lines
from fabric.machine.window import Window
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.units import format_time, parse_delay, parse_rate
from topologies.files.parallel import Listed, add_notes, joined

__all__ = ["looks_like_dot", "read_dot"]

_GAP = r"(?:\s|//[^\n]*|\#[^\n]*|/\*.*?\*/)*+"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_TOKEN = re.compile(
    rf"{_GAP}(?:(?P<name>{_QUOTED}|[A-Za-z_\x80-\uffff][\w.]*|-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?))"
    r"|(?P<mark>--|->|[][{};,=:])|(?P<end>\Z))",
    re.DOTALL,
)
_LIST = re.compile(rf"\[(?:[^]\"/#]|{_QUOTED})*+\]", re.DOTALL)  # attributes, without comments among them
_SKIPPED = re.compile(_GAP, re.DOTALL)
# A statement of one edge, without comments, backslashes and compass points.
_WORD = r'(?:"[^"\\]*+"|[A-Za-z_\x80-\uffff][\w.]*+|[0-9]++(?![.\w]))'
_EDGE = re.compile(
    rf"({_WORD})(?::({_WORD}))?\s*+(?:--|->)\s*+({_WORD})(?::({_WORD}))?\s*+"
    rf'(\[(?:\s*+[A-Za-z]++="?(?:(?<=")[^"\\]*+"|(?<!")[\w.]++)\s*+[,;]?)*+\])?\s*+(?:;|(?=\}}))'
)
_ITEM = re.compile(r'([A-Za-z]+)=(?:"([^"]*)"|([\w.]+))')
_MOST_KNOWN = 4_096  # lists of attributes
_SLIDE = 1 << 18  # characters behind the reader that are let go at once
_START = re.compile(
    r"\s*(?:(?:/\*.*?\*/|//[^\n]*\n|\#[^\n]*\n)\s*)*(strict\s+)?(di)?graph\b[^{]{0,4096}\{", re.I | re.S
)
_DELAY = 25e-9  # s, where the file says none: 5 m of cable
_WHOLE = ("tier", "server")
_ZONES = ("pod", "rail", "plane")


class _Token(NamedTuple):
    at: int
    text: str
    mark: bool


def looks_like_dot(start: str) -> bool:
    """Whether a file that begins so is in the language.

    >>> looks_like_dot("graph g { a -- b }"), looks_like_dot("graph theory")
    (True, False)
    """
    return _START.match(start) is not None


def read_dot(path: str | os.PathLike[str]) -> nx.Graph:
    """The graph in the file: a node per id, an edge per pair, each statement of an edge a cable.

    ``kind`` and ``tier`` and where they apply ``server``, ``pod``, ``rail``, ``plane`` are attributes of
    nodes; ``rate`` (or else ``label``) and ``delay`` of edges, with their units; ports are ``taillabel`` and
    ``headlabel``, or stand behind a node and a colon. Ids that are all whole numbers are numbers. A cable
    without a ``delay`` has 25 ns, with a note; subgraphs group nodes and mean nothing else.

    Raises:
        FileFormatError: with line and column: what is not of the language, or no value of its attribute.
    """
    name = os.fspath(path)
    with collector_paused(), text_lines(name) as lines:
        return _Reader(name, Window(lines)).read()


class _Reader:
    """The tokens of a text, and what its statements have said so far. Indices are those of the window."""

    def __init__(self, name: str, window: Window) -> None:
        self.name, self.window = name, window
        self.at, self.token = 0, _Token(0, "", False)
        self.known: dict[str, dict[str, str]] = {}  # lists of attributes, as most are like another
        self.list_at = 0  # where the last list of attributes begins
        self._advance(0)
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: list[tuple[int, str, str, dict[str, Any]]] = []
        self.silent = 0  # cables without a delay

    def read(self) -> nx.Graph:
        if self.token.text.lower() == "strict":
            self._next()
        kind = self._next()
        if kind.text.lower() not in ("graph", "digraph"):
            self._refuse(kind, "a graph begins with graph or digraph")
        title = "" if self.token.text == "{" and self.token.mark else self._id()
        self._expect("{")
        depth = 1
        while depth:
            if self.token.mark and self.token.text in "{};":
                depth += {"{": 1, "}": -1, ";": 0}[self._next().text]
            elif not self._plain_edge():
                self._statement()
            if self.token.at > _SLIDE:
                cut = self.token.at
                self.window.cut(cut)
                self.token, self.at = self.token._replace(at=0), self.at - cut
        if self.token.text:
            self._refuse(self.token, "the graph has ended")
        return self._graph(title, kind.text.lower() == "digraph")

    def _graph(self, title: str, directed: bool) -> nx.Graph:
        whole = all(re.fullmatch("0|[1-9][0-9]{0,17}", node) for node in self.nodes)
        ids: dict[str, Any] = {node: int(node) if whole else node for node in self.nodes}
        G = nx.Graph(name=title or Path(self.name).stem)
        for node, data in self.nodes.items():
            G.add_node(ids[node], **data)
        place = {node: i for i, node in enumerate(self.nodes)}
        listed = []
        for at, u, v, cable in self.edges:
            if place[u] > place[v] and not directed:
                u, v = v, u
                if "ports" in cable:
                    cable["ports"] = [ports[::-1] for ports in cable["ports"]]
            listed.append(Listed(self.window.place(at, kept=True), ids[u], ids[v], cable))
        notes: list[str] = []
        G.add_edges_from(joined(self.name, listed, parallel=True, directed=directed, notes=notes))
        if self.silent:
            notes.append(f"Assumed {format_time(_DELAY)} of delay on {self.silent:,} cables that say none.")
        add_notes(G, notes)
        return G

    def _cable(self, said: dict[str, str]) -> dict[str, Any]:
        cable: dict[str, Any] = {}
        key = "rate" if said.get("rate") else "label"
        try:
            if text := said.get(key):
                cable["rate"] = _rate(text)
            key = "delay"
            if "delay" in said:
                cable["delay"] = _delay(said["delay"])
        except ParameterError as error:
            raise FileFormatError(self.name, self._value_of(key), str(error)) from None
        if "delay" not in cable:
            cable["delay"] = _DELAY
            self.silent += 1
        tail, head = (_number(said.get(key) or None) for key in ("tail", "head"))
        if tail is not None or head is not None:
            cable["ports"] = [(tail, head)]
        return cable

    def _value_of(self, key: str) -> str:
        """The place of the value of an attribute in the last list."""
        text = self.window.text
        found = re.compile(rf'"?\b{key}"?\s*=\s*"?').search(text, self.list_at)
        return self.window.place(found.end() if found else self.list_at)

    def _plain_edge(self) -> bool:
        """Whether a plain statement of one edge came next, as most of a large file are; it is taken then."""
        edge = _EDGE.match(self.window.text, self.token.at)
        if edge is None or edge.end() + 1 >= len(self.window.text) or edge[1].lower() == "subgraph":
            return False
        u, p, v, q, attributes = edge.groups("")
        u, v = (one[1:-1] if one[0] == '"' else one for one in (u, v))
        p, q = (one[1:-1] if one[:1] == '"' else one for one in (p, q))
        said = self.known.get(attributes)
        if said is None:
            said = {key: text or word for key, text, word in _ITEM.findall(attributes)}
            if len(self.known) < _MOST_KNOWN:
                self.known[attributes] = said
        self.list_at = edge.start(5) if attributes else self.token.at
        self.nodes.setdefault(u, {})
        self.nodes.setdefault(v, {})
        ports = {"tail": said.get("taillabel") or p, "head": said.get("headlabel") or q}
        self.edges.append((self.window.where(self.token.at), u, v, self._cable(said | ports)))
        self._advance(edge.end())
        return True

    def _statement(self) -> None:
        start = self.token
        first = self._id()
        if first.lower() == "subgraph" and not start.text.startswith('"'):
            if not (self.token.mark and self.token.text == "{"):
                self._id()
            return
        if self._takes("="):  # an attribute of the graph
            self._id()
            return
        ends = [(first, self._port())]
        while self.token.mark and self.token.text in ("--", "->"):
            self._next()
            ends.append((self._id(), self._port()))
        said = self._attributes()
        if len(ends) == 1 and first.lower() in ("graph", "node", "edge") and not start.text.startswith('"'):
            return  # how things are drawn
        for node, _ in ends:
            self.nodes.setdefault(node, {})
        if len(ends) == 1:
            self.nodes[first].update(self._about(said))
        for (u, p), (v, q) in pairwise(ends):
            ports = {"tail": said.get("taillabel") or p, "head": said.get("headlabel") or q}
            self.edges.append((self.window.where(start.at), u, v, self._cable(said | ports)))

    def _about(self, said: dict[str, str]) -> dict[str, Any]:
        about: dict[str, Any] = {key: said[key] for key in ("kind", "name") if key in said}
        for key in _WHOLE:
            if key in said:
                if not re.fullmatch("[0-9]{1,9}", said[key]):
                    rule = f"{key} = {said[key]!r}: a whole number"
                    raise FileFormatError(self.name, self._value_of(key), rule)
                about[key] = int(said[key])
        return about | {key: _number(said[key]) for key in _ZONES if key in said}

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self.token.mark and self.token.text == "[":
            self.list_at = self.token.at
            whole = _LIST.match(self.window.text, self.token.at)
            if whole and whole[0] in self.known:
                found |= self.known[whole[0]]
                self._advance(whole.end())
                continue
            self._next()
            said: dict[str, str] = {}
            while not self._takes("]"):
                key = self._id()
                said[key] = self._id() if self._takes("=") else "true"
                if not self._takes(","):
                    self._takes(";")
            if whole and len(self.known) < _MOST_KNOWN:
                self.known[whole[0]] = said
            found |= said
        return found

    def _port(self) -> str:
        port = ""
        while self._takes(":"):
            port = port or self._id()
            if self.token.mark and self.token.text == ":":
                self._next()
                self._id()  # the compass point behind a port
        return port

    def _id(self) -> str:
        token = self._next()
        if token.mark or not token.text:
            self._refuse(token, "a name is needed")
        if token.text.startswith('"'):
            return re.sub(
                r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], token.text[1:-1], flags=re.DOTALL
            )
        return token.text

    def _takes(self, mark: str) -> bool:
        if self.token.mark and self.token.text == mark:
            self._next()
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            self._refuse(self.token, f"{mark!r} is needed")

    def _next(self) -> _Token:
        token = self.token
        if not token.text:
            self._refuse(token, "the file ends inside the graph: it is cut off")
        self._advance(self.at)
        return token

    def _advance(self, at: int) -> None:
        """Make the first token from ``at`` on the one to come."""
        window = self.window
        match = _TOKEN.match(window.text, at)
        if match is None or match.end() == len(window.text):
            match = window.match(_TOKEN, at)
        if match is None:
            start = window.match(_SKIPPED, at)
            at = start.end() if start else at
            self._refuse(_Token(at, window.text[at : at + 20], False), "not a word of DOT")
        kind = match.lastgroup or "end"
        self.token, self.at = _Token(match.start(kind), match[kind], kind == "mark"), match.end()

    def _refuse(self, token: _Token, rule: str) -> NoReturn:
        shown = f"{token.text[:40]!r}: " if token.text else ""
        raise FileFormatError(self.name, self.window.place(token.at), f"{shown}{rule}")


@lru_cache(1 << 12)
def _rate(text: str) -> float:
    return parse_rate(text)


@lru_cache(1 << 12)
def _delay(text: str) -> float:
    return float(f"{parse_delay(text):.15g}")


def _number(text: str | None) -> int | str | None:
    """A whole number where the text is one in its one spelling."""
    return int(text) if text is not None and re.fullmatch("0|[1-9][0-9]{0,8}", text) else text
