"""PacketSettings: what the packet model is told besides fabric, policy and latencies. Runs nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

from fabric.words.errors import ParameterError
from fabric.words.units import parse_size

__all__ = ["CONTROL", "HEADER", "HOP_BY_HOP", "PARTS", "PacketSettings", "parse_packet_settings"]

# What RoCEv2 adds to each payload: preamble 8, Ethernet 14, IPv4 20, UDP 8, InfiniBand transport 12, its
# checksum 4, Ethernet's 4, and 12 of gap between frames (sizes: linux, include/rdma/ib_pack.h; IEEE 802.3).
HEADER = 82
SWITCHING = ("cut-through", "store-and-forward")
HOP_BY_HOP = "hop-by-hop"
CONTROL = ("none", "window", HOP_BY_HOP)
STEPS = ("receipt", "barrier")
_MOST_PAYLOAD = 1 << 20
_ROOM = 64  # packets beyond a link's own round trip
_ROOM_OF_FLOW = 2  # the one that leaves a switch, and one that may begin when it has


@dataclass(frozen=True, kw_only=True)
class PacketSettings:
    """How messages become packets and what happens to them at a port.

    Args:
        mtu: payload of a full packet, bytes. A large one models the same bytes with fewer, coarser packets.
        header: bytes around each payload, whatever its size. RoCEv2 over IPv4: 82, so that a 4096-byte
            payload uses 0.9804 of the line.
        switching: a switch sends a packet on when its header has come in, or when all of it has.
        buffer: bytes at the far end of each link into a switch, in slots of one full packet; None: 64 slots
            and as many as the link's own round trip fills, as headroom is sized by the length of the cable.
            With ``hop-by-hop`` of each flow, 2 slots in place of 64.
        cc: ``none`` sends as fast as the NIC can; ``window`` keeps a window per queue pair
            (sims.models.packet.control); with ``hop-by-hop`` each flow has a queue and credits of its own at
            every port (sims.models.packet.hop_by_hop).
        steps: a rank begins the next phase of a collective on ``receipt`` of what is due to it, or at a
            ``barrier``, when all ranks may, as in the fluid model.

    Raises:
        ParameterError: a value out of its range; a buffer of fewer than two packets.

    >>> str(PacketSettings(cc="window")), round(PacketSettings().goodput, 4)
    ('window', 0.9804)
    """

    mtu: int = 4096
    header: int = HEADER
    switching: str = "cut-through"
    buffer: int | None = None
    cc: str = "none"
    steps: str = "receipt"

    def __post_init__(self) -> None:
        self._require("mtu", self.mtu, 1, _MOST_PAYLOAD)
        self._require("header", self.header, 0, 4096)
        for name, legal in (("switching", SWITCHING), ("cc", CONTROL), ("steps", STEPS)):
            if getattr(self, name) not in legal:
                raise ParameterError(f"packet: {name}", getattr(self, name), "unknown", legal)
        if self.buffer is not None:
            self._require("buffer", self.buffer, 2 * self.packet, 1 << 40)

    def _require(self, name: str, value: int, least: int, most: int) -> None:
        if isinstance(value, bool) or not isinstance(value, Integral) or not least <= value <= most:
            raise ParameterError(f"packet: {name}", value, f"whole bytes, {least:,} to {most:,}")

    def __str__(self) -> str:
        """The canonical text: the control, then what is not the default."""
        usual = PacketSettings()
        own = [name for name in PARTS if name != "cc" and getattr(self, name) != getattr(usual, name)]
        changes = ",".join(f"{name}={getattr(self, name)}" for name in own)
        return f"{self.cc}:{changes}" if changes else self.cc

    @property
    def packet(self) -> int:
        """Bytes of a full packet on the wire."""
        return self.mtu + self.header

    @property
    def goodput(self) -> float:
        """Payload over bytes on the wire, of full packets."""
        return self.mtu / self.packet

    def packets(self, size: float) -> int:
        """Packets of a message of ``size`` bytes: full ones and what is left; an empty message is one."""
        return max(1, int(-(-size // self.mtu)))

    def wire(self, size: float) -> float:
        """Bytes that a message of ``size`` bytes puts on every link that it crosses."""
        return size + self.header * self.packets(size)

    @property
    def room(self) -> int:
        """Packets beyond a link's own round trip that its far end holds where no ``buffer`` is said."""
        return _ROOM_OF_FLOW if self.cc == HOP_BY_HOP else _ROOM

    def slots(self, loop: float) -> int:
        """Packets that the far end of a link holds, with ``hop-by-hop`` of each flow.

        ``loop``: packets that the link's own round trip fills.
        """
        return self.room + int(loop) + 1 if self.buffer is None else self.buffer // self.packet


PARTS = tuple(sorted(field.name for field in fields(PacketSettings)))


def parse_packet_settings(text: str) -> PacketSettings:
    """The settings that ``text`` names: ``CONTROL:key=value,...``, either part of which may be missing.

    Raises:
        ParameterError: an unknown name, one given twice, or an illegal value.

    >>> str(parse_packet_settings("window:mtu=1KiB")), str(parse_packet_settings(""))
    ('window:mtu=1024', 'none')
    """
    head, _, rest = (part.strip() for part in text.partition(":"))
    given: dict[str, str] = {"cc": head} if head else {}
    for item in filter(None, (part.strip() for part in rest.split(","))):
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in PARTS or not value:
            raise ParameterError("packet", item, "name=value is needed, of these names", PARTS)
        if name in given:
            raise ParameterError(f"packet: {name}", value, "given twice")
        given[name] = value
    found: dict[str, Any] = dict(given)
    for name in ("mtu", "header", "buffer"):
        if name in given:
            found[name] = 0 if given[name] == "0" else parse_size(given[name], f"packet: {name}")
    return PacketSettings(**found)
