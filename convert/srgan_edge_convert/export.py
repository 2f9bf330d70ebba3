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
from srgan_edge.quiet import native_messages_hidden
from srgan_edge_train.keras import tf


class Format(str, Enum):
    """Number formats of a TFLite file."""

    INT8 = "int8"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    DYNAMIC = "dynamic"


class Io(str, Enum):
    """Types of an 8-bit model's input and output."""

    INT8 = "int8"
    UINT8 = "uint8"


def export(model: Any, number_format: Format, io: Io = Io.INT8) -> bytes:
    """Convert a Keras model: float, or for int8 one that `qat.quantise` made.

    Args:
        model: (n, h, w, 3) -> (n, s*h, s*w, 3).
        number_format: int8 computes and passes 8 bits; float16 and float32 take and give float32;
            dynamic stores 8-bit weights and computes activations as it goes.
        io: for int8, the type of input and output.

    Raises:
        RunError: TensorFlow's converter refuses the graph.
    """
    # Batch 1: with an unknown batch XNNPACK leaves ops to slower kernels.
    signature = tf.TensorSpec((1, None, None, 3), tf.float32, name="lr")
    function = tf.function(lambda lr: model(lr, training=False)).get_concrete_function(signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    if number_format is not Format.FLOAT32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if number_format is Format.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if number_format is Format.INT8:
        dtype = tf.uint8 if io is Io.UINT8 else tf.int8
        converter.inference_input_type = converter.inference_output_type = dtype
    try:
        with _quiet():
            return bytes(converter.convert())
    except Exception as error:  # the converter raises ConverterError, ValueError and others
        raise RunError(f"TensorFlow cannot convert this generator: {error}") from None


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
