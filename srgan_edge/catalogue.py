"""Which models there are by name: those that came with the package, and the user's own."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from srgan_edge.errors import InputError
from srgan_edge.run_record import RECORD_NAME

DEFAULT_MODEL = "edge"
CAMERA_MODEL = "edge-camera"  # for what is noisy and compressed
TINY_MODEL = "edge-tiny"  # a quarter of the work
FOLDER_VARIABLE = "SRGAN_EDGE_MODELS"


def embedded_models() -> dict[str, Path]:
    """The models that came with the package: name -> file."""
    return _models_in(models_folder())


def models_folder() -> Path:
    """Where the models that came with the package are."""
    return Path(str(resources.files("srgan_edge"))) / "models"


def user_models() -> dict[str, Path]:
    """The models in the user's folder: name -> file. A name of an embedded one stays that."""
    embedded = embedded_models()
    own = _models_in(user_folder())
    return {name: path for name, path in own.items() if name not in embedded}


def user_folder() -> Path:
    """`SRGAN_EDGE_MODELS`, else `srgan-edge/models` where programs keep a user's data (XDG)."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "srgan-edge" / "models"


def known_models() -> dict[str, Path]:
    """Every model that has a name."""
    return {**embedded_models(), **user_models()}


def find_model(name_or_path: str) -> Path:
    """The file of a model.

    Raises:
        InputError: there is none, or it is a generator that has not been converted.
    """
    known = known_models()
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if path.suffix == ".keras" or (path / RECORD_NAME).is_file():
        raise InputError(
            f"{path} is not for the device yet: `srgan-edge convert {path} --int8` makes its model"
        )
    if path.is_file():
        return path
    names = ", ".join(known) or "none"
    raise InputError(
        f"no model {name_or_path!r}: give a .tflite file or a name (there is: {names})"
    )


def _models_in(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.tflite"))}
