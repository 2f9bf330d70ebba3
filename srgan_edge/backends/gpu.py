"""Runs a model file on a GPU: LiteRT's compiled model, WebGPU, on Vulkan."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.backends.backend import UnavailableError
from srgan_edge.backends.levels import from_tensor, into_tensor
from srgan_edge.errors import RunError
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden

# Where drivers put what a GPU is opened by, and what names a driver by hand.
_DEVICES = ("dri/renderD*", "nvidia[0-9]*", "mali*", "kgsl-3d0", "dxg")
_NAMED = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES")


def has_adapter() -> bool:
    """Whether a GPU may be here: cheap, and no promise."""
    named = any(os.environ.get(variable) for variable in _NAMED)
    return named or any(found for kind in _DEVICES for found in Path("/dev").glob(kind))


class GpuBackend:
    """One model on a GPU; a `Backend`."""

    name = "gpu"
    threads = 1

    def __init__(self, model: ModelFile) -> None:
        """Compile the model.

        Raises:
            UnavailableError: there is no adapter, or it does not take all of the model.
        """
        self.scale = model.facts.scale
        self._model = _compiled(model)
        signature = next(iter(self._model.get_signature_list()))
        details = self._model.get_input_tensor_details(signature)
        self._dtype = np.dtype(next(iter(details.values()))["dtype"])
        self._shape: tuple[int, ...] = ()
        self._buffers: tuple[Any, Any] = (None, None)
        self._tensor = np.empty(0, self._dtype)

    def run(self, block: Picture) -> Picture:
        """Upscale one block of pixels. Raises RunError when the GPU fails."""
        try:
            self._prepare(block.shape)
            into_tensor(block, self._tensor)
            source, result = self._buffers
            source[0].write(self._tensor)
            self._model.run_by_index(0, source, result)
            height, width = block.shape[0] * self.scale, block.shape[1] * self.scale
            values = result[0].read(height * width * 3, self._dtype.type)  # waits for the GPU
        except (RuntimeError, ValueError) as error:
            raise RunError(f"the GPU cannot run the model: {error}") from None
        return from_tensor(np.asarray(values).reshape(height, width, 3))

    def _prepare(self, shape: tuple[int, ...]) -> None:
        if shape == self._shape:
            return
        with native_messages_hidden():
            self._model.resize_input_tensor(0, (1, *shape), strict=False)
            self._buffers = (
                self._model.create_input_buffers(0),
                self._model.create_output_buffers(0),
            )
        self._tensor = np.empty(shape, self._dtype)
        self._shape = shape


def _compiled(model: ModelFile) -> Any:
    try:
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.hardware_accelerator import HardwareAccelerator
    except ImportError:
        raise UnavailableError("this LiteRT has no GPU accelerator") from None
    try:
        with native_messages_hidden():
            compiled = CompiledModel.from_buffer(model.content, HardwareAccelerator.GPU)
            whole = compiled.is_fully_accelerated()
    except (RuntimeError, ValueError) as error:
        raise UnavailableError(f"no GPU takes the model: {str(error).splitlines()[0]}") from None
    if not whole:
        raise UnavailableError("the GPU takes only a part of the model")
    return compiled
