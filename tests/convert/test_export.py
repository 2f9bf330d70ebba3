"""What is handed to TensorFlow's converter."""

from __future__ import annotations

import gc
from pathlib import Path

from srgan_edge_convert.export import _converter
from srgan_edge_train.generators import load_generator

WEIGHTS = Path(__file__).parents[2] / "train" / "weights" / "edge-tiny.keras"


def test_weights_outlive_the_collection_of_garbage() -> None:
    """Nobody else holds the model: which moment garbage is looked for must not matter."""
    converter = _converter(load_generator(WEIGHTS))
    gc.collect()
    assert converter.convert()[4:8] == b"TFL3"
