"""Runs a model on two small pictures, with little memory, in a process that it may end.

    python -m srgan_edge.backends.rehearsal model.tflite < model.tflite

says the reason why it cannot be used, or an empty one; see `srgan_edge.children`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srgan_edge.backends.cpu import CpuBackend, load_runtime
from srgan_edge.children import answer
from srgan_edge.errors import SrganEdgeError
from srgan_edge.model_file import ModelFile, model_of

_MEGABYTES = 1024  # more than what Python and LiteRT have; a small picture needs a hundredth
_SIZES = ((16, 24), (9, 7))  # height and width: for each LiteRT prepares every operator anew


def rehearse(model: ModelFile) -> str:
    """Run a model here; why that fails, or nothing."""
    try:
        backend = CpuBackend(model, threads=1)
        for height, width in _SIZES:
            backend.run(np.zeros((height, width, 3), np.uint8))
    except SrganEdgeError as error:
        return str(error)
    return ""


def _find(path: Path, content: bytes) -> str:
    return rehearse(model_of(path, content))


if __name__ == "__main__":
    load_runtime()
    answer(_find, _MEGABYTES)
