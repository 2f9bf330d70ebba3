"""What a backend is to the upscaler."""

from __future__ import annotations

from typing import Protocol

from srgan_edge.errors import RunError
from srgan_edge.quality import Picture


class Backend(Protocol):
    """One model, ready to compute. Colours are in the model's own order."""

    @property
    def name(self) -> str:
        """`cpu`, `gpu`, or `npu:` and the library."""

    @property
    def threads(self) -> int:
        """Of the CPU."""

    @property
    def model_seconds(self) -> float:
        """What the model itself took so far, without pixels into tensors and back."""

    def run(self, block: Picture) -> Picture:
        """(h, w, 3) uint8 -> (s*h, s*w, 3) uint8.

        Raises:
            RunError: the model does not give what its facts say, or memory ran out.
        """


class UnavailableError(RunError):
    """An accelerator that is not there, or does not take the model; the message says which."""
