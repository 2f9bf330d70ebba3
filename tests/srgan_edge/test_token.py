from __future__ import annotations

from pathlib import Path

import pytest
from helpers import run_cli

from srgan_edge.browser.endpoint import Endpoint, parse_endpoint
from srgan_edge.browser.token import cookie_of, matches, read_token
from srgan_edge.errors import InputError


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SRGAN_EDGE_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_token_is_made_once_and_kept_to_oneself(state: Path) -> None:
    token = read_token()
    assert len(token) >= 43  # 256 bits
    assert read_token() == token
    assert (state / "token").stat().st_mode & 0o777 == 0o600
    (state / "token").unlink()
    assert read_token() != token


def test_a_token_that_others_may_read_is_refused(state: Path) -> None:
    read_token()
    (state / "token").chmod(0o644)
    with pytest.raises(InputError, match="others may read"):
        read_token()


def test_an_empty_token_is_refused(state: Path) -> None:
    read_token()
    (state / "token").write_text("\n")
    with pytest.raises(InputError, match="holds no token"):
        read_token()


def test_only_the_token_matches() -> None:
    token = read_token()
    assert matches(token, token)
    assert not any(matches(token, other) for other in ("", token[:-1], token + "x", "\u00e4"))
    assert token not in cookie_of(token)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("80", Endpoint("127.0.0.1", 80)),
        ("0.0.0.0:8090", Endpoint("0.0.0.0", 8090)),
        ("[::1]:1", Endpoint("::1", 1)),
        ("pi.local:9", Endpoint("pi.local", 9)),
    ],
)
def test_endpoints(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize("text", ["", "pi", "1:", "1.2.3.4:99999", "x:-1"])
def test_no_endpoints(text: str) -> None:
    with pytest.raises(InputError, match="--bind must be PORT or ADDRESS:PORT"):
        parse_endpoint(text)


def test_the_address_that_is_printed(state: Path) -> None:
    assert run_cli("webcam", "--print-url").out == "http://127.0.0.1:8090/\n"
    assert not state.exists()  # on this machine alone no token is needed
    open_to_others = run_cli("webcam", "--print-url", "--bind", "0.0.0.0:81").out
    assert open_to_others.startswith("http://")
    assert open_to_others.endswith(f":81/#{read_token()}\n")
