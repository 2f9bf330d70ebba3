"""What training minimises. Pictures are float32 (n, h, w, 3) in 0..1; a loss is one float32.

The adversarial recipes add their content and adversarial losses here.
"""

from __future__ import annotations

from typing import Any

from srgan_edge_train.keras import tf


def pixel_loss(sr: Any, hr: Any) -> Any:
    """Mean absolute difference (L1)."""
    return tf.reduce_mean(tf.abs(sr - hr))
