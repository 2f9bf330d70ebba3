"""What a time was measured on: a figure without its machine says nothing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# What a Raspberry Pi's firmware says of its power and heat (`vcgencmd get_throttled`).
_FLAGS = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
    16: "under-voltage before",
    17: "frequency capped before",
    18: "throttled before",
    19: "soft temperature limit before",
}


@dataclass(frozen=True)
class Machine:
    """A computer; what it does not tell is empty or None."""

    model: str
    processor: str
    architecture: str
    cores: int
    os: str
    python: str
    litert: str
    governor: str | None
    temperature_c: float | None
    throttled: str | None

    @property
    def name(self) -> str:
        """In a line."""
        kinds = [part for part in (self.model, self.processor) if part] or [self.architecture]
        return f"{', '.join(kinds)}, {self.cores} cores"


def this_machine() -> Machine:
    """The one that this runs on, as it is now."""
    return Machine(
        model=_board(),
        processor=_processor(),
        architecture=platform.machine(),
        cores=os.cpu_count() or 1,
        os=_system(),
        python=platform.python_version(),
        litert=_litert(),
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        temperature_c=_temperature(),
        throttled=throttled(),
    )


def throttled() -> str | None:
    """What a Raspberry Pi says of power and heat: "no", or what happened; None elsewhere."""
    if shutil.which("vcgencmd") is None:
        return None
    done = subprocess.run(
        ["vcgencmd", "get_throttled"], capture_output=True, text=True, check=False, timeout=5
    )
    try:
        bits = int(done.stdout.strip().partition("=")[2], 16)
    except ValueError:
        return None
    return ", ".join(words for bit, words in _FLAGS.items() if bits >> bit & 1) or "no"


def peak_memory_mb() -> float:
    """The most that this process had in memory."""
    try:
        import resource
    except ImportError:  # Windows has none
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _board() -> str:
    """Boards say what they are; other computers' vendors are none of our business."""
    return (_read("/proc/device-tree/model") or "").rstrip("\0")


def _processor() -> str:
    for line in (_read("/proc/cpuinfo") or "").splitlines():
        if line.startswith(("model name", "Hardware")):
            return line.partition(":")[2].strip()
    return platform.processor()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def _litert() -> str:
    for package in ("ai-edge-litert", "tflite-runtime"):
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
    return ""


def _temperature() -> float | None:
    text = _read("/sys/class/thermal/thermal_zone0/temp")
    return int(text) / 1000 if text and text.lstrip("-").isdecimal() else None


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return None
