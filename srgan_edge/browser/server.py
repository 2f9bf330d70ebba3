"""Serves the page and the live picture (aiohttp)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import resources
from typing import Any

from aiohttp import WSMsgType, web

from srgan_edge.browser.endpoint import LOOPBACK
from srgan_edge.browser.hub import Hub, Viewer, encode
from srgan_edge.browser.token import cookie_of, matches
from srgan_edge.live.controls import Controls

COOKIE = "srgan-edge"
MOST_VIEWERS = 40
_LARGEST_REQUEST = 4096
_IN_FLIGHT = 2  # pictures sent that the viewer has not shown yet
_PATIENCE = 15.0  # seconds for a viewer that reads nothing
_STATE_EVERY = 1.0
_PAGE = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The routes: the page, `/login`, `/live` (a WebSocket) and `/snapshot.png`."""

    def __init__(self, hub: Hub, controls: Controls, token: str | None) -> None:
        """Read the page.

        Args:
            hub: where pictures come from.
            controls: what viewers may change.
            token: what they must know, or None for those on this machine alone.
        """
        self._hub = hub
        self._controls = controls
        self._token = token
        self._sockets: set[web.WebSocketResponse] = set()
        self._state, self._state_due = "", 0.0
        self._measuring = asyncio.Lock()
        folder = resources.files("srgan_edge.browser") / "page"
        self._page = {path: (folder / name).read_bytes() for path, (name, _) in _PAGE.items()}

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=_LARGEST_REQUEST, middlewares=[self._guard()])
        for path in _PAGE:
            app.router.add_get(path, self._serve_page)
        app.router.add_post("/login", self._login)
        app.router.add_get("/live", self._live)
        app.router.add_get("/snapshot.png", self._snapshot)
        app.on_shutdown.append(self._say_goodbye)
        return app

    async def _say_goodbye(self, _: web.Application) -> None:
        """Browsers try to come back; who reads nothing is not waited for."""
        leaving = [socket.close(code=1001) for socket in self._sockets]
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*leaving, return_exceptions=True), 1.0)

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check(request)
            response = await handler(request)
            if not response.prepared:
                response.headers.update(_HEADERS)
            return response

        return guard

    def _check(self, request: web.Request) -> None:
        """Refuse pages of other sites, names that others point here, and who has no cookie."""
        origin = request.headers.get("Origin")
        if origin is not None and origin.split("://")[-1] != request.host:
            raise web.HTTPForbidden(text="another site's page may not look")
        if self._token is None:
            if (request.url.host or "") not in LOOPBACK:
                raise web.HTTPForbidden(text="no such host")
            return
        public = request.path in _PAGE or request.path == "/login"
        if not (public or matches(cookie_of(self._token), request.cookies.get(COOKIE, ""))):
            raise web.HTTPUnauthorized(text="open the address that srgan-edge printed")

    async def _serve_page(self, request: web.Request) -> web.Response:
        return web.Response(body=self._page[request.path], content_type=_PAGE[request.path][1])

    async def _login(self, request: web.Request) -> web.Response:
        """The token for a cookie."""
        given = await request.text()
        if self._token is None or not matches(self._token, given):
            raise web.HTTPUnauthorized(text="not the token")
        response = web.Response(text="welcome")
        month = 30 * 24 * 3600
        response.set_cookie(
            COOKIE, cookie_of(self._token), max_age=month, httponly=True, samesite="Strict"
        )
        return response

    async def _snapshot(self, _: web.Request) -> web.Response:
        """The newest picture as it was made, without loss."""
        view = self._hub.newest
        if view is None:
            raise web.HTTPServiceUnavailable(text="no picture yet")
        data = await asyncio.to_thread(encode, view.sr, ".png")
        return web.Response(body=data, content_type="image/png")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Pictures as binary messages, the state as JSON; JSON back: see `_told`."""
        if len(self._hub.viewers) >= MOST_VIEWERS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_VIEWERS} viewers look already")
        socket = web.WebSocketResponse(max_msg_size=_LARGEST_REQUEST, heartbeat=_PATIENCE)
        await socket.prepare(request)
        viewer, shown = Viewer(), asyncio.BoundedSemaphore(_IN_FLIGHT)
        self._hub.viewers.add(viewer)
        self._sockets.add(socket)
        sending = [
            asyncio.create_task(self._send_pictures(socket, shown)),
            asyncio.create_task(self._send_states(socket)),
        ]
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or not self._told(message, viewer, shown):
                    await socket.close(code=1008, message=b"not understood")
        finally:
            self._hub.viewers.discard(viewer)
            self._sockets.discard(socket)
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)
        return socket

    async def _send_pictures(
        self, socket: web.WebSocketResponse, shown: asyncio.BoundedSemaphore
    ) -> None:
        number = 0
        while True:
            await shown.acquire()
            number, message = await self._hub.after(number)
            await self._send(socket, socket.send_bytes(message))

    async def _send_states(self, socket: web.WebSocketResponse) -> None:
        while True:
            await self._send(socket, socket.send_str(await self._newest_state()))
            await asyncio.sleep(_STATE_EVERY)

    async def _newest_state(self) -> str:
        """The state as JSON, at most half a second old: percentiles are taken once for all."""
        async with self._measuring:
            if time.monotonic() >= self._state_due:
                self._state = json.dumps(await asyncio.to_thread(self._controls.state))
                self._state_due = time.monotonic() + _STATE_EVERY / 2
        return self._state

    async def _send(self, socket: web.WebSocketResponse, sending: Awaitable[None]) -> None:
        """Send; a viewer that reads nothing for too long is cut off."""
        try:
            await asyncio.wait_for(sending, _PATIENCE)
        except (asyncio.TimeoutError, ConnectionError):
            with suppress(ConnectionError):
                await asyncio.wait_for(socket.close(), 1.0)

    def _told(self, message: Any, viewer: Viewer, shown: asyncio.BoundedSemaphore) -> bool:
        """Do what a viewer says: `shown`, `compares`, `model`, `record`. False: not understood."""
        try:
            ((what, value),) = json.loads(message.data).items()
        except (ValueError, AttributeError):
            return False
        if what == "shown" and value is True:
            with suppress(ValueError):  # of what was never sent
                shown.release()
        elif what == "compares" and isinstance(value, bool):
            viewer.compares = value
        elif what == "model" and isinstance(value, str):
            _in_background(self._controls.choose, value)
        elif what == "record" and isinstance(value, bool):
            _in_background(self._controls.record, value)
        else:
            return False
        return True


def _in_background(change: Callable[[Any], None], value: Any) -> None:
    """Models take a moment to load, files to finish."""
    asyncio.get_running_loop().run_in_executor(None, change, value)
