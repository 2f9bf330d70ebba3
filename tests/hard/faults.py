"""What was done to running commands, and how they took it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from helpers import TESTS

CODES = (0, 1, 2, 3, 130)
SEED = 20261125
_WAIT = 240.0


@dataclass
class Faults:
    """Of one kind."""

    name: str
    injected: int = 0
    crashes: int = 0
    hangs: int = 0
    lost: int = 0
    ends: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        ends = ", ".join(f"{count} {what}" for what, count in self.ends.most_common(6))
        return (
            f"{self.name}: {self.injected} injected, {self.crashes} crashes, {self.hangs} hangs, "
            f"{self.lost} files lost or half-written ({ends})"
        )

    def took(self, command: Command, codes: tuple[int, ...] = (1,)) -> str:
        """A fault was injected and the command has ended; returns its line on stderr."""
        self.injected += 1
        code, said = command.ended()
        lines = [line for line in said.splitlines() if line.startswith("srgan-edge: ")]
        self.crashes += "Traceback" in said or code not in CODES
        self.ends[f"exit {code}"] += 1
        assert code in codes, said
        assert "Traceback" not in said, said
        assert len(lines) == (code != 0), said
        return lines[0] if lines else ""

    def check(self, folder: Path, whole: Callable[[Path], bool]) -> None:
        """No file of `folder` is half-written under the name that it is to have."""
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.startswith(".") and not whole(path):
                self.lost += 1
                raise AssertionError(f"{path} is not whole")


class Command:
    """`srgan-edge` running, to be harmed."""

    def __init__(
        self,
        *arguments: object,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [*self.program(), *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # with what it starts, it can be killed
            env={**os.environ, "PYTHONPATH": str(TESTS.parent), **(environment or {})},
            cwd=cwd,
        )

    def program(self) -> list[str]:
        """What takes the arguments."""
        return [sys.executable, "-m", "srgan_edge"]

    def wait_for(self, sign: Callable[[], object]) -> bool:
        """Until that is seen; False when the command ended before."""
        limit = time.monotonic() + _WAIT
        while not sign():
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < limit, "waited in vain"
            time.sleep(0.002)
        return True

    def kill(self, with_children: bool) -> bool:
        """kill -9; False when it had ended already."""
        if self.process.poll() is None and with_children:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.communicate()
        return self.process.returncode == -signal.SIGKILL

    def ended(self, seconds: float = _WAIT) -> tuple[int, str]:
        """How it ended, and what it said on stderr."""
        try:
            _, said = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill(with_children=True)
            raise
        return self.process.returncode, said


@dataclass
class Killing:
    """Kills a command again and again, at random moments, until it has been done so often.

    Attributes:
        faults: counts.
        begin: starts the command, or goes on with what a killed one left.
        sign: seen as soon as it works: kills come after that, but for some.
        work: seconds from there to the end.
        check: looks at what is there after every kill.
        complete: looks at what a run has made that ended by itself, and clears it away.
    """

    faults: Faults
    begin: Callable[[], Command]
    sign: Callable[[], object]
    work: float
    check: Callable[[], None]
    complete: Callable[[], None]

    def run(self, kills: int) -> None:
        """Kill so often, and complete the last one; each third is left to complete as well."""
        chance = random.Random(f"{SEED} {self.faults.name}")
        completed = 0
        while self.faults.injected < kills or not completed:
            enough = self.faults.injected >= kills
            if enough or (self.faults.injected and chance.random() < 0.25):
                code, said = self.begin().ended()
                self.faults.crashes += code != 0
                assert code == 0, said
                self.complete()
                completed += 1
                self.faults.ends["completed afterwards"] += 1
            elif self._kill_one(chance):
                self.faults.injected += 1
                self.check()
            else:
                self.complete()
                self.faults.ends["too late to kill"] += 1

    def _kill_one(self, chance: random.Random) -> bool:
        command = self.begin()
        if chance.random() < 0.2:
            time.sleep(chance.random() * 1.0)  # while it starts
        else:
            command.wait_for(self.sign)
            time.sleep(chance.random() * self.work)
        return command.kill(with_children=chance.random() < 0.5)


def leftovers(folder: Path) -> list[str]:
    """Hidden files: journals, locks, parts."""
    return sorted(path.name for path in folder.rglob(".*"))
