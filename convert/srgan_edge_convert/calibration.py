"""What a network's layers give on real crops: where ranges start."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from srgan_edge.quality import Picture
from srgan_edge_convert.network import Network, Weights
from srgan_edge_train.keras import tf

Range = tuple[float, float]


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


def ranges(network: Network, crops: Picture) -> dict[str, Range]:
    """The range of each layer's output, zero included."""
    found: dict[str, Range] = {}
    for outputs in layer_outputs(network, crops):
        for name, output in outputs.items():
            least, most = found.get(name, (0.0, 0.0))
            found[name] = min(least, float(output.min())), max(most, float(output.max()))
    return found
