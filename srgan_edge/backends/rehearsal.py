"""Runs a model on two small pictures, with little memory, in a process that it may end.

    python -m srgan_edge.backends.rehearsal model.tflite < model.tflite

prints JSON: the reason why it cannot be used, or an empty one.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

from srgan_edge.backends.cpu import CpuBackend, load_runtime
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
    except MemoryError:
        return f"it needs more than {_MEGABYTES} MB for a picture of {_SIZES[0][1]}x{_SIZES[0][0]}"
    return ""


def limit_memory(megabytes: int) -> None:
    """Allow so much above what there is now, where the system can be asked; no core files."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + (megabytes << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass  # no such system


def _main() -> None:
    try:
        model = model_of(Path(sys.argv[1]), sys.stdin.buffer.read())
        load_runtime()
        limit_memory(_MEGABYTES)
        reason = rehearse(model)
    except SrganEdgeError as error:
        reason = str(error)
    print(json.dumps({"reason": reason}))


if __name__ == "__main__":
    _main()
