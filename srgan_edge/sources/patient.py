"""Opening that can be stopped: a driver or a network may hang in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from srgan_edge.errors import RunError
from srgan_edge.sources.source import Source

_LOG = logging.getLogger(__name__)
_LOOK_EVERY = 0.1  # seconds between two looks at signals
_TOLD_AFTER = 5.0


def open_patiently(
    opening: Callable[[], Source],
    name: str,
    stopped: Callable[[], bool],
    give_up: float | None = None,
) -> Source | None:
    """Open a source in a thread of its own; None when that was stopped.

    A thread that hangs is left to the end of the process.

    Args:
        opening: opens it.
        name: for people.
        stopped: asked several times a second.
        give_up: seconds after which one that says nothing is an error, but five at least.

    Raises:
        InputError: it is not there or cannot be opened.
        RunError: it is given up.
    """
    opened: list[Source] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            opened.append(opening())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="open", daemon=True)
    started, told = time.monotonic(), False
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_EVERY)
        waited = time.monotonic() - started
        if stopped():
            return None
        if give_up is not None and thread.is_alive() and waited > max(give_up, _TOLD_AFTER):
            raise RunError(f"the source {name} does not open for {waited:.0f} s: given up")
        if waited > _TOLD_AFTER and thread.is_alive() and not told:
            told = True
            _LOG.warning(
                "%s does not open for %.0f s: it is waited for; --give-up bounds that", name, waited
            )
    if failed:
        raise failed[0]
    return opened[0]
