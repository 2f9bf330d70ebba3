"""`srgan-edge webcam`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srgan_edge.cli.options import Accelerator, KeepSteady, Model, Threads, parse_size
from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from srgan_edge.live import Stats
    from srgan_edge.sinks import Sink


def webcam(
    source: Annotated[str, typer.Option(help="Camera number, video file or address.")] = "0",
    size: Annotated[
        str | None, typer.Option(help="Input size as 320x180; other sources are cropped to it.")
    ] = None,
    model: Model = "edge",
    show: Annotated[
        str | None, typer.Option(help="window or none.  [default: window if there is a display]")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Write the upscaled video here.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    stats: Annotated[Path | None, typer.Option(help="Write the measurements here (JSON).")] = None,
    overlay: Annotated[bool, typer.Option(help="Draw rate and latency.")] = True,
    steady: KeepSteady = True,
    threads: Threads = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Upscale a camera or stream live. Quit with q, Esc or Ctrl-C."""
    from srgan_edge.files import check_target
    from srgan_edge.live import Stats, run_live, stop_signals
    from srgan_edge.sources import Source
    from srgan_edge.steady import Steady
    from srgan_edge.upscaler import Upscaler

    wanted_size = parse_size(size) if size else None
    if record is not None and record.resolve() == Path(source).resolve():
        raise InputError(f"{record} would replace its source: choose another --record")
    if stats is not None:
        check_target(stats)
    shown = _where_to_show(show)
    upscaler = Upscaler(model, threads=threads, accelerator=accelerator)
    measured = Stats()
    with ExitStack() as closing:
        stopped = closing.enter_context(stop_signals())
        try:
            opened = Source(source, wanted_size)
        except InputError:
            if stopped():  # whoever gives up waiting for a camera is not told what it lacks
                raise typer.Exit from None
            raise
        closing.callback(opened.close)
        if show is None and shown == "none":
            typer.echo("no display found: nothing is shown (--show none)", err=True)
        sinks = _sinks(shown, record, opened.rate)
        for sink in sinks:
            closing.callback(sink.close)
        if stats is not None:
            about = {"model": model, "source": source, "threads": upscaler.threads}
            closing.callback(_write_stats, stats, about, measured)
        upscale = Steady(upscaler) if steady else upscaler
        run_live(opened, upscale, sinks, frames, overlay, measured, stopped)
    _print(measured, record)


def _write_stats(path: Path, about: dict[str, Any], measured: Stats) -> None:
    from srgan_edge.files import write_text

    write_text(path, json.dumps({**about, **measured.as_dict()}, indent=2) + "\n")


def _where_to_show(show: str | None) -> str:
    from srgan_edge.sinks import has_display

    if show == "browser":
        raise InputError("--show browser is not in this version: use window or none")
    if show not in (None, "window", "none"):
        raise InputError(f"--show must be window or none, got {show!r}")
    if show is not None:
        return show
    return "window" if has_display() else "none"


def _sinks(shown: str, record: Path | None, rate: float) -> list[Sink]:
    from srgan_edge.sinks import Recording, Window

    sinks: list[Sink] = [Recording(record, rate)] if record else []
    if shown == "window":
        sinks.append(Window("srgan-edge"))
    return sinks


def _print(measured: Stats, record: Path | None) -> None:
    facts = measured.as_dict()
    latency = facts["milliseconds"]["latency"].get("p50", 0.0)
    typer.echo(
        f"{measured.frames} frames, {facts['fps']:.1f} fps, "
        f"median latency {latency:.0f} ms, {measured.dropped} dropped"
    )
    if record and measured.frames:
        typer.echo(str(record))
