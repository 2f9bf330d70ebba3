"""Where the conversion lost: signal-to-noise ratio of every layer, file against float network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden
from srgan_edge_convert.calibration import layer_outputs, to_float
from srgan_edge_convert.flatbuffer import OUTPUT, operators
from srgan_edge_convert.network import Network, Weights

# A layer without any noise has no ratio.
_MOST_SNR = 120.0


@dataclass(frozen=True)
class LayerNoise:
    """One layer of the file.

    Attributes:
        layer: its name.
        kind: of its last operator, as TFLite calls it.
        snr: power of the float layer's output over power of the difference, in dB.
        step: what one level of its tensor stands for; 0 for a float tensor.
    """

    layer: str
    kind: str
    snr: float
    step: float


def layer_noise(content: bytes, network: Network, crops: Picture) -> list[LayerNoise]:
    """Compare every layer that the file still has.

    Args:
        content: a TFLite file whose tensors are named after the layers.
        network: the float network that it was made from, of the same colour order.
        crops: (n, h, w, 3) uint8, of that colour order.
    """
    kinds = {
        network.output if operator.layer == OUTPUT else operator.layer: operator.kind
        for operator in operators(content)
    }
    signal, noise = dict.fromkeys(kinds, 0.0), dict.fromkeys(kinds, 0.0)
    steps: dict[str, float] = {}
    file_outputs = _file_outputs(content, network.output, crops, steps)
    for expected, actual in zip(layer_outputs(network, crops), file_outputs, strict=True):
        for name in kinds.keys() & expected.keys() & actual.keys():
            if expected[name].shape == actual[name].shape:
                signal[name] += float(np.sum(np.square(expected[name], dtype=np.float64)))
                noise[name] += float(np.sum(np.square(expected[name] - actual[name])))
    return [
        LayerNoise(name, kinds[name], _ratio(signal[name], noise[name]), steps.get(name, 0.0))
        for name in kinds
        if signal[name] > 0
    ]


def _ratio(signal: float, noise: float) -> float:
    return min(_MOST_SNR, float(10 * np.log10(signal / noise))) if noise else _MOST_SNR


def _file_outputs(
    content: bytes, output: str, crops: Picture, steps: dict[str, float]
) -> Iterator[dict[str, Weights]]:
    """What every tensor of the file holds, as the numbers that its levels stand for."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with native_messages_hidden():
        interpreter = Interpreter(
            model_content=content,
            # XNNPACK keeps its tensors to itself; the plain kernels compute the same.
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        entry = interpreter.get_input_details()[0]
        interpreter.resize_tensor_input(entry["index"], (1, *crops.shape[1:]))
        interpreter.allocate_tensors()
    details = {detail["name"]: detail for detail in interpreter.get_tensor_details()}
    details[output] = details[OUTPUT]
    for name, detail in details.items():
        steps[name] = float(detail["quantization"][0])
    for crop in crops:
        interpreter.set_tensor(entry["index"], _as_input(crop[None], entry))
        interpreter.invoke()
        yield {name: _numbers(interpreter, detail) for name, detail in details.items()}


def _as_input(crop: Picture, entry: dict[str, Any]) -> Any:
    step, zero = entry["quantization"]
    if not step:
        return to_float(crop)
    return (crop.astype(np.int32) + zero).astype(entry["dtype"])


def _numbers(interpreter: Any, detail: dict[str, Any]) -> Weights:
    try:
        values = np.asarray(interpreter.get_tensor(detail["index"]))
    except ValueError:  # a scratch tensor, which nobody reads
        return np.zeros(0, np.float32)
    step, zero = detail["quantization"]
    if values.dtype == np.float32 or not step:
        return values.astype(np.float32)
    return (values.astype(np.float32) - zero) * np.float32(step)
