"""Runs a model file in LiteRT's interpreter: on the CPU, or with a delegate library."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import numpy as np

from srgan_edge.backends.backend import UnavailableError
from srgan_edge.backends.levels import STEP, ZERO_POINTS, from_tensor, into_tensor
from srgan_edge.backends.trial import try_first
from srgan_edge.errors import InputError, RunError
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden

# More threads than this bring nothing for networks of this size.
_MOST_THREADS = 8


def default_threads() -> int:
    """The processors that this process may use, at most 8."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(count or 1, _MOST_THREADS)


class CpuBackend:
    """One model in one LiteRT interpreter; a `Backend`. Not safe to share between threads."""

    def __init__(
        self, model: ModelFile, threads: int | None = None, library: str | None = None
    ) -> None:
        """Load the model.

        Args:
            model: the file.
            threads: of the CPU; all that there are, at most 8, by default.
            library: a delegate's, which takes of the model what it can (an NPU's, say).

        Raises:
            UnavailableError: the library cannot be loaded, or refuses the model.
            InputError: a thread count below 1, or a model that LiteRT or this runtime cannot run.
        """
        if threads is not None and threads < 1:
            raise InputError(f"threads must be at least 1, got {threads}")
        self.threads = threads or default_threads()
        self.name = f"npu:{library}" if library else "cpu"
        self.scale = model.facts.scale
        if model.foreign:
            try_first(model)
        self._interpreter = _interpreter(model, self.threads, library)
        self.dtype = _check_tensors(self._interpreter, model)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape: tuple[int, ...] = ()
        self.model_seconds = 0.0

    def run(self, block: Picture) -> Picture:
        """Upscale one block of pixels.

        Raises:
            RunError: the model does not give what its facts say, or memory ran out.
        """
        self._prepare(block.shape)
        # No view of LiteRT's memory may be alive while it runs: none has a name.
        into_tensor(block, self._interpreter.tensor(self._input)()[0])
        started = time.perf_counter()
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise RunError(f"LiteRT cannot run the model: {_in_a_line(error)}") from None
        self.model_seconds += time.perf_counter() - started
        return from_tensor(self._interpreter.tensor(self._output)()[0])

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
                f"LiteRT cannot prepare a {shape[1]}x{shape[0]} input: {_in_a_line(error)}"
            ) from None
        expected = (1, shape[0] * self.scale, shape[1] * self.scale, 3)
        actual = tuple(map(int, self._interpreter.get_output_details()[0]["shape"]))
        if actual != expected:
            raise RunError(f"the model gives {actual} where its facts promise {expected}")
        self._shape = shape


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _interpreter(model: ModelFile, threads: int, library: str | None) -> Any:
    kind, load_delegate = load_runtime()
    try:
        with native_messages_hidden():
            delegates = [load_delegate(library)] if library else None
            return kind(
                model_content=model.content, num_threads=threads, experimental_delegates=delegates
            )
    except (ValueError, RuntimeError, OSError) as error:
        if library:
            raise UnavailableError(f"{library} does not take {model.path}: {error}") from None
        raise InputError(f"LiteRT cannot load {model.path}: {_in_a_line(error)}") from None


def load_runtime() -> tuple[Any, Any]:
    """The interpreter's class, and what loads a delegate for it."""
    try:
        from ai_edge_litert.interpreter import Interpreter, load_delegate
    except ImportError:
        return _predecessor()
    return Interpreter, load_delegate


def _predecessor() -> tuple[Any, Any]:
    """The same of tflite-runtime, which is all that 32-bit ARM has."""
    try:
        from tflite_runtime.interpreter import Interpreter, load_delegate
    except ImportError:
        raise InputError(_what_is_missing(platform.machine())) from None
    # With a newer numpy it can be imported, and fails later with a SystemError.
    if int(np.__version__.partition(".")[0]) >= 2:
        cure = "pip install 'numpy<2'"
        raise InputError(f"tflite-runtime needs numpy below 2, got {np.__version__}: {cure}")
    return Interpreter, load_delegate


def _what_is_missing(machine: str) -> str:
    if machine.startswith("armv6"):
        return f"no LiteRT for {machine} (Raspberry Pi 1, Zero): a Zero 2 W, 3, 4 or 5 is needed"
    if machine.startswith("armv"):
        return "no LiteRT here: pip install tflite-runtime 'numpy<2', or install a 64-bit system"
    return "no LiteRT here: pip install ai-edge-litert"


def _check_tensors(interpreter: Any, model: ModelFile) -> np.dtype[Any]:
    """One picture in, one picture out, of one type that this runtime converts exactly."""
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(f"{model.path} has {len(inputs)} inputs and {len(outputs)} outputs, not 1")
    dtypes = {np.dtype(details["dtype"]) for details in (*inputs, *outputs)}
    if len(dtypes) != 1 or not dtypes <= {*ZERO_POINTS, np.dtype(np.float32)}:
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
    if abs(step - STEP) > 1e-6 or zero != ZERO_POINTS[dtype]:
        raise InputError(
            f"{model.path} has a {dtype} tensor with scale {step} and zero point {zero}; "
            f"accepted are 1/255 and {ZERO_POINTS[dtype]}"
        )
