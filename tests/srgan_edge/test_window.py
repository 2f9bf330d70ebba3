from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from helpers import assert_refused, run_cli

from srgan_edge.sinks import View, Window, has_display

if TYPE_CHECKING:
    from tests.srgan_edge.conftest import Started


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An X server without a screen."""
    if shutil.which("Xvfb") is None or shutil.which("xdotool") is None:
        pytest.skip("Xvfb or xdotool is not installed")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1000x800x24"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as told:
        display = f":{told.readline().strip()}"
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    yield display
    server.terminate()
    server.wait()


@pytest.fixture
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)


def xdotool(*arguments: str) -> str:
    done = subprocess.run(
        ["xdotool", *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("show", [["--show", "window"], []])
@pytest.mark.parametrize("key", ["q", "Escape"])
@pytest.mark.usefixtures("screen")
def test_a_key_closes_the_window(
    long_clip: Path, start: Callable[..., Started], show: list[str], key: str
) -> None:
    running = start("webcam", "--source", long_clip, "--size", "80x60", *show)
    window = xdotool("search", "--sync", "--onlyvisible", "--pid", str(running.process.pid))
    assert "320x240" in xdotool("getwindowgeometry", window)
    xdotool("windowfocus", "--sync", window, "key", key)
    assert running.finish() == (0, "")


@pytest.mark.usefixtures("no_screen")
def test_without_a_display_a_window_is_refused(small_clip: Path) -> None:
    ran = run_cli("webcam", "--source", small_clip, "--show", "window")
    assert_refused(ran, "no display for a window", "--show browser or none")
    assert ran.err.splitlines() == ran.error_lines


@pytest.mark.usefixtures("no_screen")
def test_without_a_display_a_browser_can_look(small_clip: Path) -> None:
    ran = run_cli("webcam", "--source", small_clip, "--bind", 0)
    assert ran.code == 0
    assert ran.out.startswith("12 frames, ")
    assert re.fullmatch(r"to look, open http://127\.0\.0\.1:\d+/\n", ran.err)


@pytest.mark.parametrize("driver", ["dummy", "offscreen"])
def test_what_is_no_screen(monkeypatch: pytest.MonkeyPatch, driver: str) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    assert not has_display()


@pytest.mark.usefixtures("screen")
def test_what_is_a_screen() -> None:
    assert has_display()


def test_the_picture_is_fitted_into_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame

    window = Window("test")
    blue = np.zeros((90, 160, 3), np.uint8)
    blue[..., 0] = 255
    assert window.show(View(blue, blue, 0.0))
    pygame.display.set_mode((400, 400), pygame.RESIZABLE)
    assert window.show(View(blue, blue, 0.1))
    surface = pygame.display.get_surface()
    assert surface is not None
    assert surface.get_at((200, 200))[:3] == surface.get_at((2, 200))[:3] == (0, 0, 255)
    assert surface.get_at((200, 2))[:3] == surface.get_at((200, 397))[:3] == (0, 0, 0)
    window.close()


@pytest.mark.parametrize("event", ["q", "escape", "close", "x", "nothing"])
def test_what_quits(monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame

    window = Window("test")
    picture = np.zeros((9, 16, 3), np.uint8)
    assert window.show(View(picture, picture, 0.0))
    if event == "close":
        pygame.event.post(pygame.event.Event(pygame.QUIT))
    elif event != "nothing":
        key = pygame.key.key_code(event)
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
    assert window.show(View(picture, picture, 0.1)) == (event in ("x", "nothing"))
    window.close()


class Asked:
    """Remembers what was asked."""

    def __init__(self) -> None:
        self.what: list[str] = []

    def choose_next(self) -> None:
        self.what.append("model")

    def toggle_recording(self) -> None:
        self.what.append("record")

    def snapshot(self, view: View) -> None:
        self.what.append(f"snapshot of {view.moment}")


def test_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame

    asked = Asked()
    window = Window("test", asked)
    lr, sr = np.full((90, 160, 3), 50, np.uint8), np.full((360, 640, 3), 200, np.uint8)
    window.show(View(lr, sr, 7.0))

    def press(name: str) -> tuple[int, int]:
        """The levels left and right after a key and the next frame."""
        event = pygame.event.Event(pygame.KEYDOWN, key=pygame.key.key_code(name))
        pygame.event.post(event)
        assert window.show(View(lr, sr, 8.0))
        assert window.show(View(lr, sr, 9.0))
        surface = pygame.display.get_surface()
        assert surface is not None
        return surface.get_at((100, 180))[0], surface.get_at((500, 180))[0]

    assert press("s") == (50, 200)
    assert press("m") == press("r") == press("p") == press("f") == (50, 200)
    assert press("s") == (200, 200)
    assert asked.what == ["model", "record", "snapshot of 8.0"]
    window.close()
