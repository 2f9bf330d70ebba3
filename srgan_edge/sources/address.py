"""What `--source` means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from srgan_edge.errors import InputError


class Kind(Enum):
    """What opens it."""

    CAMERA = "camera"
    PICAMERA = "picamera2"
    STREAM = "stream"
    FILE = "file"
    SEQUENCE = "sequence"


@dataclass(frozen=True)
class Address:
    """A source that may be there; `target` is what its kind is opened with."""

    kind: Kind
    target: int | str
    name: str

    @property
    def is_live(self) -> bool:
        """Whether its frames come when they come."""
        return self.kind in (Kind.CAMERA, Kind.PICAMERA, Kind.STREAM)


def parse_source(text: str) -> Address:
    """A camera's number or device, `picamera2`, an address with ://, a video file, or pictures.

    Pictures are a folder of them, or a pattern of their names as FFmpeg writes it (`%04d.png`).

    Raises:
        InputError: none of these.
    """
    if text == "picamera2":
        return Address(Kind.PICAMERA, 0, text)
    if text.isdecimal() and len(text) <= 3:
        return Address(Kind.CAMERA, int(text), text)
    if re.match(r"/dev/video\d+$", text):
        return Address(Kind.CAMERA, text, text)
    if "://" in text:
        return Address(Kind.STREAM, text, _without_password(text))
    path = Path(text)
    if path.is_file():
        return Address(Kind.FILE, text, text)
    if text and (path.is_dir() or re.search(r"%0?\d*d", path.name)):
        return Address(Kind.SEQUENCE, text, text)
    raise InputError(
        f"no source {text!r}: give a camera's number, picamera2, a video file, a folder of "
        "pictures or an address"
    )


def _without_password(url: str) -> str:
    """Names are shown, drawn into pictures and logged."""
    try:
        password = urlsplit(url).password
    except ValueError:  # no address at all: opening it will say so
        return url
    return url.replace(f":{password}@", ":***@", 1) if password else url
