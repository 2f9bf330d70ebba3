"""Networks of other people: `.onnx` files by onnxruntime, and `.tflite` files without our facts.

Such a file does not say what its numbers mean. The shape of its input does say where the channels
are and how many; one channel is luma, and colour is then enlarged by bicubic, as the authors of
such networks do. Whether 1 or 255 is white, and whether red or blue comes first, has to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from srgan_edge.errors import InputError
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Meaning:
    """What a file's numbers mean: the value of white, and the order of the colours."""

    white: float = 1.0
    colours: str = "rgb"


class Foreign:
    """A network that enlarges; an `Upscales`."""

    def __init__(self, path: Path, meaning: Meaning, threads: int) -> None:
        """Load it, and find out its scale on a small picture.

        Raises:
            InputError: it cannot be read or run, or is no network of one picture in and out.
        """
        loaders = {".onnx": _onnx, ".tflite": _tflite}
        if path.suffix not in loaders:
            raise InputError(f"{path} is no peer: accepted are {', '.join(loaders)} and .pb")
        self._run, shape = loaders[path.suffix](path, threads)
        self._first = len(shape) == 4 and shape[1] in (1, 3)  # channels first
        if not self._first and (len(shape) != 4 or shape[3] not in (1, 3)):
            raise InputError(f"{path} takes {shape}; accepted are 1 or 3 channels, first or last")
        self._grey = shape[1 if self._first else 3] == 1
        self._meaning = meaning
        self.scale = 1
        small = np.full((24, 32, 3), 128, np.uint8)
        height, width = self._infer(small[..., :1] if self._grey else small).shape[:2]
        if height % 24 or height // 24 != width // 32:
            raise InputError(f"{path} makes {width}x{height} of 32x24: no enlargement")
        self.scale = height // 24

    def __call__(self, frame: Picture) -> Picture:
        """(h, w, 3) uint8 BGR -> (s*h, s*w, 3) uint8 BGR."""
        if self._grey:
            return self._by_luma(frame)
        colours = slice(None, None, -1 if self._meaning.colours == "rgb" else 1)
        return np.ascontiguousarray(self._infer(frame[..., colours])[..., colours])

    def _by_luma(self, frame: Picture) -> Picture:
        planes = cv2.cvtColor(frame, cv2.COLOR_BGR2YCrCb)
        size = (frame.shape[1] * self.scale, frame.shape[0] * self.scale)
        larger = np.asarray(cv2.resize(planes, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        larger[..., 0] = self._infer(planes[..., :1])[..., 0]
        return np.asarray(cv2.cvtColor(larger, cv2.COLOR_YCrCb2BGR), np.uint8)

    def _infer(self, planes: npt.NDArray[Any]) -> Picture:
        """(h, w, c) uint8 -> (s*h, s*w, c) uint8."""
        values = np.asarray(planes, np.float32)[None] * (self._meaning.white / 255)
        if self._first:
            values = values.transpose(0, 3, 1, 2)
        result = self._run(np.ascontiguousarray(values))[0]
        if self._first:
            result = result.transpose(1, 2, 0)
        levels = np.rint(result * (255 / self._meaning.white))
        return np.asarray(np.clip(levels, 0, 255), np.uint8)


Loaded = tuple[Callable[[Values], Values], tuple[Any, ...]]


def _onnx(path: Path, threads: int) -> Loaded:
    try:
        import onnxruntime
    except ImportError:
        raise InputError(".onnx files need onnxruntime: pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has an error class a kind, with no common base
        raise InputError(f"onnxruntime cannot load {path}: {error}") from None
    source = session.get_inputs()[0]

    def run(values: Values) -> Values:
        return np.asarray(session.run(None, {source.name: values})[0], np.float32)

    return run, tuple(source.shape)


def _tflite(path: Path, threads: int) -> Loaded:
    from ai_edge_litert.interpreter import Interpreter

    try:
        with native_messages_hidden():
            interpreter = Interpreter(str(path), num_threads=threads)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"LiteRT cannot load {path}: {error}") from None
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(values: Values) -> Values:
        if tuple(interpreter.get_input_details()[0]["shape"]) != values.shape:
            with native_messages_hidden():
                interpreter.resize_tensor_input(source["index"], values.shape)
                interpreter.allocate_tensors()
        interpreter.set_tensor(source["index"], _quantised(values, source))
        interpreter.invoke()
        return _real(interpreter.get_tensor(result["index"]), result)

    return run, tuple(source["shape_signature"])


def _quantised(values: Values, details: dict[str, Any]) -> npt.NDArray[Any]:
    step, zero = details["quantization"]
    if not step:
        return values
    limits = np.iinfo(details["dtype"])
    levels = np.rint(values / step) + zero
    return np.asarray(np.clip(levels, limits.min, limits.max), details["dtype"])


def _real(levels: npt.NDArray[Any], details: dict[str, Any]) -> Values:
    step, zero = details["quantization"]
    return np.asarray((levels.astype(np.float32) - zero) * step if step else levels, np.float32)
