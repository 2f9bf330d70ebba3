"""A model file and its facts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srgan_edge.catalogue import find_model
from srgan_edge.checksums import check_embedded
from srgan_edge.errors import InputError
from srgan_edge.facts import ModelFacts, read_facts
from srgan_edge.tflite import check_sound

_LARGEST = 1 << 28  # thirty times what the srgan generator takes in float32


@dataclass(frozen=True)
class ModelFile:
    """The bytes of a `.tflite` file, where they came from, and what they say of themselves.

    `foreign` tells that they are neither srgan-edge's own nor made by this process: LiteRT gets
    them after they have been tried in another.
    """

    path: Path
    content: bytes
    facts: ModelFacts
    foreign: bool = False

    @property
    def sha256(self) -> str:
        """Of the whole file, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)


def load_model(name_or_path: str | Path) -> ModelFile:
    """A model by name, embedded or of the user's folder, or a `.tflite` file by path.

    Raises:
        InputError: neither, a file that is not an srgan-edge model or damaged, or an embedded one
            that is not what came with the package.
    """
    path = find_model(str(name_or_path))
    content = _read(path)
    if check_embedded(path, content):
        return ModelFile(path, content, read_facts(content, str(path)))
    return replace(model_of(path, content), foreign=True)


def model_of(path: Path, content: bytes) -> ModelFile:
    """The model in the bytes of a `.tflite` file. Raises InputError unless they are sound."""
    facts = read_facts(content, str(path))
    check_sound(content, str(path))
    return ModelFile(path, content, facts)


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise InputError(f"the model {path} has {size} bytes, accepted are up to {_LARGEST}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the model {path}: {error.strerror}") from None


def report_beside(model: Path) -> Path:
    """Where `srgan-edge convert` leaves its report of a model file, as JSON."""
    return model.with_suffix(".report.json")


def read_report(model: ModelFile) -> dict[str, Any] | None:
    """What the report beside a model file says, without the facts, which the file has itself.

    Returns:
        None where there is none, or one of another file.
    """
    try:
        report: dict[str, Any] = json.loads(report_beside(model.path).read_text(encoding="utf-8"))
        if report["sha256"] != model.sha256:
            return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return {key: value for key, value in report.items() if key != "facts"}
