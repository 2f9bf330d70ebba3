"""The live loop: capture, upscale and show, each in its own thread."""

from srgan_edge.live.controls import Controls
from srgan_edge.live.governor import Governor
from srgan_edge.live.loop import Live, stop_signals
from srgan_edge.live.slot import Slot
from srgan_edge.live.stats import Stats
from srgan_edge.live.switch import Switch

__all__ = ["Controls", "Governor", "Live", "Slot", "Stats", "Switch", "stop_signals"]
