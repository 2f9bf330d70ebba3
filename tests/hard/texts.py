"""Damaged configurations and recipes: TOML that is none, and values that cannot be."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.hard.damage import damaged

# A configuration that ends by itself: one frame of a file, shown to nobody.
CONFIG = """# a service
source = "{source}"
show = "none"
frames = 1
size = "32x24"
crop = "40x30+2+1"
fps = 20.0
target-fps = 10
realtime = false
give-up = 1.5
model = "edge-tiny"
bind = "127.0.0.1:8090"
pixels = "y4m"
overlay = true
steady = false
threads = 1
accelerator = "cpu"
"""
_VALUES = (
    *("nan", "inf", "-inf", "-1", "0", "1e400", "9" * 5000, "-0.0", "0x", "1_0", "1979-05-27"),
    *('""', '"\\u0000"', '"\\ud800"', '"\\U0010ffff"', '"../../../x"', '"' + "x" * 5000 + '"'),
    *('"\\u001b[31m"', '"a\\nb"', '"0"', '"-"', '"/dev/zero"', '"/"', '"x:y"', '"99999x99999"'),
    *("[]", "[[]]", "{}", "[1, 2]", '["a", 1]', "true", "false", "{a = {b = 1}}", "'''x'''"),
    *("[" * 3000 + "]" * 3000, "[" * 100_000, '"auto"', '"npu:/nonexistent.so"'),
)
_LINES = (
    *("[table]", "[[array]]", "unknown = 1", "= 1", "source", "config = 'x.toml'", "help = true"),
    *("a.b.c = 1", '"quoted key" = 1', "'' = 1", "# \x00", "\x07", "\ufeff", "x = 1 # \r y"),
)


def mutants(chance: random.Random, text: str) -> Iterator[bytes]:
    """Without end. The first line stays in most, so that it looks like what it was."""
    while True:
        lines = text.splitlines()
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(1, len(lines))
            kind = chance.randrange(6)
            if kind < 3:
                key = lines[at].partition("=")[0] or "x "
                lines[at] = f"{key}= {chance.choice(_VALUES)}"
            elif kind == 3:
                lines.insert(at, chance.choice((*_LINES, lines[at])))
            elif kind == 4:
                key, _, value = lines[at].partition("=")
                other = chance.choice(lines).partition("=")[2]
                lines[at] = f"{key}={other or value}"
            else:
                del lines[at]
            lines = lines if len(lines) > 2 else text.splitlines()
        content = "\n".join(lines).encode(errors="surrogatepass")
        yield damaged(chance, content, magic=3) if chance.random() < 0.25 else content
