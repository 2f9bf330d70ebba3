"""A wheel as a later release would be."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path


def reversioned(wheel: Path, version: str, folder: Path) -> Path:
    """The same wheel with another version, and a `doctor` that times tiny frames: it is quick."""
    old = wheel.name.split("-")[1]
    target = folder / wheel.name.replace(f"-{old}-", f"-{version}-")
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("/RECORD"):
                data = re.sub(rb",sha256=[^,]*,\d*", b",,", data)  # the files' contents change
            if name.endswith(("/METADATA", "/RECORD", "srgan_edge/__init__.py")):
                data = data.replace(old.encode(), version.encode())
            if name == "srgan_edge/backends/threads.py":
                data = re.sub(rb"TIMED_SIZE = .*", b"TIMED_SIZE = (16, 9)", data)
            made.writestr(name.replace(f"-{old}.", f"-{version}."), data)
    return target
