"""How many CPU threads a model is fastest with, by measurement."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from srgan_edge.backends.cpu import CpuBackend, default_threads
from srgan_edge.model_file import ModelFile

TIMED_SIZE = (160, 90)
_RUNS = 5
# A thread more must pay: the others also capture, show and record.
_WORTH = 0.95


def fastest_threads(model: ModelFile) -> int:
    """The fewest threads that are as fast as any, within 5 %, for frames of this model.

    Takes 42 small frames at most: a second on a Raspberry Pi.

    Raises:
        InputError: the model cannot be used.
    """
    count = worth_having(thread_times(model))
    _return_memory()
    return count


def _return_memory() -> None:
    """Glibc would keep what the timed ones had: 10 MB each, beside what comes."""
    with suppress(AttributeError, OSError, TypeError):  # another C library has no such function
        ctypes.CDLL(None).malloc_trim(0)


def worth_having(milliseconds: Mapping[int, float]) -> int:
    """The fewest threads that are within 5 % of the fastest; times by thread count, ascending."""
    least = min(milliseconds.values())
    return next(count for count, took in milliseconds.items() if took * _WORTH <= least)


def thread_times(model: ModelFile) -> dict[int, float]:
    """Milliseconds for 160x90 with each thread count that may be the best: the least of five runs.

    The counts take turns, so that what else the machine does meets them all.

    Raises:
        InputError: the model cannot be used.
    """
    counts = sorted({1, 2, 3, 4, 6, default_threads()} & {*range(1, default_threads() + 1)})
    backends = [CpuBackend(model, count) for count in counts]
    # Any picture takes as long; numpy.random would take 7 MB.
    frame = np.resize(np.arange(256, dtype=np.uint8), (TIMED_SIZE[1], TIMED_SIZE[0], 3))
    for backend in backends:
        backend.run(frame)
    least = dict.fromkeys(counts, float("inf"))
    for _ in range(_RUNS):
        for backend in backends:
            started = time.perf_counter()
            backend.run(frame)
            taken = (time.perf_counter() - started) * 1000
            least[backend.threads] = min(least[backend.threads], taken)
    return least
