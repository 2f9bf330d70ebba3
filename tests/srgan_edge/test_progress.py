from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from srgan_edge.progress import ProgressLine

pty = pytest.importorskip("pty", reason="needs a Unix terminal")


def test_a_terminal_gets_a_bar(samples: Path, tmp_path: Path) -> None:
    shown, printed = on_a_terminal("upscale", samples / "photos", "-o", tmp_path)
    assert printed.count(b"\n") == 8
    assert b"upscaling" in shown
    assert b"/8" in shown


def test_a_video_has_its_own_bar_below_that_of_all_files(samples: Path, tmp_path: Path) -> None:
    """One display with two lines, not two that overwrite each other and what was there before."""
    shown, _ = on_a_terminal("upscale", samples / "clip.mp4", "-o", tmp_path)
    both = shown[shown.index(b"clip.mp4") :]
    assert b"upscaling" in both
    up, down = shown.count(b"\x1b[1A"), shown.count(b"\n")
    notes = shown.count(b"ffmpeg is not installed")  # a line of its own, above the bars
    assert up == down - notes


def on_a_terminal(*arguments: object) -> tuple[bytes, bytes]:
    """Run the command line with stderr on a terminal: what was shown, and what was printed."""
    terminal, side = pty.openpty()
    command = [sys.executable, "-m", "srgan_edge", *map(str, arguments)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=side, env=environment)
    os.close(side)
    shown = b""
    while chunk := _read(terminal):
        shown += chunk
    printed = process.communicate()[0]
    assert process.returncode == 0
    os.close(terminal)
    return shown, printed


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
