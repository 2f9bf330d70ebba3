from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from srgan_edge.progress import ProgressLine

pty = pytest.importorskip("pty", reason="needs a Unix terminal")


def test_a_terminal_gets_a_bar(samples: Path, tmp_path: Path) -> None:
    terminal, side = pty.openpty()
    command = [sys.executable, "-m", "srgan_edge", "upscale", str(samples / "photos")]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen(
        [*command, "-o", str(tmp_path)], stdout=subprocess.PIPE, stderr=side, env=environment
    )
    os.close(side)
    shown = b""
    while chunk := _read(terminal):
        shown += chunk
    assert process.communicate()[0].count(b"\n") == 8
    assert process.returncode == 0
    os.close(terminal)
    assert b"upscaling" in shown
    assert b"/8" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side is closed
        return b""


def test_a_log_gets_only_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine("upscaling", 3) as line:
        for done in range(3):
            line.update(done, "[bold]name[/bold]")
        line.say("passed over: [x].png")
    assert capsys.readouterr().err == "passed over: [x].png\n"


def test_a_long_job_is_logged_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("srgan_edge.progress._LOG_SECONDS", 0.0)
    with ProgressLine("reading", None) as unknown, ProgressLine("upscaling", 48) as line:
        unknown.update(7)
        line.update(3, "12 frames/s")
    assert capsys.readouterr().err == "reading 7\nupscaling 3/48 12 frames/s\n"
