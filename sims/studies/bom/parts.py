"""The parts that a fabric is built of, as a TOML file says, and the floor they stand on. Knows no fabric.

`prices.toml` beside it is the file that is shipped; every figure in it is an assumption, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from math import inf, isfinite
from pathlib import Path
from typing import Any

from fabric.machine.document import parse_toml, read_text
from fabric.machine.no_file import no_file
from fabric.machine.toml_place import toml_place
from fabric.words.errors import FileFormatError, ParameterError
from fabric.words.units import parse_rate
from sims.studies.bom.floor import Floor

__all__ = [
    "METRE",
    "SAMPLE",
    "Cable",
    "Nic",
    "Parts",
    "Server",
    "SwitchModel",
    "read_parts",
    "sample_text",
    "with_floor",
]

SAMPLE = "sample"  # how the shipped file is called
METRE = 5e-9  # seconds of delay: light in fibre


@dataclass(frozen=True, kw_only=True)
class SwitchModel:
    """A switch of ``ports`` ports of ``rate`` bytes/s; each can be split into up to ``split`` slower ones.
    It is made of so many ``boxes``.
    """

    name: str
    ports: int
    rate: float
    split: int
    watts: float
    price: float | None
    boxes: int = 1

    @property
    def capacity(self) -> float:
        return self.ports * self.rate

    def shares(self, rate: float) -> int:
        """How many ports of ``rate`` one port makes; 0 where it is too slow."""
        return min(self.split, int(self.rate / rate * (1 + 1e-9)))


@dataclass(frozen=True, kw_only=True)
class Cable:
    """A kind of cable. ``reach``: (bytes/s, metres), ascending: cables up to this rate may be so long. Of its
    ends: watts and price per byte/s.
    """

    name: str
    reach: tuple[tuple[float, float], ...]
    transceivers: bool
    end_watts: float
    end_price: float | None
    price_per_m: float | None

    def longest(self, rate: float) -> float:
        """Metres at this rate; -1 where the kind is not made so fast."""
        return next((metres for limit, metres in self.reach if rate <= limit * (1 + 1e-9)), -1.0)


@dataclass(frozen=True, kw_only=True)
class Nic:
    """Watts and price per byte/s."""

    watts: float
    price: float | None


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server of so many ``gpus``: the watts of one GPU, and of the whole, NICs and fans included."""

    name: str
    gpus: int
    gpu_watts: float
    watts: float


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All parts; ``switches`` from the smallest capacity, ``cables`` from the shortest, and the ``floor``.

    ``currency`` is "" where nothing is priced. ``source`` says where the figures come from.
    """

    switches: tuple[SwitchModel, ...]
    cables: tuple[Cable, ...]
    nic: Nic
    servers: tuple[Server, ...]
    floor: Floor
    currency: str
    as_of: str
    source: str


def sample_text() -> str:
    """The shipped file, to be copied and filled in."""
    return files("sims.studies.bom").joinpath("prices.toml").read_text(encoding="utf-8")


def read_parts(prices: str | Path | None = None) -> Parts:
    """The parts with the prices of a file: a path, ``sample`` for the shipped one, or None for no prices.

    What the file leaves out is taken from the shipped one, except prices.

        Raises: ParameterError: no such file. FileFormatError: not TOML, an unknown key, a missing one or an
        illegal value: file, key, line, column, value and rule.

    >>> parts = read_parts()
    >>> [model.name for model in parts.switches][:2], parts.switches[0].price
    (['32 x 400G', '64 x 400G'], None)
    """
    shipped = _parsed("prices.toml", sample_text())
    if str(prices) == SAMPLE:
        return _parts(shipped)
    unpriced = _without_prices(shipped)
    if prices is None:
        return _parts(unpriced | {"currency": ""})
    path = Path(prices)
    if not path.is_file():
        raise ParameterError(
            "prices", str(prices), no_file(path, f"no such file; {SAMPLE} names the shipped one")
        )
    own = _parsed(str(path), read_text(path))
    merged: dict[str, Any] = unpriced | {k: v for k, v in own.items() if not isinstance(v, dict)}
    for section in ("switch", "cable", "server"):
        theirs = unpriced[section]
        merged[section] = theirs | {k: theirs.get(k, {}) | v for k, v in own.get(section, {}).items()}
    for section in ("nic", "floor"):
        merged[section] = unpriced[section] | own.get(section, {})
    _require_all(str(path), merged)
    if own == _without_prices(own):
        merged["currency"] = ""
    elif "currency" not in own:
        raise FileFormatError(str(path), "currency", 'missing: what the prices are in, such as "USD"')
    theirs = own.get("source", f"figures of {path.name}")
    merged["source"] = f"{theirs}; what it leaves out: {shipped['source']} of {shipped['as_of']}"
    merged["as_of"] = own.get("as_of", "no date")
    return _parts(merged)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0


def _is_length(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_reach(value: Any) -> bool:
    if not isinstance(value, dict):
        return _is_length(value)
    try:
        return bool(value) and all(parse_rate(rate, "") > 0 and _is_length(m) for rate, m in value.items())
    except ParameterError:
        return False


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _up_to(most: int, legal: Callable[[Any], bool], rule: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: legal(value) and value <= most), f"{rule}, and at most {most:,}"


_MOST_ON_A_FLOOR = 1_000_000  # racks, and metres
_TEXT = (_is_text, "a text")
_WHOLE = (_is_whole, "a whole number, at least 1")
_NUMBER = (_is_number, "a finite number, zero or more")
_LENGTH = (_is_length, "a finite number above zero")
_BOOL = (_is_bool, "true or false")
_REACH = (_is_reach, 'a number of metres above zero, or a table of them by rate, such as {"400Gbps" = 3}')
_HEAD = {"as_of": _TEXT, "currency": _TEXT, "source": _TEXT}
_KEYS: dict[str, dict[str, Any]] = {
    "switch": {"ports": _WHOLE, "rate": _TEXT, "split": _WHOLE, "watts": _NUMBER, "price": _NUMBER},
    "cable": {
        "longest_m": _REACH,
        "transceivers": _BOOL,
        "end_watts_per_100G": _NUMBER,
        "end_price_per_100G": _NUMBER,
        "price_per_m": _NUMBER,
    },
    "server": {"gpus": _WHOLE, "gpu_watts": _NUMBER, "watts": _NUMBER},
    "nic": {"watts_per_100G": _NUMBER, "price_per_100G": _NUMBER},
    "floor": {
        "endpoints_per_rack": _up_to(_MOST_ON_A_FLOOR, *_WHOLE),
        "racks_per_row": _up_to(_MOST_ON_A_FLOOR, *_WHOLE),
        "leaf_racks": _up_to(_MOST_ON_A_FLOOR, _is_count, "a whole number, 0 or more"),
        **dict.fromkeys(("rack_width_m", "row_pitch_m", "in_rack_m"), _up_to(_MOST_ON_A_FLOOR, *_LENGTH)),
        **dict.fromkeys(("aisle_m", "up_m", "slack"), _up_to(_MOST_ON_A_FLOOR, *_NUMBER)),
    },
}
_SINGLE = ("nic", "floor")  # tables without names in them


def _parsed(path: str, text: str) -> dict[str, Any]:
    """The tables of the file, every key and value legal by itself."""
    found = parse_toml(text, path)
    for key, value in found.items():
        if key not in _HEAD and key not in _KEYS:
            rule = f"unknown key (legal: {', '.join([*_HEAD, *_KEYS])})"
            raise _wrong(path, (key,), rule, of_key=True)
        if key in _HEAD:
            _require(path, (key,), value, _HEAD[key])
        elif not isinstance(value, dict):
            rule = f"{value!r}: a table, such as [{key}{'' if key in _SINGLE else '.NAME'}]"
            raise _wrong(path, (key,), rule)
        elif key in _SINGLE:
            _require_entry(path, (key,), value, _KEYS[key])
        else:
            for name, entry in value.items():
                _require_entry(path, (key, name), entry, _KEYS[key])
    return found


def _require_entry(path: str, way: tuple[str, ...], entry: Any, legal: Mapping[str, Any]) -> None:
    if not isinstance(entry, dict):
        raise _wrong(path, way, f"{entry!r}: a table of {', '.join(legal)}")
    for key, value in entry.items():
        if key not in legal:
            raise _wrong(path, (*way, key), f"unknown key (legal: {', '.join(legal)})", of_key=True)
        _require(path, (*way, key), value, legal[key])
        if key == "rate":
            try:
                parse_rate(value, "rate")
            except ParameterError as error:
                raise _wrong(path, (*way, key), f"{value!r}: {error.rule}") from None


def _require(path: str, way: tuple[str, ...], value: Any, check: Any) -> None:
    legal, rule = check
    if check is _REACH and isinstance(value, dict):
        for rate, metres in value.items():
            if not _is_reach({rate: metres}):
                of_key = _is_length(metres)
                raise _wrong(path, (*way, rate), f"{rate if of_key else metres!r}: {rule}", of_key=of_key)
    if not legal(value):
        raise _wrong(path, way, f"{value!r}: {rule}")


def _wrong(path: str, way: tuple[str, ...], problem: str, *, of_key: bool = False) -> FileFormatError:
    """The mistake of a value, by its keys and its place."""
    place = toml_place(path, way, of_key=of_key)
    return FileFormatError(path, ".".join(way) + (f", {place}" if place else ""), problem)


def _require_all(path: str, found: Mapping[str, Any]) -> None:
    """A part that is new in the user's file says everything but its prices."""
    for section in ("switch", "cable", "server"):
        for name, entry in found[section].items():
            missing = [key for key in _KEYS[section] if key not in entry and "price" not in key]
            if missing:
                rule = f"missing, as the shipped file has no {section} of this name"
                raise _wrong(path, (section, name, missing[0]), rule)


def _without_prices(found: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which nothing has a price."""
    return {
        key: _without_prices(value) if isinstance(value, dict) and "longest" not in key else value
        for key, value in found.items()
        if "price" not in key
    }


def _parts(found: Mapping[str, Any]) -> Parts:
    unit = parse_rate("100Gbps")

    def per_unit(entry: Mapping[str, Any], key: str) -> float | None:
        return entry[key] / unit if key in entry else None

    switches = [
        SwitchModel(
            name=name,
            ports=entry["ports"],
            rate=parse_rate(entry["rate"]),
            split=entry["split"],
            watts=float(entry["watts"]),
            price=entry.get("price"),
        )
        for name, entry in found["switch"].items()
    ]
    cables = [
        Cable(
            name=name,
            reach=_reach(entry["longest_m"]),
            transceivers=entry["transceivers"],
            end_watts=entry["end_watts_per_100G"] / unit,
            end_price=per_unit(entry, "end_price_per_100G"),
            price_per_m=entry.get("price_per_m"),
        )
        for name, entry in found["cable"].items()
    ]
    servers = (Server(name=name, **entry) for name, entry in found["server"].items())
    nic = found["nic"]
    return Parts(
        switches=tuple(sorted(switches, key=lambda model: (model.capacity, model.ports))),
        cables=tuple(sorted(cables, key=lambda cable: [metres for _, metres in cable.reach][-1:])),
        floor=Floor(**{key.removesuffix("_m"): value for key, value in found["floor"].items()}),
        servers=tuple(servers),
        nic=Nic(watts=nic["watts_per_100G"] / unit, price=per_unit(nic, "price_per_100G")),
        currency=found["currency"],
        as_of=found["as_of"],
        source=found["source"],
    )


def _reach(value: Any) -> tuple[tuple[float, float], ...]:
    """(bytes/s, metres), ascending by rate; one number is for all rates."""
    if not isinstance(value, dict):
        return ((inf, float(value)),)
    return tuple(sorted((parse_rate(rate), float(metres)) for rate, metres in value.items()))


def with_floor(parts: Parts, text: str) -> Parts:
    """``parts`` with what ``text``, KEY=VALUE,... of the table ``floor``, says otherwise.

    >>> with_floor(read_parts(), "endpoints_per_rack=64,slack=0.2").floor.slack
    0.2

    Raises:
        ParameterError: an unknown key or an illegal value.
    """
    found: dict[str, Any] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        key, equals, value = map(str.strip, word.partition("="))
        if key not in _KEYS["floor"] or not equals:
            raise ParameterError("floor", word, "KEY=VALUE of the floor plan", _KEYS["floor"])
        legal, rule = _KEYS["floor"][key]
        try:
            number: int | float = float(value)
        except ValueError:
            number = -1.0
        number = int(number) if isfinite(number) and number == int(number) else number
        if not legal(number):
            raise ParameterError(f"floor {key}", value, rule)
        found[key.removesuffix("_m")] = number
    return replace(parts, floor=replace(parts.floor, **found))
