"""What is timed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srgan_edge.quality import Picture
from srgan_edge.scene import scene
from srgan_edge.upscaler import Upscaler


@dataclass(frozen=True)
class Candidate:
    """One model in one setting."""

    model: str
    width: int
    height: int
    threads: int
    accelerator: str = "cpu"

    @property
    def name(self) -> str:
        """As it stands in tables and plots."""
        return Path(self.model).stem

    def load(self) -> Upscaler:
        """An upscaler for it. Raises InputError when the model cannot be used."""
        return Upscaler(self.model, threads=self.threads, accelerator=self.accelerator)

    def frame(self) -> Picture:
        """(height, width, 3) uint8 BGR; always the same, soft shapes and hard edges."""
        return scene(self.width, self.height)
