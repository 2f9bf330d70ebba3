"""Where live frames go: a window, a file, or nowhere. `show` says False when the person quits."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Protocol

from srgan_edge.errors import InputError, RunError
from srgan_edge.files import check_target, make_folder, part_of, put_in_place
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden
from srgan_edge.video import VideoWriter

# SDL's drivers that draw where nobody looks; it takes the first where there is no screen.
_UNSEEN = ("offscreen", "dummy")
_LONGEST_GAP = 2.0  # seconds that a recording fills with the last frame


class Sink(Protocol):
    """Takes upscaled frames, (h, w, 3) uint8 BGR, each with its time in seconds."""

    def show(self, frame: Picture, moment: float) -> bool:
        """Take a frame; False asks to stop."""

    def poll(self) -> bool:
        """Look after the person while no frame comes; False asks to stop."""

    def close(self) -> None:
        """Finish; no frame follows."""


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

    def show(self, frame: Picture, moment: float) -> bool:
        """Draw a frame, fitted into the window, and look at the keys."""
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
        return self.poll()

    def poll(self) -> bool:
        """Look at the keys and the close button."""
        return not any(self._quits(event) for event in self._pygame.event.get())

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()

    def _quits(self, event: object) -> bool:
        pygame = self._pygame
        kind = getattr(event, "type", None)
        keys = (pygame.K_q, pygame.K_ESCAPE)
        return kind == pygame.QUIT or (kind == pygame.KEYDOWN and getattr(event, "key", 0) in keys)


class Recording:
    """A video file at a constant rate; frames are repeated or left out to keep time.

    It is written beside under another name, and has its own when it is closed.
    """

    def __init__(self, path: Path, rate: float) -> None:
        """Get ready; the file is opened with the first frame.

        Raises:
            InputError: the file cannot be written there, or the suffix is no video's.
        """
        check_target(path)
        self._path = path
        self._part = part_of(path)
        self._rate = rate
        self._writer: VideoWriter | None = None
        self._first = 0.0
        VideoWriter.check_suffix(path)

    def show(self, frame: Picture, moment: float) -> bool:
        """Write the frame as often as its time asks for."""
        if self._writer is None:
            self._first = moment
            make_folder(self._path.parent)
            self._writer = VideoWriter(self._part, self._rate, (frame.shape[1], frame.shape[0]))
        due = round((moment - self._first) * self._rate) + 1
        if due > self._writer.frames + _LONGEST_GAP * self._rate:
            # A stream that hung: the recording goes on without the time in between.
            self._first = moment - self._writer.frames / self._rate
            due = self._writer.frames + 1
        while self._writer.frames < due:
            self._writer.write(frame)
        return True

    def poll(self) -> bool:
        """Nobody to look after."""
        return True

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            RunError: it could not be written; what there is stays under the other name.
        """
        if self._writer is None:
            return
        try:
            self._writer.close()
            put_in_place(self._part, self._path)
        except (OSError, RunError) as error:
            raise RunError(f"the recording is incomplete, see {self._part}: {error}") from None
        finally:
            self._writer = None


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
