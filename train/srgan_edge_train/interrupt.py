"""Ctrl-C and SIGTERM while a run is on: it finishes its step and keeps a checkpoint."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Interrupt:
    """Set by Ctrl-C or SIGTERM; the loop then checkpoints and stops."""

    received: bool = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Turn the first Ctrl-C or SIGTERM into a flag; a second one acts at once."""
    interrupt = Interrupt()
    kinds = (signal.SIGINT, signal.SIGTERM)
    previous = {kind: signal.getsignal(kind) for kind in kinds}

    def restore() -> None:
        for kind, handler in previous.items():
            signal.signal(kind, handler)

    def on_signal(*_: object) -> None:
        interrupt.received = True
        restore()

    for kind in kinds:
        signal.signal(kind, on_signal)
    try:
        yield interrupt
    finally:
        restore()
