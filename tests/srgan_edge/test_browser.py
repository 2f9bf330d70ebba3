"""The browser view: what it lets in, what it sends, and the page in a real browser."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest

from srgan_edge.browser.endpoint import Endpoint
from srgan_edge.browser.limits import Limits
from srgan_edge.browser.sink import Browser
from srgan_edge.errors import InputError
from srgan_edge.live import Controls, Stats, Switch
from srgan_edge.quality import Picture
from srgan_edge.sinks import Recordings, View

TOKEN = "t" * 43
pytestmark = pytest.mark.timeout(120)


class Greener:
    """Nearest neighbour, and more green, so that a test sees what it looks at."""

    scale = 4

    def __call__(self, frame: Picture) -> Picture:
        picture = frame.repeat(4, 0).repeat(4, 1)
        picture[..., 1] += 40
        return picture


def view(level: int) -> View:
    """All grey."""
    lr = np.full((90, 160, 3), level, np.uint8)
    return View(lr, Greener()(lr), 0.0)


def greenness(picture: Any) -> float:
    """How much more green than red the middle of a picture is."""
    height, width = picture.shape[:2]
    middle = picture[height * 2 // 3 : height * 3 // 4, width // 2 - 4 : width // 2 + 4].astype(
        float
    )
    return float(middle[..., 1].mean() - middle[..., 2].mean())


@dataclass
class Shown:
    """A browser view that is being served, and its pictures."""

    browser: Browser
    controls: Controls
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.browser.port}"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """Serves 50 pictures a second, with a token or without."""
    ended = threading.Event()
    running: list[tuple[Browser, threading.Thread]] = []

    def begin(token: str | None = None, limits: Limits | None = None) -> Shown:
        stats = Stats()
        switch = Switch(["one", "two"], lambda _: Greener())
        controls = Controls(switch, Recordings(tmp_path / "recordings", 25.0), stats)
        browser = Browser(Endpoint(port=0), controls, token, limits=limits)

        def show() -> None:
            for number in range(100_000):
                picture = view(number % 200)
                browser.show(picture)
                controls.recordings.show(picture)
                stats.add(latency=12.0)
                if ended.wait(0.02):
                    return

        showing = threading.Thread(target=show)
        showing.start()
        running.append((browser, showing))
        wait_until(lambda: browser._hub.newest is not None)
        return Shown(browser, controls, tmp_path / "recordings")

    yield begin
    ended.set()
    for browser, showing in running:
        showing.join()
        browser.close()


def visit(work: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, Any]]) -> Any:
    """Do something with an HTTP client that keeps cookies, of numbers as hosts too."""

    async def run() -> Any:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            return await work(session)

    return asyncio.run(run())


def status(url: str, method: str = "GET", **options: Any) -> int:
    async def ask(session: aiohttp.ClientSession) -> int:
        async with session.request(method, url, allow_redirects=False, **options) as answer:
            return answer.status

    return int(visit(ask))


async def picture_from(socket: aiohttp.ClientWebSocketResponse[Any]) -> tuple[int, list[Any]]:
    """The next picture: its number, and what was upscaled and, when there is one, bicubic."""
    while True:
        message = await socket.receive(timeout=20)
        if message.type is not aiohttp.WSMsgType.TEXT:
            break
    assert message.type is aiohttp.WSMsgType.BINARY, message
    number, length = struct.unpack(">II", message.data[:8])
    parts = [message.data[8 : 8 + length], message.data[8 + length :]]
    read = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in parts if one]
    await socket.send_json({"shown": True})
    return number, read


def test_pictures_and_the_state_come(serving: Callable[..., Shown]) -> None:
    shown = serving()

    async def look(session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(shown.url + "/live") as socket:
            while (message := await socket.receive()).type is not aiohttp.WSMsgType.TEXT:
                pass
            state = json.loads(message.data)
            assert (state["model"], state["models"]) == ("one", ["one", "two"])
            assert state["milliseconds"]["latency"]["p50"] == 12.0
            numbers = []
            for _ in range(5):
                number, (after, before) = await picture_from(socket)
                numbers.append(number)
                assert after.shape == before.shape == (360, 640, 3)
                assert greenness(after) == pytest.approx(40, abs=4)
                assert greenness(before) == pytest.approx(0, abs=4)
            assert numbers == sorted(set(numbers))
            await socket.send_json({"compares": False})
            counts = [len((await picture_from(socket))[1]) for _ in range(20)]
            assert counts[-1] == 1

    visit(look)


def test_a_viewer_changes_the_model_and_records(serving: Callable[..., Shown]) -> None:
    shown = serving()

    async def look(session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(shown.url + "/live") as socket:
            await socket.send_json({"model": "two"})
            await socket.send_json({"record": True})
            while not (shown.controls.recordings.active and shown.controls.switch.name == "two"):
                await picture_from(socket)
            await socket.send_json({"model": "three"})
            while not shown.controls.trouble:
                await picture_from(socket)
            await socket.send_json({"record": False})
            while shown.controls.recordings.active:
                await picture_from(socket)

    visit(look)
    (recording,) = shown.folder.iterdir()
    assert cv2.VideoCapture(str(recording)).get(cv2.CAP_PROP_FRAME_COUNT) > 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"shown"', "{}", '{"x": 1}', '{"record": "../x"}', '{"a": 1, "b": 2}']
)
def test_what_is_not_understood_ends_the_connection(
    serving: Callable[..., Shown], text: str
) -> None:
    shown = serving()

    async def look(session: aiohttp.ClientSession) -> int | None:
        async with session.ws_connect(shown.url + "/live") as socket:
            await socket.send_str(text)
            async for _ in socket:
                pass
            return socket.close_code

    assert visit(look) == 1008


def test_too_long_a_message_ends_the_connection(serving: Callable[..., Shown]) -> None:
    shown = serving()

    async def look(session: aiohttp.ClientSession) -> int | None:
        async with session.ws_connect(shown.url + "/live") as socket:
            await socket.send_str('{"model": "' + "x" * 5000 + '"}')
            async for _ in socket:
                pass
            return socket.close_code

    assert visit(look) == 1009


def test_a_snapshot_is_without_loss(serving: Callable[..., Shown]) -> None:
    shown = serving()

    async def ask(session: aiohttp.ClientSession) -> bytes:
        async with session.get(shown.url + "/snapshot.png") as answer:
            assert answer.status == 200
            return await answer.read()

    picture = cv2.imdecode(np.frombuffer(visit(ask), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert (picture == view(int(picture[0, 0, 0])).sr).all()


class TestToken:
    def test_without_it_there_is_only_the_page(self, serving: Callable[..., Shown]) -> None:
        url = serving(TOKEN).url
        assert [status(url + path) for path in ("/", "/page.js", "/page.css")] == [200] * 3
        assert [status(url + path) for path in ("/live", "/snapshot.png")] == [401] * 2
        for wrong in ("", TOKEN[:-1], TOKEN + "t", "\u00e4"):
            assert status(url + "/login", "POST", data=wrong) == 401
        assert status(url + "/live", cookies={"srgan-edge": TOKEN}) == 401

    def test_it_becomes_a_cookie(self, serving: Callable[..., Shown]) -> None:
        url = serving(TOKEN).url

        async def look(session: aiohttp.ClientSession) -> int:
            async with session.post(url + "/login", data=TOKEN) as answer:
                assert answer.status == 200
                (cookie,) = answer.cookies.values()
                assert TOKEN not in cookie.value
                assert (cookie["samesite"], cookie["httponly"]) == ("Strict", True)
            async with session.ws_connect(url + "/live") as socket:
                return (await picture_from(socket))[0]

        assert visit(look) > 0

    def test_other_machines_need_it(self, serving: Callable[..., Shown]) -> None:
        controls = serving().controls
        with pytest.raises(InputError, match="it needs a token"):
            Browser(Endpoint("0.0.0.0", 0), controls, None)


class TestRefused:
    @pytest.mark.parametrize(
        "path", ["/../token", "/page/../../x", "/%2e%2e/%2e%2e/etc/passwd", "/x", "//etc/passwd"]
    )
    def test_paths(self, serving: Callable[..., Shown], path: str) -> None:
        shown = serving()
        answer = raw(shown, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 404 ")

    def test_hosts_that_others_point_here(self, serving: Callable[..., Shown]) -> None:
        assert status(serving().url, headers={"Host": "evil.example"}) == 403

    def test_pages_of_other_sites(self, serving: Callable[..., Shown]) -> None:
        for token in (None, TOKEN):
            url = serving(token).url
            assert status(url + "/live", headers={"Origin": "http://evil.example"}) == 403

    def test_large_requests(self, serving: Callable[..., Shown]) -> None:
        url = serving(TOKEN).url
        assert status(url + "/login", "POST", data="x" * 100_000) == 413
        assert status(url, headers={"X-Long": "x" * 100_000}) == 400

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_methods(self, serving: Callable[..., Shown], method: str) -> None:
        assert status(serving().url, method) == 405

    @pytest.mark.parametrize(
        "bytes_sent", ["\x00\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9\r\n\r\n"]
    )
    def test_what_is_no_http(self, serving: Callable[..., Shown], bytes_sent: str) -> None:
        assert raw(serving(), bytes_sent).startswith(b"HTTP/1.0 400 ")

    def test_a_port_that_is_taken(self, serving: Callable[..., Shown]) -> None:
        shown = serving()
        with pytest.raises(InputError, match=r"cannot serve on 127\.0\.0\.1:"):
            Browser(Endpoint(port=shown.browser.port), shown.controls, None)

    def test_too_many_viewers(self, serving: Callable[..., Shown]) -> None:
        url = serving(limits=Limits(viewers=2)).url

        async def look(session: aiohttp.ClientSession) -> None:
            async with (
                session.ws_connect(url + "/live"),
                session.ws_connect(url + "/live"),
                session.get(url + "/live") as answer,
            ):
                assert answer.status == 503

        visit(look)


def raw(shown: Shown, request: str) -> bytes:
    """What a server answers to these bytes."""
    with socket.create_connection(("127.0.0.1", shown.browser.port), timeout=20) as connection:
        connection.sendall(request.encode("latin-1"))
        return connection.recv(4096)


def test_who_reads_nothing_slows_nobody(serving: Callable[..., Shown]) -> None:
    shown = serving()

    async def look(session: aiohttp.ClientSession) -> None:
        url = shown.url + "/live"
        async with (
            session.ws_connect(url),
            session.ws_connect(url),
            session.ws_connect(url) as reading,
        ):
            numbers = [(await picture_from(reading))[0] for _ in range(50)]
            assert numbers == sorted(set(numbers))
            assert len(shown.browser._hub.viewers) == 3

    visit(look)


@pytest.mark.parametrize("token", [None, TOKEN])
def test_in_chromium(serving: Callable[..., Shown], token: str | None) -> None:
    """The picture moves, the divider drags, the model changes, the token leaves the address."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    shown = serving(token)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(shown.url + "/" + (f"#{token}" if token else ""))
        picture = page.locator("#picture")
        page.wait_for_selector("#picture[data-number]", timeout=30_000)
        assert page.url == shown.url + "/"
        first = picture.screenshot()
        number = int(picture.get_attribute("data-number"))
        wait_until(lambda: int(picture.get_attribute("data-number")) > number)
        assert picture.screenshot() != first
        box = page.locator("#divider").bounding_box()
        at, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for share, green in ((0.9, 0), (0.1, 40), (0.9, 0)):
            page.mouse.move(at, height)
            page.mouse.down()
            at = box["x"] + share * box["width"]
            page.mouse.move(at, height, steps=4)
            page.mouse.up()
            wait_until(partial(is_green, picture, green))
        page.select_option("#model", "two")
        wait_until(lambda: page.locator("#right").text_content() == "two")
        page.click("#record")
        wait_until(lambda: page.locator("#record").text_content() == "stop recording")
        page.click("#record")
        wait_until(lambda: page.locator("#record").text_content() == "record")
        with page.expect_download() as download:
            page.click("#snapshot")
        assert download.value.suggested_filename.endswith(".png")
        assert "frames a second" in page.locator("#rate").text_content()
        browser.close()
    assert complaints == []
    assert [one.suffix for one in shown.folder.iterdir()] == [".mp4"]


def is_green(locator: Any, wanted: int) -> bool:
    """Whether the middle of what is on the screen is as green as that."""
    found = cv2.imdecode(np.frombuffer(locator.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return abs(greenness(found) - wanted) < 8


def wait_until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)
