"""Where the page is served."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from srgan_edge.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERY = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Endpoint:
    """An address and a port. A port of 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 8090
    encrypted: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in LOOPBACK

    def url(self, token: str | None) -> str:
        """What a person opens; the token is behind the #, which browsers send to nobody."""
        host = _outward() if self.host in _EVERY else self.host
        host = f"[{host}]" if ":" in host else host
        scheme = "https" if self.encrypted else "http"
        return f"{scheme}://{host}:{self.port}/" + (f"#{token}" if token else "")


def parse_endpoint(text: str) -> Endpoint:
    """`8090`, `192.168.1.5:8090`, `[::1]:8090`.

    Raises:
        InputError: none of these.
    """
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise InputError(f"--bind must be PORT or ADDRESS:PORT, got {text!r}")
    return Endpoint(host.strip("[]") or Endpoint.host, int(port))


def _outward() -> str:
    """The address that others in the network reach this machine by. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
