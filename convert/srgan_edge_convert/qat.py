"""Quantisation-aware training with tfmot (Jacob et al. 2018, section 3).

Ranges are measured on real crops first and trained from there; the picture's own range, in and
out, is tied to 0..1 so that one step of the tensor is one level of 8 bits and the output clips
itself. The float generator's own output is what the quantised one learns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Picture
from srgan_edge_convert.graph import inputs_of, reads_picture
from srgan_edge_convert.tfmot import (
    KernelQuantizer,
    PlainScheme,
    QuantizeConfig,
    Quantizer,
    annotate_layer,
    quantize_apply,
    quantize_scope,
)
from srgan_edge_train.keras import keras, tf
from srgan_edge_train.losses import pixel_loss
from srgan_edge_train.networks.layers import DepthToSpace

# Adam moves every weight by about this much a step: above 2e-5 it loses more than rounding did.
LEARNING_RATE = 5e-6
_PICTURE_RANGE = (0.0, 1.0)
_INPUT = "picture"
# How tfmot's wrapper calls the two weights of an output's range.
_LEAST, _MOST = "output_min:0", "output_max:0"


class Range(Quantizer):
    """8 bits over a range that is one pair of weights, fixed or trained (gradients of TF's op)."""

    def __init__(self, trainable: bool) -> None:
        self.trainable = trainable

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Make the two weights, at the picture's range."""
        least, most = _PICTURE_RANGE
        return {
            key: layer.add_weight(
                name=f"{name}_{key}",
                initializer=keras.initializers.Constant(value),
                trainable=self.trainable,
            )
            for key, value in (("min", least), ("max", most))
        }

    def __call__(self, inputs: Any, training: Any, weights: dict[str, Any], **_: Any) -> Any:
        """Round to the 256 levels of the range."""
        return tf.quantization.fake_quant_with_min_max_vars(inputs, weights["min"], weights["max"])

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"trainable": self.trainable}


class LayerConfig(QuantizeConfig):
    """Per-channel 8-bit weights where a layer has a kernel, and one range for its output."""

    def __init__(self, has_kernel: bool, trainable: bool) -> None:
        self.has_kernel = has_kernel
        self.trainable = trainable

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """The kernel; biases stay 32-bit."""
        return [(layer.kernel, KernelQuantizer())] if self.has_kernel else []

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        """Let the layer compute with its rounded kernel."""
        if self.has_kernel:
            layer.kernel = quantize_weights[0]

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """None: the output's range is behind the activation."""
        return []

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """Nothing to set."""
        return

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """The output's range."""
        return [Range(self.trainable)]

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"has_kernel": self.has_kernel, "trainable": self.trainable}


class NoConfig(LayerConfig):
    """A layer that only moves values: they keep the scale they came with."""

    def __init__(self) -> None:
        super().__init__(has_kernel=False, trainable=False)

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """None."""
        return []

    def get_config(self) -> dict[str, Any]:
        """No arguments."""
        return {}


_SCOPE = {
    "Range": Range,
    "LayerConfig": LayerConfig,
    "NoConfig": NoConfig,
    "DepthToSpace": DepthToSpace,
}


def quantise(generator: Any, crops: Picture) -> Any:
    """The generator with rounding in it, ranges calibrated on `crops` (n, h, w, 3) uint8."""
    annotated = _annotate(generator)
    with quantize_scope(_SCOPE):
        model = quantize_apply(annotated, scheme=PlainScheme())
    _calibrate(model, generator, crops)
    return model


def fine_tune(model: Any, teacher: Any, batches: Iterator[Picture], steps: int) -> None:
    """Train `model` to give `teacher`'s pictures, on `steps` batches (n, h, w, 3) uint8."""
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, max(steps, 1))
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(model.trainable_variables)
    update = tf.function(lambda lr: _update(model, teacher, optimizer, lr), reduce_retracing=True)
    with ProgressLine("fine-tuning", steps) as line:
        for step, lr in zip(range(1, steps + 1), batches, strict=False):
            loss = update(_to_float(lr))
            if step % 20 == 0 or step == steps:
                line.update(step, f"L1 to the float model {float(loss) * 255:.3f} levels")
        # The kernels' ranges belong to the step before: look at the final kernels once more.
        model(_to_float(lr), training=True)


def _update(model: Any, teacher: Any, optimizer: Any, lr: Any) -> Any:
    target = tf.clip_by_value(teacher(lr, training=False), *_PICTURE_RANGE)
    with tf.GradientTape() as tape:
        loss = pixel_loss(model(lr, training=True), target)
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    return loss


def _annotate(generator: Any) -> Any:
    """A copy in which every layer says how it is to be quantised, the input picture too."""
    picture = keras.Input((None, None, 3), name="lr")
    entry = keras.layers.Activation("linear", name=_INPUT)
    tensors = {
        generator.layers[0].name: annotate_layer(entry, LayerConfig(False, trainable=False))(
            picture
        )
    }
    for layer in generator.layers[1:]:
        copy = layer.__class__.from_config(layer.get_config())
        sources = [tensors[source.name] for source in inputs_of(layer)]
        wrapper = annotate_layer(copy, _config(layer, generator))
        tensors[layer.name] = wrapper(sources if len(sources) > 1 else sources[0])
        copy.set_weights(layer.get_weights())
    return keras.Model(picture, tensors[generator.layers[-1].name], name=generator.name)


def _config(layer: Any, generator: Any) -> QuantizeConfig:
    if isinstance(layer, DepthToSpace):
        return NoConfig()
    has_kernel = isinstance(layer, keras.layers.Conv2D)
    return LayerConfig(has_kernel, trainable=not _holds_picture(layer, generator))


def _holds_picture(layer: Any, generator: Any) -> bool:
    """Whether a layer gives pixels: the last ones, and the anchor repeated from the input."""
    final = generator._output_layers[0]
    while isinstance(final, DepthToSpace):
        final = inputs_of(final)[0]
    if layer.name == final.name:
        return True
    feeds = {source.name for source in inputs_of(final)}
    return reads_picture(layer) and layer.name in feeds and not layer.trainable


def _calibrate(model: Any, generator: Any, crops: Picture) -> None:
    """Set every trained range to what the float generator's layer gives on the crops."""
    layers = [layer for layer in generator.layers if not isinstance(layer, keras.layers.InputLayer)]
    probe = keras.Model(generator.inputs, [layer.output for layer in layers])
    outputs = probe(_to_float(crops), training=False)
    wrapped = {layer.layer.name: layer for layer in model.layers if hasattr(layer, "layer")}
    for layer, output in zip(layers, outputs, strict=True):
        for variable in wrapped[layer.name].trainable_weights:
            if variable.name.endswith(_LEAST):
                variable.assign(min(0.0, float(np.min(output))))
            elif variable.name.endswith(_MOST):
                variable.assign(max(0.0, float(np.max(output))))
    # A kernel's ranges are taken when the model runs as in training.
    model(_to_float(crops[:1]), training=True)


def _to_float(pixels: Picture) -> Any:
    return tf.constant(pixels.astype(np.float32) / np.float32(255))
