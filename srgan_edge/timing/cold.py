"""The start of a model in a process of its own, where nothing is warm yet, and its memory.

    python -m srgan_edge.timing.cold edge 320 180 2 cpu

prints JSON; `measure_cold` runs that.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from srgan_edge.errors import RunError
from srgan_edge.timing.candidate import Candidate

_SECONDS = 300.0
_WARM = 3


@dataclass(frozen=True)
class Cold:
    """Milliseconds to load a model, of its first frame and of the next ones; peak memory."""

    load_ms: float
    first_ms: float
    warm_ms: float
    peak_mb: float


def measure_cold(candidate: Candidate) -> Cold:
    """Start a process for it.

    Raises:
        RunError: it ended without an answer: too little memory, say.
    """
    setting = (candidate.width, candidate.height, candidate.threads, candidate.accelerator)
    command = [sys.executable, "-m", __name__, candidate.model, *map(str, setting)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        return Cold(**json.loads(done.stdout.splitlines()[-1]))
    except (subprocess.TimeoutExpired, IndexError, ValueError, TypeError) as error:
        raise RunError(f"{candidate.model} could not be started alone: {error}") from None


def _here(candidate: Candidate) -> Cold:
    from srgan_edge.timing.machine import peak_memory_mb

    started = time.perf_counter()
    upscaler = candidate.load()
    frame, times = candidate.frame(), [time.perf_counter() - started]
    for _ in range(1 + _WARM):
        started = time.perf_counter()
        upscaler(frame)
        times.append(time.perf_counter() - started)
    load, first, *warm = (1000 * seconds for seconds in times)
    return Cold(load, first, min(warm), peak_memory_mb())


if __name__ == "__main__":
    model, width, height, threads, accelerator = sys.argv[1:]
    found = _here(Candidate(model, int(width), int(height), int(threads), accelerator))
    print(json.dumps(asdict(found)))
