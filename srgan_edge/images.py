"""Image files: any that Pillow reads becomes 8-bit BGR with its alpha, and goes back as it came.

Turned upright by its EXIF orientation. Grey stays grey, alpha stays alpha, the colour profile is
kept. 16-bit and floating-point pictures are reduced to 8 bits, CMYK and palettes become RGB.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from srgan_edge.decoded import IMAGE_SUFFIXES, Decoded, ImageFile
from srgan_edge.errors import InputError, RunError
from srgan_edge.files import disk_error, whole_file
from srgan_edge.quality import Picture

__all__ = ["IMAGE_SUFFIXES", "ImageFile", "find_files", "keeps_alpha", "read_image", "read_rgb"]
__all__ += ["write_image"]
_QUALITY = 95  # JPEG and lossy WebP: high enough that the file does not undo the upscaling


def find_files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """All files below `folder` with one of `suffixes`, sorted; no links to folders followed."""
    return sorted(
        Path(parent) / name
        for parent, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(suffixes) and not name.startswith(".")
        if _may_be_read(os.path.join(parent, name))  # noqa: PTH118 - a hundred thousand, perhaps
    )


def _may_be_read(name: str) -> bool:
    """Neither a pipe or a device, which may never end, nor a link that leads round to itself.

    A link to nothing stays: whoever opens it says so.
    """
    try:
        return stat.S_ISREG(os.stat(name).st_mode)  # noqa: PTH116
    except OSError as error:
        return error.errno == errno.ENOENT


def read_image(path: Path) -> ImageFile:
    """Decode an image file.

    Raises:
        InputError: missing, unreadable, damaged, or no image.
    """
    decoded = Decoded(path)
    return decoded.rows(0, decoded.height)


def read_rgb(path: Path) -> Picture:
    """An image file as (h, w, 3) uint8 RGB without its alpha. Raises InputError as `read_image`."""
    return np.ascontiguousarray(read_image(path).bgr[..., ::-1])


def write_image(path: Path, image: ImageFile) -> None:
    """Encode by the suffix of `path`, whole or not at all. JPEG and BMP drop alpha.

    Raises:
        InputError: an unknown suffix or a folder that cannot be written.
        RunError: encoding failed, or the disk is full.
    """
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        accepted = " ".join(IMAGE_SUFFIXES)
        raise InputError(f"cannot write {path}: the name must end in one of {accepted}")
    picture = Image.fromarray(np.ascontiguousarray(image.bgr[..., ::-1]))
    if image.grey:
        picture = picture.convert("L")
    if image.alpha is not None and keeps_alpha(path):
        picture.putalpha(Image.fromarray(image.alpha))
    with whole_file(path) as part:
        try:
            picture.save(part, quality=_QUALITY, icc_profile=image.profile)
        except OSError as error:
            raise disk_error(path, error) from None
        except (ValueError, TypeError, struct.error) as error:
            raise RunError(f"cannot write the image {path}: {error}") from None


def keeps_alpha(path: Path) -> bool:
    """Whether the format of `path` has transparency."""
    return path.suffix.lower() not in (".jpg", ".jpeg", ".bmp")
