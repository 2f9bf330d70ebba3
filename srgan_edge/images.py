"""Image files: any that Pillow reads becomes 8-bit BGR with its alpha, and goes back as it came.

Turned upright by its EXIF orientation. Grey stays grey, alpha stays alpha, the colour profile is
kept. 16-bit and floating-point pictures are reduced to 8 bits, CMYK and palettes become RGB.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from srgan_edge.errors import InputError, RunError
from srgan_edge.files import whole_file
from srgan_edge.quality import Picture

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
# Pillow's names of the same: no other of its decoders is asked.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_QUALITY = 95  # JPEG and lossy WebP: high enough that the file does not undo the upscaling


@dataclass(frozen=True)
class ImageFile:
    """A decoded picture: `bgr` (h, w, 3) uint8, `alpha` (h, w) uint8 or None.

    `grey` and `profile` (ICC) are how it is written again; `reduced` tells that it had more bits.
    """

    bgr: Picture
    alpha: Picture | None = None
    grey: bool = False
    profile: bytes | None = None
    reduced: bool = False

    def with_pixels(self, bgr: Picture, alpha: Picture | None) -> ImageFile:
        """The same kind of picture with other pixels."""
        return replace(self, bgr=bgr, alpha=alpha)


def find_files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """All files below `folder` with one of `suffixes`, sorted; no links to folders followed."""
    return sorted(
        Path(parent) / name
        for parent, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(suffixes) and not name.startswith(".")
    )


def read_image(path: Path) -> ImageFile:
    """Decode an image file.

    Raises:
        InputError: missing, unreadable, damaged, or no image.
    """
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            image = ImageOps.exif_transpose(opened)
            profile = opened.info.get("icc_profile")
    except FileNotFoundError:
        raise InputError(f"no such file: {path}") from None
    except UnidentifiedImageError:
        kinds = " ".join(IMAGE_SUFFIXES)
        raise InputError(f"not an image: {path} (its content is none of {kinds})") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"cannot read the image {path}: {error}") from None
    grey = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
    alpha = _alpha(image)
    rgb = np.asarray(_eight_bits(image).convert("RGB"))
    keep = profile if image.mode != "CMYK" else None
    return ImageFile(np.ascontiguousarray(rgb[..., ::-1]), alpha, grey, keep, _is_deep(image))


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
        except (OSError, ValueError) as error:
            raise RunError(f"cannot write the image {path}: {error}") from None


def keeps_alpha(path: Path) -> bool:
    """Whether the format of `path` has transparency."""
    return path.suffix.lower() not in (".jpg", ".jpeg", ".bmp")


def _alpha(image: Image.Image) -> Picture | None:
    if not image.has_transparency_data:
        return None
    return np.asarray(image.convert("RGBA").getchannel("A"))


def _is_deep(image: Image.Image) -> bool:
    return image.mode == "F" or image.mode.startswith("I")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Reduce 16-bit, 32-bit and floating-point grey to 8 bits; other modes pass."""
    if isinstance(image.info.get("transparency"), bytes):  # else Pillow warns of what it leaves out
        return image.convert("RGBA")
    if not _is_deep(image):
        return image
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    # Integers use 16 bits whatever their container; floats are 0..1 or already 0..255.
    peak = 65535.0 if image.mode != "F" else (1.0 if values.max(initial=0) <= 1 else 255.0)
    return Image.fromarray(np.clip(values * (255 / peak) + 0.5, 0, 255).astype(np.uint8))
