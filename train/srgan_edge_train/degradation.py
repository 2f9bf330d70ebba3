"""How LR is made from HR where it is not plain bicubic: as a cheap camera makes it.

Blur, reduction and sensor noise come in a random order and strength, then the stream is compressed
(the practical degradation model of Zhang et al. 2021, BSRGAN, without its second round).
Pictures are uint8 RGB; in between they are float32 in 0..255.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from srgan_edge.quality import Picture

_Float = npt.NDArray[np.float32]
_Random = np.random.Generator

_BLUR = (0.1, 0.8)  # standard deviation in LR pixels: from a sharp lens to a soft one
_NOISE = (0.0, 8.0)  # standard deviation in levels at full brightness
_READ_NOISE = 0.3  # the share of it that is there in the dark
_JPEG_QUALITY = (40, 95)
_H264_CRF = (18, 32)
_TILE = 256  # LR pixels
# Shares of the pictures; the rest no codec touches. H.264 takes longer than all else together.
_JPEG_SHARE, _H264_SHARE = 0.65, 0.25
_REDUCTIONS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)


def camera_versions(hr: Picture, scale: int, sha256: str, count: int) -> Picture:
    """Several LR pictures of one HR picture, always the same: (count, h, w, 3) uint8.

    Large pictures are degraded tile by tile, each in its own way: that bounds the memory, and shows
    more kinds of cameras.
    """
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    versions = np.empty((count, height, width, 3), np.uint8)
    random = np.random.default_rng(int(sha256[:16], 16))
    for version in versions:
        for top, left in itertools.product(range(0, height, _TILE), range(0, width, _TILE)):
            rows = slice(top * scale, (top + _TILE) * scale)
            tile = hr[rows, left * scale : (left + _TILE) * scale]
            version[top : top + _TILE, left : left + _TILE] = camera(tile, scale, random)
    return versions


def camera(hr: Picture, scale: int, random: _Random) -> Picture:
    """What a cheap camera would send of `hr`: (s*h, s*w, 3) -> (h, w, 3), uint8 RGB."""
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    stages: list[Callable[[_Float], _Float]] = [
        lambda picture: blur(picture, picture.shape[1] / width, random),
        lambda picture: reduce(picture, width, height, random),
        lambda picture: sensor_noise(picture, random),
    ]
    picture = hr.astype(np.float32)
    for index in random.permutation(len(stages)):
        picture = stages[index](picture)
    return compress(to_levels(picture), random)


def blur(picture: _Float, pixel: float, random: _Random) -> _Float:
    """A lens: Gaussian, wider across than down or the other way. `pixel` is an LR pixel's size."""
    across, down = random.uniform(*_BLUR, size=2) * pixel
    blurred = cv2.GaussianBlur(picture, (0, 0), across, None, down, cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def reduce(picture: _Float, width: int, height: int, random: _Random) -> _Float:
    """To the camera's size, antialiased by one of three filters."""
    method = _REDUCTIONS[int(random.integers(len(_REDUCTIONS)))]
    planes = [Image.fromarray(picture[..., c]).resize((width, height), method) for c in range(3)]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def sensor_noise(picture: _Float, random: _Random) -> _Float:
    """Shot noise that grows with the root of the light, and read noise; coloured or grey."""
    light = np.clip(picture, 0, 255) / 255
    strength = random.uniform(*_NOISE) * np.sqrt(_READ_NOISE**2 + light)
    channels = int(random.choice((1, 3)))
    grain = random.standard_normal((*picture.shape[:2], channels), np.float32)
    return np.asarray(picture + strength * grain, np.float32)


def compress(picture: Picture, random: _Random) -> Picture:
    """JPEG (as USB cameras send), H.264 (as network cameras do), or rarely nothing."""
    choice = random.random()
    if choice < _JPEG_SHARE:
        return jpeg(picture, int(random.integers(*_JPEG_QUALITY, endpoint=True)))
    if choice < _JPEG_SHARE + _H264_SHARE:
        return h264(picture, int(random.integers(*_H264_CRF, endpoint=True)))
    return picture


def jpeg(picture: Picture, quality: int) -> Picture:
    """To baseline JPEG and back; `quality` from 1 to 100."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    back: Any = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return np.asarray(back[..., ::-1], np.uint8)


def h264(picture: Picture, crf: int) -> Picture:
    """To one H.264 frame (4:2:0) and back; `crf` from 0 (lossless) to 51."""
    height, width = picture.shape[:2]
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    # OpenCV rounds between RGB and YUV; FFmpeg's quick way would darken by a level.
    planes = np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420), np.uint8)
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = even.shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuv420p", Fraction(1, 25), 1
    encoder.options = {"crf": str(crf), "preset": "ultrafast", "tune": "zerolatency"}
    frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
    packets = encoder.encode(frame) + encoder.encode(None)
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    decoded = cv2.cvtColor(frames[0].to_ndarray(), cv2.COLOR_YUV2RGB_I420)
    return np.asarray(decoded, np.uint8)[:height, :width]


def to_levels(picture: npt.NDArray[np.floating[Any]]) -> Picture:
    """Round and clip to uint8."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
