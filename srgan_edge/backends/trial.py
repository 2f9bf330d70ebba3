"""Tries a model file in a process of its own before LiteRT has it here: once for each file.

What passed is remembered by its SHA-256. What came with srgan-edge is known by its own, and never
tried.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from srgan_edge.errors import InputError
from srgan_edge.model_file import ModelFile

_SECONDS = 60.0  # a slow board takes some to start Python


def try_first(model: ModelFile) -> None:
    """Raise InputError unless LiteRT runs the model in a process of its own."""
    known = _mark(model)
    if known.exists():
        return
    if reason := _tried(model):
        raise InputError(f"{model.path} cannot be used: {reason}")
    try:
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()
    except OSError:
        pass  # it is tried again the next time


def cache_folder() -> Path:
    """Where programs keep what they can make again (XDG)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "srgan-edge"


def _mark(model: ModelFile) -> Path:
    """What is there once a model has passed, with this LiteRT."""
    return cache_folder() / "tried" / f"{model.sha256}-{_runtime()}"


@functools.cache
def _runtime() -> str:
    for package in ("ai-edge-litert", "tflite-runtime"):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def _tried(model: ModelFile) -> str:
    """Why it cannot be used, or nothing. It gets the bytes: its file may be another by now."""
    command = [sys.executable, "-m", "srgan_edge.backends.rehearsal", str(model.path)]
    try:
        done = subprocess.run(
            command, input=model.content, capture_output=True, timeout=_SECONDS, check=False
        )
        return str(json.loads(done.stdout.splitlines()[-1])["reason"])
    except subprocess.TimeoutExpired:
        return f"LiteRT does not come to an end with it within {_SECONDS:.0f} s"
    except (IndexError, ValueError, TypeError, KeyError):
        return f"it ends LiteRT, {_named(done.returncode)}"


def _named(code: int) -> str:
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"with exit code {code}"
