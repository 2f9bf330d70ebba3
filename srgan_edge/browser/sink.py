"""The browser view as a sink of the live loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from srgan_edge.browser.door import Door
from srgan_edge.browser.endpoint import Endpoint
from srgan_edge.browser.hub import Hub
from srgan_edge.browser.limits import Limits
from srgan_edge.browser.server import Server
from srgan_edge.errors import InputError
from srgan_edge.live.controls import Controls
from srgan_edge.quality import Picture
from srgan_edge.sinks.sink import View


class Browser:
    """Serves what is shown, from a thread of its own. Its viewers never slow the loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        controls: Controls,
        token: str | None,
        context: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Start serving.

        Args:
            endpoint: where.
            controls: what viewers may change.
            token: what they must know; None is allowed on loopback alone.
            context: for TLS, or None for plain HTTP.
            limits: to what strangers may ask for.

        Raises:
            InputError: the address cannot be used, or is open to others without a token.
        """
        if token is None and not endpoint.is_loopback:
            raise InputError(f"{endpoint.host} is open to others: it needs a token")
        self._loop = asyncio.new_event_loop()
        self._hub = Hub(self._loop)
        self._limits = limits or Limits()
        self._context = context
        self._door: Door | None = None
        server = Server(self._hub, controls, token, self._limits)
        self._runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=1.0)
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()
        try:
            self.port = self._wait_for(self._start(endpoint))
        except OSError as error:
            self.close()
            where = f"{endpoint.host}:{endpoint.port}"
            raise InputError(f"cannot serve on {where}: {error.strerror or error}") from None
        self._last: View | None = None

    def show(self, view: View) -> bool:
        """Hand a view to all who look."""
        self._last = view
        self._hub.publish(view)
        return True

    def poll(self, notice: Picture | None = None) -> bool:
        """Show a notice in place of the picture."""
        if notice is not None and self._last is not None:
            self._hub.publish(View(self._last.lr, notice, self._last.moment))
        return True

    def close(self) -> None:
        """Stop serving."""
        self._hub.end()
        self._wait_for(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5.0)
        self._loop.close()

    async def _start(self, endpoint: Endpoint) -> int:
        await self._runner.setup()
        assert self._runner.server is not None
        self._door = Door(self._runner.server, self._limits, self._context)
        return await self._door.open(endpoint.host, endpoint.port)

    async def _stop(self) -> int:
        if self._door is not None:
            await self._door.shut()
        await self._runner.cleanup()
        if self._door is not None:
            self._door.clear()
            await asyncio.sleep(0)  # what is cut is closed in the next turn
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return 0

    def _wait_for(self, work: Coroutine[Any, Any, int]) -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)
