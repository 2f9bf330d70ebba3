"""Prints how many levels a GPU's picture is off the CPU's at most, for each model and size.

    python gpu_against_cpu.py picture.png model...

A program of its own: a driver may end its process, and does in one that has loaded TensorFlow.
"""

from __future__ import annotations

import sys

import cv2
import numpy as np

from srgan_edge.backends.cpu import CpuBackend
from srgan_edge.backends.gpu import GpuBackend
from srgan_edge.model_file import load_model

SIZES = ((12, 16), (9, 20))


def main(file: str, names: list[str]) -> None:
    whole = np.asarray(cv2.imread(file), np.uint8)
    for name in names:
        model = load_model(name)
        gpu, cpu = GpuBackend(model), CpuBackend(model)
        for height, width in SIZES:
            block = np.ascontiguousarray(whole[100 : 100 + height, 210 : 210 + width])
            print(np.abs(gpu.run(block).astype(int) - cpu.run(block)).max())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
