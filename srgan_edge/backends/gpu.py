"""Runs a model file on a GPU: LiteRT's compiled model, WebGPU, on Vulkan."""

from __future__ import annotations

import atexit
import functools
import os
import sys
import time
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
        self.model_seconds = 0.0

    def run(self, block: Picture) -> Picture:
        """Upscale one block of pixels. Raises RunError when the GPU fails."""
        try:
            self._prepare(block.shape)
            into_tensor(block, self._tensor)
            source, result = self._buffers
            started = time.perf_counter()
            source[0].write(self._tensor)
            self._model.run_by_index(0, source, result)
            height, width = block.shape[0] * self.scale, block.shape[1] * self.scale
            values = result[0].read(height * width * 3, self._dtype.type)  # waits for the GPU
            self.model_seconds += time.perf_counter() - started
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
            self._buffers[0][0].write(np.zeros(shape, self._dtype))  # the first one tells a lot
        self._tensor = np.empty(shape, self._dtype)
        self._shape = shape


def _compiled(model: ModelFile) -> Any:
    if "tensorflow" in sys.modules:  # a driver's LLVM beside TensorFlow's own ends the process
        raise UnavailableError("no GPU in a process that has loaded TensorFlow")
    try:
        from ai_edge_litert.compiled_model import CompiledModel
    except ImportError:
        raise UnavailableError("this LiteRT has no GPU accelerator") from None
    try:
        with native_messages_hidden():
            compiled = CompiledModel.from_buffer(
                model.content, environment=_environment(), options=_options(model)
            )
            whole = compiled.is_fully_accelerated()
    except (RuntimeError, ValueError) as error:
        raise UnavailableError(f"no GPU takes the model: {str(error).splitlines()[0]}") from None
    if not whole:
        raise UnavailableError("the GPU takes only a part of the model")
    return compiled


def _options(model: ModelFile) -> Any:
    """Float16 arithmetic for float16 models alone: 8-bit levels, emulated, come out wrong in it."""
    from ai_edge_litert.gpu_options import GpuOptions
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator
    from ai_edge_litert.options import Options

    precise = model.facts.conversion.get("format") != "float16"
    return Options(
        hardware_accelerators=HardwareAccelerator.GPU, gpu_options=GpuOptions(enforce_f32=precise)
    )


@functools.cache
def _environment() -> Any:
    """One for all models, till the end of the process: LiteRT names all that it then frees."""
    from ai_edge_litert.environment import Environment

    # Nothing of ours needs it, and it is missed on stdout.
    os.environ.setdefault("LITERT_DISABLE_OPENCL", "1")
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))
    return Environment.create()
