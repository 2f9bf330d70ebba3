"""What must hold during every attack: somebody looks on, the loop goes on, nothing grows."""

from __future__ import annotations

import itertools
import json
import os
import re
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.hard.wire import CLOSE, PING, PONG, TEXT, Place, Reader, frame

_SLOWEST = 8.0  # seconds without a picture; the attack and others have the processors as well
_FEWEST = 2.0  # pictures a second, of 20
_MEGABYTES = 48  # what Python and malloc keep for the next time; counts do not raise it
_MORE = 10  # threads of a pool, files of a moment
_SETTLED_AFTER = 15.0


@dataclass
class Tally:
    """What was thrown, what of it was let in though it must not be, and what was answered."""

    name: str
    thrown: int = 0
    let_in: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    processor: float = 0.0

    def add(self, answer: object, let_in: bool = False) -> None:
        self.thrown += 1
        self.let_in += let_in
        self.answers[str(answer)] += 1

    def line(self) -> str:
        answers = ", ".join(f"{count} {what}" for what, count in self.answers.most_common(8))
        return (
            f"{self.name}: {self.thrown} thrown, {self.let_in} let in wrongly ({answers}), "
            f"{self.seconds:.1f} s, {self.processor:.1f} s of them the server's processor"
        )


@dataclass(frozen=True)
class Vitals:
    """Of a process: memory in megabytes, threads, open files, seconds of a processor."""

    memory: float
    threads: int
    files: int
    processor: float

    @classmethod
    def of(cls, process: int) -> Vitals:
        folder = Path(f"/proc/{process}")
        status = (folder / "status").read_text()
        memory, threads = (
            int(re.search(rf"^{key}:\s+(\d+)", status, re.MULTILINE)[1])  # type: ignore[index]
            for key in ("VmRSS", "Threads")
        )
        times = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        processor = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
        return cls(memory / 1024, threads, len(list((folder / "fd").iterdir())), processor)


@dataclass(frozen=True)
class Target:
    """What is attacked."""

    place: Place
    process: int
    token: str
    cookie: str
    log: Path
    tallies: list[Tally]


class Watcher:
    """A viewer that behaves, on one connection."""

    def __init__(self, place: Place, cookie: str) -> None:
        self.pictures: list[float] = []
        self.states: list[dict[str, object]] = []
        self.ended = ""
        self._connection = place.look(cookie)
        self.tell(b'{"compares": true}')
        self._stopping = False
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def tell(self, text: bytes) -> None:
        """Say something more."""
        self._connection.sendall(frame(TEXT, text))

    def wait_for(self, wanted: Callable[[], object], seconds: float = 30.0) -> None:
        """Until that has come."""
        limit = time.monotonic() + seconds
        while not wanted() and not self.ended:
            assert time.monotonic() < limit
            time.sleep(0.05)

    def see(self, more: int) -> None:
        """Until so many more pictures have come."""
        wanted = len(self.pictures) + more
        self.wait_for(lambda: len(self.pictures) >= wanted)

    def stop(self) -> None:
        self._stopping = True
        self._thread.join()
        self._connection.close()

    def _watch(self) -> None:
        reader = Reader(self._connection)
        try:
            while not self._stopping:
                self._take(*reader.next())
        except (OSError, EOFError) as error:
            self.ended = repr(error)

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._connection.sendall(frame(PONG, payload))
        elif opcode == CLOSE:
            raise EOFError(payload)
        elif opcode == TEXT:
            self.states.append(json.loads(payload))
        else:
            number, length = struct.unpack(">II", payload[:8])
            assert number > 0
            assert payload[8 : 8 + length].startswith(b"\xff\xd8")
            self.pictures.append(time.monotonic())
            self._connection.sendall(frame(TEXT, b'{"shown": true}'))


@contextmanager
def holding_out(target: Target, name: str) -> Iterator[Tally]:
    """Whatever is thrown inside: see the module. Nothing of it may be let in."""
    tally = Tally(name)
    target.tallies.append(tally)
    before, started = Vitals.of(target.process), time.monotonic()
    watcher = Watcher(target.place, target.cookie)
    try:
        watcher.see(3)
        yield tally
        watcher.see(3)
    finally:
        watcher.stop()
        tally.seconds = time.monotonic() - started
        tally.processor = Vitals.of(target.process).processor - before.processor
    print(tally.line())
    assert tally.thrown > 0
    assert tally.let_in == 0, tally.line()
    _assert_seen(watcher, tally.seconds)
    _assert_settled(target, before)
    assert target.place.get("/").status == 200
    assert "Traceback" not in target.log.read_text(errors="replace")


def _assert_seen(watcher: Watcher, seconds: float) -> None:
    assert watcher.ended == ""
    times = watcher.pictures
    longest = max(after - before for before, after in itertools.pairwise(times))
    assert longest < _SLOWEST, f"no picture for {longest:.1f} s"
    assert len(times) > _FEWEST * seconds, f"{len(times)} pictures in {seconds:.1f} s"
    frames = [int(str(state["frames"])) for state in watcher.states]
    assert frames[-1] - frames[0] > _FEWEST * (seconds - 4), f"the loop was slow: {frames}"
    assert {(state["model"], state["recording"]) for state in watcher.states} == {("one", False)}


def _assert_settled(target: Target, before: Vitals) -> None:
    """What an attack took is given back within some seconds."""
    limit = time.monotonic() + _SETTLED_AFTER
    while True:
        now = Vitals.of(target.process)
        if now.files <= before.files + _MORE and now.threads <= before.threads + _MORE:
            break
        assert time.monotonic() < limit, (before, now)
        time.sleep(0.1)
    assert now.memory < before.memory + _MEGABYTES, (before, now)
