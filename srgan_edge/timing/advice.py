"""Settings that suit a machine, from a moment's measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from srgan_edge.backends import thread_times
from srgan_edge.backends.threads import TIMED_SIZE, worth_having
from srgan_edge.model_file import ModelFile

# What cameras offer, or is cropped from it: the largest first.
SIZES = (
    *((640, 480), (640, 360), (480, 360), (424, 240), (320, 240), (320, 180)),
    *((256, 144), (208, 156), (160, 120), (160, 90), (128, 72), (96, 54)),
)
# Of the time: for the camera, the encoder, and the heat that comes later.
_SPARED = 0.25


@dataclass(frozen=True)
class Advice:
    """What to ask `webcam` for.

    Attributes:
        threads: that are worth having.
        size: the largest of `SIZES`, width and height, that the wanted rate leaves time for; the
            smallest where none does.
        milliseconds: for 160x90, by threads.
    """

    threads: int
    size: tuple[int, int]
    milliseconds: Mapping[int, float]

    def told(self) -> str:
        """The times, as 1: 5.1, 2: 2.7."""
        return ", ".join(f"{count}: {took:.1f}" for count, took in self.milliseconds.items())


def advise(model: ModelFile, rate: float) -> Advice:
    """Time small frames, and choose: the time of a model grows as its pixels do.

    Args:
        model: which is to run.
        rate: frames a second that are wanted.

    Raises:
        InputError: the model cannot be used.
    """
    took = thread_times(model)
    threads = worth_having(took)
    pixel = took[threads] / (TIMED_SIZE[0] * TIMED_SIZE[1])
    room = 1000 / rate * (1 - _SPARED)
    fits = (size for size in SIZES if size[0] * size[1] * pixel <= room)
    return Advice(threads, next(fits, SIZES[-1]), took)
