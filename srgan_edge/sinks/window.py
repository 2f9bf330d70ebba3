"""A window, by SDL."""

from __future__ import annotations

import os
from types import ModuleType

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden
from srgan_edge.sinks.sink import View

# SDL's drivers that draw where nobody looks; it takes the first where there is no screen.
_UNSEEN = ("offscreen", "dummy")


class Window:
    """A resizable window (SDL through pygame). q, Esc or closing it quits."""

    def __init__(self, title: str) -> None:
        """Open the display.

        Raises:
            InputError: there is none.
        """
        self._pygame = _pygame()
        found, display = _open_display(self._pygame), self._pygame.display
        # Who names a driver gets it, also one that draws where nobody looks.
        if not (found or (display.get_init() and os.environ.get("SDL_VIDEODRIVER"))):
            display.quit()
            raise InputError("no display for a window: use --show none")
        self._title = title
        self._surface: object = None

    def show(self, view: View) -> bool:
        """Draw the picture, fitted into the window, and look at the keys."""
        self._draw(view.sr)
        return self.poll()

    def poll(self, notice: Picture | None = None) -> bool:
        """Look at the keys and the close button."""
        if notice is not None:
            self._draw(notice)
        return not any(self._quits(event) for event in self._pygame.event.get())

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()

    def _draw(self, frame: Picture) -> None:
        pygame = self._pygame
        size = (frame.shape[1], frame.shape[0])
        if self._surface is None:
            self._surface = pygame.display.set_mode(size, pygame.RESIZABLE)
            pygame.display.set_caption(self._title)
        screen = pygame.display.get_surface()
        picture = pygame.image.frombuffer(frame.tobytes(), size, "BGR")
        width, height = screen.get_size()
        share = min(width / size[0], height / size[1])
        if share != 1:
            picture = pygame.transform.scale_by(picture, share)
        screen.fill((0, 0, 0))
        screen.blit(picture, picture.get_rect(center=(width // 2, height // 2)))
        pygame.display.flip()

    def _quits(self, event: object) -> bool:
        pygame = self._pygame
        kind = getattr(event, "type", None)
        keys = (pygame.K_q, pygame.K_ESCAPE)
        return kind == pygame.QUIT or (kind == pygame.KEYDOWN and getattr(event, "key", 0) in keys)


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
