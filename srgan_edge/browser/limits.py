"""How much the browser view takes from whom."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Clock = Callable[[], float]


@dataclass(frozen=True)
class Limits:
    """Numbers of things, and seconds. A page needs five requests, a viewer 20 bytes a picture.

    Attributes:
        viewers: that look at once.
        connections: that are open at once, viewers among them.
        arrivals: connections of one address, (at once, a second).
        received: bytes of one connection, (at once, a second).
        requests: on one connection.
        head: seconds for TLS, then for a request's head, and between two requests.
        body: seconds for a request's body.
        life: seconds of a connection that is no viewer's.
        first_message: seconds until a viewer says something.
        patience: seconds for a viewer that reads nothing.
        messages: of one viewer, but for "shown", (at once, a second).
        changes: of the model and recordings, by one viewer, (at once, a second).
        snapshots: asked for at once; each is a picture as PNG, which takes a while.
    """

    viewers: int = 40
    connections: int = 100
    arrivals: tuple[float, float] = (240, 60)
    received: tuple[float, float] = (192 * 1024, 16 * 1024)
    requests: int = 32
    head: float = 10.0
    body: float = 5.0
    life: float = 60.0
    first_message: float = 10.0
    patience: float = 15.0
    messages: tuple[float, float] = (60, 20)
    changes: tuple[float, float] = (8, 2)
    snapshots: int = 4


class Allowance:
    """So much at once, and so much more every second."""

    def __init__(self, limit: tuple[float, float], clock: Clock = time.monotonic) -> None:
        """Begin with all of it."""
        self._most, self._rate = limit
        self._left = self._most
        self._clock = clock
        self._last = clock()

    def take(self, amount: float = 1.0) -> bool:
        """Whether there was so much; then it is gone."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._last) * self._rate)
        self._last = now
        if self._left < amount:
            return False
        self._left -= amount
        return True


class Register(Generic[T]):
    """What is known of the newest so many; whoever has more names than that is forgotten first."""

    def __init__(self, make: Callable[[], T], most: int = 4096) -> None:
        """Begin empty; `make` is what is known of a newcomer."""
        self._make = make
        self._most = most
        self._known: OrderedDict[object, T] = OrderedDict()

    def __getitem__(self, name: object) -> T:
        """What is known of a name."""
        if name not in self._known:
            self._known[name] = self._make()
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        return self._known[name]

    def __len__(self) -> int:
        return len(self._known)


def household(address: str) -> str:
    """Who is counted together: an IPv4 address, or the /64 that an IPv6 address is one of."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))
