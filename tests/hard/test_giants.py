"""Giant pictures: bounded memory, the same bytes as in one piece, and a limit that is told."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emulated import peak_memory
from helpers import assert_refused, run_cli
from PIL import Image

from srgan_edge import batch
from srgan_edge.decoded import Decoded
from srgan_edge.images import read_image
from srgan_edge.jobs import Job
from srgan_edge.strips import upscaled_strips
from srgan_edge.upscaler import Upscaler
from tests.hard.faults import Faults

pytestmark = pytest.mark.timeout(3600)
IS_HARD = bool(os.environ.get("SRGAN_EDGE_HARD"))
# What Python, the libraries and the model take, and a strip with its copies; then Pillow's four
# bytes a pixel of what came in.
STRIPS, A_PIXEL = 400e6, 4
MOST = 600e6


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    return Upscaler("edge-tiny")


@pytest.fixture
def strips_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also small pictures go strip by strip."""
    monkeypatch.setattr(batch, "_MOST_WHOLE", 0)


def noise(width: int, height: int, mode: str) -> Image.Image:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 4), np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("rows", [1, 7, 32, 1000])
def test_strips_are_exact(tmp_path: Path, upscaler: Upscaler, rows: int) -> None:
    noise(61, 83, "RGB").save(tmp_path / "a.png")
    whole = upscaler(read_image(tmp_path / "a.png").bgr)
    strips = upscaled_strips(Decoded(tmp_path / "a.png"), upscaler, rows)
    assert (np.concatenate([strip.bgr for strip in strips]) == whole).all()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "CMYK", "I;16", "F", "1"])
@pytest.mark.parametrize("orientation", [1, 6, 3])
def test_a_file_in_strips_is_the_whole_one(
    tmp_path: Path,
    upscaler: Upscaler,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    mode: str,
    orientation: int,
) -> None:
    source = tmp_path / ("a.tif" if mode in ("CMYK", "F") else "a.png")
    picture = noise(70, 150, "L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    exif = picture.getexif()
    exif[274] = orientation
    picture.save(source, exif=exif, icc_profile=b"a profile" * 20)
    made: list[Any] = []
    for most in (2**30, 0):
        monkeypatch.setattr(batch, "_MOST_WHOLE", most)
        target = tmp_path / f"{most}{suffix}"
        batch.run_jobs([Job(source, target)], upscaler)
        made.append(read_image(target))
    whole, strips = made
    assert (whole.bgr == strips.bgr).all()
    assert (whole.grey, whole.profile) == (strips.grey, strips.profile)
    assert (whole.alpha is None) == (strips.alpha is None)
    assert whole.alpha is None or (whole.alpha == strips.alpha).all()


@pytest.mark.usefixtures("strips_for_all")
@pytest.mark.parametrize("level", [0, 77, 255])
def test_even_transparency_stays_even(tmp_path: Path, upscaler: Upscaler, level: int) -> None:
    picture = noise(40, 200, "RGBA")
    picture.putalpha(level)
    picture.save(tmp_path / "a.png")
    batch.run_jobs([Job(tmp_path / "a.png", tmp_path / "b.png")], upscaler)
    alpha = read_image(tmp_path / "b.png").alpha
    assert alpha is not None
    assert (alpha == level).all()


def giant(path: Path, side: int, **how: Any) -> Path:
    """Smooth, as photographs are."""
    small = np.random.default_rng(0).integers(0, 256, (side // 40, side // 40, 3), np.uint8)
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(path, **how)
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_memory_is_bounded(tmp_path: Path, faults: Callable[[str], Faults], suffix: str) -> None:
    """8,000 x 8,000 in, 32,000 x 32,000 out, in a process of its own; 2,000 in the short run."""
    side = 8000 if IS_HARD else 2000
    counted = faults(f"giant pictures: {side}x{side} to {suffix}")
    source, target = giant(tmp_path / "giant.png", side), tmp_path / f"out{suffix}"
    command = ["upscale", str(source), "-o", str(target), "--model", "edge-tiny"]
    found = peak_memory([sys.executable, "-m", "srgan_edge", *command])
    assert found.ran.code == 0, found.ran.err
    peak = found.megabytes * 2**20
    counted.injected += 1
    counted.ends[f"{peak / 1e6:.0f} MB at most"] += 1
    assert peak < (MOST if IS_HARD else STRIPS + A_PIXEL * side * side)
    Image.MAX_IMAGE_PIXELS, limit = None, Image.MAX_IMAGE_PIXELS
    try:
        with Image.open(target) as picture:
            assert picture.size == (4 * side, 4 * side)
            if not IS_HARD:
                picture.load()
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def test_too_large_is_refused_at_once(tmp_path: Path, faults: Callable[[str], Faults]) -> None:
    """By what the header says: the pixels of this one were never written."""
    counted = faults("giant pictures: refused")
    header = giant(tmp_path / "small.bmp", 80).read_bytes()
    liar = tmp_path / "liar.bmp"
    liar.write_bytes(header[:18] + (60_000).to_bytes(4, "little") * 2 + header[26:])
    started = time.monotonic()
    ran = run_cli("upscale", liar, "-o", tmp_path / "out.png")
    assert_refused(ran, "liar.bmp has 60000x60000 pixels", "3,600,000,000", "100,000,000")
    assert "--max-pixels" in ran.err
    assert time.monotonic() - started < 60
    Image.new("RGB", (24, 65_537)).save(tmp_path / "long.tif")
    ran = run_cli("upscale", tmp_path / "long.tif", "-o", tmp_path / "out.png")
    assert_refused(ran, "long.tif has 24x65537 pixels", "65,536 a side")
    source = giant(tmp_path / "a.png", 400)
    ran = run_cli("upscale", source, "-o", tmp_path / "out.png", "--max-pixels", 159_999)
    assert_refused(ran, "400x400", "159,999")
    ran = run_cli("upscale", source, "-o", tmp_path / "out.png", "--max-pixels", 160_000)
    assert ran.code == 0, ran.err
    counted.injected += 2
    assert {path.name for path in tmp_path.iterdir()} == {
        "small.bmp",
        "long.tif",
        "liar.bmp",
        "a.png",
        "out.png",
    }


@pytest.mark.parametrize(
    ("size", "suffix", "words"),
    [
        ((17_000, 4), ".jpg", "at most 65,535 a side"),
        ((5_000, 4), ".webp", "at most 16,383 a side"),
        ((3_000, 2_500), ".bmp", "accepted for larger ones are .png"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_at_once(
    tmp_path: Path, size: tuple[int, int], suffix: str, words: str
) -> None:
    Image.new("L", size).save(tmp_path / "a.png")
    ran = run_cli("upscale", tmp_path / "a.png", "-o", tmp_path / f"out{suffix}")
    assert_refused(ran, words, f"{4 * size[0]}x{4 * size[1]}")
    assert not (tmp_path / f"out{suffix}").exists()


def test_a_folder_with_one_too_large_goes_on(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, side in (("a", 40), ("b", 400), ("c", 40)):
        giant(tmp_path / "in" / f"{name}.png", side)
    ran = run_cli("upscale", tmp_path / "in", "-o", tmp_path / "out", "--max-pixels", 2000)
    assert ran.code == 2
    assert "passed over: " in ran.err
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["a.png", "c.png"]
