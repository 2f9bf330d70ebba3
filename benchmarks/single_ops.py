"""Every operator of a model file as a model of its own, fed what the whole model feeds it.

LiteRT's Python API has no profiler that tells the time by operator. A file that holds one operator
with its weights, options, fused activation and quantisation can be timed as any other, and gives
the same bytes. What XNNPACK does across operators is lost: it may fuse two, or let a RESHAPE work
in place that copies when it is alone. So `benchmarks.roofline` holds the sum against the whole.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from srgan_edge.backends.cpu import CpuBackend
from srgan_edge.backends.levels import into_tensor
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden
from srgan_edge_convert.flatbuffer import INPUT, Operator, operators, unpack

Array = npt.NDArray[Any]

# What multiplies and accumulates, and which of its inputs is the picture. The second is the kernel.
_PICTURE = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 2}
_KERNEL = 1


class Loaded:
    """A model in LiteRT's interpreter, with its inputs set: what is left is to run it."""

    def __init__(self, content: bytes, inputs: Mapping[str, Array], threads: int) -> None:
        """Load a model.

        Args:
            content: a `.tflite` file.
            inputs: values by name, whose shapes the model takes on; more than it has is fine.
            threads: of the CPU.

        Raises:
            KeyError: the model has an input that is not among them.
            ValueError: LiteRT cannot load the file, or a value has another type than its input.
        """
        with native_messages_hidden():
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
            details = self._interpreter.get_input_details()
            self.inputs = {detail["name"]: inputs[detail["name"]].shape for detail in details}
            for detail in details:
                self._interpreter.resize_tensor_input(
                    detail["index"], self.inputs[detail["name"]], strict=False
                )
            self._interpreter.allocate_tensors()
        for detail in details:
            self._interpreter.set_tensor(detail["index"], inputs[detail["name"]])

    def run(self) -> dict[str, Array]:
        """The outputs by name, new arrays."""
        self._interpreter.invoke()
        details = self._interpreter.get_output_details()
        return {detail["name"]: self._interpreter.get_tensor(detail["index"]) for detail in details}

    def seconds(self) -> float:
        """How long one run takes.

        One that is not timed comes before it: what ran in the meantime has emptied the caches, and
        within a model an operator finds there what the one before it made.
        """
        self._interpreter.invoke()
        started = time.perf_counter()
        self._interpreter.invoke()
        return time.perf_counter() - started


@dataclass(frozen=True)
class Work:
    """What an operator has to do.

    Attributes:
        macs: multiply-accumulates; at the border those with padding count too, as in the facts.
        moved: bytes of its inputs, outputs and constants, each of them once.
        unit: what multiplies, "int8" or "float32".
    """

    macs: int
    moved: int
    unit: str

    @property
    def intensity(self) -> float:
        """MACs a byte."""
        return self.macs / self.moved


@dataclass(frozen=True)
class Op:
    """One operator of a model.

    Attributes:
        kind: as TFLite calls it.
        layer: the tensor that it gives, named after its layer.
        shapes: of its inputs, its outputs and its kernel, as "180x320x3 -> 180x320x32, 3x3".
        work: what it has to do.
    """

    kind: str
    layer: str
    shapes: str
    work: Work


def picture_input(model: ModelFile, frame: Picture) -> dict[str, Array]:
    """A frame (h, w, 3) uint8 as the model's input: (1, h, w, 3) of its type, by its name.

    Raises:
        InputError: a model that this runtime cannot run.
    """
    tensor = np.empty((1, *frame.shape), CpuBackend(model, threads=1).dtype)
    into_tensor(frame, tensor[0])
    return {INPUT: tensor}


def single_ops(
    content: bytes, inputs: Mapping[str, Array], threads: int
) -> Iterator[tuple[Op, Loaded]]:
    """The operators of a model in order, each alone with the inputs that it has in the whole model.

    Args:
        content: a `.tflite` file of srgan-edge's, whose tensors have names of their own.
        inputs: of the whole model, by name.
        threads: of the CPU, for each.
    """
    values = dict(inputs)
    for operator in operators(content):
        loaded = Loaded(operator.alone, values, threads)
        outputs = loaded.run()
        values |= outputs
        given = {name: values[name] for name in loaded.inputs}
        yield _described(operator, given, outputs), loaded


def _described(operator: Operator, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Op:
    model = unpack(operator.alone)
    stored = sum(len(buffer.data) for buffer in model.buffers if buffer.data is not None)
    moved = stored + sum(array.nbytes for array in (*inputs.values(), *outputs.values()))
    shapes = f"{_sides(inputs)} -> {_sides(outputs)}"
    if operator.kind not in _PICTURE:
        return Op(operator.kind, operator.layer, shapes, Work(0, moved, ""))
    graph = model.subgraphs[0]
    places = graph.operators[-1].inputs
    picture, kernel = (graph.tensors[places[i]] for i in (_PICTURE[operator.kind], _KERNEL))
    # A transposed convolution spreads each pixel that it reads, the others gather each they give.
    reads = operator.kind == "TRANSPOSE_CONV"
    pixels = inputs[picture.name.decode()] if reads else next(iter(outputs.values()))
    macs = pixels.size // pixels.shape[-1] * math.prod(map(int, kernel.shape))
    # Float16 weights are made float32 before; dynamic-range ones are int8 and multiply as that.
    unit = "int8" if kernel.type == schema.TensorType.INT8 else "float32"
    if len(kernel.shape) == 4:
        shapes += f", {kernel.shape[1]}x{kernel.shape[2]}"
    return Op(operator.kind, operator.layer, shapes, Work(macs, moved, unit))


def _sides(arrays: Mapping[str, Array]) -> str:
    return " + ".join("x".join(map(str, array.shape[1:])) for array in arrays.values())
