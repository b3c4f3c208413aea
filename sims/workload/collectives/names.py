"""Names of algorithms: texts such as ``ring:channels=4,tree`` read, written, and what they leave unsaid.

The same name may be an algorithm of several collectives: a text means something only with its collective.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fabric.words.errors import ParameterError
from fabric.words.grammar import Named, read_list, write_named
from fabric.words.parameter import Parameter
from sims.workload.collective import ALL_REDUCE, COLLECTIVES, collective_named
from sims.workload.collectives.algorithm import AUTO, PROTOCOL, algorithms, typed
from sims.workload.collectives.parameters import LIBRARY, PIPELINE, SLICES

__all__ = [
    "canonical_algorithm",
    "contenders",
    "format_algorithm",
    "has_protocol",
    "in_protocols",
    "is_auto",
    "library_of",
    "listed",
    "parameters_of",
    "parse_algorithms",
    "sliced",
    "sliced_each",
    "split_algorithms",
    "usual_algorithms",
]

# What NCCL, MPI and papers call an algorithm that has another name here.
_OTHER_NAMES = {
    **dict.fromkeys(("double-tree", "double-binary-tree", "dbt", "binary-tree"), "tree"),
    **dict.fromkeys(("hd", "rhd", "rabenseifner", "recursive-halving-doubling"), "halving-doubling"),
    **dict.fromkeys(("rd", "recdbl"), "recursive-doubling"),
    **dict.fromkeys(("rh", "rechalv"), "recursive-halving"),
    **dict.fromkeys(("nvls", "sharp", "collnet", "collnet-direct", "collnet-chain"), "in-network"),
    **dict.fromkeys(("nvls-tree", "nvlstree", "2d-tree"), "hierarchical-tree"),
    **dict.fromkeys(("2d-ring", "hierarchical"), "hierarchical-ring"),
    **dict.fromkeys(("direct", "p2p", "spread-out"), "linear"),
    "pxn": "rail",
}
_OF_AUTO: dict[str, Parameter] = {"pipeline": PIPELINE, "library": LIBRARY}


def parse_algorithms(text: str, collective: str = ALL_REDUCE.name) -> list[tuple[str, dict[str, Any]]]:
    """Names and parameters of a list such as ``ring:channels=4,tree:segment=1MiB``.

    Commas separate algorithms; a piece ``parameter=value`` without a name belongs to the algorithm before it.
    The same algorithm may come again with other parameters.

    Raises:
        ParameterError: an unknown name or parameter (lists the known ones), an illegal value, or the same
            thing said twice.

    >>> parse_algorithms("tree,hierarchical-ring:pipeline=true,channels=2")
    [('tree', {}), ('hierarchical-ring', {'pipeline': 8, 'channels': 2})]
    """
    parsed = [
        (one.name, typed(one.name, _parameters(one.name, collective), one.given))
        for one in _pieces(text, collective)
    ]
    for k, one in enumerate(parsed):
        if one in parsed[:k]:
            raise ParameterError("algorithm", text, f"{one[0]!r} is given twice")
    return parsed


def _pieces(text: str, collective: str) -> list[Named]:
    """The pieces of a list; a name is refused before a mistake behind its colon is."""
    for piece in text.split(","):
        head = piece.partition(":")[0]
        if "=" not in head:
            _parameters(head.strip().lower(), collective)
    return read_list("algorithm", text)


def format_algorithm(name: str, params: Mapping[str, Any], collective: str = ALL_REDUCE.name) -> str:
    """The text of one algorithm that :func:`parse_algorithms` reads back: parameters by name, sizes in bytes.

    Equal algorithms have equal texts, however they were written.

    Raises:
        ParameterError: as :func:`parse_algorithms`.

    >>> format_algorithm("hierarchical-tree", {"segment": "64KiB", "pipeline": True})
    'hierarchical-tree:pipeline=8,segment=65536'
    """
    legal = _parameters(name, collective)
    values = sorted(typed(name, legal, params).items())
    return write_named(name, {key: legal[key].write(value) for key, value in values})


def canonical_algorithm(text: str, collective: str | None = None) -> str:
    """The one spelling of one algorithm of ``collective``, or of any where none is named.

    Raises:
        ParameterError: as :func:`parse_algorithms`, or several algorithms.

    >>> canonical_algorithm("tree:segment=1K")
    'tree:segment=1024'
    """
    head = text.partition(":")[0].strip().lower()
    having = [name for name in COLLECTIVES if head == AUTO or head in algorithms(name)]
    if collective is None and not having:
        legal = dict.fromkeys(name for one in COLLECTIVES for name in _names(one))
        raise ParameterError("algorithm", head, "unknown algorithm", legal)
    of = collective or having[0]
    found = parse_algorithms(text, of)
    if len(found) > 1:
        raise ParameterError("algorithm", text, "one algorithm each: several are a list")
    return format_algorithm(*found[0], of)


def sliced(text: str, engine: str, collective: str = ALL_REDUCE.name, slices: int = SLICES) -> str:
    """The text of an algorithm as users mean it, who say nothing of slices: with so many ``slices``.

    Rows say how many ran, so a text that stands in a row without a number means what it always did: no
    slices. Closed forms (``bound``) know no phases side by side; there it means none, too, and where the
    algorithm is not ``in_slices``. Checks nothing.

    >>> sliced("hierarchical-ring", "flow"), sliced("hierarchical-ring", "bound"), sliced("ring", "flow")
    ('hierarchical-ring:pipeline=8', 'hierarchical-ring', 'ring')
    """
    name, colon, rest = text.partition(":")
    table = algorithms(collective)
    known = name.strip().lower()
    takes = is_auto(text) or (known in table and table[known].in_slices)
    if engine == "bound" or not takes or "pipeline" in rest:
        return text
    return f"{text}{',' if rest.strip() else '' if colon else ':'}pipeline={slices}"


def sliced_each(text: str, engine: str, collective: str = ALL_REDUCE.name) -> str:
    """``sliced`` for each algorithm of a list; what then is the same stands once.

    Raises:
        ParameterError: as :func:`parse_algorithms`.

    >>> sliced_each("ring,hierarchical-ring,hierarchical-ring:pipeline=8", "flow")
    'ring,hierarchical-ring:pipeline=8'
    """
    texts = [
        sliced(format_algorithm(*item, collective), engine, collective)
        for item in parse_algorithms(text, collective)
    ]
    return ",".join(dict.fromkeys(canonical_algorithm(one, collective) for one in texts))


def split_algorithms(text: str, collective: str = ALL_REDUCE.name) -> list[str]:
    """The text of each algorithm of a list, in its one spelling. Raises as :func:`parse_algorithms`.

    >>> split_algorithms("ring:channels=2,tree")
    ['ring:channels=2', 'tree']
    """
    return [format_algorithm(*one, collective) for one in parse_algorithms(text, collective)]


def usual_algorithms(collective: str = ALL_REDUCE.name) -> tuple[str, ...]:
    """Those that run where nobody names any.

    >>> usual_algorithms()
    ('ring', 'tree', 'halving-doubling', 'hierarchical-ring', 'hierarchical-tree')
    """
    return tuple(name for name, entry in algorithms(collective_named(collective).name).items() if entry.usual)


def is_auto(text: str) -> bool:
    """Whether the text of an algorithm leaves the choice to the model."""
    return text.partition(":")[0].strip().lower() == AUTO


def has_protocol(text: str) -> bool:
    """Whether the text of an algorithm says a protocol of NCCL, whose latencies it then has.

    >>> has_protocol("ring:channels=2,protocol=ll"), has_protocol("ring")
    (True, False)
    """
    return f"{PROTOCOL}=" in text


def library_of(text: str) -> str:
    """The library whose choice ``auto`` makes; "" where it is the model's, or the text is of an algorithm.

    >>> library_of("auto:library=nccl"), library_of("auto:pipeline=4"), library_of("ring")
    ('nccl', '', '')
    """
    return str(parse_algorithms(text)[0][1].get("library", "")) if is_auto(text) else ""


def contenders(text: str, collective: str = ALL_REDUCE.name) -> tuple[str, ...]:
    """The algorithms of ``collective`` that ``auto`` chooses from, those ``in_slices`` in as many as its text
    says; of a library those that it has, each once, without a protocol.

    >>> contenders("auto:pipeline=4")[4:6]
    ('hierarchical-ring:pipeline=4', 'hierarchical-tree:pipeline=4')
    """
    ((_, params),) = parse_algorithms(text, collective)
    library = params.pop("library", "")
    return tuple(
        format_algorithm(name, params if entry.in_slices else {}, collective)
        for name, entry in algorithms(collective).items()
        if (entry.nccl if library else not entry.asked)
    )


def in_protocols(text: str, collective: str = ALL_REDUCE.name) -> tuple[str, ...]:
    """What a library could run in place of ``text``, of which it has said a protocol: each of its algorithms
    that any fabric can, in each protocol.

    >>> in_protocols("auto:library=nccl", "all-gather")[:2]
    ('ring:protocol=ll', 'ring:protocol=ll128')
    """
    table = algorithms(collective)
    found = []
    for name in contenders(text, collective):
        head = name.partition(":")[0]
        if not table[head].asked:
            legal = table[head].parameters[PROTOCOL].legal
            found += [f"{name}{',' if ':' in name else ':'}{PROTOCOL}={one}" for one in legal]
    return tuple(found)


def parameters_of(name: str | None = None) -> tuple[str, ...]:
    """What the algorithm of this name takes, whichever collective it is of; without a name, what any takes.

    >>> parameters_of("ring"), parameters_of("nothing")
    (('channels', 'protocol'), ())
    """
    every = [(entry.name, entry.parameters) for one in COLLECTIVES for entry in algorithms(one).values()]
    every.append((AUTO, _OF_AUTO))
    return tuple(dict.fromkeys(key for own, parameters in every if name in (None, own) for key in parameters))


def listed(collective: str = ALL_REDUCE.name) -> str:
    """The legal names in a line of help; of those that begin alike the beginning once.

    >>> listed("reduce-scatter")
    'ring, recursive-halving, pat, hierarchical-ring|recursive-halving, auto'
    """
    kinds: dict[str, list[str]] = {}
    for name in _names(collective):
        kinds.setdefault(name.partition("-")[0], []).append(name)
    return ", ".join(_joined(names) for names in kinds.values())


def _joined(names: list[str]) -> str:
    head, *rest = names
    return "|".join([head, *(name.partition("-")[2] or name for name in rest)])


def _names(collective: str) -> Iterable[str]:
    return (*algorithms(collective), AUTO)


def _parameters(name: str, collective: str) -> Mapping[str, Parameter]:
    """What the algorithm of this name takes, or ``auto``.

    Raises:
        ParameterError: there is none of that name; the known ones are listed.
    """
    if name == AUTO:
        return _OF_AUTO
    table = algorithms(collective_named(collective).name)
    if name not in table:
        other = _OTHER_NAMES.get(name.replace("_", "-"), "")
        rule, meant = f"unknown algorithm of {collective}", other if other in table else ""
        raise ParameterError("algorithm", name, rule, _names(collective), meant)
    return table[name].parameters
