"""`srgan-edge upscale`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srgan_edge.cli.options import Accelerator, KeepSteady, Model, Threads


def upscale(
    inputs: Annotated[list[Path], typer.Argument(help="Images, videos and folders.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A file for one file, else a folder. Replaces.")
    ],
    model: Model = "edge",
    tile: Annotated[str, typer.Option(help="Side of a tile in input pixels, or auto.")] = "auto",
    compare: Annotated[
        bool, typer.Option("--compare", help="Also write nearest | bicubic | ours for each image.")
    ] = False,
    max_pixels: Annotated[
        int, typer.Option(min=1, help="Refuse a picture or frame that comes in with more.")
    ] = 100_000_000,
    steady: KeepSteady = True,
    threads: Threads = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Upscale images, folders and videos. A run that was cut off goes on where it stopped."""
    from PIL import Image

    from srgan_edge.batch import Options, plan_jobs, run_jobs
    from srgan_edge.told import plain
    from srgan_edge.upscaler import Upscaler

    Image.MAX_IMAGE_PIXELS = None  # ours is looked at instead
    upscaler = Upscaler(model, threads=threads, tile=tile, accelerator=accelerator)
    jobs = plan_jobs(inputs, output, compare)
    done = run_jobs(jobs, upscaler, Options(steady, max_pixels), output)
    for result in done.results:
        typer.echo(plain(result.replace("\n", "\\n")))
    raise typer.Exit(done.exit_code)
