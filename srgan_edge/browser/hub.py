"""The newest picture for all viewers, encoded once."""

from __future__ import annotations

import asyncio
import struct
import threading
from dataclasses import dataclass

import cv2

from srgan_edge.errors import RunError
from srgan_edge.live.slot import Slot
from srgan_edge.quality import Picture
from srgan_edge.sinks.sink import View

_QUALITY = 88  # JPEG; what the network made of an edge is still there


@dataclass(eq=False)
class Viewer:
    """A browser that looks. `compares` is whether it shows bicubic as well."""

    compares: bool = True


class Hub:
    """Takes views from the live loop without ever waiting, and hands messages to viewers.

    A message is two uint32, big-endian: its number and the length of the first JPEG; then the JPEG
    of the upscaled picture and, when a viewer compares, that of bicubic.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start encoding.

        Args:
            loop: where the viewers are served.
        """
        self.viewers: set[Viewer] = set()
        self.newest: View | None = None
        self._loop = loop
        self._slot: Slot[View] = Slot(replaces=True)
        self._message = b""
        self._number = 0
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._encode_all, name="encode", daemon=True)
        self._thread.start()

    def publish(self, view: View) -> None:
        """Show a view to all. From any thread."""
        self.newest = view
        if self.viewers:
            self._slot.put(view)

    def end(self) -> None:
        """No view follows; waits for the one that is being encoded: OpenCV must not be cut off."""
        self._slot.end()
        self._thread.join(timeout=5.0)

    async def after(self, number: int) -> tuple[int, bytes]:
        """The newest message whose number is not `number`, waiting for one."""
        while self._number in (0, number):
            await self._changed.wait()
        return self._number, self._message

    def _encode_all(self) -> None:
        while (view := self._slot.take()) is not None:
            number = self._number + 1
            message = _message(number, view, any(one.compares for one in [*self.viewers]))
            try:
                self._loop.call_soon_threadsafe(self._hand_out, number, message)
            except RuntimeError:  # the server has ended
                return

    def _hand_out(self, number: int, message: bytes) -> None:
        self._number, self._message = number, message
        self._changed.set()
        self._changed = asyncio.Event()


def _message(number: int, view: View, compares: bool) -> bytes:
    picture = encode(view.sr)
    before = encode(view.bicubic()) if compares else b""
    return struct.pack(">II", number, len(picture)) + picture + before


def encode(picture: Picture, suffix: str = ".jpg") -> bytes:
    """(h, w, 3) uint8 BGR as JPEG, or what else has that suffix."""
    done, data = cv2.imencode(suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RunError(f"OpenCV cannot encode a {suffix}")
    return data.tobytes()
