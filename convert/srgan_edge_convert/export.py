"""TFLite files of each format, with free height and width."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from srgan_edge.errors import RunError
from srgan_edge.quality import Picture
from srgan_edge.quiet import native_messages_hidden
from srgan_edge_convert.calibration import to_float
from srgan_edge_convert.flatbuffer import named_after
from srgan_edge_convert.network import PICTURE, Network
from srgan_edge_convert.qat import Quantised
from srgan_edge_train.keras import tf


class Format(str, Enum):
    """Number formats of a TFLite file."""

    INT8 = "int8"
    INT16X8 = "int16x8"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    DYNAMIC = "dynamic"

    @property
    def is_integer(self) -> bool:
        """Whether activations are integers, so that the file needs pictures to be made from."""
        return self in (Format.INT8, Format.INT16X8)


class Io(str, Enum):
    """Types of an 8-bit model's input and output."""

    INT8 = "int8"
    UINT8 = "uint8"


def export_int8(quantised: Quantised, io: Io = Io.INT8) -> bytes:
    """An 8-bit file that computes and passes 8 bits, of what was calibrated or fine-tuned.

    Raises:
        RunError: TensorFlow's converter refuses the graph.
    """
    converter = _converter(quantised.model())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    dtype = tf.uint8 if io is Io.UINT8 else tf.int8
    converter.inference_input_type = converter.inference_output_type = dtype
    return _file(converter, quantised.network)


def export(
    network: Network,
    number_format: Format,
    crops: Picture | None = None,
    size: tuple[int | None, int | None] = (None, None),
) -> bytes:
    """A file that takes and gives float32 in 0..1.

    Args:
        network: what it computes.
        number_format: float16 stores halves; dynamic stores 8-bit weights and rounds activations as
            it goes; int16x8 has 8-bit weights and 16-bit activations.
        crops: for int16x8, what to measure ranges on, (n, h, w, 3) uint8.
        size: height and width of the input, free by default.

    Raises:
        RunError: TensorFlow's converter refuses the graph.
    """
    converter = _converter(network.model(), size)
    if number_format is not Format.FLOAT32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if number_format is Format.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if number_format is Format.INT16X8:
        assert crops is not None
        converter.representative_dataset = lambda: ([to_float(crop[None])] for crop in crops)
        # TFLite has no 16-bit depth_to_space: it is computed in float32.
        ops = tf.lite.OpsSet
        converter.target_spec.supported_ops = [
            ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
            ops.TFLITE_BUILTINS,
        ]
    return _file(converter, network)


def _converter(model: Any, size: tuple[int | None, int | None] = (None, None)) -> Any:
    # Batch 1: with an unknown batch XNNPACK leaves ops to slower kernels.
    signature = tf.TensorSpec((1, *size, 3), tf.float32, name=PICTURE)
    function = tf.function(lambda lr: model(lr, training=False)).get_concrete_function(signature)
    # Without the model: it would be saved whole first, which takes half a minute for a large one.
    with _quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.model = model  # the function alone does not keep its variables
    return converter


def _file(converter: Any, network: Network) -> bytes:
    try:
        with _quiet():
            content = bytes(converter.convert())
    except Exception as error:  # the converter raises ConverterError, ValueError and others
        raise RunError(f"TensorFlow cannot convert this generator: {error}") from None
    return named_after(content, [node.name for node in network.nodes])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converter's chatter from the screen; it is shown when the conversion fails."""
    said = ""
    try:
        with native_messages_hidden() as written, warnings.catch_warnings():
            # tf.lite is being renamed; and quantised inputs need no statistics after QAT.
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
            try:
                yield
            except Exception:
                said = written()
                raise
            finally:
                logging.disable(logging.NOTSET)
    finally:
        sys.stderr.write(said)
