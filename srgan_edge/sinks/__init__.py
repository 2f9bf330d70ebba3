"""Where live frames go: a window, a file, other programs, systemd, or nowhere."""

from srgan_edge.sinks.pipe import Pipe, Push
from srgan_edge.sinks.recording import Recording
from srgan_edge.sinks.recordings import Recordings
from srgan_edge.sinks.service import Heartbeat, heartbeats
from srgan_edge.sinks.sink import Sink, View
from srgan_edge.sinks.window import Window, has_display

__all__ = [
    "Heartbeat",
    "Pipe",
    "Push",
    "Recording",
    "Recordings",
    "Sink",
    "View",
    "Window",
    "has_display",
    "heartbeats",
]
