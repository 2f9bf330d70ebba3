"""What can be wrong with a picture: by its format, so that decoders go on to the next thing."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

from tests.hard.damage import EDGES, damaged
from tests.hard.pictures import ORIENTATION

_SIDES = (0, 1, 2, 255, 16383, 16384, 65535, 2**16, 30_000, 2**20, 2**31 - 1, 2**31, 2**32 - 1)


def mutants(chance: random.Random, of_kind: dict[str, list[bytes]]) -> Iterator[tuple[str, bytes]]:
    """Suffix and content, without end."""
    makers = {".png": _png, ".jpg": _jpeg, ".bmp": _bmp, ".tif": _tiff, ".webp": _webp}
    suffixes = list(of_kind)
    while True:
        suffix = chance.choice(suffixes)
        data = chance.choice(of_kind[suffix])
        if chance.random() < 0.6:
            data = makers[suffix](chance, data)
        if chance.random() < 0.5:
            data = damaged(chance, data, magic=12 if suffix == ".webp" else 8)
        # The name may be another kind's: the content counts.
        yield (chance.choice(suffixes) if chance.random() < 0.1 else suffix), data


def _png(chance: random.Random, data: bytes) -> bytes:
    """Chunks that are others, of which the checksums are right."""
    chunks = list(_chunks(data))
    at = chance.randrange(len(chunks))
    name, body = chunks[at]
    kind = chance.randrange(7)
    if kind == 0:
        chunks[0] = (b"IHDR", _header(chance, chunks[0][1]))
    elif kind == 1:
        del chunks[at]
    elif kind == 2:
        chunks.insert(at, chance.choice(chunks))
    elif kind == 3:
        chunks[at] = (name, damaged(chance, body, magic=0) if len(body) > 9 else b"")
    elif kind == 4:
        chunks.insert(1, chance.choice(_CHUNKS))
    elif kind == 5:
        chance.shuffle(chunks)
    else:
        chunks[at] = (bytes(chance.choice(b"IDATtEXtfdATiCCP") for _ in range(4)), body)
    return data[:8] + b"".join(map(_chunk, chunks))


def _header(chance: random.Random, body: bytes) -> bytes:
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", body)
    sides = [chance.choice((*_SIDES, width, height)) for _ in range(2)]
    depth = chance.choice((depth, 0, 1, 2, 4, 8, 16, 3, 255))
    colour = chance.choice((colour, 0, 1, 2, 3, 4, 5, 6, 255))
    return struct.pack(">IIBBBBB", *sides, depth, colour, 0, 0, chance.choice((0, 0, 1, 9)))


_BOMB = zlib.compress(bytes(64 << 20), 9)  # 64 MB of nothing in 64 kB
_CHUNKS = (
    (b"iCCP", b"x\0\0" + _BOMB),
    (b"zTXt", b"x\0\0" + _BOMB),
    (b"iTXt", b"x\0\1\0\0\0" + _BOMB),
    (b"tRNS", bytes(300)),
    (b"tRNS", b""),
    (b"PLTE", bytes(3 * 300)),
    (b"PLTE", b"\1"),
    (b"gAMA", bytes(2)),
    (b"pHYs", b"\xff" * 9),
    (b"eXIf", b"II*\0\xff\xff\xff\xff"),
    (b"eXIf", b""),
    (b"acTL", struct.pack(">II", 2**31, 0)),
    (b"fcTL", struct.pack(">IIIIIHHBB", 0, 2**31, 2**31, 9, 9, 0, 0, 9, 9)),
    (b"cHRM", b"\0"),
    (b"sRGB", b""),
    (b"tEXt", bytes(2 << 20)),
)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 12 + length


def _chunk(named: tuple[bytes, bytes]) -> bytes:
    name, body = named
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _jpeg(chance: random.Random, data: bytes) -> bytes:
    """Segments that are others; of a frame's header height, width and components."""
    parts = list(_segments(data))
    at = chance.randrange(len(parts) - 1)
    kind = chance.randrange(6)
    if kind == 0:
        frames = [i for i, part in enumerate(parts) if part[1] in b"\xc0\xc1\xc2"]
        at = frames[0] if frames else at
        changed = bytearray(parts[at])
        sides = struct.pack(">HH", *(chance.choice(_SIDES) % 2**16 for _ in range(2)))
        changed[5:9] = sides
        if chance.random() < 0.5 and len(changed) > 12:
            changed[chance.randrange(4, len(changed))] = chance.choice(EDGES) % 256
        parts[at] = bytes(changed)
    elif kind == 1:
        del parts[at]
    elif kind == 2:
        parts.insert(at, chance.choice(parts[:-1]))
    elif kind == 3:
        parts.insert(0, chance.choice(_SEGMENTS))
    elif kind == 4:
        parts[at] = parts[at][:4] + damaged(chance, parts[at][4:] + bytes(12), magic=0)
    else:
        scan = parts[-1]
        parts += [scan[:-2]] * chance.choice((2, 50, 400))
    return b"\xff\xd8" + b"".join(parts)


def _segments(data: bytes) -> Iterator[bytes]:
    """Every segment after the start, the last with all pixels."""
    place = 2
    while place + 4 <= len(data) and data[place + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, place + 2)
        yield data[place : place + 2 + length]
        place += 2 + length
    yield data[place:]


def _app(number: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, 0xE0 + number, len(body) + 2) + body


_SEGMENTS = (
    *(_app(1, b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, ORIENTATION, kind, count, value))
      for kind in (2, 3, 7, 12, 200) for count in (0, 1, 2**31) for value in (0, 5, 8, 9, 2**31)),
    _app(1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
    _app(1, b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08"),
    _app(1, b"Exif\0\0"),
    _app(2, b"ICC_PROFILE\0\1\1" + bytes(200)),
    _app(2, b"ICC_PROFILE\0\0\0"),
    _app(2, b"ICC_PROFILE\0\xff\2x"),
    _app(2, b"MPF\0II*\0\x08\0\0\0\1\0\1\xb0\4\0\1\0\0\0\xff\xff\xff\xff"),
    _app(13, b"Photoshop 3.0\08BIM\x03\xed\0\0\0\0\0\x10" + bytes(3)),
    _app(14, b"Adobe\0\x64\0\0\0\0\2"),
    _app(14, b"Adobe"),
    _app(0, b"JFIF\0\1\1\1\0\0\0\0\0\0"),
)  # fmt: skip


def _bmp(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    field, kind = chance.choice(
        (
            (10, "<I"),
            (14, "<I"),
            (18, "<i"),
            (22, "<i"),
            (26, "<H"),
            (28, "<H"),
            (30, "<I"),
            (46, "<I"),
        )
    )
    value = chance.choice((*_SIDES, 1, 4, 8, 16, 24, 32, -1, -16))
    size = struct.calcsize(kind)
    changed[field : field + size] = (value % (1 << (8 * size))).to_bytes(size, "little")
    return bytes(changed)


def _tiff(chance: random.Random, data: bytes) -> bytes:
    """Entries of the directory that are others."""
    if data[2] != 42:  # the 64-bit kind
        return damaged(chance, data, magic=16)
    changed, start = bytearray(data), struct.unpack_from("<I", data, 4)[0]
    (count,) = struct.unpack_from("<H", data, start)
    for _ in range(chance.choice((1, 1, 2, 4))):
        entry = start + 2 + 12 * chance.randrange(count)
        kind = chance.randrange(5)
        if kind == 0:
            struct.pack_into("<H", changed, entry, chance.choice(_TAGS))
        elif kind == 1:
            struct.pack_into("<H", changed, entry + 2, chance.choice((0, 1, 2, 3, 4, 5, 7, 12, 16)))
        elif kind == 2:
            struct.pack_into("<I", changed, entry + 4, chance.choice(EDGES))
        elif kind == 3:
            struct.pack_into("<I", changed, entry + 8, chance.choice((*EDGES, *_SIDES)))
        else:
            struct.pack_into("<H", changed, start, chance.choice((0, 1, count + 1, 65535)))
    return bytes(changed)


_TAGS: tuple[int, ...] = (
    256,
    257,
    258,
    259,
    262,
    266,
    273,
    274,
    277,
    278,
    279,
    284,
    317,
    320,
    322,
    323,
    324,
    325,
)
_TAGS += (330, 338, 339, 347, 530, 532, 700, 34665, 34675, 0, 65535)


def _webp(chance: random.Random, data: bytes) -> bytes:
    """The canvas of an extended one, or the size in a chunk's own header."""
    changed = bytearray(data)
    if data[12:16] == b"VP8X":
        struct.pack_into("<I", changed, 24, chance.choice(_SIDES))
        changed[20] = chance.randrange(256)
    else:
        place = 21 if data[12:16] == b"VP8L" else 26
        struct.pack_into("<I", changed, place, chance.choice(_SIDES))
    return bytes(changed)
