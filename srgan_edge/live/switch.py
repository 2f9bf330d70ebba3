"""Another model while the loop runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.upscales import Upscales


class Switch:
    """Upscales with one of several models of the same scale; each is loaded when first chosen."""

    def __init__(self, names: Sequence[str], load: Callable[[str], Upscales]) -> None:
        """Load the first.

        Args:
            names: of the models to choose from.
            load: makes the upscaler of a name.

        Raises:
            InputError: the first cannot be used.
        """
        self.names = tuple(names)
        self._load = load
        self._loaded = {self.names[0]: load(self.names[0])}
        self._choosing = threading.Lock()
        self.name = self.names[0]
        self.scale = self._loaded[self.name].scale

    def __call__(self, frame: Picture) -> Picture:
        """(h, w, 3) uint8 BGR -> (s*h, s*w, 3) uint8 BGR, with the model chosen last."""
        return self._loaded[self.name](frame)

    def choose(self, name: str) -> None:
        """Take another model, from the next frame on. From any thread.

        Raises:
            InputError: it is none of them, cannot be used, or has another scale.
        """
        if name not in self.names:
            raise InputError(f"no model {name!r} here: there is {', '.join(self.names)}")
        with self._choosing:
            if name not in self._loaded:
                upscaler = self._load(name)
                if upscaler.scale != self.scale:
                    raise InputError(f"{name} makes x{upscaler.scale}, not x{self.scale}")
                self._loaded[name] = upscaler
        self.name = name

    def choose_next(self) -> None:
        """The one after it, round and round."""
        self.choose(self.names[(self.names.index(self.name) + 1) % len(self.names)])
