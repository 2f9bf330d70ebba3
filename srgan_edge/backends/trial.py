"""Tries a model file in a process of its own before LiteRT has it here: once for each file.

What passed is remembered by its SHA-256. What came with srgan-edge is known by its own, and never
tried.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
from pathlib import Path

from srgan_edge.children import ask
from srgan_edge.errors import InputError
from srgan_edge.model_file import ModelFile

_REHEARSAL = "srgan_edge.backends.rehearsal"
_SECONDS = 60.0  # a slow board takes some to start Python


def try_first(model: ModelFile) -> None:
    """Raise InputError unless LiteRT runs the model in a process of its own."""
    known = _mark(model)
    if known.exists():
        return
    # It gets the bytes: the file may be another by now.
    if reason := ask(_REHEARSAL, model.path, model.content, _SECONDS):
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
