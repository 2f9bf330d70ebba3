"""Between a picture's bytes and a model's tensors, which are int8, uint8 or float32."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from srgan_edge.quality import Picture

# One level of 8 bits is one step of the tensor: then bytes pass with at most a flipped sign bit.
STEP = 1 / 255
ZERO_POINTS = {np.dtype(np.int8): -128, np.dtype(np.uint8): 0}


def into_tensor(block: Picture, tensor: Any) -> None:
    """Write (h, w, 3) uint8 into a tensor's memory of the same shape."""
    if tensor.dtype == np.float32:
        np.multiply(block, np.float32(STEP), out=tensor)
    else:
        np.bitwise_xor(block, _sign(tensor.dtype), out=tensor.view(np.uint8))


def from_tensor(tensor: Any) -> Picture:
    """A tensor (h, w, 3) as uint8, a new array."""
    if tensor.dtype == np.float32:
        # One pass that scales, rounds and clips; numpy would take three.
        levels = cv2.addWeighted(tensor, 255.0, tensor, 0.0, 0.0, dtype=cv2.CV_8U)
        return np.asarray(levels, np.uint8)
    return np.asarray(np.bitwise_xor(tensor.view(np.uint8), _sign(tensor.dtype)))


def _sign(dtype: np.dtype[Any]) -> np.uint8:
    """Flips between int8 with zero point -128 and uint8 with zero point 0."""
    return np.uint8(0x80 if dtype == np.int8 else 0)
