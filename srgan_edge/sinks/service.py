"""What a service tells systemd: that it has started, that it lives, how it goes.

Datagrams of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names: sd_notify(3). The watchdog
is `WatchdogSec=` of systemd.service(5), which arrives as `WATCHDOG_USEC`: sd_watchdog_enabled(3).
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Callable, Mapping

from srgan_edge.sinks.sink import Unwatched, View

_LOG = logging.getLogger(__name__)
_STATUS_EVERY = 1.0  # seconds
_RETRY_AFTER = 0.2  # seconds, when the socket was full
_READY, _BEAT, _STATUS, _STOPPING = "READY=1", "WATCHDOG=1", "STATUS=", "STOPPING=1"


class Heartbeat(Unwatched):
    """READY=1 with the first frame, then WATCHDOG=1 and STATUS= as long as frames are shown.

    Without frames there is no beat, and after `WatchdogSec=` systemd restarts the service. That is
    wanted: a driver or a stream that hangs is let go with its process, and the camera is opened
    anew. Frames also stop while a lost camera is waited for, so that a short loss is mended by the
    live loop, a longer one by systemd. It is the last of the sinks: what is told has been shown.
    """

    def __init__(
        self,
        address: str,
        beat_every: float,
        status: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Get ready; nothing is sent before the first frame.

        Args:
            address: of a datagram socket: a path, or @ and the name of an abstract one.
            beat_every: seconds between two beats; infinity for no watchdog.
            status: a line for `systemctl status`.
            clock: seconds.
        """
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # the loop goes on, whatever systemd does
        self._status = status
        self._clock = clock
        self._every = {_BEAT: beat_every, _STATUS: _STATUS_EVERY}
        self._due = {_READY: -math.inf}  # the moment from which on each is said
        self._was_told_of_failure = False

    def show(self, view: View) -> bool:
        """Say what is due."""
        now = self._clock()
        due = [name for name, moment in self._due.items() if now >= moment]
        if not due:
            return True
        sent = self._send([name + self._status() if name == _STATUS else name for name in due])
        if sent and _READY in due:
            self._due = {name: now + every for name, every in self._every.items()}
        else:
            self._due.update({n: now + (self._every[n] if sent else _RETRY_AFTER) for n in due})
        return True

    def close(self) -> None:
        """Say that it stops."""
        self._send([_STOPPING])
        self._socket.close()

    def _send(self, lines: list[str]) -> bool:
        """One datagram; False when it was not taken, which is logged once."""
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            if not self._was_told_of_failure:
                _LOG.warning("systemd cannot be told how it goes: %s", error.strerror or error)
                self._was_told_of_failure = True
            return False
        return True


def heartbeats(
    status: Callable[[], str], environment: Mapping[str, str] = os.environ
) -> list[Heartbeat]:
    """One, when this process was started as a service that is listened to, else none.

    Args:
        status: a line for `systemctl status`.
        environment: what systemd has set.
    """
    address = environment.get("NOTIFY_SOCKET")
    return [Heartbeat(address, _beat_every(environment), status)] if address else []


def _beat_every(environment: Mapping[str, str]) -> float:
    """A quarter of the time after which the watchdog fires (sd_watchdog_enabled(3): half at most).

    Infinity when there is none, or when it is another process that it watches.
    """
    microseconds = environment.get("WATCHDOG_USEC", "")
    is_ours = environment.get("WATCHDOG_PID") in (None, "", str(os.getpid()))
    if not (is_ours and microseconds.isdecimal() and int(microseconds)):
        return math.inf
    return int(microseconds) / 1e6 / 4
