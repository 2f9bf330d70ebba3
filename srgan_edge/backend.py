"""Runs a model file on the CPU through LiteRT, with its XNNPACK kernels."""

from __future__ import annotations

import os
from typing import Any

import cv2
import numpy as np

from srgan_edge.errors import InputError, RunError
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden

ACCELERATORS = ("auto", "cpu", "gpu")
# More threads than this bring nothing for networks of this size.
_MOST_THREADS = 8
# One level of 8 bits is one step of the tensor: then bytes pass with at most a flipped sign bit.
_STEP = 1 / 255
_ZERO_POINTS = {np.dtype(np.int8): -128, np.dtype(np.uint8): 0}


def default_threads() -> int:
    """The processors that this process may use, at most 8."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(count or 1, _MOST_THREADS)


def check_accelerator(accelerator: str) -> None:
    """Raise InputError unless `accelerator` is one that this version runs on."""
    if accelerator == "gpu":
        raise InputError("--accelerator gpu is not in this version: use auto or cpu")
    if accelerator not in ACCELERATORS:
        accepted = ", ".join(ACCELERATORS)
        raise InputError(f"no accelerator {accelerator!r}: accepted are {accepted}")


class CpuBackend:
    """One model in one LiteRT interpreter: (h, w, 3) uint8 in, (s*h, s*w, 3) uint8 out.

    Colours are in the model's own order. Not safe to share between threads.
    """

    def __init__(self, model: ModelFile, threads: int | None = None) -> None:
        """Load the model.

        Raises:
            InputError: a thread count below 1, or a model that LiteRT or this runtime cannot run.
        """
        if threads is not None and threads < 1:
            raise InputError(f"threads must be at least 1, got {threads}")
        self.threads = threads or default_threads()
        self.scale = model.facts.scale
        self._interpreter = _interpreter(model, self.threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self.dtype = _check_tensors(self._interpreter, model)
        self._shape: tuple[int, ...] = ()

    def run(self, block: Picture) -> Picture:
        """Upscale one block of pixels.

        Raises:
            RunError: the model does not give what its facts say, or memory ran out.
        """
        self._prepare(block.shape)
        source = self._interpreter.tensor(self._input)()[0]
        if self.dtype == np.float32:
            np.multiply(block, np.float32(_STEP), out=source)
        else:
            np.bitwise_xor(block, self._sign, out=source.view(np.uint8))
        del source  # LiteRT refuses to run while a view of its memory is alive
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise RunError(f"LiteRT cannot run the model: {error}") from None
        result = self._interpreter.tensor(self._output)()[0]
        if self.dtype == np.float32:
            # One pass that scales, rounds and clips; numpy would take three.
            levels = cv2.addWeighted(result, 255.0, result, 0.0, 0.0, dtype=cv2.CV_8U)
            return np.asarray(levels, np.uint8)
        return np.bitwise_xor(result.view(np.uint8), self._sign)

    @property
    def _sign(self) -> np.uint8:
        """Flips between int8 with zero point -128 and uint8 with zero point 0."""
        return np.uint8(0x80 if self.dtype == np.int8 else 0)

    def _prepare(self, shape: tuple[int, ...]) -> None:
        if shape == self._shape:
            return
        self._shape = ()
        try:
            with native_messages_hidden():
                self._interpreter.resize_tensor_input(self._input, (1, *shape))
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError, MemoryError) as error:
            raise RunError(
                f"LiteRT cannot prepare a {shape[1]}x{shape[0]} input: {error}"
            ) from None
        expected = (1, shape[0] * self.scale, shape[1] * self.scale, 3)
        actual = tuple(self._interpreter.get_output_details()[0]["shape"])
        if actual != expected:
            raise RunError(f"the model gives {actual} where its facts promise {expected}")
        self._shape = shape


def _interpreter(model: ModelFile, threads: int) -> Any:
    try:
        with native_messages_hidden():
            return _interpreter_class()(model_content=model.content, num_threads=threads)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"LiteRT cannot load {model.path}: {error}") from None


def _interpreter_class() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:  # 32-bit ARM has only LiteRT's predecessor
            from tflite_runtime.interpreter import Interpreter
        except ImportError:
            raise InputError("no LiteRT here: pip install ai-edge-litert") from None
    return Interpreter


def _check_tensors(interpreter: Any, model: ModelFile) -> np.dtype[Any]:
    """One picture in, one picture out, of one type that this runtime converts exactly."""
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(f"{model.path} has {len(inputs)} inputs and {len(outputs)} outputs, not 1")
    dtypes = {np.dtype(details["dtype"]) for details in (*inputs, *outputs)}
    if len(dtypes) != 1 or not dtypes <= {*_ZERO_POINTS, np.dtype(np.float32)}:
        names = ", ".join(sorted(str(dtype) for dtype in dtypes))
        raise InputError(f"{model.path} has {names} tensors; accepted are int8, uint8 or float32")
    for details in (*inputs, *outputs):
        _check_tensor(details, model)
    return dtypes.pop()


def _check_tensor(details: dict[str, Any], model: ModelFile) -> None:
    shape = tuple(details["shape_signature"])
    if len(shape) != 4 or shape[3] != 3:
        raise InputError(f"{model.path} has a tensor of shape {shape}; accepted is (1, h, w, 3)")
    dtype = np.dtype(details["dtype"])
    if dtype == np.float32:
        return
    step, zero = details["quantization"]
    if abs(step - _STEP) > 1e-6 or zero != _ZERO_POINTS[dtype]:
        raise InputError(
            f"{model.path} has a {dtype} tensor with scale {step} and zero point {zero}; "
            f"accepted are 1/255 and {_ZERO_POINTS[dtype]}"
        )
