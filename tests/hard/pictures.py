"""Pictures of every kind that is read, none of them damaged."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

_WIDTH, _HEIGHT = 24, 16
ORIENTATION = 0x0112


def _noise(width: int, height: int, channels: int) -> Any:
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _file(image: Image.Image, kind: str, **how: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **how)
    return content.getvalue()


def png(width: int, height: int) -> bytes:
    """An ordinary one."""
    return _file(Image.fromarray(_noise(width, height, 3)), "PNG")


def ordinary() -> dict[str, list[bytes]]:
    """By suffix, one of every kind: all of them can be upscaled."""
    rgb, rgba, grey = (Image.fromarray(_noise(_WIDTH, _HEIGHT, count)) for count in (3, 4, 1))
    deep = Image.fromarray(_noise(_WIDTH, _HEIGHT, 1).astype(np.uint16) * 257)
    floats = Image.fromarray(_noise(_WIDTH, _HEIGHT, 1).astype(np.float32) / 255)
    whole = Image.fromarray(_noise(_WIDTH, _HEIGHT, 1).astype(np.int32) * 257)
    palette, cmyk, bits = rgb.quantize(16), rgb.convert("CMYK"), grey.convert("1")
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    text = PngImagePlugin.PngInfo()
    text.add_itxt("about", "x" * 500, zip=True)
    frames = [rgb.rotate(angle) for angle in (90, 180)]
    profile = _profile()
    pngs = [_file(one, "PNG") for one in (rgb, rgba, grey, deep, palette, bits)]
    pngs += [_file(palette, "PNG", transparency=bytes(range(0, 256, 16)), icc_profile=profile)]
    pngs += [_file(rgb, "PNG", exif=exif, pnginfo=text)]
    pngs += [_file(rgb, "PNG", save_all=True, append_images=frames, duration=20)]
    pngs += [_file(grey.convert("LA"), "PNG")]
    jpegs = [_file(one, "JPEG", icc_profile=profile) for one in (rgb, grey, cmyk)]
    jpegs += [_file(rgb, "JPEG", exif=exif, subsampling=0), _file(rgb, "JPEG", progressive=True)]
    webps = [_file(rgb, "WEBP"), _file(rgba, "WEBP", lossless=True), _file(rgb, "WEBP", exif=exif)]
    webps += [_file(rgba, "WEBP", save_all=True, append_images=frames, duration=20)]
    bmps = [_file(one, "BMP") for one in (rgb, rgba, grey, palette, bits)] + [_run_lengths()]
    kinds = (rgb, rgba, grey, deep, floats, whole, palette, cmyk, bits, rgb.convert("LAB"))
    tiffs = [_file(one, "TIFF") for one in kinds]
    tiffs += [_file(rgb, "TIFF", compression=how) for how in _COMPRESSIONS]
    tiffs += [_file(bits, "TIFF", compression="group4"), _file(rgb, "TIFF", big_tiff=True)]
    tiffs += [_file(rgb, "TIFF", exif=exif, icc_profile=profile, save_all=True)]
    return {".png": pngs, ".jpg": jpegs, ".webp": webps, ".bmp": bmps, ".tif": tiffs}


_COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")


def _profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _run_lengths() -> bytes:
    """A BMP of 8 bits in run lengths, which Pillow does not write."""
    rows = (bytes((_WIDTH, 7)) + b"\0\0") * _HEIGHT + b"\0\1"
    palette = bytes(range(256)) * 4
    head = struct.pack("<IiiHHIIiiII", 40, _WIDTH, _HEIGHT, 1, 8, 1, len(rows), 0, 0, 256, 0)
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + palette + rows


def is_past_magic(data: bytes) -> bool:
    """Whether a decoder takes it for its own."""
    kinds = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"II+\0")
    return data.startswith(kinds) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
