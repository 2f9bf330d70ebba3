"""The real command keeps its token to itself, and is reached encrypted."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import SAMPLES, free_port

from srgan_edge.browser.token import cookie_of
from tests.hard.mutants import requests
from tests.hard.wire import UPGRADE, Place, head

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"),
]


@dataclass(frozen=True)
class Command:
    """`srgan-edge webcam` for other machines, encrypted."""

    process: subprocess.Popen[bytes]
    place: Place
    folder: Path
    arguments: list[str]

    @property
    def said(self) -> bytes:
        return (self.folder / "log").read_bytes()


@pytest.fixture
def command(certified: tuple[Path, Path], tmp_path: Path) -> Iterator[Command]:
    port = free_port()
    cert, key = map(str, certified)
    options = ["--show", "browser", "--bind", f"0.0.0.0:{port}", "--tls-cert", cert]
    options += ["--tls-key", key, "--model", "edge-tiny", "--size", "64x36", "--threads", "1"]
    options += ["--source", str(SAMPLES / "photos"), "--fps", "2"]
    arguments = [sys.executable, "-m", "srgan_edge", "webcam", *options, "--realtime"]
    environment = {**os.environ, "SRGAN_EDGE_STATE": str(tmp_path / "state")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log, env=environment)
    place = Place(port, ssl.create_default_context(cafile=cert))
    yield Command(process, place, tmp_path, arguments)
    process.kill()
    process.wait()


def test_no_secret_is_told(command: Command) -> None:
    """Not in the log, however wrong a request is, and not in what other users see of a process."""
    limit = time.monotonic() + 60
    while command.place.get("/").status != 200:
        assert command.process.poll() is None, command.said
        assert time.monotonic() < limit, command.said
        time.sleep(0.2)
    token = (command.folder / "state" / "token").read_text().strip()
    cookie = cookie_of(token)
    assert command.place.login(token.encode()).status == 200
    command.place.look(cookie).close()
    for bad in (b"\x01", b"\xff", b"\r X"):
        wrong = head("GET", "/live", Cookie=f"srgan-edge={cookie}")[:-2] + bad + b"\r\n"
        assert command.place.ask(wrong + UPGRADE + b"\r\n").status in (101, 400, 401)
    command.place.ask(f"GET /{token} HTTP/9\r\n\r\n".encode())
    command.place.get(f"/{token}")
    for request in requests(1, 40):
        command.place.ask(request.replace(b"\r\n", f"\r\nX: {cookie}\r\n".encode(), 1))
    folder = Path(f"/proc/{command.process.pid}")
    told = command.said, *((folder / name).read_bytes() for name in ("cmdline", "environ"))
    for secret in (token, cookie):
        assert not any(secret.encode() in where for where in told)
    assert b"what --print-url prints" in command.said
    printed = subprocess.run(
        [*command.arguments, "--print-url"],
        env={**os.environ, "SRGAN_EDGE_STATE": str(command.folder / "state")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.startswith("https://")
    assert printed.endswith(f"#{token}\n")
