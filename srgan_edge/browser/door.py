"""Lets connections in: so many, so fast, and none for ever."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections import Counter
from contextlib import suppress
from functools import partial

from aiohttp import web

from srgan_edge.browser.guest import Guest
from srgan_edge.browser.limits import Allowance, Limits, Register, household

_BACKLOG = 512  # who finds it full tries again after a second
_BREATH = 0.1  # seconds without a new connection when the process can open none
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Door:
    """Listens, and keeps what came in within the limits.

    asyncio's own server would take any number of connections, and during TLS's handshake know of
    none. When there are too many, whoever has most loses the oldest, so that a flood drowns itself.
    """

    def __init__(self, server: web.Server, limits: Limits, context: ssl.SSLContext | None) -> None:
        """Stay closed.

        Args:
            server: whose requests come in.
            limits: to what comes in.
            context: for TLS, or None.
        """
        self._server = server
        self._limits = limits
        self._context = context
        self._guests: dict[Guest, None] = {}  # the oldest first
        self._arrivals = Register(lambda: Allowance(limits.arrivals))
        self._listening: list[socket.socket] = []
        self._admitting: list[asyncio.Task[None]] = []

    async def open(self, host: str, port: int) -> int:
        """Listen on every address of a host; returns the port.

        Raises:
            OSError: it cannot.
        """
        loop = asyncio.get_running_loop()
        kind, flags = socket.SOCK_STREAM, socket.AI_PASSIVE
        found = await loop.getaddrinfo(host, port, type=kind, flags=flags)
        refused: list[OSError] = []
        for family, address in dict.fromkeys((family, place) for family, *_, place in found):
            place = (address[0], port, *address[2:])
            try:
                listening = socket.create_server(place, family=family, backlog=_BACKLOG)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                refused.append(error)  # localhost is IPv6's, too, where the system has none
                continue
            listening.setblocking(False)
            port = listening.getsockname()[1]
            self._listening.append(listening)
            self._admitting.append(loop.create_task(self._admit_all(listening)))
        if not self._listening:
            raise refused[0]
        return port

    async def shut(self) -> None:
        """Let nobody in any more."""
        for task in self._admitting:
            task.cancel()
        await asyncio.gather(*self._admitting, return_exceptions=True)
        for listening in self._listening:
            listening.close()

    def clear(self) -> None:
        """Cut off who is left."""
        for guest in [*self._guests]:
            guest.cut()

    async def _admit_all(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(_BREATH)
                continue
            self._admit(connection, household(address[0]))
            await asyncio.sleep(0)  # a flood leaves others their turn

    def _admit(self, connection: socket.socket, who: str) -> None:
        if not self._arrivals[who].take():
            connection.close()
            return
        self._make_room()
        guest = Guest(self._server, self._limits, who, self._leave)
        self._guests[guest] = None
        guest.arriving = asyncio.get_running_loop().create_task(self._welcome(guest, connection))
        guest.arriving.add_done_callback(partial(self._look_after, guest, connection))

    def _make_room(self) -> None:
        while len(self._guests) >= self._limits.connections:
            passing = [guest for guest in self._guests if not guest.stays]
            if not passing:
                return
            counts = Counter(guest.household for guest in passing)
            most = max(counts.values())
            oldest = next(guest for guest in passing if counts[guest.household] == most)
            self._leave(oldest)
            oldest.cut()

    async def _welcome(self, guest: Guest, connection: socket.socket) -> None:
        seconds = self._limits.head if self._context else None
        with suppress(OSError):  # of TLS, too; whoever cannot talk it is gone
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: guest, connection, ssl=self._context, ssl_handshake_timeout=seconds
            )

    def _look_after(self, guest: Guest, connection: socket.socket, _: object) -> None:
        """Clean up after who never came in."""
        # How it ended holds asyncio's side of TLS, 256 KB, and would hold the guest in a circle.
        guest.arriving = None
        if not guest.arrived:
            guest.cut()
            connection.close()
            self._leave(guest)

    def _leave(self, guest: Guest) -> None:
        self._guests.pop(guest, None)
