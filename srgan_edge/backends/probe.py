"""Tries an accelerator in a process of its own, which a driver may end.

    python -m srgan_edge.backends.probe gpu model.tflite

prints JSON: the milliseconds of a frame there and on the CPU, or why there are none.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from srgan_edge.backends.backend import Backend
from srgan_edge.backends.cpu import CpuBackend
from srgan_edge.backends.gpu import GpuBackend
from srgan_edge.errors import SrganEdgeError
from srgan_edge.model_file import ModelFile, load_model
from srgan_edge.quality import Picture
from srgan_edge.scene import scene

_SIZE = (320, 180)
_RUNS = 5
_SECONDS = 60.0  # for a driver that compiles for the first time
# Levels that a picture may be off the CPU's. Eight bits are emulated in float, where halves may
# round the other way; float16 has 11 bits.
TOLERANCE = {"int8": 3, "float16": 2}


@dataclass(frozen=True)
class Trial:
    """How long a frame took, or why an accelerator cannot be used."""

    milliseconds: float | None
    reason: str = ""
    cpu_milliseconds: float | None = None


def open_backend(name: str, model: ModelFile, threads: int | None) -> Backend:
    """`cpu`, `gpu`, or `npu:` and a delegate library.

    Raises:
        InputError: the model cannot be used anywhere.
        UnavailableError: not there.
    """
    if name == "gpu":
        return GpuBackend(model)
    if name.startswith("npu:"):
        return CpuBackend(model, threads, name.removeprefix("npu:"))
    return CpuBackend(model, threads)


def try_elsewhere(name: str, path: Path) -> Trial:
    """Try it in a process of its own: once, as long as the file is the same."""
    return _tried(name, path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.cache
def _tried(name: str, path: Path, _changed: int) -> Trial:
    command = [sys.executable, "-m", "srgan_edge.backends.probe", name, str(path)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        return Trial(**json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return Trial(None, f"no answer within {_SECONDS:.0f} s")
    except (IndexError, ValueError, TypeError):
        return Trial(None, f"its driver ended the process ({done.returncode})")


def try_here(name: str, model: ModelFile) -> Trial:
    """Time it on one frame, and compare its picture with the CPU's."""
    frame = scene(*_SIZE)
    try:
        backend, cpu = open_backend(name, model, None), CpuBackend(model)
        off = _worst(backend.run(frame), cpu.run(frame))
        most = TOLERANCE.get(str(model.facts.conversion.get("format", "")), 3)
        if off > most:
            return Trial(None, f"its picture is up to {off} levels off the CPU's, not {most}")
        return Trial(_milliseconds(backend, frame), cpu_milliseconds=_milliseconds(cpu, frame))
    except SrganEdgeError as error:
        return Trial(None, str(error))


def _worst(one: Picture, other: Picture) -> int:
    return int(np.abs(one.astype(np.int16) - other).max())


def _milliseconds(backend: Backend, frame: Picture) -> float:
    seconds = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        backend.run(frame)
        seconds.append(time.perf_counter() - started)
    return round(float(np.median(seconds)) * 1000, 3)


if __name__ == "__main__":
    print(json.dumps(asdict(try_here(sys.argv[1], load_model(sys.argv[2])))))
