"""Encrypted: who cannot do that, and what comes before it is done."""

from __future__ import annotations

import random
import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest
from helpers import assert_refused, run_cli

from srgan_edge.browser.tls import server_context
from srgan_edge.errors import InputError
from tests.hard.conftest import certificate
from tests.hard.watching import Target, holding_out
from tests.hard.wire import Place, head, somewhere

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc"),
]
HEAD, CONNECTIONS = 1.5, 40


def trusting(certified: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certified[0]))


@pytest.fixture(scope="module")
def target(attack: Callable[..., Target], certified: tuple[Path, Path]) -> Target:
    place = partial(Place, context=trusting(certified))
    limits = {"head": HEAD, "life": 5.0, "connections": CONNECTIONS, "viewers": 10}
    return attack("--tls", *certified, place=place, **limits)


def test_the_cookie_is_for_encrypted_connections_alone(target: Target) -> None:
    answer = target.place.login(target.token.encode())
    assert answer.status == 200
    attributes = {part.strip().lower() for part in answer["set-cookie"].split(";")[1:]}
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= attributes
    cookie = f"srgan-edge={target.cookie}"
    for origin, status in (("https://localhost", 200), ("http://localhost", 403)):
        assert target.place.get("/snapshot.png", Cookie=cookie, Origin=origin).status == status


def test_what_is_not_tls(target: Target, times: int) -> None:
    """Plain HTTP, garbage, half of a handshake, and old versions."""
    chance, plain = random.Random(1), Place(target.place.port)

    def throw(number: int) -> int:
        hello = b"\x16\x03\x01\x02\x00\x01" + chance.randbytes(chance.randrange(600))
        request = (head("GET", "/") + b"\r\n", chance.randbytes(300), hello)[number % 3]
        return plain.ask(request, somewhere(chance), timeout=HEAD + 5).status

    with holding_out(target, "what is not TLS") as tally, ThreadPoolExecutor(32) as pool:
        for status in pool.map(throw, range(120 * times)):
            tally.add(status, status != 0)
        old = Place(target.place.port, _old_version())
        for _ in range(10):
            tally.add("old version", old.get("/").status != 0)


def _old_version() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def test_handshakes_that_never_end(target: Target, times: int) -> None:
    """They count as connections from the first byte on, push out each other, and end."""
    with holding_out(target, "handshakes that never end") as tally, ExitStack() as closing:
        plain = Place(target.place.port)
        for _ in range(times):
            held = []
            for number in range(4 * CONNECTIONS):
                connection = plain.connect(f"127.0.1.{number % 30 + 1}")
                held.append(closing.enter_context(connection))
                with suppress(OSError):
                    connection.sendall(b"\x16\x03\x01"[: number % 4])
            assert target.place.get("/", "127.0.2.1").status == 200
            limit = time.monotonic() + HEAD + 5
            while any(map(_is_open, held)) and time.monotonic() < limit:
                time.sleep(0.2)
            for connection in held:
                is_open = _is_open(connection)
                tally.add("held" if is_open else "cut off", is_open)


def _is_open(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


class TestFiles:
    """What is wrong with them is said in one line, before anything else is done."""

    def test_by_the_command(self, certified: tuple[Path, Path]) -> None:
        cert, key = certified
        ran = run_cli("webcam", "--print-url", "--tls-cert", cert, "--tls-key", key)
        assert ran.out == "https://127.0.0.1:8090/\n"
        assert_refused(run_cli("webcam", "--print-url", "--tls-cert", cert), "belong together")

    def test_one_alone(self, certified: tuple[Path, Path]) -> None:
        for pair in ((certified[0], None), (None, certified[1])):
            with pytest.raises(InputError, match="--tls-cert and --tls-key belong together"):
                server_context(*pair)
        assert server_context(None, None) is None

    def test_missing(self, certified: tuple[Path, Path], tmp_path: Path) -> None:
        cert, key = certified
        with pytest.raises(InputError, match=r"cannot read the certificate .*gone: No such file"):
            server_context(tmp_path / "gone", key)
        with pytest.raises(InputError, match=r"cannot read the key .*: Is a directory"):
            server_context(cert, tmp_path)

    def test_not_of_each_other(self, certified: tuple[Path, Path], tmp_path: Path) -> None:
        _, key = certificate(tmp_path, "other")
        with pytest.raises(InputError, match=f"{key} is not the key of the certificate"):
            server_context(certified[0], key)

    def test_no_pem(self, certified: tuple[Path, Path], samples: Path) -> None:
        cert, key = certified
        with pytest.raises(InputError, match=f"{key} is no certificate in PEM"):
            server_context(key, cert)
        with pytest.raises(InputError, match=r"harbour\.png is no key in PEM"):
            server_context(cert, samples / "harbour.png")

    def test_damaged(self, certified: tuple[Path, Path], tmp_path: Path) -> None:
        first, second, *others = certified[0].read_text().splitlines()
        damaged = tmp_path / "damaged.crt"
        damaged.write_text("\n".join([first, second[::-1], *others]))
        with pytest.raises(InputError, match=f"cannot use the certificate {damaged}"):
            server_context(damaged, certified[1])

    def test_a_key_with_a_password(self, certified: tuple[Path, Path], tmp_path: Path) -> None:
        """Nobody is there to type it."""
        key = tmp_path / "locked.key"
        change = ["openssl", "pkcs8", "-topk8", "-in", str(certified[1]), "-passout", "pass:x"]
        subprocess.run([*change, "-out", str(key)], check=True, capture_output=True)
        with pytest.raises(InputError, match=f"the key {key} has a password"):
            server_context(certified[0], key)

    def test_a_key_that_everybody_may_read(
        self, certified: tuple[Path, Path], tmp_path: Path
    ) -> None:
        key = tmp_path / "open.key"
        key.write_text(certified[1].read_text())
        key.chmod(0o644)
        with pytest.raises(InputError, match=f"everybody may read the key {key}: chmod"):
            server_context(certified[0], key)
