"""Reads the weights of a `.keras` file in a process of its own, before Keras does.

    python -m srgan_edge_train.weights_file model.keras < model.weights.h5

HDF5 is a format with links, filters and data that is elsewhere, and its library is written in C.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from srgan_edge.children import answer, ask

_SECONDS = 120.0
_MEGABYTES = 1536
_MOST_BYTES = 512 << 20  # of weights; the srgan generator has 8 MB
_MOST_PARTS = 20_000


def check_weights(path: Path, content: bytes) -> str:
    """Why the weights of a `.keras` file, given as bytes of HDF5, cannot be read; or nothing."""
    return ask(__name__, path, content, _SECONDS)


def find(_: Path, content: bytes) -> str:
    """The same, here: in the process that may be ended."""
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _wrong(h5py, file)
    except MemoryError:
        raise
    except Exception as error:  # h5py raises many kinds for damaged files
        return f"its weights are damaged ({' '.join(str(error).split())[:160]})"


def _wrong(h5py: Any, file: Any) -> str:
    """Walk all of it: plain groups, and arrays that are inside the file."""
    ahead, parts, size = [file], 0, 0
    while ahead:
        group = ahead.pop()
        for name in group:
            parts += 1
            if parts > _MOST_PARTS:
                return f"its weights have more than {_MOST_PARTS} parts, or go round"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                return f"its weights link to elsewhere ({name[:60]!r})"
            part = group[name]
            if isinstance(part, h5py.Group):
                ahead.append(part)
                continue
            size += part.size * part.dtype.itemsize
            if part.external or part.is_virtual or size > _MOST_BYTES:
                return f"its weights take more than {_MOST_BYTES >> 20} MB, or are elsewhere"
            part[()]
    return ""


if __name__ == "__main__":
    answer(find, _MEGABYTES)
