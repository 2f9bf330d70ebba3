"""Everything that a hostile network can send before it has the token."""

from __future__ import annotations

import itertools
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from srgan_edge.browser.rules import HEADERS
from tests.hard.mutants import requests, wrong_tokens
from tests.hard.watching import Target, holding_out
from tests.hard.wire import HOST, UPGRADE, Answer, head, somewhere

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc"),
]
SEED = 20261124
HEAD, LIFE, CONNECTIONS = 1.5, 3.0, 60
# Every header that an answer may have.
KNOWN = {
    *("allow", "connection", "content-length", "content-type", "date", "retry-after", "upgrade"),
    *(name.lower() for name in HEADERS),
}


@pytest.fixture(scope="module")
def target(attack: Callable[..., Target]) -> Target:
    return attack(head=HEAD, body=1.0, life=LIFE, connections=CONNECTIONS, viewers=20)


def together(work: Callable[[bytes], Answer], given: Iterable[bytes]) -> Iterable[Answer]:
    """By eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(work, given)


def test_wrong_tokens_at_speed(target: Target, times: int) -> None:
    """One address is slowed down, however many it throws; nobody else is, not even beside it."""
    place, greedy = target.place, "127.0.0.66"
    with holding_out(target, "wrong tokens from one address") as tally:
        for token in wrong_tokens(SEED, 100 * times, target.token):
            answer = place.login(token, greedy)
            tally.add(answer.status, answer.status == 200)
            if answer.status == 429:
                assert 1 <= int(answer["Retry-After"]) <= 60
        assert tally.answers["401"] <= 5 + tally.seconds + 8
        assert tally.answers["429"] > 0
        time.sleep(1.0)  # until an address that came thousands of times may come again
        for right_person in (greedy, "127.0.0.67"):
            assert place.login(target.token.encode(), right_person).status == 200
    with holding_out(target, "wrong tokens from everywhere") as tally:
        chance = random.Random(SEED)
        tokens = wrong_tokens(SEED + 1, 400 * times, target.token)
        for answer in together(lambda token: place.login(token, somewhere(chance)), tokens):
            tally.add(answer.status, answer.status == 200)
        assert tally.answers["401"] > 0.9 * tally.thrown


def test_wrong_cookies_at_speed(target: Target, times: int) -> None:
    place, chance = target.place, random.Random(SEED)
    cookies = [f"{chance.getrandbits(256):064x}".encode() for _ in range(200 * times)]
    wrong = [*cookies, target.token.encode(), b"", b"\xff\xfe", target.cookie[:-1].encode()]

    def try_it(cookie: bytes) -> Answer:
        named = b"Cookie: srgan-edge=" + cookie + b"\r\n"
        top = chance.choice((head("GET", "/live") + UPGRADE, head("GET", "/snapshot.png")))
        return place.ask(top + named + b"\r\n", "127.0.0.68")

    with holding_out(target, "wrong cookies") as tally:
        for answer in together(try_it, wrong):
            tally.add(answer.status, answer.status in (101, 200))
        time.sleep(1.0)  # so many connections were too many as well
        place.look(target.cookie, "127.0.0.68").close()


def test_malformed_http(target: Target, times: int) -> None:
    """No damage, no error of ours, and no log to fill: what is wrong is refused in one line."""
    chance, written = random.Random(SEED), target.log.stat().st_size
    with holding_out(target, "malformed HTTP") as tally:

        def throw(request: bytes) -> Answer:
            return target.place.ask(request, somewhere(chance), timeout=HEAD + 3)

        for answer in together(throw, requests(SEED, 900 * times)):
            page = answer.status == 200 and answer["content-type"].startswith("text/")
            tally.add(answer.status, answer.status == 101 or (answer.status == 200 and not page))
            assert answer.status < 500, answer
            assert {name for name, _ in answer.headers} <= KNOWN, answer
            assert answer.status in (0, 100) or answer["x-content-type-options"] == "nosniff"
            assert "aiohttp" not in answer["server"]
    assert target.log.stat().st_size == written


def test_pages_of_other_sites(target: Target) -> None:
    """With the right cookie, as a browser would send it along."""
    cookie = f"srgan-edge={target.cookie}"
    origins = ["http://evil.example", "null", "http://localhost:1", "http://localhost.evil", "x"]
    origins += ["https://localhost@evil.example", "file://", "http://127.0.0.1", ""]
    foreign = [{"Origin": origin} for origin in origins]
    foreign += [{"Sec_Fetch_Site": site} for site in ("cross-site", "same-site", "", "x")]
    foreign += [{"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}]
    foreign += [{"Host": host} for host in ("", "[::1", "a b", "localhost:x", "ev\xedl")]
    with holding_out(target, "pages of other sites") as tally:
        for headers, path in itertools.product(foreign, ("/live", "/snapshot.png", "/page.js")):
            request = head("GET", path, Cookie=cookie, **headers)
            request += UPGRADE if path == "/live" else b""
            answer = target.place.ask(request + b"\r\n")
            tally.add(answer.status, answer.status not in (400, 403))
    own = {"Origin": "http://localhost", "Sec_Fetch_Site": "same-origin"}
    assert target.place.get("/snapshot.png", Cookie=cookie, **own).status == 200
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert target.place.get("/", Sec_Fetch_Dest="document", **link).status == 200
    assert target.place.get("/", Sec_Fetch_Dest="iframe", **link).status == 403


def test_names_that_others_point_here(attack: Callable[..., Target]) -> None:
    """Without a token, as on one machine alone."""
    target = attack("--open")
    hosts = [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil",
        "0.0.0.0",
        "[::]",
        "2130706433",
    ]
    with holding_out(target, "names that others point here") as tally:
        for host, path in itertools.product(hosts, ("/", "/live", "/snapshot.png")):
            extra = UPGRADE if path == "/live" else b""
            answer = target.place.ask(head("GET", path, Host=host) + extra + b"\r\n")
            tally.add(answer.status, answer.status != 403)
        request = b"GET http://localhost/snapshot.png HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        answer = target.place.ask(request)
        tally.add(answer.status, answer.status != 400)
    for host in ("localhost", "LOCALHOST:8090", "127.0.0.1:1", "[::1]:1"):
        assert target.place.get("/snapshot.png", Host=host).status == 200


def test_header_injection(target: Target) -> None:
    """Nothing of what is asked comes back as a header."""
    ends = ("\r\n", "\n", "\r", "%0d%0a", "\u0085", "\x0b", "\\r\\n")
    spots = ("path", "query", "Host", "Cookie", "Origin", "Sec_WebSocket_Key", "Retry_After")
    with holding_out(target, "header injection") as tally:
        for end, spot in itertools.product(ends, spots):
            bad = f"x{end}X-Injected: 1{end}Set-Cookie: srgan-edge=1"
            path = {"path": f"/{bad}", "query": f"/?{bad}"}.get(spot, "/live")
            headers = {} if path != "/live" else {spot: bad}
            answer = target.place.ask(head("GET", path, **headers) + UPGRADE + b"\r\n")
            tally.add(answer.status, not {name for name, _ in answer.headers} <= KNOWN)


def test_a_get_changes_nothing(target: Target) -> None:
    paths = [f"/login?token={target.token}", "/live?record=true", "/live?model=two", "/record"]
    with holding_out(target, "changes by GET") as tally:
        for path, method in itertools.product(paths, ("GET", "HEAD", "POST", "PUT", "DELETE")):
            answer = target.place.ask(head(method, path) + b"\r\n")
            tally.add(answer.status, answer.status < 400 or "set-cookie" in dict(answer.headers))


def test_slow_senders(target: Target, times: int) -> None:
    """Requests, bodies and silence that never end. Each connection ends, and takes none's place."""
    starts = (
        b"GET / HTTP/1.1\r\n" + HOST,
        b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 99\r\n\r\n",
        b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n",
        b"",
        b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    )
    with holding_out(target, "slow senders") as tally, ExitStack() as closing:
        for _ in range(times):
            held = []
            for number in range(150):
                connection = target.place.connect(f"127.0.1.{number % 30 + 1}")
                held.append(closing.enter_context(connection))
                connection.sendall(starts[number % len(starts)])
            limit = time.monotonic() + LIFE + 4
            while any(map(_is_open, held)) and time.monotonic() < limit:
                for connection in held:
                    with suppress(OSError):
                        connection.sendall(b"a")
                time.sleep(0.3)
                assert target.place.get("/", "127.0.2.1").status == 200
            for connection in held:
                open_still = _is_open(connection)
                tally.add("held" if open_still else "cut off", open_still)


def _is_open(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def test_slow_readers_of_the_page(target: Target, times: int) -> None:
    """They ask again and again, and read nothing."""
    asked = (head("GET", "/page.js") + b"\r\n") * 500
    with holding_out(target, "slow readers of the page") as tally, ExitStack() as closing:
        for number in range(40 * times):
            connection = closing.enter_context(target.place.connect(f"127.0.1.{number % 30 + 1}"))
            with suppress(OSError):
                connection.sendall(asked)
            tally.add("not read")
        assert target.place.get("/", "127.0.2.1").status == 200
        time.sleep(LIFE)


@pytest.mark.parametrize("spread", [False, True], ids=["one address", "many addresses"])
def test_a_flood_of_connections(target: Target, times: int, spread: bool) -> None:
    """More than fit: they push out each other, and who asks for the page gets it."""
    chance, ended = random.Random(SEED), threading.Event()
    seen: list[float] = []

    def visit() -> None:
        while not ended.is_set():
            began = time.monotonic()
            while target.place.get("/", "127.0.2.2").status != 200:
                assert time.monotonic() < began + 5
            seen.append(time.monotonic() - began)
            time.sleep(0.1)

    name = f"a flood of connections from {'many addresses' if spread else 'one'}"
    with holding_out(target, name) as tally, ThreadPoolExecutor(1) as pool:
        visiting = pool.submit(visit)
        held: list[socket.socket] = []
        limit = time.monotonic() + 2.0 * times
        while tally.thrown < 1000 * times or time.monotonic() < limit:
            with suppress(OSError):
                held.append(target.place.connect(somewhere(chance) if spread else "127.0.0.66"))
            tally.add("connected")
            if len(held) > 200:
                held.pop(0).close()
        ended.set()
        visiting.result()
        for connection in held:
            connection.close()
    assert len(seen) > 3
    tally.answers[f"pages beside it, the slowest in {max(seen):.1f} s"] = len(seen)
