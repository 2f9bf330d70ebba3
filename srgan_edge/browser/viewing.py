"""One viewer's WebSocket: pictures and the state go out, what the viewer says comes in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from srgan_edge.browser.hub import Hub, Viewer
from srgan_edge.browser.limits import Allowance, Limits

_IN_FLIGHT = 2  # pictures sent that the viewer has not shown yet
_STATE_EVERY = 1.0
_LONGEST_NAME = 100
_ENDED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)
# What a viewer wants changed: the model, by name, or whether it is recorded.
Change = Callable[[str, "str | bool"], None]


class Viewing:
    """Lasts until the viewer leaves, says what is not understood, or reads nothing any more."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        hub: Hub,
        state: Callable[[], Awaitable[str]],
        change: Change,
        limits: Limits,
    ) -> None:
        """Get ready.

        Args:
            socket: prepared, without `autoping`.
            hub: where pictures come from.
            state: gives the state as JSON.
            change: told what the viewer wants changed.
            limits: to what is said, and to patience.
        """
        self._socket = socket
        self._hub = hub
        self._state = state
        self._change = change
        self._limits = limits
        self._said = Allowance(limits.messages)
        self._changes = Allowance(limits.changes)
        self._viewer = Viewer()
        self._shown = asyncio.BoundedSemaphore(_IN_FLIGHT)

    async def run(self) -> None:
        """Go on to the end."""
        self._hub.viewers.add(self._viewer)
        listening = asyncio.create_task(self._listen())
        tasks = [
            listening,
            asyncio.create_task(self._send_pictures()),
            asyncio.create_task(self._send_states()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.viewers.discard(self._viewer)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        limit: float | None = self._limits.first_message
        with suppress(ConnectionError):
            while True:
                try:
                    message = await self._socket.receive(limit)
                except asyncio.TimeoutError:
                    await self._socket.close(code=1008, message=b"said nothing")
                    return
                if message.type in _ENDED:
                    return
                if not await self._take(message):
                    await self._socket.close(code=1008, message=b"not understood")
                    return
                limit = None

    async def _take(self, message: WSMessage) -> bool:
        """Do what a viewer says. False: it is not understood, or too much."""
        said = _read(message)
        if said == ("shown", True) and self._was_shown():
            return True
        if not self._said.take():
            return False
        if message.type is WSMsgType.PING:
            await self._socket.pong(message.data)
            return True
        return message.type is WSMsgType.PONG or self._told(*said)

    def _was_shown(self) -> bool:
        """Let the next picture be sent; False when none was on its way."""
        try:
            self._shown.release()
        except ValueError:
            return False
        return True

    def _told(self, what: str, value: Any) -> bool:
        if what == "shown":
            return value is True
        if what == "compares" and isinstance(value, bool):
            self._viewer.compares = value
        elif (what == "record" and isinstance(value, bool)) or (
            what == "model" and isinstance(value, str) and len(value) <= _LONGEST_NAME
        ):
            if not self._changes.take():
                return False
            self._change(what, value)
        else:
            return False
        return True

    async def _send_pictures(self) -> None:
        number = 0
        while True:
            await self._shown.acquire()
            number, message = await self._hub.after(number)
            if not await self._send(self._socket.send_bytes(message)):
                return

    async def _send_states(self) -> None:
        while await self._send(self._socket.send_str(await self._state())):
            await asyncio.sleep(_STATE_EVERY)

    async def _send(self, sending: Awaitable[None]) -> bool:
        """Send; False when the viewer is gone, or reads nothing for too long."""
        try:
            await asyncio.wait_for(sending, self._limits.patience)
        except (asyncio.TimeoutError, ConnectionError):
            return False
        return True


def _read(message: WSMessage) -> tuple[str, Any]:
    """What a text of JSON with one name and value says; ("", None) for anything else."""
    if message.type is not WSMsgType.TEXT:
        return "", None
    try:
        ((what, value),) = json.loads(message.data).items()
    except (ValueError, AttributeError, RecursionError):
        return "", None
    return what, value
