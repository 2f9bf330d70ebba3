"""Names that are odd, what is no file at all, and folders that are traps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import SAMPLES, assert_refused, run_cli

from tests.hard.clips import ordinary
from tests.hard.pictures import png
from tests.hard.trying import Attacking

pytestmark = pytest.mark.timeout(1800)
PICTURE = png(24, 16)


def _names(folder: Path) -> list[Path]:
    """Names that are no text, as long as can be, or mean something to somebody else."""
    long = "ä" * 125 + "x"
    odd = [b"\xff\xfe\x80", b"\x1b[31mred\x07", b"two\nlines", b"[/red] [bold]", b"-o", b"%d %s"]
    odd += [
        long.encode(),
        b"concat:a|b",
        b"rtsp:x",
        b"img_%04d",
        b"a;b&c|d$(e)",
        b" ",
        b"~",
        b"nul",
    ]
    return [folder / os.fsdecode(name) for name in odd]


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_names(tmp_path: Path, suffix: str) -> None:
    """All of a folder is upscaled, under the same names, and told without a control character."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    content = PICTURE if suffix == ".png" else ordinary()[0][1]
    names = [path.name + suffix for path in _names(folder)]
    for name in names:
        (folder / name).write_bytes(content)
    ran = run_cli("upscale", folder, "-o", out, "--model", "edge-tiny")
    assert ran.code == 0, ran.err
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    assert "Traceback" not in ran.err
    assert not {"\x1b", "\x07"} & {*ran.out, *ran.err}


def test_a_folder_of_traps(tmp_path: Path) -> None:
    """Pipes, devices and links that lead round are passed over; what is damaged is named."""
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    (folder / "good.png").write_bytes(PICTURE)
    (folder / "bad.png").write_bytes(PICTURE[:60])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "nothing.png").symlink_to("gone.png")
    (folder / "sub" / "up").symlink_to("..")
    (folder / "named.png").mkdir()
    os.mkfifo(folder / "pipe.mp4")
    ran = run_cli("upscale", folder, "-o", out, "--model", "edge-tiny", timeout=120)
    assert ran.code == 2, ran
    assert [path.name for path in out.iterdir()] == ["good.png"]
    told = [line for line in ran.err.splitlines() if line.startswith("passed over: ")]
    assert sum("bad.png" in line for line in told) == 1
    assert len(told) == 3, told


def test_what_is_no_file(attacking: Attacking, tmp_path: Path) -> None:
    """As a picture, a video, a model, a generator, a configuration, a recipe or a folder."""
    with attacking("no files", tmp_path) as attack:
        for kind in ("loop", "pipe", "zero", "folder", "long", "nothing"):
            (tmp_path / kind).mkdir()
            for command in _commands_with(tmp_path / kind, kind):
                attack.command(*command)
        assert attack.tally.ends["refused"] == attack.tally.tried
    assert not [path for path in tmp_path.rglob("*") if path.stem == "out" and path.is_file()]


def _commands_with(folder: Path, kind: str) -> list[tuple[object, ...]]:
    """Every command, given what is no file."""
    where = folder / ("x" * 300 if kind == "long" else "trap")
    for suffix in (".png", ".mp4", ".tflite", ".keras", ".toml", ""):
        path = where.with_name(where.name + suffix)
        if kind == "loop":
            path.symlink_to(path.name)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "zero":
            path.symlink_to("/dev/zero")
        elif kind == "folder":
            path.mkdir()
    base, picture = str(where), folder / "picture.png"
    picture.write_bytes(PICTURE)
    out = folder / "out.png"
    return [
        ("upscale", base + ".png", "-o", out),
        ("upscale", base + ".mp4", "-o", folder / "out.mp4"),
        ("upscale", picture, "-o", out, "--model", base + ".tflite"),
        ("info", base + ".tflite"),
        ("bench", base + ".tflite", "--runs", 1),
        ("eval", base + ".tflite", folder),
        ("eval", "edge-tiny", base),
        ("webcam", "--config", base + ".toml"),
        ("webcam", "--source", base + ".mp4", "--show", "none"),
        ("convert", base + ".keras", "--float32"),
        ("train", base, "-o", folder / "run"),
        ("train", SAMPLES / "photos", "-o", folder / "run", "--recipe", base + ".toml"),
    ]


def test_a_damaged_run(tmp_path: Path) -> None:
    """`info` of a run folder, whatever is in its record."""
    for content in (
        b"\xff",
        b"[]",
        b'{"photographs": 3}',
        b'{"photographs": {"x": 1}}',
        b"[" * 9999,
    ):
        (tmp_path / "run.json").write_bytes(content)
        (tmp_path / "metrics.csv").write_bytes(b"step\n\xff\xfe")
        assert_refused(run_cli("info", tmp_path))
    (tmp_path / "run.json").write_text('{"photographs": {"training": {"a": "b"}}}')
    assert run_cli("info", tmp_path).code == 0
