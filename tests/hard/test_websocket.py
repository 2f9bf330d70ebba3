"""Everything that a viewer can send and not read: it has the cookie, and means no good."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.hard.mutants import messages
from tests.hard.watching import Target, Vitals, Watcher, holding_out
from tests.hard.wire import BINARY, CLOSE, PING, PONG, TEXT, Reader, frame, head, somewhere

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc"),
]
SEED = 20261125
PATIENCE, VIEWERS = 3.0, 12
SHOWN = frame(TEXT, b'{"shown": true}')
COMPARES = frame(TEXT, b'{"compares": true}')


@pytest.fixture(scope="module")
def target(attack: Callable[..., Target]) -> Target:
    return attack(
        head=2.0, life=5.0, viewers=VIEWERS, patience=PATIENCE, first_message=1.0, connections=60
    )


def test_malformed_frames(target: Target, times: int) -> None:
    """Each ends its own connection: by a close frame that says why, or cut off."""
    chance = random.Random(SEED)

    def throw(message: bytes) -> int:
        with target.place.look(target.cookie, somewhere(chance)) as connection:
            with suppress(OSError):
                connection.sendall(message)
            return Reader(connection).close_code()

    written = target.log.stat().st_size
    with holding_out(target, "malformed frames") as tally, ThreadPoolExecutor(8) as pool:
        for code in pool.map(throw, messages(SEED, 250 * times)):
            tally.add(f"closed with {code}" if code else "cut off")
            assert code in (0, 1000, 1002, 1003, 1007, 1008, 1009), code
    assert target.log.stat().st_size < written + 1000 * times  # models that there are not


FLOODS = {
    "pings": frame(PING, b"x" * 100),
    "pongs": frame(PONG),
    "empty pieces without end": frame(0, final=False),
    "pieces without end": frame(0, b" " * 40, final=False),
    "what was never sent is shown": SHOWN,
    "comparing": COMPARES,
    "changes": frame(TEXT, b'{"model": "one"}'),
    "unknown models": frame(TEXT, b'{"model": "none"}'),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of(kind: str, target: Target, times: int) -> None:
    """Ends the connection it comes on, after about 200 kB of whatever it is."""
    begin = frame(TEXT, b"{", final=False) if "pieces" in kind else COMPARES
    flood = FLOODS[kind] * 200
    with holding_out(target, f"a flood of {kind}") as tally:
        for _ in range(3 * times):
            with target.place.look(target.cookie, "127.0.0.70") as connection:
                connection.sendall(begin)
                sent = 0
                with suppress(OSError):
                    while sent < 3_000_000:
                        connection.sendall(flood)
                        sent += len(flood)
                        time.sleep(0.002)
                tally.thrown += sent // len(FLOODS[kind])
                tally.add("not ended" if sent >= 3_000_000 else "ended", sent >= 3_000_000)


def test_recording_on_and_off(target: Target) -> None:
    """A few times are a person's, many are not."""
    watcher = Watcher(target.place, target.cookie)
    for on in (b"true", b"false") * 20:
        with suppress(OSError):
            watcher.tell(b'{"record": ' + on + b"}")
    watcher.wait_for(lambda: False)
    watcher.stop()
    assert watcher.ended
    assert len(list(target.log.parent.glob("state/recordings/*"))) <= 6
    _stop_recording(target)


def _stop_recording(target: Target) -> None:
    """The last change done may have started one, and files take a moment to finish."""
    watcher = Watcher(target.place, target.cookie)
    watcher.tell(b'{"record": false}')
    watcher.wait_for(lambda: len(watcher.states) > 2 and not watcher.states[-1]["recording"])
    watcher.stop()
    assert not watcher.ended


def test_viewers_that_read_nothing(target: Target, times: int) -> None:
    """They are cut off, and what waits for them is given back."""
    talk = (b"", COMPARES, frame(PONG), SHOWN, frame(TEXT, b"{", final=False))
    with holding_out(target, "viewers that read nothing") as tally, ExitStack() as closing:
        for _ in range(times):
            held, files = [], _files(target)
            for number in range(VIEWERS - 2):
                connection = target.place.look(target.cookie, f"127.0.3.{number + 1}")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(talk[number % len(talk)])
                held.append(closing.enter_context(connection))
            limit = time.monotonic() + 5 * PATIENCE
            while (left := _files(target) - files) > 0 and time.monotonic() < limit:
                time.sleep(0.1)
            for number in range(len(held)):
                tally.add("still held" if number < left else "cut off", number < left)


def _files(target: Target) -> int:
    return Vitals.of(target.process).files


def test_more_viewers_than_there_is_room_for(target: Target, times: int) -> None:
    with holding_out(target, "viewers beyond the limit") as tally, ExitStack() as closing:
        for _ in range(VIEWERS - 1):  # they read: who does not is cut off, and leaves room
            closing.callback(Watcher(target.place, target.cookie).stop)
        cookie = f"srgan-edge={target.cookie}"
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
        for _ in range(30 * times):
            answer = target.place.get("/live", Cookie=cookie, Sec_WebSocket_Key="x", **upgrade)
            tally.add(answer.status, answer.status != 503)
            time.sleep(0.02)


def test_a_flood_of_snapshots(target: Target, times: int) -> None:
    """A few at a time: each costs a processor for a moment."""
    cookie = f"srgan-edge={target.cookie}"
    with holding_out(target, "a flood of snapshots") as tally, ThreadPoolExecutor(12) as pool:
        chance = random.Random(SEED)

        def ask(_: int) -> int:
            return target.place.get("/snapshot.png", somewhere(chance), Cookie=cookie).status

        for status in pool.map(ask, range(200 * times)):
            tally.add(status, status not in (200, 503))
        assert tally.answers["200"] > 0


def test_snapshots_that_nobody_reads(target: Target, times: int) -> None:
    ask = head("GET", "/snapshot.png", Cookie=f"srgan-edge={target.cookie}") + b"\r\n"
    with holding_out(target, "snapshots that nobody reads") as tally, ExitStack() as closing:
        for number in range(20 * times):
            connection = closing.enter_context(target.place.connect(f"127.0.4.{number % 20 + 1}"))
            with suppress(OSError):
                connection.sendall(ask * 30)
            tally.add("not read")
        time.sleep(2.0)


def test_a_close_that_is_not_answered(target: Target, times: int) -> None:
    with holding_out(target, "ends that are not well") as tally, ExitStack() as closing:
        for number in range(VIEWERS * times):
            connection = target.place.look(target.cookie, f"127.0.5.{number % 100 + 1}")
            if number % 3 == 0:
                connection.sendall(frame(CLOSE, struct.pack(">H", 1000)))
                closing.enter_context(connection)
            elif number % 3 == 1:
                connection.sendall(frame(BINARY, b"x"))
                closing.enter_context(connection)
            else:
                linger = struct.pack("ii", 1, 0)  # a reset instead of an end
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()
            tally.add("left")
            time.sleep(0.5 if number % 6 == 5 else 0.0)
        time.sleep(1.5)
