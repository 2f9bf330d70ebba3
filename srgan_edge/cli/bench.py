"""`srgan-edge bench`."""

from __future__ import annotations

from itertools import product
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
    size: Annotated[
        str, typer.Option(help="Input size, or several as 160x90,320x180.")
    ] = "320x180",
    threads: Annotated[
        str | None, typer.Option(help="Thread counts, as 1,2.  [default: all]")
    ] = None,
    accelerator: Accelerator = "auto",
    runs: Annotated[int, typer.Option(min=1, help="Timed frames of each.")] = 30,
    end_to_end: Annotated[
        bool,
        typer.Option("--end-to-end/--calls-only", help="Also from a video file to a JPEG."),
    ] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all figures to this file.")
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="And to this one.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the figures into this PNG.")] = None,
) -> None:
    """Time models on this machine, in turn, so that all see the same load."""
    from rich.console import Console

    from srgan_edge import timing
    from srgan_edge.backends import check_accelerator, default_threads
    from srgan_edge.catalogue import known_models
    from srgan_edge.files import check_target, write_bytes, write_text
    from srgan_edge.timing import tables

    check_accelerator(accelerator)
    sizes = [parse_size(part) for part in size.split(",")]
    counts = _thread_counts(threads) if threads else [default_threads()]
    for target in (json_file, csv_file, markdown, plot):
        if target is not None:
            check_target(target)
    report = timing.bench(
        [
            timing.Candidate(name, *one, count, accelerator)
            for name, one, count in product(models or known_models(), sizes, counts)
        ],
        runs,
        end_to_end,
    )
    written = ((json_file, tables.as_json), (csv_file, tables.as_csv))
    for target, form in (*written, (markdown, tables.as_markdown)):
        if target is not None:
            write_text(target, form(report))
    if plot is not None:
        from srgan_edge.timing.plots import plot as draw

        write_bytes(plot, draw(report))
    console = Console()
    for table in tables.as_tables(report):
        console.print(table, "")
    for line in tables.notes(report):
        console.print(line, style="dim", highlight=False)


def _thread_counts(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdecimal() and 1 <= int(part) <= 64 for part in parts):
        raise InputError(f"--threads must be counts from 1 to 64 as 1,2,4, got {text!r}")
    return [int(part) for part in parts]
