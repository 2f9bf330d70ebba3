"""What the embedded models must be: their SHA-256, in a file beside them.

    python -m srgan_edge.checksums     writes it, as `make models` does at its end

`sha256sum -c SHA256SUMS` reads it as well.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from srgan_edge.catalogue import embedded_models, models_folder
from srgan_edge.errors import InputError
from srgan_edge.files import write_text

SUMS_NAME = "SHA256SUMS"


def check_embedded(path: Path, content: bytes) -> bool:
    """Check what was read of an embedded model; False for any other, which nothing is known of.

    Raises:
        InputError: it is not what came with srgan-edge.
    """
    if path not in embedded_models().values():
        return False
    wanted, found = read_sums(path.parent).get(path.name), hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise InputError(
            f"{path} is not the model that came with srgan-edge: its SHA-256 begins with "
            f"{found[:12]}, {SUMS_NAME} says {(wanted or 'nothing')[:12]}. Install srgan-edge again"
        )
    return True


def read_sums(folder: Path) -> dict[str, str]:
    """Name of a file -> SHA-256 in hexadecimal.

    Raises:
        InputError: the list cannot be read.
    """
    path = folder / SUMS_NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"cannot read {path}: {reason}. Install srgan-edge again") from None
    found = {}
    for line in lines:
        digest, _, name = line.partition("  ")
        found[name] = digest
    return found


def write_sums(folder: Path) -> Path:
    """List the models of a folder as they are now; returns where."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.glob("*.tflite"))
    ]
    write_text(folder / SUMS_NAME, "".join(lines))
    return folder / SUMS_NAME


if __name__ == "__main__":
    print(write_sums(models_folder()))
