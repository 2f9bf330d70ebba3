"""`srgan-edge doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

_PACKAGES = (
    "srgan-edge",
    "srgan-edge-train",
    "srgan-edge-convert",
    "ai-edge-litert",
    "tflite-runtime",
    "opencv-python-headless",
    "numpy",
    "pillow",
    "pygame-ce",
)


def doctor() -> None:
    """Check this machine: what is installed, what is there, and whether a picture comes out."""
    from srgan_edge.backends import choose, default_threads, thread_times
    from srgan_edge.catalogue import DEFAULT_MODEL, embedded_models
    from srgan_edge.model_file import load_model
    from srgan_edge.timing.steady import time_in_turn
    from srgan_edge.upscaler import Upscaler

    _say("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in _PACKAGES:
        _say(package, _version(package))
    _say("processors", f"{os.cpu_count()}, {default_threads()} threads by default")
    _say("ffmpeg", shutil.which("ffmpeg") or "not installed: videos lose their sound")
    cameras = " ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
    _say("cameras", cameras or "none found")
    _say("display", _display())
    if DEFAULT_MODEL not in embedded_models():
        _say("models", "none embedded")
        return
    model = load_model(DEFAULT_MODEL)
    times = thread_times(model)
    told = ", ".join(f"{count}: {took:.1f} ms" for count, took in times.items())
    _say("threads", f"for 160x90 with {DEFAULT_MODEL}, {told}")
    choice = choose(model, "auto")
    _say("accelerator", f"{choice.backend.name}: {choice.reason}")
    steady = time_in_turn([Upscaler(model, accelerator="cpu")], [(320, 180)], 5)[0]
    _say("320x180", f"{steady.percentile(50):.1f} ms a frame with {DEFAULT_MODEL}")


def _say(name: str, value: str) -> None:
    typer.echo(f"{name:<24}{value}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _display() -> str:
    if sys.platform != "linux":
        return platform.system()
    named = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    return named or "none: windows need one; --show none and --record work without"
