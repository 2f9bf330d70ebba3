"""What is inside a `.tflite` file: read without trusting it, and checked before LiteRT sees it."""

from srgan_edge.tflite.flat import DamagedError, Table
from srgan_edge.tflite.sound import check_sound

__all__ = ["DamagedError", "Table", "check_sound"]
