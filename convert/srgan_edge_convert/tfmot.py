"""The one place that imports tensorflow-model-optimization, after TensorFlow's settings."""

from __future__ import annotations

from typing import Any

from srgan_edge_train.keras import keras

# isort: split
import tensorflow_model_optimization

api = tensorflow_model_optimization.quantization.keras

QuantizeConfig = api.QuantizeConfig
Quantizer = api.quantizers.Quantizer
annotate_layer = api.quantize_annotate_layer
quantize_apply = api.quantize_apply
quantize_scope = api.quantize_scope
_LastValueQuantizer: Any = api.quantizers.LastValueQuantizer
_Scheme: Any = api.QuantizeScheme
_LayoutTransform: Any = api.QuantizeLayoutTransform


class KernelQuantizer(_LastValueQuantizer):
    """8 bits, symmetric, a scale per output channel: what TFLite computes convolutions with."""

    def __init__(self, per_axis: bool) -> None:
        """Say whether every output channel has a scale of its own, or one serves them all."""
        super().__init__(num_bits=8, per_axis=per_axis, symmetric=True, narrow_range=True)

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """The range or ranges, taken from the kernel at every training step."""
        return {
            f"{key}_var": layer.add_weight(
                f"{name}_{key}",
                shape=(tensor_shape[-1],) if self.per_axis else (),
                initializer=keras.initializers.Constant(value),
                trainable=False,
            )
            for key, value in (("min", -1.0), ("max", 1.0))
        }


class PlainScheme(_Scheme):
    """Quantises each layer by its own config and moves no layers around."""

    def get_layout_transformer(self) -> Any:
        """One that does nothing."""
        return _NoTransforms()

    def get_quantize_registry(self) -> Any:
        """Tfmot's own; not asked, since every layer has a config."""
        return api.default_8bit.Default8BitQuantizeRegistry()


class _NoTransforms(_LayoutTransform):
    def apply(self, model: Any, layer_quantize_map: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return model, layer_quantize_map
