"""Requests and messages with something wrong, always the same ones for a seed."""

from __future__ import annotations

import random
import string

from tests.hard.wire import BINARY, CLOSE, HOST, PING, PONG, TEXT, UPGRADE, frame

_PATHS = (b"/", b"/page.js", b"/login", b"/live", b"/snapshot.png", b"/x", b"/../token", b"//x/y")
_METHODS = (
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"get",
    b"G\tT",
    b"",
)
_TARGETS = (
    b"http://localhost/live",
    b"*",
    b"localhost:80",
    b"/%00",
    b"/%ff",
    b"/\xff",
    b"/live?\r",
)
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9", b"ICY/1", b"")
_HEADERS = (
    b"Host: evil.example",
    b"Host: [::1",
    b"Host: localhost:999999",
    b"Host:",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: -1",
    b"Content-Length: 3, 4",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    b"Transfer-Encoding: chunked, identity",
    b"Content-Encoding: gzip",
    b"Content-Type: text/plain; charset=bogus",
    b"Expect: 100-continue",
    b"Expect: nothing",
    b"Cookie: srgan-edge=\xff\xfe; srgan-edge",
    b"Cookie: srgan-edge=" + b"0" * 64,
    b"Cookie: srgan-edge=; ;;=;\x01",
    b"Connection: close, upgrade",
    b"Upgrade: h2c\r\nHTTP2-Settings: AAAA",
    b"Sec-WebSocket-Key: AAAA",
    b"Sec-WebSocket-Protocol: a, b",
    b"Sec-WebSocket-Version: 1",
    b"Range: bytes=0-1,0-1,0-1",
    b"X: " + b"x" * 9000,
    b" folded: value",
    b"no colon",
    b"\x00: \x00",
    b"X\xe9: \xff\xfe",
    b"Origin: null",
)
_BODIES = (
    b"",
    b"x",
    b"zz\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"\xff\xfe",
    b"\x1f\x8b\x08\0",
    b"x" * 5000,
)


def requests(seed: int, count: int) -> list[bytes]:
    """HTTP that is nearly right. None of them knows the token."""
    chance = random.Random(seed)
    return [_request(chance) for _ in range(count)]


def _request(chance: random.Random) -> bytes:
    target = chance.choice(_PATHS if chance.random() < 0.8 else _TARGETS)
    method = b"GET" if chance.random() < 0.6 else chance.choice(_METHODS)
    version = b"HTTP/1.1" if chance.random() < 0.8 else chance.choice(_VERSIONS)
    lines = [b" ".join((method, target, version)) + b"\r\n"]
    lines += [HOST] if chance.random() < 0.9 else []
    lines += [UPGRADE] if chance.random() < 0.3 else []
    lines += [one + b"\r\n" for one in chance.sample(_HEADERS, chance.randrange(4))]
    data = b"".join(lines) + b"\r\n" + chance.choice(_BODIES)
    return _damaged(chance, data) if chance.random() < 0.5 else data


def _damaged(chance: random.Random, data: bytes) -> bytes:
    """With some bytes changed, lost, repeated or swapped."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(changed))
        kind = chance.randrange(4)
        if kind == 0:
            changed[at] = chance.randrange(256)
        elif kind == 1:
            del changed[at : at + chance.randrange(1, 8)]
        elif kind == 2:
            changed[at:at] = changed[at : at + chance.randrange(1, 64)]
        else:
            changed[at:at] = chance.choice((b"\r\n", b"\n", b"\0", b"\r", b" ", b"\x7f"))
        if not changed:
            return b"\n"
    return bytes(changed)


def wrong_tokens(seed: int, count: int, token: str) -> list[bytes]:
    """Near ones, long ones, ones that are no text. None begins as the token does."""
    chance = random.Random(seed)
    found: list[bytes] = []
    while len(found) < count:
        text = list(token)
        for _ in range(chance.randrange(1, 4)):
            text[chance.randrange(12)] = chance.choice(string.ascii_letters)
        near = "".join(text).encode()
        kinds = (near, near[: chance.randrange(43)], near * 3, near + b"\r\n", b"\xff" + near[1:])
        one = chance.choice(kinds)
        if one[:16] != token[:16].encode():
            found.append(one)
    return found


def messages(seed: int, count: int) -> list[bytes]:
    """What no viewer says: frames with something wrong, JSON that is none, and halves of both."""
    chance = random.Random(seed)
    return [_message(chance) for _ in range(count)]


def _message(chance: random.Random) -> bytes:
    texts = (
        b"",
        b"{",
        b"[" * 4000,
        b'{"a":' * 700,
        b'{"shown": 1}',
        b'{"model": 3}',
        b'{"model": "' + b"x" * 2000 + b'"}',
        b'{"model": "\\ud800"}',
        b'{"record": "../../x"}',
        b'{"compares": null}',
        b"\xff\xfe\xfd",
        b"9" * 4000,
        b'{"shown": true, "shown": 0}',
    )
    text = chance.choice(texts)
    kinds = (
        frame(chance.randrange(3, 8), text),  # opcodes without a meaning
        frame(chance.randrange(11, 16), b"x"),
        frame(TEXT, text, reserved=chance.randrange(1, 8)),
        frame(TEXT, text, masked=False),
        frame(BINARY, chance.randbytes(50)),
        frame(TEXT, b"x", length=chance.choice((4097, 2**31, 2**62, 2**63 + 1, 2**64 - 1))),
        frame(TEXT, text[:100], final=False) + frame(TEXT, b"y"),
        frame(0, text[:100]),
        frame(PING, b"x" * 126),
        frame(PING, b"x", final=False),
        frame(CLOSE, b"\x00"),
        frame(CLOSE, chance.choice((b"\x03\xec", b"\x00\x00", b"\xff\xff\xff", b"\x03\xe8\xff"))),
        frame(PONG, b"x") * 100,
        frame(TEXT, text),
        _damaged(chance, frame(TEXT, text)),
        chance.randbytes(chance.randrange(1, 300)),
    )
    return chance.choice(kinds)
