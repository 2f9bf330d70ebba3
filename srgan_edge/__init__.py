"""srgan-edge: super-resolution live on cheap hardware.

>>> from srgan_edge import Upscaler
>>> sr = Upscaler("edge")(frame)        # (h, w, 3) uint8 BGR -> (4h, 4w, 3) uint8 BGR
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srgan_edge.errors import InputError, QualityError, RunError, SrganEdgeError

if TYPE_CHECKING:
    from srgan_edge.catalogue import embedded_models
    from srgan_edge.facts import ModelFacts
    from srgan_edge.model_file import ModelFile, load_model
    from srgan_edge.upscaler import Upscaler

__version__ = "0.1.0"

__all__ = [
    "InputError",
    "ModelFacts",
    "ModelFile",
    "QualityError",
    "RunError",
    "SrganEdgeError",
    "Upscaler",
    "__version__",
    "embedded_models",
    "load_model",
]

# Imported when first asked for, so that `srgan-edge --help` loads neither OpenCV nor LiteRT.
_HOMES = {
    "ModelFacts": "facts",
    "ModelFile": "model_file",
    "Upscaler": "upscaler",
    "embedded_models": "catalogue",
    "load_model": "model_file",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
