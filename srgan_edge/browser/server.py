"""Serves the page and the live picture (aiohttp)."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import resources
from typing import Any

from aiohttp import web

from srgan_edge.browser.guest import Guest
from srgan_edge.browser.hub import Hub, encode
from srgan_edge.browser.limits import Limits
from srgan_edge.browser.lock import Lock, TooSoonError
from srgan_edge.browser.rules import HEADERS, check
from srgan_edge.browser.token import cookie_of
from srgan_edge.browser.viewing import Viewing
from srgan_edge.live.controls import Controls
from srgan_edge.sinks.sink import View

COOKIE = "srgan-edge"
_LARGEST_TOKEN = 1024
_LARGEST_MESSAGE = 4096
_STATE_AGE = 0.5
_FAREWELL = 2.0  # seconds to read why a connection ends
_MOST_CHANGES = 8  # that wait for each other
_MONTH = 30 * 24 * 3600
_PAGE = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The routes: the page, `/login`, `/live` (a WebSocket) and `/snapshot.png`."""

    def __init__(self, hub: Hub, controls: Controls, token: str | None, limits: Limits) -> None:
        """Read the page.

        Args:
            hub: where pictures come from.
            controls: what viewers may change.
            token: what they must know, or None for those on this machine alone.
            limits: to what is asked for.
        """
        self._hub = hub
        self._controls = controls
        self._limits = limits
        self._token = token
        self._locks = [Lock(token), Lock(cookie_of(token))] if token else []
        self._sockets: set[web.WebSocketResponse] = set()
        self._state, self._state_due = "", 0.0
        self._measuring = asyncio.Lock()
        self._changer = ThreadPoolExecutor(1, "change")  # one, so that they keep their order
        self._changing = 0
        self._drawing = asyncio.Lock()
        self._snapshots_wanted = 0
        self._drawn: tuple[View | None, bytes] = (None, b"")
        folder = resources.files("srgan_edge.browser") / "page"
        self._page = {path: (folder / name).read_bytes() for path, (name, _) in _PAGE.items()}

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=_LARGEST_TOKEN, middlewares=[self._guard()])
        for path in _PAGE:
            app.router.add_get(path, self._serve_page)
        app.router.add_post("/login", self._login)
        app.router.add_get("/live", self._live, allow_head=False)
        app.router.add_get("/snapshot.png", self._snapshot, allow_head=False)
        app.on_response_prepare.append(_sign)
        app.on_shutdown.append(self._say_goodbye)
        return app

    async def _say_goodbye(self, _: web.Application) -> None:
        """Browsers try to come back; who reads nothing is not waited for."""
        leaving = [socket.close(code=1001) for socket in self._sockets]
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*leaving, return_exceptions=True), 1.0)
        self._changer.shutdown(wait=False)

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            last = not _guest(request).may_ask_again()
            try:
                self._check(request)
                response = await handler(request)
            except web.HTTPException as refused:
                if last:
                    refused.force_close()
                raise
            if last:
                response.force_close()
            return response

        return guard

    def _check(self, request: web.Request) -> None:
        """Refuse pages of other sites, and who has no cookie."""
        check(request, open_to_others=self._token is not None)
        public = request.path in _PAGE or request.path == "/login"
        if self._locks and not public:
            cookie = request.cookies.get(COOKIE)
            if cookie is None or not _opens(self._locks[1], cookie, request):
                raise web.HTTPUnauthorized(text="open the address that srgan-edge printed")

    async def _serve_page(self, request: web.Request) -> web.Response:
        return web.Response(body=self._page[request.path], content_type=_PAGE[request.path][1])

    async def _login(self, request: web.Request) -> web.Response:
        """The token for a cookie."""
        try:
            given = await asyncio.wait_for(request.read(), self._limits.body)
        except asyncio.TimeoutError:
            raise web.HTTPRequestTimeout(text="the token did not come") from None
        except web.RequestPayloadError:
            raise web.HTTPBadRequest(text="not understood") from None
        if self._token is None or not _opens(self._locks[0], given.decode("latin-1"), request):
            raise web.HTTPUnauthorized(text="not the token")
        response = web.Response(text="welcome")
        response.set_cookie(
            COOKIE,
            cookie_of(self._token),
            max_age=_MONTH,
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )
        return response

    async def _snapshot(self, _: web.Request) -> web.Response:
        """The newest picture as it was made, without loss."""
        if self._hub.newest is None:
            raise web.HTTPServiceUnavailable(text="no picture yet")
        if self._snapshots_wanted >= self._limits.snapshots:
            raise web.HTTPServiceUnavailable(
                text="too many snapshots at once", headers={"Retry-After": "1"}
            )
        self._snapshots_wanted += 1
        try:
            async with self._drawing:  # one processor for them; who comes together gets the same
                view = self._hub.newest
                if self._drawn[0] is not view:
                    self._drawn = view, await asyncio.to_thread(encode, view.sr, ".png")
                data = self._drawn[1]
        finally:
            self._snapshots_wanted -= 1
        return web.Response(body=data, content_type="image/png")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Pictures as binary messages, the state as JSON; JSON back: see `Viewing`."""
        if len(self._sockets) >= self._limits.viewers:
            raise web.HTTPServiceUnavailable(text=f"{self._limits.viewers} viewers look already")
        if "Sec-WebSocket-Protocol" in request.headers:
            raise web.HTTPBadRequest(text="no such protocol")
        socket = web.WebSocketResponse(
            max_msg_size=_LARGEST_MESSAGE,
            heartbeat=self._limits.patience,
            timeout=_FAREWELL,
            autoping=False,  # pings are counted
            compress=False,  # JPEG is, already
        )
        guest = _guest(request)
        self._sockets.add(socket)
        try:
            await socket.prepare(request)
            guest.stay()
            await Viewing(socket, self._hub, self._newest_state, self._change, self._limits).run()
        finally:
            guest.stay_no_longer(_FAREWELL)
            self._sockets.discard(socket)
        return socket

    async def _newest_state(self) -> str:
        """The state as JSON, at most half a second old: percentiles are taken once for all."""
        async with self._measuring:
            if time.monotonic() >= self._state_due:
                self._state = json.dumps(await asyncio.to_thread(self._controls.state))
                self._state_due = time.monotonic() + _STATE_AGE
        return self._state

    def _change(self, what: str, value: Any) -> None:
        """In the background: models take a moment to load, files to finish."""
        if self._changing >= _MOST_CHANGES:
            return  # whoever asked sees that nothing has changed
        change = self._controls.choose if what == "model" else self._controls.record
        self._changing += 1
        changed = asyncio.get_running_loop().run_in_executor(self._changer, change, value)
        changed.add_done_callback(self._changed)

    def _changed(self, _: object) -> None:
        self._changing -= 1


def _guest(request: web.Request) -> Guest:
    assert isinstance(request.protocol, Guest)
    return request.protocol


def _opens(lock: Lock, given: str, request: web.Request) -> bool:
    try:
        return lock.opens(given, request.remote or "")
    except TooSoonError as error:
        wait = str(math.ceil(error.seconds))
        raise web.HTTPTooManyRequests(
            text=f"too many wrong ones from here: wait {wait} s", headers={"Retry-After": wait}
        ) from None


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
