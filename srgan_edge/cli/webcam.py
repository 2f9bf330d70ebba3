"""`srgan-edge webcam`."""

from __future__ import annotations

import functools
import gc
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srgan_edge.cli.config import Config
from srgan_edge.cli.options import Accelerator, KeepSteady, Threads, parse_size
from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from ssl import SSLContext

    from srgan_edge.browser.endpoint import Endpoint
    from srgan_edge.live import Controls, Governor, Stats, Switch
    from srgan_edge.sinks import Sink
    from srgan_edge.sources import Address, Source, Wanted


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
    target_fps: Annotated[
        float | None,
        typer.Option(min=0.1, help="Hold this rate, with the smaller model or smaller frames."),
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
        str | None,
        typer.Option(help="window, browser or none.  [default: window if there is a display]"),
    ] = None,
    bind: Annotated[
        str, typer.Option(help="Where browsers find it: PORT, or ADDRESS:PORT for other machines.")
    ] = "8090",
    tls_cert: Annotated[
        Path | None, typer.Option(help="Encrypt the browser view with this certificate (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The key of --tls-cert (PEM).")] = None,
    print_url: Annotated[
        bool, typer.Option("--print-url", help="Print what to open in a browser, and end.")
    ] = False,
    record: Annotated[Path | None, typer.Option(help="Write the upscaled video here.")] = None,
    output: Annotated[
        str | None,
        typer.Option(help="Also to - (standard output), rtsp://, udp://, or a /dev/videoN."),
    ] = None,
    pixels: Annotated[str, typer.Option(help="On standard output: y4m or bgr24.")] = "y4m",
    recorded: Annotated[
        Path | None,
        typer.Option(
            "--recordings",
            help="Folder for what is recorded from the view.  [default: in the state folder]",
        ),
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    stats: Annotated[Path | None, typer.Option(help="Write the measurements here (JSON).")] = None,
    overlay: Annotated[
        bool | None,
        typer.Option(
            "--overlay/--no-overlay",
            help="Draw rate, latency and losses.  [default: in a window]",
        ),
    ] = None,
    steady: KeepSteady = True,
    threads: Threads = None,
    accelerator: Accelerator = "auto",
    config: Config = None,
) -> None:
    """Upscale a camera or stream live. Quit with q, Esc or Ctrl-C."""
    from srgan_edge.browser.endpoint import parse_endpoint
    from srgan_edge.browser.tls import server_context
    from srgan_edge.browser.token import read_token, state_folder
    from srgan_edge.live import Controls, Live, stop_signals
    from srgan_edge.sinks import Recordings, heartbeats
    from srgan_edge.sources import parse_source
    from srgan_edge.steady import Calm

    context = server_context(tls_cert, tls_key)
    endpoint = replace(parse_endpoint(bind), encrypted=context is not None)
    token = None if endpoint.is_loopback else read_token()
    if print_url:
        typer.echo(endpoint.url(token))
        return
    address, wanted = parse_source(source), _wanted(size, crop, fps, realtime, give_up)
    _check_files(source, record, stats)
    shown = _where_to_show(show)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    switch, used_threads = _models(model or _model_for(address), threads, accelerator)
    with ExitStack() as closing:
        stopped = closing.enter_context(stop_signals())
        opened = _open(address, wanted, stopped)
        closing.callback(opened.close)
        recordings = Recordings(recorded or state_folder() / "recordings", opened.rate)
        live = Live(
            opened,
            _governed(switch, target_fps) if target_fps else switch,
            frames=frames,
            overlay=shown == "window" if overlay is None else overlay,
            stopped=stopped,
        )
        if steady:
            live.calm = Calm()
        controls = Controls(switch, recordings, live.stats)
        for sink in (
            *_outputs(record, output, opened.rate, pixels),
            recordings,
            *_viewer(shown, endpoint, controls, token, context),
            *heartbeats(live.stats.lately),  # last: what it tells of has been shown
        ):
            closing.callback(sink.close)
            live.sinks.append(sink)
        if stats is not None:
            about = {"model": switch.names[0], "source": address.name, "threads": used_threads}
            closing.callback(_write_stats, stats, about, live.stats)
        live.run()
    _print(live.stats, record, to_stderr=output == "-")
    gc.freeze()  # a last search for garbage takes longer than all else of the end


def _check_files(source: str, record: Path | None, stats: Path | None) -> None:
    from srgan_edge.files import check_target

    if record is not None and record.resolve() == Path(source).resolve():
        raise InputError(f"{record} would replace its source: choose another --record")
    if stats is not None:
        check_target(stats)


def _models(first: str, threads: int | None, accelerator: str) -> tuple[Switch, int]:
    """All that have a name, and the threads that the first is fastest with."""
    from srgan_edge.backends import fastest_threads
    from srgan_edge.catalogue import embedded_models
    from srgan_edge.live import Switch
    from srgan_edge.model_file import load_model
    from srgan_edge.upscaler import Upscaler

    count = threads or fastest_threads(load_model(first))
    names = [first, *(name for name in embedded_models() if name != first)]
    load = functools.partial(Upscaler, threads=count, accelerator=accelerator)
    return Switch(names, load), count


def _open(address: Address, wanted: Wanted, stopped: Callable[[], bool]) -> Source:
    from srgan_edge.sources import open_patiently, open_source

    def opening() -> Source:
        return open_source(address, wanted)

    source = open_patiently(opening, address.name, stopped, wanted.give_up)
    if source is None:  # whoever gives up waiting for a camera is not told what it lacks
        raise typer.Exit
    return source


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


def _governed(switch: Switch, rate: float) -> Governor:
    from srgan_edge.catalogue import TINY_MODEL
    from srgan_edge.live import Governor
    from srgan_edge.model_file import load_model

    fits = load_model(TINY_MODEL).facts.scale == switch.scale
    return Governor(switch, TINY_MODEL if fits else None, rate)


def _write_stats(path: Path, about: dict[str, Any], measured: Stats) -> None:
    from srgan_edge.files import write_text

    write_text(path, json.dumps({**about, **measured.as_dict()}, indent=2) + "\n")


def _where_to_show(show: str | None) -> str:
    from srgan_edge.sinks import has_display

    if show not in (None, "window", "browser", "none"):
        raise InputError(f"--show must be window, browser or none, got {show!r}")
    return show or ("window" if has_display() else "browser")


def _viewer(
    shown: str,
    endpoint: Endpoint,
    controls: Controls,
    token: str | None,
    context: SSLContext | None,
) -> list[Sink]:
    if shown == "window":
        from srgan_edge.sinks import Window

        return [Window("srgan-edge", controls)]
    if shown == "browser":
        from srgan_edge.browser.sink import Browser

        browser = Browser(endpoint, controls, token, context)
        where = "what --print-url prints" if token else replace(endpoint, port=browser.port).url("")
        typer.echo(f"to look, open {where}", err=True)
        return [browser]
    return []


def _outputs(record: Path | None, output: str | None, rate: float, pixels: str) -> Iterator[Sink]:
    from srgan_edge.quiet import own_stdout
    from srgan_edge.sinks import Pipe, Push, Recording

    if record:
        yield Recording(record, rate)
    if output:
        yield Pipe(own_stdout(), rate, pixels) if output == "-" else Push(output, rate)


def _print(measured: Stats, record: Path | None, to_stderr: bool) -> None:
    facts = measured.as_dict()
    latency = facts["milliseconds"]["latency"].get("p50", 0.0)
    typer.echo(
        f"{measured.frames} frames, {facts['fps']:.1f} fps, "
        f"median latency {latency:.0f} ms, {measured.dropped} dropped",
        err=to_stderr,
    )
    if record and measured.frames:
        typer.echo(str(record), err=to_stderr)
