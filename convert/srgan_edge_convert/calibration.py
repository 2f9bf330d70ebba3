"""What a network's layers give on real crops: where ranges start."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from srgan_edge.quality import Picture
from srgan_edge_convert.network import Network, Weights
from srgan_edge_train.keras import tf

Range = tuple[float, float]
ChannelRange = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]  # (c,) each


def to_float(pixels: Picture) -> npt.NDArray[np.float32]:
    """Pictures as networks take them: uint8 -> float32 in 0..1."""
    return np.divide(pixels, np.float32(255), dtype=np.float32)


def layer_outputs(network: Network, crops: Picture) -> Iterator[dict[str, Weights]]:
    """What every layer gives on one crop after another: name -> (1, h, w, c) float32."""
    names = [node.name for node in network.nodes]
    model = network.model(outputs=names)
    run = tf.function(lambda lr: model(lr, training=False), reduce_retracing=True)
    for crop in crops:
        outputs = tf.nest.flatten(run(to_float(crop[None])))
        yield {name: np.asarray(output) for name, output in zip(names, outputs, strict=True)}


def channel_ranges(network: Network, crops: Picture) -> dict[str, ChannelRange]:
    """The range of every channel of each layer's output, zero included."""
    found: dict[str, ChannelRange] = {}
    for outputs in layer_outputs(network, crops):
        for name, output in outputs.items():
            zero = np.zeros(output.shape[-1], np.float32)
            least, most = found.get(name, (zero, zero))
            axes = (0, 1, 2)
            found[name] = np.minimum(least, output.min(axes)), np.maximum(most, output.max(axes))
    return found


def ranges(network: Network, crops: Picture) -> dict[str, Range]:
    """The range of each layer's output, zero included."""
    found = channel_ranges(network, crops)
    return {name: (float(least.min()), float(most.max())) for name, (least, most) in found.items()}
