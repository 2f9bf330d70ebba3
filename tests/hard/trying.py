"""Throws inputs at `srgan-edge` and judges how each ends.

Each must end with exit code 0 and its output whole, or with 2 and one line that says what is wrong,
with nothing written. The process may not end, hang, need memory without bound, or change its input.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers import TESTS

# What one input may take, in seconds and megabytes. The machine has other work as well.
SECONDS, MEGABYTES = 60.0, 700
_ADDRESSES = 6144  # megabytes that a worker may address above what it starts with


@dataclass
class Tried:
    """What was tried of one kind, and how it ended."""

    name: str
    tried: int = 0
    past_magic: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0

    def line(self) -> str:
        ends = ", ".join(f"{self.ends[end]} {end}" for end in ENDS)
        return (
            f"{self.name}: {self.tried} tried ({self.past_magic} past the magic number), {ends}; "
            f"{self.seconds:.0f} s, the slowest {self.slowest:.1f} s"
        )


ENDS = ("done", "refused", "crashed", "hung", "lost or half-written", "otherwise wrong")


@dataclass(frozen=True)
class Ended:
    """How a command ended: an exit code, or -1 with a reason."""

    code: int
    said: str
    reason: str
    megabytes: float = 0.0


class Worker:
    """A process that runs `srgan-edge` again and again; a new one when it was ended."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = environment
        self.ordinary: list[object] = []  # a command without harm, by which it warms up
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, arguments: Iterable[object], seconds: float = SECONDS) -> Ended:
        """Run one command; waits for so many seconds."""
        if self._process is None:
            self._begin(arguments)
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(one) for one in arguments]).encode() + b"\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            if not ready.select(seconds):
                self.close()
                return Ended(-1, "", "hung")
        answer = process.stdout.readline()
        if not answer:
            code = process.wait()
            self.close()
            return Ended(-1, "", f"crashed ({code})")
        found: dict[str, Any] = json.loads(answer)
        return Ended(found["code"], found["said"], found["trace"], found["megabytes"])

    def close(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _begin(self, arguments: Iterable[object]) -> None:
        """Start it, and warm it up: importing TensorFlow takes its time, not an input's."""
        home = {"HOME": str(self._folder), "XDG_CACHE_HOME": str(self._folder / "cache")}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hard.taking", str(_ADDRESSES)],
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            cwd=TESTS.parent,
            env={**os.environ, **home, **self._environment},
        )
        if self.ordinary and list(arguments) != self.ordinary:
            ended = self.run(self.ordinary, seconds=10 * SECONDS)
            assert ended.code in (0, 2), ended


class Attack:
    """Tries inputs of one kind; knows which have been."""

    def __init__(self, worker: Worker, tally: Tried, folder: Path) -> None:
        self.worker = worker
        self.tally = tally
        self._folder = folder
        self._seen: set[bytes] = set()

    def is_new(self, content: bytes) -> bool:
        """Whether it has not been tried; it counts as tried from now on."""
        digest = hashlib.sha256(content).digest()
        known = digest in self._seen
        self._seen.add(digest)
        return not known

    def throw(
        self,
        source: Path,
        content: bytes,
        arguments: Callable[[Path], Iterable[object]],
        is_whole: Callable[[Path], bool] = lambda _: True,
    ) -> Ended:
        """Write an input, run a command on it, and judge.

        Args:
            source: where the input is written.
            content: of it.
            arguments: the command, given a folder for its output.
            is_whole: says of a file of the output whether nothing of it is missing.
        """
        output = self._folder / "out"
        output.mkdir(exist_ok=True)
        source.write_bytes(content)
        started = time.monotonic()
        ended = self.worker.run(arguments(output))
        took = time.monotonic() - started
        end, reason = _judged(ended)
        if end in ("done", "refused"):
            spoiled = _spoiled(end, source, content, output, is_whole)
            end, reason = ("lost or half-written", spoiled) if spoiled else (end, reason)
        self._count(end, reason, took, content)
        shutil.rmtree(output)
        source.unlink(missing_ok=True)
        return ended

    def command(self, *arguments: object) -> Ended:
        """Run a command that has no input of its own to change, and judge."""
        started = time.monotonic()
        ended = self.worker.run(arguments)
        end, reason = _judged(ended)
        self._count(end, f"{arguments}: {reason}", time.monotonic() - started, b"")
        self.tally.past_magic += 1
        return ended

    def _count(self, end: str, reason: str, took: float, content: bytes) -> None:
        tally = self.tally
        tally.tried += 1
        tally.ends[end] += 1
        tally.seconds += took
        tally.slowest = max(tally.slowest, took)
        if end not in ("done", "refused"):
            kept = self._folder / f"wrong-{len(tally.wrong)}"
            kept.write_bytes(content)
            tally.wrong.append(f"{end}: {reason.strip()[-600:]} ({kept})")


def _judged(ended: Ended) -> tuple[str, str]:
    """One of `ENDS`, and why."""
    if ended.code == -1:
        end = ended.reason.split(" ")[0]
        return (end if end in ENDS else "otherwise wrong"), ended.reason
    lines = ended.said.splitlines()
    if ended.megabytes > MEGABYTES:
        return "otherwise wrong", f"took {ended.megabytes:.0f} MB: {ended.said}"
    if ended.code == 2:
        one = len(lines) == 1 and lines[0].startswith("srgan-edge: ") and len(lines[0]) > 20
        return ("refused", "") if one else ("otherwise wrong", f"said: {ended.said}")
    if ended.code == 0:
        return ("otherwise wrong", ended.said) if "Traceback" in ended.said else ("done", "")
    return "otherwise wrong", f"exit code {ended.code}: {ended.said}"


def _spoiled(
    end: str, source: Path, content: bytes, output: Path, is_whole: Callable[[Path], bool]
) -> str:
    """What is wrong with the files, or nothing."""
    if source.read_bytes() != content:
        return "the input was changed"
    files = list(output.iterdir())
    if end == "refused":
        return f"left {[file.name for file in files]}" if files else ""
    broken = [file.name for file in files if file.name.startswith(".") or not is_whole(file)]
    return f"not whole: {broken}" if broken else ""


@contextlib.contextmanager
def attacking(
    tallies: list[Tried], name: str, folder: Path, **environment: str
) -> Iterator[Attack]:
    """An attack, whose count is printed at the end of the session, and what must hold of it."""
    tally = Tried(name)
    tallies.append(tally)
    worker = Worker(folder, **environment)
    try:
        yield Attack(worker, tally, folder)
    finally:
        worker.close()
    print(tally.line())
    assert tally.tried > 0
    assert not tally.wrong, f"{len(tally.wrong)} wrong, first: " + "\n".join(tally.wrong[:5])
    assert 2 * tally.past_magic >= tally.tried, tally.line()


Attacking = Callable[..., contextlib.AbstractContextManager[Attack]]
