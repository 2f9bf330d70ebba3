"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from srgan_edge.errors import InputError

Model = Annotated[
    str, typer.Option(help="A name (`srgan-edge models` lists them), or a .tflite file.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads.  [default: all, at most 8]")]
Accelerator = Annotated[str, typer.Option(help="auto, cpu, gpu or npu:LIBRARY.")]
KeepSteady = Annotated[
    bool, typer.Option(help="Calm what stands still in a video: it would flicker.")
]
LpipsWeights = Annotated[
    Path | None, typer.Option(help="An .npz of LPIPS's AlexNet weights: measures LPIPS too.")
]


def parse_size(text: str) -> tuple[int, int]:
    """`320x180` -> (320, 180). Raises InputError for anything else."""
    match = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not width or not height:
        raise InputError(f"a size must be WIDTHxHEIGHT in pixels, as 320x180, got {text!r}")
    return width, height
