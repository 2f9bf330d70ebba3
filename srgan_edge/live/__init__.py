"""The live loop: capture, upscale and show, each in its own thread."""

from srgan_edge.live.loop import Live, stop_signals
from srgan_edge.live.slot import Slot
from srgan_edge.live.stats import Stats

__all__ = ["Live", "Slot", "Stats", "stop_signals"]
