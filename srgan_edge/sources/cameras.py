"""Which cameras this machine has, by the names that Linux gives their devices.

A Raspberry Pi has some twenty /dev/video*, of which most are its decoders and picture processors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DEVICES = Path("/sys/class/video4linux")
# What receives from the camera at the ribbon connector: Raspberry Pi 4 and before, Raspberry Pi 5.
_RECEIVERS = ("unicam-image", "rp1-cfe-csi2")
# Decoders, encoders, picture processors, and receivers of other data.
_OTHERS = ("unicam", "rp1-cfe", "bcm2835-", "pispbe", "rpi-hevc", "rpivid")
PICAMERA = "picamera2"


@dataclass(frozen=True)
class Camera:
    """One, and what `webcam --source` takes for it."""

    source: str
    name: str


def cameras(devices: Path = _DEVICES) -> list[Camera]:
    """USB cameras by their numbers, then the board's own.

    Args:
        devices: a folder that has for each video device one with the files `name` and `index`.
    """
    found = list(_named(devices))
    usb = [
        Camera(str(number), name)
        for number, index, name in found
        if index == 0 and not name.startswith((*_RECEIVERS, *_OTHERS))
    ]
    has_own = any(name.startswith(_RECEIVERS) for _, _, name in found)
    return usb + ([Camera(PICAMERA, "the board's own")] if has_own else [])


def _named(devices: Path) -> Iterator[tuple[int, int, str]]:
    """Number, place among the devices of one camera (the first has pictures), and name."""
    numbers = (re.fullmatch(r"video(\d+)", path.name) for path in devices.glob("video*"))
    for number in sorted(int(found[1]) for found in numbers if found):
        folder = devices / f"video{number}"
        try:
            index = int((folder / "index").read_text())
            yield number, index, (folder / "name").read_text(errors="replace").strip()
        except (OSError, ValueError):  # unplugged meanwhile
            continue


if __name__ == "__main__":
    # What install.sh writes into a new configuration.
    there = cameras()
    print(there[0].source if there else "0")
