"""What the address of a Dask scheduler promises: who can read along, and what it needs. Connects to nothing.

Whoever can speak to a scheduler or a worker runs programs as its user; only ``tls://`` asks who speaks.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from fabric.words.errors import ParameterError

__all__ = ["open_to_others", "require_certificates"]


def open_to_others(address: str) -> str:
    """A line of warning if ``address`` is neither encrypted nor of this machine, else "".

    >>> open_to_others("tls://node7:8786"), open_to_others("tcp://127.0.0.1:8786")
    ('', '')
    >>> open_to_others("tcp://node7:8786").partition(":8786")[0]
    'scheduler tcp://node7'
    """
    scheme, _, _ = address.rpartition("://")
    if scheme not in ("", "tcp", "ws") or _is_loopback(address):
        return ""
    return (
        f"scheduler {address} is not encrypted: whoever can reach it or its workers can run programs as you "
        f"(tls:// as in docs/sweeps.md, or keep them on 127.0.0.1)"
    )


def require_certificates(address: str) -> None:
    """See that Dask's configuration has what ``address`` needs; needs ``distributed``.

    Raises:
        ParameterError: ``tls://`` without readable certificates, or ``tcp://`` where encryption is required.
    """
    from distributed.security import Security

    encrypted = address.startswith(("tls://", "wss://"))
    try:
        found = Security().get_connection_args("client")
    except OSError as error:  # a file that is not there; ssl.SSLError, of one that is no certificate, is one
        if not encrypted:
            return
        where = f" {error.filename}" if error.filename else ""
        words = error.strerror or str(error)
        rule = f"a readable certificate and key in Dask's distributed.comm.tls:{where} {words}"
        raise ParameterError("scheduler", address, rule) from None
    if encrypted and found.get("ssl_context") is None:
        rule = "needs distributed.comm.tls (ca-file, client.cert, client.key) in Dask's configuration"
        raise ParameterError("scheduler", address, f"{rule}: see docs/sweeps.md")
    if not encrypted and found.get("require_encryption"):
        rule = "tls://host:8786, as Dask's configuration requires encryption"
        raise ParameterError("scheduler", address, rule)


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address if "://" in address else f"tcp://{address}").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name of a host, or no address at all, which connecting says better
        return False
