"""A large convolution as a `.tflite` file, built without TensorFlow: what processors do best.

How fast LiteRT runs it is the peak that `benchmarks.roofline` holds a model against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from benchmarks.single_ops import Array
from srgan_edge_convert.flatbuffer import pack

UNITS = ("int8", "float32")
_TYPES = {"int8": schema.TensorType.INT8, "float32": schema.TensorType.FLOAT32}
_SEED = 5
STEP = 1 / 64  # of int8 pixels: they span -2..2
ZERO = 3  # and zero is not 0, as in real networks


@dataclass(frozen=True)
class Shape:
    """Of a convolution with stride 1 that keeps the size: pixels each way, channels, kernel."""

    side: int
    c_in: int
    c_out: int
    kernel: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padding too."""
        return self.side**2 * self.kernel**2 * self.c_in * self.c_out

    def __str__(self) -> str:
        return (
            f"{self.kernel}x{self.kernel} convolution of {self.side}x{self.side} pixels, "
            f"{self.c_in} to {self.c_out} channels"
        )


# All have enough to compute for a byte. Which is the fastest depends on the sizes of a core's
# caches, and on how many pixels and channels its kernels take at a time.
SHAPES = (
    Shape(64, 64, 64, 3),
    Shape(128, 32, 32, 3),
    Shape(28, 128, 128, 3),
    Shape(14, 256, 256, 3),
    Shape(28, 1024, 128, 1),
)


class Convolution:
    """One convolution with random weights, as a model."""

    def __init__(self, shape: Shape, unit: str) -> None:
        """Draw the weights.

        Args:
            shape: of the convolution.
            unit: "int8", with a scale for each output channel and an int32 bias, or "float32".
        """
        random = np.random.default_rng(_SEED)
        self.shape, self.unit = shape, unit
        sides = (shape.c_out, shape.kernel, shape.kernel, shape.c_in)
        if unit == "int8":
            self.kernel: Array = random.integers(-127, 128, sides, np.int8)
            self.bias: Array = random.integers(-1000, 1001, shape.c_out, np.int32)
        else:
            self.kernel = random.normal(0, 0.1, sides).astype(np.float32)
            self.bias = random.normal(0, 1, shape.c_out).astype(np.float32)
        self.steps = np.linspace(0.5, 1.5, shape.c_out, dtype=np.float32) / 127
        # Room for three standard deviations of a sum; of numbers spread over +-m it is m / sqrt(3).
        each = (128 * STEP) * (127 * self.steps.max()) / 3
        self.output_step = float(3 * each * np.sqrt(self.kernel[0].size) / 127)

    def pixels(self) -> dict[str, Array]:
        """Random ones for the input: (1, side, side, c_in), by its name."""
        random = np.random.default_rng(_SEED)
        sides = (1, self.shape.side, self.shape.side, self.shape.c_in)
        if self.unit == "int8":
            return {"pixels": random.integers(-128, 128, sides, np.int8)}
        return {"pixels": random.normal(0, 1, sides).astype(np.float32)}

    def model(self) -> bytes:
        """The `.tflite` file."""
        model, graph = schema.ModelT(), schema.SubGraphT()
        model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
        model.operatorCodes = [schema.OperatorCodeT()]
        code = model.operatorCodes[0]
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
        code.version = 3  # the first with a scale for each channel
        pixels, sides = self.pixels()["pixels"], self.shape.side
        output = (1, sides, sides, self.shape.c_out)
        graph.tensors = [
            self._tensor("pixels", pixels.shape, [STEP], ZERO),
            self._tensor("kernel", self.kernel.shape, self.steps),
            self._tensor("bias", self.bias.shape, self.steps * np.float32(STEP)),
            self._tensor("sums", output, [self.output_step]),
        ]
        if self.unit == "int8":
            graph.tensors[2].type = schema.TensorType.INT32
        for tensor, data in zip(graph.tensors[1:3], (self.kernel, self.bias), strict=True):
            tensor.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = data.reshape(-1).view(np.uint8)
        graph.operators = [_operator()]
        graph.inputs, graph.outputs = [0], [3]
        return pack(model)

    def _tensor(self, name: str, shape: tuple[int, ...], steps: Any, zero: int = 0) -> Any:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, shape, _TYPES[self.unit]
        if self.unit == "int8":
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.asarray(steps, np.float32)
            tensor.quantization.zeroPoint = np.full(len(steps), zero, np.int64)
        return tensor


def _operator() -> Any:
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, 2], [3]
    operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    operator.builtinOptions = schema.Conv2DOptionsT()
    operator.builtinOptions.padding = schema.Padding.SAME
    operator.builtinOptions.strideW = operator.builtinOptions.strideH = 1
    return operator
