"""What happens to the bytes of a file: always the same for a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

# Numbers at the edges of what fits into a field.
EDGES = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 64, 127, 128, 255, 256, 1000, 4095, 32767, 32768, 65535),
    *(2**16, 2**20, 2**24, 2**30, 2**31 - 1, 2**31, 2**32 - 1),
)
Change = Callable[[random.Random, bytes], bytes]


def damaged(chance: random.Random, data: bytes, magic: int = 8) -> bytes:
    """Some bytes changed, lost, repeated or moved; the first `magic` ones seldom."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 6, 12))):
        first = 0 if chance.random() < 0.05 else magic
        if len(changed) <= first + 8:
            break
        # What tells how to read the rest is in front, more often than not.
        end = min(len(changed), 400) if chance.random() < 0.6 else len(changed)
        _change(chance, changed, chance.randrange(first, max(end, first + 1)))
    return bytes(changed)


def _change(chance: random.Random, data: bytearray, at: int) -> None:
    kind = chance.randrange(8)
    if kind == 0:
        data[at] = chance.randrange(256)
    elif kind == 1:
        data[at] ^= 1 << chance.randrange(8)
    elif kind == 2:
        width = chance.choice((1, 2, 4, 8))
        order = chance.choice(("big", "little"))
        value = chance.choice(EDGES) % (1 << (8 * width))
        data[at : at + width] = value.to_bytes(width, order)  # type: ignore[arg-type]
    elif kind == 3:
        del data[at : at + chance.choice((1, 2, 4, 16, 200))]
    elif kind == 4:
        data[at:at] = data[at : at + chance.choice((1, 4, 16, 200))]
    elif kind == 5:
        del data[at:]
    elif kind == 6:
        data[at : at + 8] = chance.randbytes(8)
    else:
        other = chance.randrange(len(data))
        data[at : at + 16] = data[other : other + 16]


def every_truncation(data: bytes, most: int) -> Iterator[bytes]:
    """The first bytes of a file: each of the lengths near its start, and some of the rest."""
    near = min(len(data), most // 2)
    yield from (data[:length] for length in range(near))
    step = max(1, (len(data) - near) // max(1, most - near))
    yield from (data[:length] for length in range(near, len(data), step))
