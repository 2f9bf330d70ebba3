"""`srgan-edge bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from srgan_edge.cli.options import Accelerator, parse_size
from srgan_edge.errors import InputError


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Names or .tflite files.  [default: all that have a name]"),
    ] = None,
    size: Annotated[str, typer.Option(help="Input size.")] = "320x180",
    threads: Annotated[
        str | None, typer.Option(help="Thread counts, as 1,2.  [default: all]")
    ] = None,
    accelerator: Accelerator = "auto",
    runs: Annotated[int, typer.Option(min=1, help="Timed runs of each.")] = 30,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Time models on this machine, in turn, so that all see the same load."""
    from rich.console import Console
    from rich.table import Table

    from srgan_edge.backends import check_accelerator, default_threads
    from srgan_edge.catalogue import known_models
    from srgan_edge.files import check_target, write_text
    from srgan_edge.timing import time_models

    check_accelerator(accelerator)
    width, height = parse_size(size)
    if json_file is not None:
        check_target(json_file)
    counts = _thread_counts(threads) if threads else [default_threads()]
    names = models or list(known_models())
    timings = time_models(names, (width, height), counts, runs, accelerator)
    if json_file is not None:
        write_text(json_file, json.dumps([timing.as_dict() for timing in timings], indent=2) + "\n")
    table = Table("model", "on", "threads", "median ms", "p90 ms", "frames/s", box=None)
    for timing in timings:
        cells = (f"{timing.median_ms:.2f}", f"{timing.p90_ms:.2f}", f"{timing.rate:.1f}")
        table.add_row(timing.model, timing.accelerator, str(timing.threads), *cells)
    Console().print(table)


def _thread_counts(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdecimal() and 1 <= int(part) <= 64 for part in parts):
        raise InputError(f"--threads must be counts from 1 to 64 as 1,2,4, got {text!r}")
    return [int(part) for part in parts]
