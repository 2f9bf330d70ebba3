"""The live loop.

    source -> [frame] -> upscaler -> [frame and picture] -> calm, overlay, sinks

Each of the three has a thread: showing the main one, because windows want that. What is handed over
waits in a slot for one. A live source replaces what was not taken in time, and the loss is counted;
a file waits, so that every frame is shown.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from srgan_edge.live.drawing import draw, notice
from srgan_edge.live.slot import Slot
from srgan_edge.live.stats import Stats
from srgan_edge.quality import Picture
from srgan_edge.sinks import Sink, View
from srgan_edge.sources import Source
from srgan_edge.upscales import Upscales

_LOG = logging.getLogger(__name__)
_PATIENCE = 0.2  # seconds between two looks at signals and keys while no frame comes
_LOG_EVERY = 60.0
Calm = Callable[[Picture, Picture], Picture]


@dataclass
class Frame:
    """A picture on its way, and when it got where (seconds, monotonic)."""

    lr: Picture
    captured: float
    taken: float = 0.0
    upscaled: float = 0.0
    sr: Picture = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8))


@dataclass
class Live:
    """Shows a source until it ends, the person quits, `stopped()`, or `frames` are shown.

    Attributes:
        source: where frames come from. It is closed at the end.
        upscaler: what they go through.
        sinks: where they go to.
        calm: takes (frame, picture) of this stream in order, gives the picture that is shown.
        frames: how many to show at most, or None.
        overlay: whether rate, latency and losses are drawn into the picture.
        stopped: asked several times a second, as `stop_signals` gives it.
        stats: filled as the loop goes, and so there also when it ends by an error.
    """

    source: Source
    upscaler: Upscales
    sinks: list[Sink] = field(default_factory=list)
    calm: Calm = lambda _, picture: picture
    frames: int | None = None
    overlay: bool = True
    stopped: Callable[[], bool] = lambda: False
    stats: Stats = field(default_factory=Stats)

    def __post_init__(self) -> None:
        """Make the slots between the threads."""
        self._captured: Slot[Frame] = Slot(self.source.is_live)
        self._upscaled: Slot[Frame] = Slot(self.source.is_live)
        self._shown: Picture | None = None  # what a notice is drawn over

    def run(self) -> Stats:
        """Run to the end.

        Raises:
            SrganEdgeError: whatever ended a part of it.
        """
        threads = capture, upscale = [
            threading.Thread(target=_passing_errors_to(slot, work), name=name, daemon=True)
            for name, work, slot in (
                ("capture", self._capture, self._captured),
                ("upscale", self._upscale, self._upscaled),
            )
        ]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            self._show_all(started)
        finally:
            self.stats.seconds = time.monotonic() - started
            self._captured.end()
            self._upscaled.end()
            capture.join(timeout=0.5)  # a source that is read is better closed afterwards
            self.source.close()
            upscale.join(timeout=2.0)  # its frame comes to an end
            capture.join(timeout=0.2)  # who waits for a camera that hangs waits in vain
        return self.stats

    def _capture(self) -> None:
        while (picture := self.source.read()) is not None:
            if not self._captured.put(Frame(picture, time.monotonic())):
                return

    def _upscale(self) -> None:
        while (frame := self._captured.take()) is not None:
            frame.taken = time.monotonic()
            frame.sr = self.upscaler(frame.lr)
            frame.upscaled = time.monotonic()
            if not self._upscaled.put(frame):
                return

    def _show_all(self, started: float) -> None:
        log_due = started + _LOG_EVERY
        while not (self._upscaled.over or self.stopped() or self.stats.frames == self.frames):
            frame = self._upscaled.take(_PATIENCE)
            if not (self._idle() if frame is None else self._show(frame)):
                return
            if time.monotonic() > log_due:
                _LOG.info("%s", self.stats.line())
                log_due += _LOG_EVERY
        if self._upscaled.over:
            self._upscaled.take(0)  # raises what ended it, if anything did

    def _show(self, frame: Frame) -> bool:
        stats = self.stats
        taken = time.monotonic()
        # A live picture has its time of capture, a file's that of its place in the file.
        moment = frame.captured if self.source.is_live else stats.frames / self.source.rate
        stats.dropped = self._captured.dropped + self._upscaled.dropped
        picture = self._shown = self.calm(frame.lr, frame.sr)
        if self.overlay:
            late = (taken - frame.captured) * 1000
            draw(picture, f"{stats.rate:.1f} fps  {late:.0f} ms  {stats.dropped} dropped")
        view = View(frame.lr, picture, moment)
        wanted = [sink.show(view) for sink in self.sinks]
        stats.input_size = (frame.lr.shape[1], frame.lr.shape[0])
        stats.output_size = (picture.shape[1], picture.shape[0])
        _measure(stats, frame, taken, time.monotonic())
        return all(wanted)

    def _idle(self) -> bool:
        """Look after the person while no frame comes."""
        lost, picture = self.source.lost_since, None
        if lost is not None and self._shown is not None:
            seconds = time.monotonic() - lost
            picture = notice(self._shown, f"{self.source.name}: lost for {seconds:.0f} s")
        wanted = [sink.poll(picture) for sink in self.sinks]
        return all(wanted)


def _measure(stats: Stats, frame: Frame, taken: float, shown: float) -> None:
    stats.add(
        age=(frame.taken - frame.captured) * 1000,
        upscale=(frame.upscaled - frame.taken) * 1000,
        queue=(taken - frame.upscaled) * 1000,
        show=(shown - taken) * 1000,
        latency=(shown - frame.captured) * 1000,
    )


def _passing_errors_to(slot: Slot[Frame], work: Callable[[], None]) -> Callable[[], None]:
    """`work`, whose end or error, whatever it is, ends the slot: the loop must not hang."""

    def run() -> None:
        try:
            work()
            slot.end()
        except BaseException as error:
            slot.end(error)

    return run


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
