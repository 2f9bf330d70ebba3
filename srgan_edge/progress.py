"""A progress line on stderr: a live bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from types import TracebackType
from typing import ClassVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from srgan_edge.told import plain

_LOG_SECONDS = 15.0


class ProgressLine:
    """Shows how far a long job is; use as a context manager. One within another joins its display.

    with ProgressLine("upscaling", total=48) as line:
        line.update(1, "12 frames/s")
    """

    _shown: ClassVar[list[Progress]] = []

    def __init__(self, label: str, total: int | None) -> None:
        self._label = label
        self._total = total
        self._console = Console(stderr=True)
        self._bar = self._shown[-1] if self._shown else _display(self._console)
        self._task = self._bar.add_task(label, total=total, note="")
        self._logged = time.monotonic()
        self._first: tuple[int, float] | None = None

    def update(self, done: int, note: str = "") -> None:
        """`done` of the total are ready; `note` is shown behind."""
        self._bar.update(self._task, completed=done, note=escape(note))
        self._first = self._first or (done, time.monotonic())
        if not self._console.is_terminal and time.monotonic() - self._logged >= _LOG_SECONDS:
            self._logged = time.monotonic()
            total = "" if self._total is None else f"/{self._total}"
            self.say(f"{self._label} {done}{total} {note}{self._left(done)}".rstrip())

    def _left(self, done: int) -> str:
        """The time that is left, as far as can be told, for a log; the bar has its own."""
        first, started = self._first or (done, 0.0)
        if self._total is None or done <= first:
            return ""
        seconds = (time.monotonic() - started) / (done - first) * (self._total - done)
        return f"  {timedelta(seconds=round(seconds))} left"

    def say(self, text: str) -> None:
        """Print a line that stays, above the bar."""
        text = plain(" ".join(text.split("\n")))
        if self._console.is_terminal:
            self._bar.console.print(escape(text), highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> ProgressLine:
        if not self._shown:
            self._bar.start()
        self._shown.append(self._bar)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shown.pop()
        if self._shown:
            self._bar.remove_task(self._task)
        else:
            self._bar.stop()


def _display(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
