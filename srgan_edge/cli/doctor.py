"""`srgan-edge doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from srgan_edge.timing import Machine

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


def doctor(
    fps: Annotated[
        float, typer.Option(min=1, help="Frames a second that you want from a camera.")
    ] = 25.0,
) -> None:
    """Check this machine: what is installed, what is there, and which settings suit it."""
    from srgan_edge.backends import choose, default_threads
    from srgan_edge.catalogue import CAMERA_MODEL, DEFAULT_MODEL, TINY_MODEL, embedded_models
    from srgan_edge.model_file import load_model
    from srgan_edge.timing import this_machine
    from srgan_edge.timing.advice import advise

    machine = this_machine()
    _say("machine", machine.name)
    _say("system", f"{machine.os}, {machine.architecture}, Python {machine.python}")
    for package in _PACKAGES:
        _say(package, _version(package))
    _say("ffmpeg", shutil.which("ffmpeg") or "not installed: videos lose their sound")
    _say("cameras", _cameras())
    _say("display", _display())
    _say_what_slows(machine)
    if DEFAULT_MODEL not in embedded_models():
        _say("models", "none embedded")
        return
    choice = choose(load_model(DEFAULT_MODEL), "auto")
    _say("accelerator", f"{choice.backend.name}: {choice.reason}")
    _say("processors", f"{machine.cores}, {default_threads()} threads by default")
    for name in (CAMERA_MODEL, TINY_MODEL):
        advice = advise(load_model(name), fps)
        _say("threads", f"{advice.threads} ({advice.told()} ms for 160x90 with {name})")
        width, height = advice.size
        _say(f"{fps:.0f} frames/s", f"webcam --model {name} --size {width}x{height}")


def _say(name: str, value: str) -> None:
    typer.echo(f"{name:<24}{value}")


def _say_what_slows(machine: Machine) -> None:
    """What a person can change that makes everything slower."""
    if machine.governor is not None:
        slow = machine.governor in ("powersave", "conservative")
        cure = ": slow; echo performance into scaling_governor, or cpufreq-set -g performance"
        _say("governor", machine.governor + (cure if slow else ""))
    if machine.temperature_c is not None:
        hot = ": hot, the processor will slow down; a fan or a heat sink helps"
        degrees = f"{machine.temperature_c:.0f} °C"
        _say("temperature", degrees + (hot if machine.temperature_c >= 75 else ""))
    if machine.throttled not in (None, "no"):
        _say("throttled", f"{machine.throttled}: a better power supply, or cooling")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cameras() -> str:
    """What `webcam --source` takes, and what it is."""
    from srgan_edge.sources.cameras import PICAMERA, cameras

    found = {camera.source: camera.name for camera in cameras()}
    if PICAMERA in found and find_spec(PICAMERA) is None:
        found[PICAMERA] += "; apt install python3-picamera2"
    return ", ".join(f"{source} ({name})" for source, name in found.items()) or "none found"


def _display() -> str:
    if sys.platform != "linux":
        return platform.system()
    named = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    return named or "none: windows need one; --show browser and --record work without"
