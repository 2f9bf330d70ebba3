"""A window, by SDL."""

from __future__ import annotations

import os
from contextlib import suppress
from types import ModuleType
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden
from srgan_edge.sinks.sink import Commands, View

# SDL's drivers that draw where nobody looks; it takes the first where there is no screen.
_UNSEEN = ("offscreen", "dummy")


class Window:
    """A resizable window (SDL through pygame).

    Keys: q or Esc quits, s splits it into bicubic and ours, m takes the next model, p keeps a
    picture, r records, f fills the screen.
    """

    def __init__(self, title: str, commands: Commands | None = None) -> None:
        """Open the display.

        Args:
            title: of the window; the keys are named behind it.
            commands: what m, p and r do.

        Raises:
            InputError: there is none.
        """
        self._pygame = _pygame()
        found, display = _open_display(self._pygame), self._pygame.display
        # Who names a driver gets it, also one that draws where nobody looks.
        if not (found or (display.get_init() and os.environ.get("SDL_VIDEODRIVER"))):
            display.quit()
            raise InputError("no display for a window: use --show browser or none")
        self._title = f"{title} - split s, model m, picture p, record r, full screen f, quit q"
        self._commands = commands
        self._is_split = False
        self._view: View | None = None
        self._is_open = False

    def show(self, view: View) -> bool:
        """Draw the picture, fitted into the window, and look at the keys."""
        self._view = view
        self._draw(_split(view) if self._is_split else view.sr)
        return self.poll()

    def poll(self, notice: Picture | None = None) -> bool:
        """Look at the keys and the close button."""
        if notice is not None:
            self._draw(notice)
        wanted = [self._obey(event) for event in self._pygame.event.get()]
        return all(wanted)

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()

    def _draw(self, frame: Picture) -> None:
        pygame = self._pygame
        size = (frame.shape[1], frame.shape[0])
        if not self._is_open:
            pygame.display.set_mode(size, pygame.RESIZABLE)
            pygame.display.set_caption(self._title)
            self._is_open = True
        screen = pygame.display.get_surface()
        picture = pygame.image.frombuffer(frame.tobytes(), size, "BGR")
        width, height = screen.get_size()
        share = min(width / size[0], height / size[1])
        if share != 1:
            picture = pygame.transform.scale_by(picture, share)
        screen.fill((0, 0, 0))
        screen.blit(picture, picture.get_rect(center=(width // 2, height // 2)))
        pygame.display.flip()

    def _obey(self, event: Any) -> bool:
        """Do what a key asks for; False when that is to quit."""
        pygame = self._pygame
        if event.type != pygame.KEYDOWN:
            return bool(event.type != pygame.QUIT)
        if event.key in (pygame.K_q, pygame.K_ESCAPE):
            return False
        if event.key == pygame.K_s:
            self._is_split = not self._is_split
        elif event.key == pygame.K_f:
            with suppress(pygame.error):  # not everything that draws has one
                pygame.display.toggle_fullscreen()
        elif self._commands is not None:
            self._command(event.key, self._commands)
        return True

    def _command(self, key: int, commands: Commands) -> None:
        pygame = self._pygame
        if key == pygame.K_m:
            commands.choose_next()
        elif key == pygame.K_r:
            commands.toggle_recording()
        elif key == pygame.K_p and self._view is not None:
            commands.snapshot(self._view)


def _split(view: View) -> Picture:
    """Bicubic in the left half, a line, ours in the right one."""
    width = view.sr.shape[1]
    picture = view.sr.copy()
    picture[:, : width // 2] = view.bicubic()[:, : width // 2]
    picture[:, width // 2 - 1 : width // 2 + 1] = 255
    return picture


def has_display() -> bool:
    """Whether SDL finds a screen of any kind."""
    pygame = _pygame()
    found = _open_display(pygame)
    pygame.display.quit()
    return found


def _open_display(pygame: ModuleType) -> bool:
    """Start SDL's display; False when it found none that anybody sees."""
    try:
        with native_messages_hidden():
            pygame.display.init()
    except pygame.error:
        return False
    return pygame.display.get_driver() not in _UNSEEN


def _pygame() -> ModuleType:
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError:
        raise InputError("a window needs pygame-ce: pip install pygame-ce") from None
    return pygame
