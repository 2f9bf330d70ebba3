"""A frame in, a frame out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from srgan_edge.backends import check_accelerator, choose
from srgan_edge.catalogue import DEFAULT_MODEL
from srgan_edge.errors import InputError
from srgan_edge.model_file import ModelFile, load_model
from srgan_edge.quality import Picture
from srgan_edge.tiles import tile_side, tiles


class Upscaler:
    """Upscales pictures by a model's scale.

    >>> sr = Upscaler("edge")(frame)        # (h, w, 3) uint8 BGR -> (4h, 4w, 3) uint8 BGR

    Not safe to share between threads: give each its own.
    """

    def __init__(
        self,
        model: str | Path | ModelFile = DEFAULT_MODEL,
        *,
        threads: int | None = None,
        tile: int | str | None = "auto",
        accelerator: str = "auto",
    ) -> None:
        """Load a model.

        Args:
            model: the name of an embedded model, the path of a `.tflite` file, or one loaded.
            threads: of the CPU; all that this process may use, at most 8, by default.
            tile: side of a tile in input pixels, "auto" to bound memory, None for no tiles.
            accelerator: "auto", "cpu", "gpu" or "npu:LIBRARY"; see `backends.choice`.

        Raises:
            InputError: no such model, or a value out of range.
        """
        check_accelerator(accelerator)
        tile_side(tile, 1, 1)
        self.model = model if isinstance(model, ModelFile) else load_model(model)
        self.scale = self.model.facts.scale
        self._tile = tile
        choice = choose(self.model, accelerator, threads)
        self._backend = choice.backend
        self.reason = choice.reason
        """Why this accelerator."""

    @property
    def accelerator(self) -> str:
        """`cpu`, `gpu` or `npu:LIBRARY`."""
        return self._backend.name

    @property
    def threads(self) -> int:
        """CPU threads in use."""
        return self._backend.threads

    @property
    def model_seconds(self) -> float:
        """What the model itself took so far, without the conversion of pixels."""
        return self._backend.model_seconds

    def __call__(self, frame: Picture) -> Picture:
        """Upscale one picture: (h, w, 3) uint8 BGR -> (s*h, s*w, 3) uint8 BGR, a new array.

        Raises:
            InputError: another shape or dtype.
            RunError: the model failed.
        """
        _check_frame(frame)
        if self.model.facts.colour == "rgb":
            return _swapped(self._run(_swapped(frame)))
        return self._run(frame)

    def grey(self, plane: Picture) -> Picture:
        """Upscale one channel: (h, w) uint8 -> (s*h, s*w) uint8."""
        result = self(np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)))
        return np.asarray(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY))

    def _run(self, frame: Picture) -> Picture:
        height, width = frame.shape[:2]
        side = tile_side(self._tile, height, width)
        if side >= max(height, width):
            return self._backend.run(frame)
        result = np.empty((height * self.scale, width * self.scale, 3), np.uint8)
        for tile in tiles(height, width, side, self.model.facts.halo):
            block = self._backend.run(frame[tile.read_rows, tile.read_columns])
            result[tile.place(self.scale)] = block[tile.kept(self.scale)]
        return result


def _swapped(frame: Picture) -> Picture:
    """RGB from BGR and back."""
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)


def _check_frame(frame: Picture) -> None:
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
        kind = frame.dtype if isinstance(frame, np.ndarray) else type(frame).__name__
        raise InputError(f"a frame must be a uint8 array, got {kind}")
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise InputError(f"a frame must have the shape (height, width, 3), got {frame.shape}")
