"""Hides what native libraries print: LiteRT, TensorFlow and SDL write lines unasked."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

_lock = threading.RLock()


@contextmanager
def native_messages_hidden() -> Iterator[Callable[[], str]]:
    """While it lasts, what is written to file descriptor 2 goes aside; yields a way to read it.

    Descriptor 2 belongs to the whole process: keep the block short.
    """
    with _lock, tempfile.TemporaryFile() as aside:
        if sys.stderr is not None:
            sys.stderr.flush()
        screen = os.dup(2)
        os.dup2(aside.fileno(), 2)

        def written() -> str:
            return os.pread(aside.fileno(), 1_000_000, 0).decode(errors="replace")

        try:
            yield written
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)


def own_stdout() -> IO[bytes]:
    """What was standard output, for this caller alone: others' lines go to stderr from now on."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own
