"""Which endpoint each rank runs on. Ranks, not nodes: everything in a schedule speaks of ranks."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fabric import Fabric
from fabric.graph.fabric import ranges
from fabric.graph.node_names import NodeNames
from fabric.machine.document import text_lines
from fabric.machine.no_file import no_file
from fabric.words.counted import counted
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.grammar import as_known
from fabric.words.hostlist import column_of, expand
from fabric.words.place import at

__all__ = [
    "PLACEMENTS",
    "canonical_placement",
    "check_placement",
    "place",
    "placement_draws",
    "placement_file",
    "placement_names",
    "placement_words",
    "require_ranks",
]

PLACEMENTS = ("packed", "strided", "strided-servers", "strided-endpoints", "random", "fragmented", "hostlist")

_FRAGMENTS = 0xF4A6  # sets these draws apart from others of the same seed
_SHARE = re.compile(r"([0-9]*\.?[0-9]+)\s*(%?)")
_STEPPING = ("strided", "strided-servers", "strided-endpoints")
_FORMS = (
    "packed",
    "random",
    "strided-servers[:STEP]",
    "strided-endpoints:STEP",
    "strided[:STEP]",
    "fragmented:SHARE",
    "hostlist:LIST",
)


def place(fabric: Fabric, ranks: int | None, placement: str = "packed", seed: int = 0) -> NDArray[np.int64]:
    """(ranks,): the endpoint of each rank, all different.

    ``packed``: in the order of the endpoints. ``strided-servers:STEP``, or ``strided:STEP`` for short: every
    STEP-th server, round and round; by default STEP is what one leaf holds, so that neighbouring servers
    never share a leaf. ``strided-endpoints:STEP``: every STEP-th endpoint, round and round, whatever servers
    they are of. ``random``: servers shuffled by ``seed``. A server is a run of endpoints with one server
    number, or one endpoint where there is none: it stays whole, as schedulers hand out whole servers, in all
    but ``strided-endpoints``. ``fragmented:0.3``: packed on the servers that other jobs leave, which hold so
    large a share, in runs of 1 to 64 servers that the ``seed`` draws. ``hostlist:LIST``: endpoints and hosts,
    each of which stands for all its endpoints, as Slurm lists them (fabric.hostlist). Anything else is the
    path of a text file with an endpoint, a host or such a list per line; a number is that of an endpoint.
    ``ranks`` None: all endpoints, or all that are named or left.

    Raises:
        ParameterError: more ranks than endpoints, fewer than two, a bad step; a list that names what is not
            there, one endpoint twice, or too few.
        FileFormatError: the file cannot be read or names too few, or an endpoint in it is out of range,
            unknown or named twice.
    """
    placement = as_known(placement, PLACEMENTS)
    name, _, rest = placement.partition(":")
    count = fabric.n_endpoints if ranks is None else ranks
    if ranks is not None or (name in PLACEMENTS and name != "hostlist"):
        require_ranks(count, fabric.n_endpoints, fabric.name)
    if name == "packed" and not rest:
        return np.arange(count)
    if name == "random" and not rest:
        start, stop = _units(fabric)
        order = np.random.default_rng(seed).permutation(len(start))
        return ranges(start[order], stop[order])[:count]
    if name == "strided-endpoints":
        check_placement(placement)
        step = _step(name, rest, fabric.n_endpoints)
        return np.argsort(np.arange(fabric.n_endpoints) % step, kind="stable")[:count]
    if name == "fragmented":
        start, stop = _units(fabric)
        free = _holes(len(start), _holding(placement), seed)
        left = ranges(start[free], stop[free])
        if (ranks or 2) > len(left):
            raise ParameterError("placement", placement, f"leaves {_too_few(len(left), ranks)[6:]}")
        return left[:ranks]
    if name in _STEPPING:
        start, stop = _units(fabric)
        step = _step(name, rest, len(start)) if rest else _on_a_leaf(fabric, start)
        order = np.argsort(np.arange(len(start)) % step, kind="stable")
        return ranges(start[order], stop[order])[:count]
    check_placement(placement)
    if name == "hostlist":
        chosen = _listed(NodeNames(fabric), rest)
        if len(chosen) < (ranks or 2):
            raise ParameterError("placement", placement, _too_few(len(chosen), ranks))
        return chosen[:ranks]
    path = Path(placement)
    chosen = _read(fabric, path)
    if len(chosen) < (ranks or 2):
        raise FileFormatError(str(path), "", _too_few(len(chosen), ranks))
    return chosen[:ranks]


def check_placement(placement: str) -> None:
    """Raise ParameterError unless ``placement`` is one of PLACEMENTS or names a file."""
    name, _, rest = as_known(placement, PLACEMENTS).partition(":")
    if name == "hostlist":
        expand(rest, "placement hostlist")
        return
    if name == "fragmented":
        _holding(placement)
        return
    if name == "strided-endpoints" and not rest:
        raise ParameterError("placement", placement, "needs its step, as in strided-endpoints:8")
    if (name in PLACEMENTS and (not rest or name in _STEPPING)) or os.path.isfile(placement):
        return
    rule = no_file(placement, "neither a placement nor the path of a file")
    if name in PLACEMENTS:
        rule = f"{name} takes no parameter"
    raise ParameterError("placement", placement, rule, _FORMS)


def require_ranks(ranks: int, endpoints: int, name: str) -> None:
    """Raise ParameterError unless there are two ranks or more, and no more than endpoints of ``name``."""
    if ranks < 2:
        raise ParameterError("ranks", ranks, "at least 2: one rank has nobody to reduce with")
    if ranks > endpoints:
        raise ParameterError("ranks", ranks, f"at most the {endpoints:,} endpoints of {name}")


def canonical_placement(placement: str) -> str:
    """The one spelling of a legal ``placement``: as rows have had it, so that ``strided`` means servers.

    >>> canonical_placement("strided-servers:4"), canonical_placement("Packed:")
    ('strided:4', 'packed')
    """
    placement = as_known(placement, PLACEMENTS)
    name, _, rest = placement.partition(":")
    if name not in PLACEMENTS or name == "hostlist":
        return placement
    if name == "fragmented":
        return f"{name}:{_holding(placement):.10g}"
    name = "strided" if name == "strided-servers" else name
    return f"{name}:{rest}" if rest else name


def placement_file(placement: str) -> Path | None:
    """The file that a placement names, or None."""
    if as_known(placement, PLACEMENTS).partition(":")[0] in PLACEMENTS:
        return None
    path = Path(placement)
    return path if os.path.isfile(placement) else None


def placement_names(placement: str) -> bool:
    """Whether the placement names its endpoints, in a file or a list, so that these are its contents."""
    return placement.partition(":")[0] == "hostlist" or placement_file(placement) is not None


def placement_draws(placement: str) -> bool:
    """Whether the seed draws the placement.

    >>> placement_draws("random"), placement_draws("fragmented:0.3"), placement_draws("packed")
    (True, True, False)
    """
    return placement.partition(":")[0] in ("random", "fragmented")


def placement_words(placement: str) -> str:
    """A placement as a header tells it: with what its step counts.

    >>> placement_words("strided:128"), placement_words("random")
    ('strided:128 (every 128th server, whole)', 'random')
    """
    name, _, step = placement.partition(":")
    if name == "strided-endpoints":
        return f"{placement} (every {_nth(step)} endpoint, whatever its server)"
    if name in _STEPPING:
        each = f"every {_nth(step)} server, whole" if step else "leaf by leaf, servers whole"
        return f"{placement} ({each})"
    return placement


def _nth(number: str) -> str:
    ending = {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + ("th" if number[-2:] in ("11", "12", "13") else ending)


def _too_few(found: int, ranks: int | None) -> str:
    return f"holds {counted(found, 'endpoint')}, one per rank: {ranks or 2:,} are needed"


def _units(fabric: Fabric) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of endpoints of one server starts and stops; single endpoints where there are none."""
    server = fabric.server
    start = np.flatnonzero((np.diff(server, prepend=-2) != 0) | (server < 0))
    return start, np.append(start[1:], len(server))


def _holding(placement: str) -> float:
    """The share of the servers that others hold."""
    text = placement.partition(":")[2]
    match = _SHARE.fullmatch(text.strip())
    value = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= value <= 0.99:
        rule = "the share of servers that other jobs hold stands behind, from 0 to 0.99: fragmented:0.3"
        raise ParameterError("placement", placement, rule)
    return value


def _holes(units: int, share: float, seed: int) -> NDArray[np.int64]:
    """The numbers of the servers that are free where others hold ``share`` of so many.

    Each other job holds a run of 1, 2, 4, ... 64 servers, each as likely, that begins anywhere: many small
    holes and some large ones, as a scheduler leaves them.
    """
    draw = np.random.default_rng([seed % 2**63, _FRAGMENTS])
    held, due = np.zeros(units, bool), round(share * units)
    while (missing := due - int(held.sum())) > 0:
        begin = int(draw.choice(np.flatnonzero(~held)))
        length = min(int(2 ** draw.integers(0, 7)), missing)
        held[begin : begin + length] = True
    return np.flatnonzero(~held)


def _step(name: str, text: str, most: int) -> int:
    step = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1
    if not 1 <= step <= most:
        what = "endpoints" if name == "strided-endpoints" else "servers"
        raise ParameterError(f"placement {name}: step", text, f"a whole number of {what} from 1 to {most:,}")
    return step


def _on_a_leaf(fabric: Fabric, start: NDArray[np.int64]) -> int:
    """How many servers the fullest leaf holds, of those that begin there."""
    first = start[fabric.attached[start] > 0]
    return int(np.bincount(fabric.arc_dst[fabric.arc_up[first]]).max(initial=1))


def _listed(names: NodeNames, text: str) -> NDArray[np.int64]:
    """The endpoints that ``text`` names, each once."""
    found = names.endpoints(text, "placement")
    order = np.sort(found)
    twice = order[1:][order[1:] == order[:-1]]
    if len(twice):
        raise ParameterError("placement", text, f"names endpoint {names.fabric.label(int(twice[0]))} twice")
    return found


def _column(names: NodeNames, line: str, endpoint: int) -> int:
    """The column of what names the endpoint in a line."""
    return column_of(line, lambda piece: endpoint in names.endpoints(piece))


def _read(fabric: Fabric, path: Path) -> NDArray[np.int64]:
    names = NodeNames(fabric)
    seen: dict[int, int] = {}
    with text_lines(path) as lines:
        for i, line in enumerate(lines, 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            if text.isascii() and text.isdecimal() and len(text) < 19 and int(text) < fabric.n_endpoints:
                found = [int(text)]
            else:
                try:
                    found = _listed(names, text).tolist()
                except ParameterError as error:
                    where = at(i, column_of(line, str(error.value)))
                    raise FileFormatError(str(path), where, f"{error.value!r:.80}: {error.rule}") from None
            for endpoint in found:
                if endpoint in seen:
                    rule = f"endpoint {fabric.label(endpoint)} stands in line {seen[endpoint]} too: each once"
                    raise FileFormatError(str(path), at(i, _column(names, line, endpoint)), rule)
                seen[endpoint] = i
    return np.array(list(seen), np.int64)
