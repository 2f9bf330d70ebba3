"""One connection, from its first byte."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web

from srgan_edge.browser.limits import Allowance, Limits
from srgan_edge.browser.rules import HEADERS

_LOG = logging.getLogger(__name__)
_OPTIONS: dict[str, Any] = {
    "logger": _LOG,
    "access_log": None,
    "auto_decompress": False,  # nobody sends us anything that is worth it
    "max_line_size": 4096,
    "max_field_size": 8190,  # cookies of all servers of this machine come along
    "max_headers": 64,
    "lingering_time": 1.0,  # for who sends on after the answer
}


class Guest(web.RequestHandler):
    """aiohttp's side of a connection, with bounds to what comes and for how long."""

    def __init__(
        self,
        server: web.Server,
        limits: Limits,
        household: str,
        left: Callable[[Guest], None],
    ) -> None:
        """Get ready for a connection that is not there yet: TLS may come first.

        Args:
            server: whose requests these are.
            limits: to what comes.
            household: where from.
            left: told when the connection has ended.
        """
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, keepalive_timeout=limits.head, **_OPTIONS)
        self.household = household
        self.arriving: asyncio.Task[None] | None = None
        self.stays = False
        self._left = left
        self._wire: asyncio.Transport | None = None
        self._received = Allowance(limits.received)
        self._requests = limits.requests
        self._deadline = loop.call_later(limits.life, self.cut)

    @property
    def arrived(self) -> bool:
        """Whether there is a connection."""
        return self._wire is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much: whatever it is, that is no viewer."""
        if self._received.take(len(data)):
            super().data_received(data)
        else:
            self.cut()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self._wire = None
        self._deadline.cancel()
        super().connection_lost(exc)
        self._left(self)

    def cut(self) -> None:
        """End it at once; what was not sent yet never is. Closing would wait for who reads it."""
        self._deadline.cancel()
        if self._wire is not None:
            self._wire.abort()
        elif self.arriving is not None:
            self.arriving.cancel()

    def stay(self) -> None:
        """It is a viewer's now: as long as it lasts."""
        self.stays = True
        self._deadline.cancel()

    def stay_no_longer(self, seconds: float) -> None:
        """So long, to read what was sent."""
        self.stays = False
        self._deadline.cancel()
        self._deadline = self._loop.call_later(seconds, self.cut)

    def may_ask_again(self) -> bool:
        """Count a request; whether another one may follow."""
        self._requests -= 1
        return self._requests > 0

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP. Only our own errors are logged: others' have cookies in them."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        if status == 500 and not isinstance(exc, ConnectionError):
            _LOG.error("cannot answer %r", request.path, exc_info=exc)
        response = web.Response(status=status, text="not understood" if status < 500 else "failed")
        response.headers.update(HEADERS)
        response.force_close()
        return response
