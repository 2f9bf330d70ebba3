from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from helpers import Ran, assert_refused, run_cli

from srgan_edge.cli import run


@pytest.fixture
def configured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """`webcam --print-url`, which ends at once, with a file of this text and more options."""
    monkeypatch.chdir(tmp_path)

    def ran(text: str, *options: str) -> Ran:
        Path("mine.toml").write_text(text)
        code = run(["webcam", "--config", "mine.toml", "--print-url", *options])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return ran


def test_the_command_line_wins_over_the_file(configured: Callable[..., Ran]) -> None:
    assert configured("").out == "http://127.0.0.1:8090/\n"
    assert configured('bind = "81"').out == "http://127.0.0.1:81/\n"
    assert configured('bind = "81"', "--bind", "82").out == "http://127.0.0.1:82/\n"


@pytest.mark.parametrize(
    "text",
    [
        "fps = 25",
        "target-fps = 12.5\ngive-up = 0",
        "realtime = true\noverlay = false\nsteady = false",
        'record = "live.mp4"\nrecordings = "here"',
        "frames = 1\nthreads = 2 # of four",
        'source = "0"\nsize = "320x180"\nshow = "browser"\nbind = "8090"\nprint-url = true',
    ],
)
def test_accepts(configured: Callable[..., Ran], text: str) -> None:
    ran = configured(text)
    assert (ran.code, ran.out, ran.err) == (0, "http://127.0.0.1:8090/\n", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soruce = '0'", ("no key 'soruce'", "the keys are: source, size")),
        ("target_fps = 25.0", ("no key 'target_fps'", "target-fps")),
        ("[webcam]\nfps = 25.0", ("no key 'webcam'",)),
        ("config = 'other.toml'", ("no key 'config'",)),
        ("no-overlay = true", ("no key 'no-overlay'", "overlay")),
        ("source = 0", ("source must be a string, got 0",)),
        ("record = ['live.mp4']", ("record must be a string, got ['live.mp4']",)),
        ("fps = '25'", ("fps must be a number, got '25'",)),
        ("fps = true", ("fps must be a number, got True",)),
        ("frames = 2.0", ("frames must be a whole number, got 2.0",)),
        ("realtime = 'yes'", ("realtime must be true or false, got 'yes'",)),
        ("overlay = 1", ("overlay must be true or false, got 1",)),
        ("fps = 0", ("fps", "not in the range 0.1<=x<=1000, got 0")),
        ("fps = 1001.0", ("fps", "not in the range 0.1<=x<=1000, got 1001.0")),
        ("frames = 0", ("frames", "not in the range x>=1, got 0")),
        ("fps = = 25", ("is not TOML", "line 1")),
        ("fps = 25\nfps = 30", ("is not TOML",)),
    ],
)
def test_refuses_in_one_line(
    configured: Callable[..., Ran], text: str, words: tuple[str, ...]
) -> None:
    ran = configured(text)
    assert_refused(ran, "mine.toml", *words)
    assert ran.out == ""


def test_what_is_no_text_and_what_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name, words in (
        ("bytes.toml", "is not TOML"),
        ("missing.toml", "No such file"),
        (".", "directory"),
    ):
        assert run(["webcam", "--config", str(tmp_path / name)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.startswith("srgan-edge: ")
        assert str(tmp_path / name) in said
        assert words in said


def test_a_service_is_configured_by_one_file(
    small_clip: Path, tmp_path: Path, decode: Callable[[Path], list[cv2.typing.MatLike]]
) -> None:
    """Every kind of value arrives, paths too; one is given anew beside it."""
    (tmp_path / "webcam.toml").write_text(
        f'source = "{small_clip}"\nsize = "32x20"\nshow = "none"\nrecord = "live.mp4"\n'
        'stats = "stats.json"\nmodel = "edge-tiny"\nthreads = 2\nframes = 9\nsteady = false\n'
    )
    ran = run_cli("webcam", "--config", "webcam.toml", "--threads", 1, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert [picture.shape for picture in decode(tmp_path / "live.mp4")] == [(80, 128, 3)] * 9
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert (stats["model"], stats["threads"], stats["frames"]) == ("edge-tiny", 1, 9)
