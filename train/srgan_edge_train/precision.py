"""Which Keras dtype policy a recipe's `precision` means on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from srgan_edge_train.keras import tf

# Instruction sets that multiply bfloat16, as the kernel names them (x86-64 and arm64).
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def dtype_policy(precision: str) -> str:
    """`auto`, `float32` or `bfloat16` -> the name of a Keras dtype policy."""
    if precision == "auto":
        precision = "bfloat16" if _has_bfloat16() else "float32"
    return "mixed_bfloat16" if precision == "bfloat16" else "float32"


def _has_bfloat16() -> bool:
    if tf.config.list_physical_devices("GPU"):
        return True
    if sys.platform != "linux":
        return False
    words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    return not _BFLOAT16_FLAGS.isdisjoint(words)
