"""What this machine can do at most: multiply-accumulates a second, and bytes a second, measured.

The two roofs of Williams, Waterman and Patterson, "Roofline: an insightful visual performance model
for multicore architectures" (2009). The peaks are of single large convolutions in LiteRT, so they
are what its best kernels reach here and not what a data sheet promises. The bandwidths are of
numpy's copies. What fits into the cache is copied several times as fast as what does not, and most
tensors of a small network fit; so the roof of an operator is that of a copy of as many bytes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.peak_convolution import SHAPES, UNITS, Convolution, Shape
from benchmarks.single_ops import Loaded, Work
from srgan_edge.progress import ProgressLine

_MB = 1 << 20
_COPIES = tuple(size * _MB for size in (1, 4, 8, 16, 32, 128))  # bytes moved: read and written
_LONG = 128 * _MB  # small copies are repeated until they move this, or starting threads would count

Seconds = npt.NDArray[np.float64]


class Timed(Protocol):
    """Something whose time can be taken again and again."""

    def seconds(self) -> float:
        """How long it takes, once."""


class Copies:
    """Copies from array to array, where each thread has a part of its own."""

    def __init__(self, moved: int, threads: int) -> None:
        """Make the arrays.

        Args:
            moved: bytes read and written, together.
            threads: that copy at the same time; numpy lets go of Python's lock.
        """
        part = moved // 2 // threads
        self._parts = [(np.zeros(part, np.uint8), np.ones(part, np.uint8)) for _ in range(threads)]
        self._times = max(1, _LONG // moved)
        self._map = ThreadPoolExecutor(threads).map if threads > 1 else map

    def seconds(self) -> float:
        """How long one copy takes."""
        started = time.perf_counter()
        for _ in self._map(self._copy, self._parts):
            pass
        return (time.perf_counter() - started) / self._times

    def _copy(self, part: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]) -> None:
        for _ in range(self._times):
            np.copyto(*part)


@dataclass(frozen=True)
class Roofs:
    """Of one machine with one number of threads.

    Attributes:
        peaks: multiply-accumulates a second by unit, "int8" and "float32".
        shapes: of the convolutions that reached them.
        bandwidths: bytes a second of copies, by the bytes that they move.
    """

    peaks: Mapping[str, float]
    shapes: Mapping[str, Shape]
    bandwidths: Mapping[int, float]

    @property
    def memory(self) -> float:
        """Bytes a second of what does not fit into the cache."""
        return self.bandwidths[max(self.bandwidths)]

    @property
    def cache(self) -> float:
        """Bytes a second of what does."""
        return max(self.bandwidths.values())

    def bandwidth(self, moved: int) -> float:
        """Bytes a second of a copy that moves so many bytes, between those measured."""
        sizes, rates = np.array(sorted(self.bandwidths.items())).T
        return float(np.interp(np.log(moved), np.log(sizes), rates))

    def computing(self, work: Work) -> float:
        """Seconds that its multiply-accumulates take at least."""
        return work.macs / self.peaks[work.unit] if work.macs else 0.0

    def moving(self, work: Work) -> float:
        """Seconds that its bytes take at least."""
        return work.moved / self.bandwidth(work.moved)

    def seconds(self, work: Work) -> float:
        """The roof, as seconds: its MACs at min(peak, MACs a byte x bandwidth), or its bytes'."""
        return max(self.computing(work), self.moving(work))

    def bound(self, work: Work) -> str:
        """Which of the two roofs is above it, "compute" or "memory"."""
        return "compute" if self.computing(work) >= self.moving(work) else "memory"


class Probes:
    """What has to be timed to know a machine's roofs."""

    def __init__(self, threads: int, quick: bool = False) -> None:
        """Make them ready.

        Args:
            threads: of the CPU.
            quick: one convolution and small copies only; then the roofs are not worth keeping.
        """
        shapes = SHAPES[:1] if quick else SHAPES
        self._convolutions = [Convolution(shape, unit) for unit in UNITS for shape in shapes]
        self._sizes = _COPIES[:3] if quick else _COPIES
        loaded = [Loaded(one.model(), one.pixels(), threads) for one in self._convolutions]
        self.timed: list[Timed] = [*loaded, *(Copies(size, threads) for size in self._sizes)]

    def roofs(self, times: Sequence[Seconds]) -> Roofs:
        """From the times of each of `timed`, whose medians count."""
        medians = [float(np.median(seconds)) for seconds in times]
        count = len(self._convolutions)
        peaks: dict[str, float] = {}
        shapes: dict[str, Shape] = {}
        for one, seconds in zip(self._convolutions, medians[:count], strict=True):
            rate = one.shape.macs / seconds
            if rate > peaks.get(one.unit, 0.0):
                peaks[one.unit], shapes[one.unit] = rate, one.shape
        copies = zip(self._sizes, medians[count:], strict=True)
        return Roofs(peaks, shapes, {size: size / seconds for size, seconds in copies})


def time_in_turn(timed: Sequence[Timed], runs: int) -> list[Seconds]:
    """So many times of each, (runs,).

    Within a round all run once, in an order of its own that is drawn from a fixed seed: a change of
    the machine's speed meets them all, and none is always behind the same other.
    """
    times = np.zeros((len(timed), runs))
    random = np.random.default_rng(0)
    with ProgressLine("timing", runs) as line:
        for run in range(runs):
            for index in random.permutation(len(timed)):
                times[index, run] = timed[index].seconds()
            line.update(run + 1)
    return list(times)
