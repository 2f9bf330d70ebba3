"""`srgan-edge webcam`."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srgan_edge.cli.options import Accelerator, KeepSteady, Threads, parse_size
from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from srgan_edge.live import Stats
    from srgan_edge.sinks import Sink
    from srgan_edge.sources import Address, Wanted


def webcam(
    source: Annotated[
        str,
        typer.Option(
            help="Camera number, picamera2, video file, folder of pictures, or address.",
        ),
    ] = "0",
    size: Annotated[
        str | None, typer.Option(help="Input size as 320x180; other sources are cropped to it.")
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(help="Part of each frame, as 320x180 (its middle) or 320x180+LEFT+TOP."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.1, max=1000, help="Frames a second to take.")
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="A file at its own rate, leaving out late frames.")
    ] = False,
    give_up: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds to wait for a lost source.  [default: for ever]"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A name or a .tflite file.  [default: edge-camera, or edge for files]"),
    ] = None,
    show: Annotated[
        str | None, typer.Option(help="window or none.  [default: window if there is a display]")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Write the upscaled video here.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    stats: Annotated[Path | None, typer.Option(help="Write the measurements here (JSON).")] = None,
    overlay: Annotated[bool, typer.Option(help="Draw rate, latency and losses.")] = True,
    steady: KeepSteady = True,
    threads: Threads = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Upscale a camera or stream live. Quit with q, Esc or Ctrl-C."""
    from srgan_edge.files import check_target
    from srgan_edge.live import Live, stop_signals
    from srgan_edge.sources import open_source, parse_source
    from srgan_edge.steady import Calm
    from srgan_edge.upscaler import Upscaler

    address, wanted = parse_source(source), _wanted(size, crop, fps, realtime, give_up)
    if record is not None and record.resolve() == Path(source).resolve():
        raise InputError(f"{record} would replace its source: choose another --record")
    if stats is not None:
        check_target(stats)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    shown = _where_to_show(show)
    model = model or _model_for(address)
    upscaler = Upscaler(model, threads=threads, accelerator=accelerator)
    with ExitStack() as closing:
        stopped = closing.enter_context(stop_signals())
        try:
            opened = open_source(address, wanted)
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
        live = Live(opened, upscaler, sinks, frames=frames, overlay=overlay, stopped=stopped)
        if steady:
            live.calm = Calm()
        if stats is not None:
            about = {"model": model, "source": address.name, "threads": upscaler.threads}
            closing.callback(_write_stats, stats, about, live.stats)
        live.run()
    _print(live.stats, record)


def _wanted(
    size: str | None, crop: str | None, fps: float | None, realtime: bool, give_up: float | None
) -> Wanted:
    from srgan_edge.sources import Framing, Wanted, parse_crop

    framing = Framing(parse_size(size) if size else None, parse_crop(crop) if crop else None)
    return Wanted(framing, fps, give_up, realtime)


def _model_for(address: Address) -> str:
    """Cameras and streams are noisy and compressed; files may be, too, but most are clean."""
    from srgan_edge.catalogue import CAMERA_MODEL, DEFAULT_MODEL

    return CAMERA_MODEL if address.is_live else DEFAULT_MODEL


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
