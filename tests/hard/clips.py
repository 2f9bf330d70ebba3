"""Short videos of every container that is read, and what can be wrong with them."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Iterator

import av
import numpy as np

from tests.hard.damage import EDGES, damaged

# Suffix, FFmpeg's container, and codec.
_KINDS = (
    (".mp4", "mp4", "mpeg4"),
    (".mp4", "mp4", "libx264"),
    (".mov", "mov", "mjpeg"),
    (".avi", "avi", "mjpeg"),
    (".mkv", "matroska", "mpeg4"),
    (".webm", "webm", "libvpx"),
    (".mpg", "mpeg", "mpeg2video"),
    (".ts", "mpegts", "mpeg2video"),
    (".flv", "flv", "flv1"),
    (".wmv", "asf", "wmv2"),
)
_WIDTH, _HEIGHT, _FRAMES = 48, 32, 5
# Boxes of MP4 and MOV whose numbers say how large, how many, where and when.
_BOXES: tuple[bytes, ...] = (
    b"mvhd",
    b"tkhd",
    b"mdhd",
    b"stsd",
    b"stts",
    b"stss",
    b"stsc",
    b"stsz",
    b"stco",
    b"elst",
)
_BOXES += (b"ctts", b"hdlr", b"moov", b"trak", b"mdat", b"mp4v", b"avc1", b"avcC", b"esds", b"ftyp")
_SIDES = (0, 1, 2, 7, 4096, 16384, 65535)


def ordinary() -> list[tuple[str, bytes]]:
    """Suffix and content of one of every kind: all of them can be upscaled."""
    return [(suffix, _clip(container, codec)) for suffix, container, codec in _KINDS]


def _clip(container: str, codec: str) -> bytes:
    content, noise = io.BytesIO(), np.random.default_rng(0)
    with av.open(content, "w", format=container) as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height = _WIDTH, _HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for _ in range(_FRAMES):
            pixels = noise.integers(0, 256, (_HEIGHT // 8, _WIDTH // 8, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels.repeat(8, 0).repeat(8, 1), format="bgr24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return content.getvalue()


def mutants(
    chance: random.Random, clips: list[tuple[str, bytes]]
) -> Iterator[tuple[str, bytes, int]]:
    """Suffix, content, and which of the clips it was; without end."""
    while True:
        number = chance.randrange(len(clips))
        suffix, data = clips[number]
        if suffix in (".mp4", ".mov") and chance.random() < 0.7:
            data = _boxes(chance, data)
        if data == clips[number][1] or chance.random() < 0.5:
            data = damaged(chance, data, magic=12)
        # The name may be another kind's: the content counts.
        yield (chance.choice(clips)[0] if chance.random() < 0.1 else suffix), data, number


def _boxes(chance: random.Random, data: bytes) -> bytes:
    """Numbers within MP4's boxes that are others."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = data.find(chance.choice(_BOXES))
        if place < 0:
            continue
        at = place - 4 + 4 * chance.randrange(24)
        if at + 4 > len(data):
            continue
        if chance.random() < 0.3:
            struct.pack_into(">HH", changed, at, *(chance.choice(_SIDES) for _ in range(2)))
        else:
            struct.pack_into(">I", changed, at, chance.choice(EDGES))
    return bytes(changed)


def lists(target: str) -> list[bytes]:
    """What FFmpeg opens other files by, or the network."""
    return [
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n".encode(),
        f"\n #EXTM3U\n#EXTINF:5,\n{target}\n".encode(),
        f"ffconcat version 1.0\nfile '{target}'\n".encode(),
        f"\xef\xbb\xbfffconcat version 1.0\nfile {target}\n".encode("latin-1"),
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 26\n",
        f'<?xml version="1.0"?>\n<MPD><BaseURL>{target}</BaseURL></MPD>'.encode(),
        f"[playlist]\nFile1={target}\n".encode(),
        f"[reference]\nRef1={target}\n".encode(),
    ]
