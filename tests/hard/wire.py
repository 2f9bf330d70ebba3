"""HTTP and WebSocket by hand, as nobody's library would send them."""

from __future__ import annotations

import base64
import random
import socket
import ssl
import struct
from dataclasses import dataclass, field

HOST = b"Host: localhost\r\n"
_KEY = base64.b64encode(b"0123456789abcdef")
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + _KEY + b"\r\n"
)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Answer:
    """What came back; the status is 0 when the connection ended without an answer."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def __getitem__(self, name: str) -> str:
        return dict(self.headers).get(name.lower(), "")


@dataclass(frozen=True)
class Place:
    """Where the server is."""

    port: int
    context: ssl.SSLContext | None = None

    def connect(self, source: str = "127.0.0.1", timeout: float = 5.0) -> socket.socket:
        plain = socket.create_connection(
            ("127.0.0.1", self.port), timeout=timeout, source_address=(source, 0)
        )
        if self.context is None:
            return plain
        try:
            return self.context.wrap_socket(plain, server_hostname="localhost")
        except OSError:
            plain.close()
            raise

    def ask(self, request: bytes, source: str = "127.0.0.1", timeout: float = 5.0) -> Answer:
        """Send, and read the first answer; the connection then ends."""
        try:
            with self.connect(source, timeout) as connection:
                connection.sendall(request)
                return read_answer(connection, with_body=not request.startswith(b"HEAD"))
        except OSError:
            return Answer()

    def get(self, path: str, source: str = "127.0.0.1", **headers: str) -> Answer:
        return self.ask(head("GET", path, **headers) + b"\r\n", source)

    def login(self, token: bytes, source: str = "127.0.0.1") -> Answer:
        length = f"Content-Length: {len(token)}\r\n\r\n".encode()
        return self.ask(head("POST", "/login") + length + token, source)

    def look(self, cookie: str, source: str = "127.0.0.1") -> socket.socket:
        """A viewer's WebSocket, open."""
        connection = self.connect(source)
        connection.sendall(head("GET", "/live", Cookie=f"srgan-edge={cookie}") + UPGRADE + b"\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            one = connection.recv(1)
            assert one, answer
            answer += one
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        return connection


def head(method: str, path: str, **headers: str) -> bytes:
    """The head of a request but for its last, empty line; `_` in a name is `-`."""
    lines = [f"{method} {path} HTTP/1.1".encode("latin-1")]
    named = {
        name.replace("_", "-"): value for name, value in {"Host": "localhost", **headers}.items()
    }
    lines += [f"{name}: {value}".encode("latin-1") for name, value in named.items()]
    return b"\r\n".join(lines) + b"\r\n"


def read_answer(connection: socket.socket, with_body: bool) -> Answer:
    """The first answer that comes, as far as it comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return Answer()
        data += part
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = [
        (name.lower(), value.strip()) for name, _, value in (one.partition(":") for one in lines)
    ]
    length = int(dict(headers).get("content-length", "0"))
    while with_body and len(body) < length and (part := connection.recv(65536)):
        body += part
    return Answer(int(first.split()[1]), headers, body)


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    masked: bool = True,
    reserved: int = 0,
    length: int | None = None,
) -> bytes:
    """A WebSocket frame, also a wrong one: `length` is what it says of itself."""
    said = len(payload) if length is None else length
    bit = 0x80 if masked else 0
    begin = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    if said < 126:
        begin += bytes([bit | said])
    elif said < 65536:
        begin += bytes([bit | 126]) + struct.pack(">H", said)
    else:
        begin += bytes([bit | 127]) + struct.pack(">Q", said)
    return begin + (b"\0\0\0\0" if masked else b"") + payload


class Reader:
    """Frames that a server sends."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rb")

    def next(self) -> tuple[int, bytes]:
        """Opcode and payload. Raises EOFError at the end, OSError when the connection breaks."""
        begin = self._read(2)
        length = begin[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._read(8))
        return begin[0] & 0x0F, self._read(length)

    def close_code(self) -> int:
        """How it ended: the code of a close frame, or 0 when it was cut off."""
        try:
            while True:
                opcode, payload = self.next()
                if opcode == CLOSE:
                    return int(struct.unpack(">H", payload[:2])[0])
        except (EOFError, OSError):
            return 0

    def _read(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise EOFError
        return data


def somewhere(chance: random.Random) -> str:
    """An address of one attacker among many: all of 127/8 is this machine."""
    return f"127.{chance.randrange(1, 255)}.{chance.randrange(255)}.{chance.randrange(1, 255)}"
