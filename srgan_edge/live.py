"""The live loop: capture runs ahead in its own thread, upscale and show follow.

The hand-over holds one frame. A live source replaces a frame that was not taken in time, and the
loss is counted; a file waits, so that every frame is shown.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from srgan_edge.errors import RunError
from srgan_edge.quality import Picture
from srgan_edge.sinks import Sink
from srgan_edge.sources import Source
from srgan_edge.upscales import Upscales

_RECENT = 30  # frames that the shown rate looks back on
_REMEMBERED = 20_000  # frames that the percentiles look back on: a loop may run for weeks


@dataclass(frozen=True)
class Frame:
    """A captured picture and when it was there (seconds, monotonic)."""

    picture: Picture
    captured: float


class Slot:
    """Hands over one frame at a time between two threads, and the end or the error with it."""

    def __init__(self, replaces: bool) -> None:
        self._replaces = replaces
        self._frame: Frame | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, frame: Frame) -> bool:
        """Leave a frame. Waits for room or replaces; False when nobody will take any more."""
        with self._changed:
            if self._replaces and self._frame is not None and not self._ended:
                self.dropped += 1
            else:
                self._changed.wait_for(lambda: self._frame is None or self._ended)
            if not self._ended:
                self._frame = frame
                self._changed.notify_all()
            return not self._ended

    def take(self, seconds: float) -> Frame | None:
        """The frame left, waiting at most `seconds`; None when there is none yet or no more.

        Raises:
            BaseException: the error that the slot was ended with, once its last frame is taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended, seconds)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def end(self, error: BaseException | None = None) -> None:
        """No frame follows."""
        with self._changed:
            self._ended, self._error = True, self._error or error
            self._changed.notify_all()

    @property
    def over(self) -> bool:
        """Whether it was ended and emptied."""
        with self._changed:
            return self._ended and self._frame is None


@dataclass
class Stats:
    """What the loop measured: frames shown and lost, and milliseconds by stage of every frame."""

    frames: int = 0
    dropped: int = 0
    seconds: float = 0.0
    input_size: tuple[int, int] = (0, 0)
    output_size: tuple[int, int] = (0, 0)
    shown: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    stages: dict[str, deque[float]] = field(
        default_factory=lambda: {
            stage: deque(maxlen=_REMEMBERED) for stage in ("wait", "upscale", "show", "latency")
        }
    )

    @property
    def rate(self) -> float:
        """Frames a second, lately."""
        shown = self.shown
        return (len(shown) - 1) / (shown[-1] - shown[0]) if len(shown) > 1 else 0.0

    def add(self, **milliseconds: float) -> None:
        """Add one frame's stages."""
        for stage, value in milliseconds.items():
            self.stages[stage].append(value)
        self.frames += 1
        self.shown.append(time.monotonic())

    def as_dict(self) -> dict[str, Any]:
        """For JSON: sizes as [width, height], stages as percentiles in milliseconds."""
        return {
            "frames": self.frames,
            "dropped": self.dropped,
            "seconds": self.seconds,
            "fps": self.frames / self.seconds if self.seconds else 0.0,
            "input_size": list(self.input_size),
            "output_size": list(self.output_size),
            "milliseconds": {name: _percentiles(values) for name, values in self.stages.items()},
        }


def run_live(
    source: Source,
    upscaler: Upscales,
    sinks: Sequence[Sink],
    frames: int | None,
    overlay: bool,
    stats: Stats | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Stats:
    """Show `source` until it ends, the person quits, `stopped()`, or `frames` are shown.

    Args:
        source: where frames come from.
        upscaler: what they go through, of this stream alone.
        sinks: where they go to.
        frames: how many to show at most, or None.
        overlay: whether rate and latency are drawn into the picture.
        stats: filled as the loop goes, and so there also when it ends by an error.
        stopped: asked several times a second, as `stop_signals` gives it.

    Raises:
        SrganEdgeError: whatever ended a part of it; a live source that ends is a RunError.
    """
    slot, stats = Slot(replaces=source.is_live), Stats() if stats is None else stats
    capture = threading.Thread(target=_capture, args=(source, slot), name="capture", daemon=True)
    started = time.monotonic()
    capture.start()
    try:
        while not (slot.over or stopped() or stats.frames == frames):
            frame = slot.take(seconds=0.2)
            if frame is None:
                if all(sink.poll() for sink in sinks):
                    continue
                break
            # A live picture has its time of capture, a file's that of its place in the file.
            moment = frame.captured if source.is_live else stats.frames / source.rate
            if not _show(frame, moment, upscaler, sinks, stats, overlay):
                break
        else:
            if slot.over and not stopped() and stats.frames != frames:
                slot.take(seconds=0)  # raises what ended the capture, if anything did
    finally:
        stats.seconds, stats.dropped = time.monotonic() - started, slot.dropped
        slot.end()
        capture.join(timeout=2.0)
    return stats


def _capture(source: Source, slot: Slot) -> None:
    try:
        while (picture := source.read()) is not None:
            if not slot.put(Frame(picture, time.monotonic())):
                return
        ended = f"the source {source.name} ended" if source.is_live else None
        slot.end(RunError(ended) if ended else None)
    except BaseException as error:  # whatever it is, the loop must end with it, not hang
        slot.end(error)


def _show(
    frame: Frame,
    moment: float,
    upscaler: Upscales,
    sinks: Sequence[Sink],
    stats: Stats,
    overlay: bool,
) -> bool:
    taken = time.monotonic()
    picture = upscaler(frame.picture)
    upscaled = time.monotonic()
    if overlay:
        _draw(picture, f"{stats.rate:.1f} fps  {(upscaled - frame.captured) * 1000:.0f} ms")
    wanted = [sink.show(picture, moment) for sink in sinks]
    shown = time.monotonic()
    stats.input_size = (frame.picture.shape[1], frame.picture.shape[0])
    stats.output_size = (picture.shape[1], picture.shape[0])
    stats.add(
        wait=(taken - frame.captured) * 1000,
        upscale=(upscaled - taken) * 1000,
        show=(shown - upscaled) * 1000,
        latency=(shown - frame.captured) * 1000,
    )
    return all(wanted)


def _draw(picture: Picture, text: str) -> None:
    """White letters with a dark edge, at the top left."""
    size = max(0.5, picture.shape[0] / 900)
    place = (round(14 * size), round(30 * size))
    for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        thickness = max(1, round(width * size))
        cv2.putText(
            picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA
        )


def _percentiles(values: Collection[float]) -> dict[str, float]:
    if not values:
        return {}
    p50, p90, p99 = np.percentile(list(values), [50, 90, 99])
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99)}


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """While it lasts, Ctrl-C and SIGTERM end the loop instead of the process."""
    received = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield received.is_set
        return
    previous = [signal.signal(kind, lambda *_: received.set()) for kind in kinds]
    try:
        yield received.is_set
    finally:
        for kind, handler in zip(kinds, previous, strict=True):
            signal.signal(kind, handler)
