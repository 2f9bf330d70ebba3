from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import Ran, assert_refused, run_cli
from PIL import Image

from srgan_edge import __version__
from srgan_edge.catalogue import embedded_models
from srgan_edge.cli import run
from srgan_edge.cli.options import parse_size
from srgan_edge.errors import InputError
from srgan_edge.facts import METADATA_NAME

EDGE = embedded_models()["edge"]


@pytest.fixture
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with good and bad things in it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(samples / "harbour.png", "a.png")
    Path("text.png").write_text("hello, world")
    Path("text.mp4").write_text("hello, world")
    Path("none").mkdir()
    Path("none/notes.txt").write_text("no picture")
    Path("zero.tflite").write_bytes(b"")
    Path("text.tflite").write_text("hello, I am a text")
    Path("other.tflite").write_bytes(EDGE.read_bytes().replace(METADATA_NAME.encode(), b"x" * 16))
    return tmp_path


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def ran_here(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    """The command line in this process: quicker than in its own."""
    code = run([*arguments])
    printed = capsys.readouterr()
    return Ran(code, printed.out, printed.err)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("upscale missing.png -o out.png", "no such file: missing.png"),
        ("upscale text.png -o out.png", "not an image: text.png"),
        ("upscale text.mp4 -o out.mp4", "not a video: text.mp4"),
        ("upscale a.png -o out.png --model zero.tflite", "zero.tflite is empty"),
        ("upscale a.png -o out.png --model text.tflite", "text.tflite is not a TFLite model"),
        ("upscale a.png -o out.png --model other.tflite", "not one of srgan-edge's"),
        ("upscale a.png -o a.png/out.png", "folder"),
        ("upscale a.png -o /proc/out.png", "folder"),
        ("upscale none -o out", "no images or videos in none"),
        ("webcam --source 97", "cannot open the camera 97"),
        ("webcam --source text.mp4 --show none", "cannot open the source text.mp4"),
        ("webcam --source http://127.0.0.1:1/x --show none", "http://127.0.0.1:1/x"),
        ("webcam --source picamera2", "no picamera2 here"),
        ("eval edge none", "nothing to measure in none"),
        ("bench zero.tflite", "zero.tflite is empty"),
    ],
)
def test_bad_input_is_one_line(folder: Path, command: str, words: str) -> None:
    before = everything(folder)
    ran = run_cli(*command.split())
    assert_refused(ran, words)
    assert ran.err.splitlines() == ran.error_lines
    assert ran.out == ""
    assert everything(folder) == before


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nonsense", "nonsense"),
        ("--nonsense", "--nonsense"),
        ("upscale", "inputs"),
        ("upscale a.png", "--output"),
        ("upscale a.png -o out.png --nonsense", "--nonsense"),
        ("upscale a.png -o out.png --tile 0", "tile must be at least 1"),
        ("upscale a.png -o out.png --tile x", "tile must be auto or a number"),
        ("upscale a.png -o out.png --threads 0", "--threads"),
        ("upscale a.png -o out.png --threads many", "--threads"),
        ("upscale a.png -o out.png --accelerator x", "accepted are auto, cpu, gpu"),
        ("upscale a.png -o out.png --model missing.tflite", "there is: edge"),
        ("upscale a.png -o out.gif", "must end in one of"),
        ("upscale a.png -o a.png", "would replace itself"),
        ("upscale a.png a.png -o out", "would both become"),
        ("webcam --show mirror", "--show must be window, browser or none"),
        ("webcam --accelerator npu: --show none", "accepted are auto, cpu, gpu and npu:LIBRARY"),
        ("webcam --source missing.mp4 --show none", "no source 'missing.mp4'"),
        ("webcam --source text.mp4 --record text.mp4", "would replace its source"),
        ("webcam --size 320 --show none", "WIDTHxHEIGHT"),
        ("webcam --frames 0 --show none", "--frames"),
        ("webcam --stats a.png/stats.json --show none", "folder"),
        ("bench --size 0x0", "WIDTHxHEIGHT"),
        ("bench --threads 1,x", "--threads must be counts"),
        ("bench --threads 0", "--threads must be counts"),
        ("bench --accelerator cuda", "accepted are auto, cpu, gpu and npu:LIBRARY"),
        ("bench --runs 0", "--runs"),
        ("eval edge missing", "no such folder of originals"),
        ("eval missing none", "there is: edge"),
        ("info missing", "no such file, run folder or model"),
        ("info none", "not a run folder"),
        ("info a.png", "a.png is not a TFLite model"),
        ("info zero.tflite", "zero.tflite is empty"),
    ],
)
def test_a_wrong_command_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, words: str
) -> None:
    before = everything(folder)
    ran = ran_here(capsys, *command.split())
    assert_refused(ran, words)
    assert ran.err.splitlines() == ran.error_lines
    assert ran.out == ""
    assert everything(folder) == before


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran_here(capsys, "--version") == Ran(0, f"srgan-edge {__version__}\n", "")


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran_here(capsys) == ran_here(capsys, "--help")
    ran = ran_here(capsys)
    assert (ran.code, ran.err) == (0, "")
    for command in ("upscale", "webcam", "train", "convert", "bench", "eval", "info", "models"):
        assert f"  {command} " in ran.out


@pytest.mark.parametrize("command", ["upscale", "webcam", "bench", "eval", "info"])
def test_each_command_has_its_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    ran = ran_here(capsys, command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert f"srgan-edge {command}" in ran.out


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    ran = ran_here(capsys, "models")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[0][0] == "name"
    assert ["edge", "x4"] in [row[:2] for row in rows]


def test_info(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    by_name = json.loads(ran_here(capsys, "info", "edge").out)
    assert (by_name["name"], by_name["scale"], by_name["halo"]) == ("edge", 4, 8)
    assert by_name["bytes"] == EDGE.stat().st_size
    assert re.fullmatch("[0-9a-f]{64}", by_name["sha256"])
    copy = tmp_path / "copy.tflite"
    shutil.copy(EDGE, copy)
    by_path = json.loads(ran_here(capsys, "info", str(copy)).out)
    assert {**by_path, "file": by_name["file"]} == by_name


def test_doctor() -> None:
    ran = run_cli("doctor")
    assert (ran.code, ran.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert lines["srgan-edge"] == __version__
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}." in lines["system"]
    assert {"machine", "processors", "ffmpeg", "cameras", "display", "numpy"} <= lines.keys()
    assert lines["accelerator"].startswith("cpu: ")
    assert ran.out.count("ms for 160x90 with edge-") == 2
    assert re.search(r"25 frames/s +webcam --model edge-camera --size \d+x\d+", ran.out)


def test_eval(tmp_path: Path, samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("meadow.png", "notice.png"):
        shutil.copy(samples / "photos" / name, tmp_path)
    (tmp_path / "bad.png").write_text("no picture")
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(tmp_path / "dot.png")
    ran = ran_here(capsys, "eval", "edge", str(tmp_path))
    assert ran.code == 0
    rows = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines()[1:]}
    assert rows.keys() == {"meadow.png", "notice.png", "mean"}
    for column in range(3):
        meadow, notice, mean = (float(rows[name][column]) for name in rows)
        assert mean == pytest.approx((meadow + notice) / 2, abs=0.011)
    assert [line.split(":")[0] for line in ran.err.splitlines()] == [
        "passed over bad.png",
        "passed over dot.png",
    ]


def test_a_folder_with_a_bad_file(folder: Path) -> None:
    Path("in").mkdir()
    shutil.copy("a.png", "in/a.png")
    shutil.copy("text.png", "in/b.png")
    ran = run_cli("upscale", "in", "-o", "out", "--tile", "100", "--threads", "1")
    assert ran.code == 2
    assert ran.out == "out/a.png  1280x720\n"
    assert len(ran.err.splitlines()) == 1
    assert "in/b.png" in ran.err
    assert [path.name for path in (folder / "out").iterdir()] == ["a.png"]


def test_tiles_by_the_command_line(folder: Path) -> None:
    for tile in ("auto", "64"):
        ran = run_cli("upscale", "a.png", "-o", f"{tile}.png", "--tile", tile)
        assert ran.code == 0, ran.err
    assert (folder / "auto.png").read_bytes() == (folder / "64.png").read_bytes()


def test_damaged_notes_of_a_picture_do_not_matter(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a long description that is cut in the middle"
    with Image.open("a.png") as image:
        image.save("noted.png", exif=exif.tobytes()[:-30])
    ran = run_cli("upscale", "noted.png", "-o", "out.png")
    assert (ran.code, ran.err) == (0, "")


def test_a_reader_that_leaves_gets_no_traceback() -> None:
    command = [sys.executable, "-u", "-m", "srgan_edge", "info", "edge"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Path(sys.executable).with_name("srgan-edge")
    if not script.exists():
        pytest.skip("srgan-edge is not installed as a command")
    monkeypatch.setenv("_SRGAN_EDGE_COMPLETE", "complete_bash")
    for words, expected in (("srgan-edge up", "upscale"), ("srgan-edge upscale --til", "--tile")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        done = subprocess.run([script], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [expected]


@pytest.mark.parametrize("text", ["320x180", "320X180"])
def test_sizes(text: str) -> None:
    assert parse_size(text) == (320, 180)


@pytest.mark.parametrize("text", ["", "x", "320", "320x", "0x9", "9x0", "-1x5", "1.5x2", "1x2x3"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InputError, match=f"WIDTHxHEIGHT.*got '{text}'"):
        parse_size(text)
