"""Starts what is attacked, and says at the end what was thrown at it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import TESTS
from PIL import Image

from srgan_edge.browser.token import cookie_of
from tests.hard import trying
from tests.hard.faults import Faults
from tests.hard.trying import Attacking, Tried
from tests.hard.watching import Tally, Target, Watcher
from tests.hard.wire import Place

# `make test-hard` throws so many times more.
TIMES = 20 if os.environ.get("SRGAN_EDGE_HARD") else 1
KILLS = 50 if os.environ.get("SRGAN_EDGE_HARD") else 3
MANY = 5 if os.environ.get("SRGAN_EDGE_HARD") else 1
_TALLIES = pytest.StashKey[list[Tally]]()
_FAULTS = pytest.StashKey[list[Faults]]()
_TRIED = pytest.StashKey[list[Tried]]()


@pytest.fixture(scope="session")
def times() -> int:
    """How many times more is thrown than in `make test`."""
    return TIMES


@pytest.fixture(scope="session")
def many() -> int:
    """How many times more inputs are tried than in `make test`."""
    return MANY


@pytest.fixture(scope="session")
def kills() -> int:
    """How often a command is killed."""
    return KILLS


@pytest.fixture(scope="session")
def slow_kills() -> int:
    """How often a command that takes long to start is killed."""
    return KILLS if os.environ.get("SRGAN_EDGE_HARD") else 1


@pytest.fixture(scope="session")
def faults(request: pytest.FixtureRequest) -> Callable[[str], Faults]:
    """Counts faults of a kind that has this name."""
    kinds = request.config.stash.setdefault(_FAULTS, [])

    def begin(name: str) -> Faults:
        kinds.append(Faults(name))
        return kinds[-1]

    return begin


@pytest.fixture
def attacking(request: pytest.FixtureRequest) -> Attacking:
    """Tries files on the command line; see `trying`."""
    return functools.partial(trying.attacking, request.config.stash.setdefault(_TRIED, []))


@pytest.fixture(scope="module")
def attack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Target]]:
    """Starts a process with a live loop and the browser view, with these limits."""
    tallies = request.config.stash.setdefault(_TALLIES, [])
    running: list[subprocess.Popen[str]] = []

    def begin(
        *arguments: object, place: Callable[[int], Place] = Place, **limits: object
    ) -> Target:
        folder = tmp_path_factory.mktemp("target")
        command = [sys.executable, "-m", "tests.hard.target", "--limits", json.dumps(limits)]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [*command, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=TESTS.parent,
                env={**os.environ, "SRGAN_EDGE_STATE": str(folder / "state")},
            )
        running.append(process)
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, (folder / "log").read_text()
        told = json.loads(said)
        token = told["token"] or ""
        where = place(told["port"])
        watcher = Watcher(where, cookie_of(token))
        watcher.see(1)  # and everything is loaded that one needs
        watcher.stop()
        return Target(where, process.pid, token, cookie_of(token), folder / "log", tallies)

    yield begin
    for process in running:
        process.communicate(timeout=30)
        assert process.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A disk of so many kilobytes, in memory."""
    mounted: list[Path] = []

    def make(kilobytes: int) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small disk here, that takes root: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="session")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve, of noise: upscaled they have some 600 kB each."""
    folder, chance = tmp_path_factory.mktemp("in"), np.random.default_rng(1)
    for number in range(12):
        pixels = chance.integers(0, 256, (90, 120, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was thrown and tried."""
    stash = terminalreporter.config.stash
    if tallies := stash.get(_TALLIES, []):
        terminalreporter.section("thrown at the browser view")
        for tally in tallies:
            terminalreporter.write_line(tally.line())
        thrown, let_in = (sum(getattr(one, key) for one in tallies) for key in ("thrown", "let_in"))
        terminalreporter.write_line(f"together: {thrown} thrown, {let_in} let in wrongly")
    if kinds := stash.get(_FAULTS, []):
        _report_faults(terminalreporter, kinds)
    if tried := stash.get(_TRIED, []):
        terminalreporter.section("inputs tried")
        for kind in tried:
            terminalreporter.write_line(kind.line())
        ends: Counter[str] = sum((kind.ends for kind in tried), Counter())
        said = ", ".join(f"{ends[end]} {end}" for end in trying.ENDS)
        count = sum(kind.tried for kind in tried)
        terminalreporter.write_line(f"together: {count} inputs tried, {said}")


def _report_faults(terminalreporter: pytest.TerminalReporter, kinds: list[Faults]) -> None:
    terminalreporter.section("faults")
    for kind in kinds:
        terminalreporter.write_line(kind.line())
    counts = {
        name: sum(getattr(kind, name) for kind in kinds)
        for name in ("injected", "crashes", "hangs", "lost")
    }
    terminalreporter.write_line(
        f"together: {counts['injected']} faults injected, {counts['crashes']} crashes, "
        f"{counts['hangs']} hangs, {counts['lost']} files lost or half-written"
    )


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    files = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={name}"]
    command += ["-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"]
    command += ["-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost, and its key."""
    return certificate(tmp_path_factory.mktemp("certificate"))
