from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from srgan_edge.batch import plan_jobs, run_jobs
from srgan_edge.errors import InputError
from srgan_edge.images import read_image
from srgan_edge.unfinished import JOURNAL_NAME
from srgan_edge.upscaler import Upscaler

if TYPE_CHECKING:
    from tests.srgan_edge.conftest import Started

BAD_INPUT, INTERRUPTED = 2, 130


def picture(path: Path, width: int = 12, height: int = 8, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(path.name)).integers(0, 256, (height, width, 4), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def files(folder: Path) -> set[str]:
    """All files below a folder, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def planned(inputs: list[Path], output: Path) -> dict[Path, Path]:
    return {job.source: job.target for job in plan_jobs(inputs, output)}


def test_a_file_to_a_file(tmp_path: Path, upscaler: Upscaler) -> None:
    source, target = picture(tmp_path / "a.png"), tmp_path / "new" / "b.jpg"
    done = run_jobs(plan_jobs([source], target), upscaler)
    assert done.exit_code == 0
    assert done.results == [f"{target}  48x32"]
    assert read_image(target).bgr.shape == (32, 48, 3)


def test_the_pixels_are_the_upscalers(tmp_path: Path, upscaler: Upscaler) -> None:
    source, target = picture(tmp_path / "a.png"), tmp_path / "b.png"
    run_jobs(plan_jobs([source], target), upscaler)
    assert (read_image(target).bgr == upscaler(read_image(source).bgr)).all()


@pytest.mark.parametrize("exists", [False, True])
def test_a_file_into_a_folder(tmp_path: Path, exists: bool) -> None:
    source, folder = picture(tmp_path / "a.png"), tmp_path / "out"
    if exists:
        folder = tmp_path / "out.d"
        folder.mkdir()
    assert planned([source], folder) == {source: folder / "a.png"}


def test_a_folder_keeps_its_tree(tmp_path: Path, upscaler: Upscaler) -> None:
    for name in ("a.png", "deep/er/b.jpg", "deep/c.webp"):
        picture(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    done = run_jobs(plan_jobs([tmp_path / "in"], tmp_path / "out"), upscaler)
    assert done.exit_code == 0
    assert files(tmp_path / "out") == {"a.png", "deep/er/b.jpg", "deep/c.webp"}


def test_several_inputs_each_under_its_name(tmp_path: Path) -> None:
    folder, lone = tmp_path / "one", picture(tmp_path / "lone.png")
    inside = picture(folder / "x" / "a.png"), picture(tmp_path / "two" / "a.png")
    out = tmp_path / "out"
    assert planned([folder, lone, tmp_path / "two"], out) == {
        inside[0]: out / "one" / "x" / "a.png",
        lone: out / "lone.png",
        inside[1]: out / "two" / "a.png",
    }


@pytest.mark.parametrize("suffix", [".MP4", ".mp4", ".Mkv"])
def test_a_name_in_capitals_is_kept(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"clip{suffix}"
    source.write_bytes(b"")
    assert planned([source], tmp_path / "out") == {source: tmp_path / "out" / source.name}
    assert planned([source], tmp_path / f"b{suffix}") == {source: tmp_path / f"b{suffix}"}


def test_results_are_not_upscaled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "out" / "a.png")
    assert set(planned([tmp_path / "in"], tmp_path / "in" / "out")) == {source}
    monkeypatch.chdir(tmp_path)
    assert set(planned([Path("in")], tmp_path / "in" / "out")) == {Path("in/a.png")}


def test_the_output_may_be_around_the_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "in" / "a.png")
    monkeypatch.chdir(tmp_path)
    assert planned([Path("in")], Path()) == {Path("in/a.png"): Path("a.png")}


@pytest.mark.parametrize(
    ("inputs", "output", "words"),
    [
        (["missing.png"], "out", "no such file"),
        (["missing"], "out", "no such file"),
        (["notes.txt"], "out", "cannot tell what .*notes.txt is"),
        (["empty"], "out", "no images or videos in"),
        (["a.png"], "out.mp4", r"is an image.*got .*out\.mp4"),
        (["a.png"], "out.gif", r"is an image.*got .*out\.gif"),
        (["clip.mp4"], "out.png", r"is a video.*\.mp4.*got .*out\.png"),
        (["clip.mp4"], "out.webm", r"is a video.*\.mp4.*got .*out\.webm"),
        (["a.png"], "a.png", "would replace itself"),
        (["a.png"], ".", "would replace itself"),
        (["in"], "in", "would replace itself"),
        (["a.png", "in/a.png"], "out", "would both become"),
        (["clip.mp4", "clip.webm"], "out", "would both become"),
        (["a.png"], "a.png/out", "folder"),
        (["a.png"], "notes.txt/deep/out.png", "folder"),
        (["in"], "notes.txt", "not a folder"),
    ],
)
def test_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: list[str], output: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    picture(Path("a.png"))
    picture(Path("in/a.png"))
    Path("empty").mkdir()
    for name in ("notes.txt", "clip.mp4", "clip.webm"):
        Path(name).write_text("no picture")
    before = {name: Path(name).read_bytes() for name in files(tmp_path)}
    with pytest.raises(InputError, match=words) as caught:
        plan_jobs([Path(name) for name in inputs], Path(output))
    assert "\n" not in str(caught.value)
    assert {name: Path(name).read_bytes() for name in files(tmp_path)} == before


def test_a_bad_file_among_good_ones_is_passed_over(
    tmp_path: Path, upscaler: Upscaler, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "c.png"):
        picture(tmp_path / "in" / name)
    (tmp_path / "in" / "b.png").write_text("no picture")
    (tmp_path / "in" / "d.mp4").write_text("no video")
    done = run_jobs(plan_jobs([tmp_path / "in"], tmp_path / "out"), upscaler)
    assert done.exit_code == BAD_INPUT
    assert files(tmp_path / "out") == {"a.png", "c.png"}
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["passed over"] * 2
    assert "b.png" in lines[0]
    assert "d.mp4" in lines[1]


def test_the_only_file_fails(tmp_path: Path, upscaler: Upscaler) -> None:
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(InputError, match=r"not an image: .*b\.png"):
        run_jobs(plan_jobs([tmp_path / "b.png"], tmp_path / "out"), upscaler)
    assert files(tmp_path / "out") == set()


def test_an_output_that_is_taken_by_a_folder(tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png")
    (tmp_path / "out" / "a.png").mkdir(parents=True)
    with pytest.raises(InputError, match=r"a\.png is a folder"):
        plan_jobs([source], tmp_path / "out")
    assert files(tmp_path / "out") == set()


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_grey_and_alpha_are_kept(tmp_path: Path, upscaler: Upscaler, mode: str) -> None:
    source, target = picture(tmp_path / "a.png", mode=mode), tmp_path / "b.png"
    run_jobs(plan_jobs([source], target), upscaler)
    with Image.open(target) as image:
        assert image.mode == mode
        assert image.size == (48, 32)
    alpha, large = read_image(source).alpha, read_image(target).alpha
    if mode != "L":
        assert alpha is not None
        assert large is not None
        assert (large == upscaler.grey(alpha)).all()


@pytest.mark.parametrize("level", [0, 100, 255])
def test_an_even_alpha_stays_even(tmp_path: Path, upscaler: Upscaler, level: int) -> None:
    with Image.open(picture(tmp_path / "a.png")) as image:
        image.putalpha(level)
        image.save(tmp_path / "a.png")
    run_jobs(plan_jobs([tmp_path / "a.png"], tmp_path / "b.png"), upscaler)
    alpha = read_image(tmp_path / "b.png").alpha
    assert alpha is not None
    assert (alpha == level).all()


def test_compare_writes_a_panel(tmp_path: Path, upscaler: Upscaler) -> None:
    source = picture(tmp_path / "a.png", 40, 30)
    done = run_jobs(plan_jobs([source], tmp_path / "out", compare=True), upscaler)
    assert files(tmp_path / "out") == {"a.png", "a.compare.png"}
    assert len(done.results) == 2
    panel = read_image(tmp_path / "out" / "a.compare.png").bgr
    ours = read_image(tmp_path / "out" / "a.png").bgr
    assert panel.shape[1] == 3 * 160
    assert (panel[-120:, 320:] == ours).all()
    nearest = panel[-120:, :160]
    assert (nearest[::4, ::4] == read_image(source).bgr).all()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_folder(
    tmp_path: Path, samples: Path, start: Callable[..., Started], kind: signal.Signals
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(samples / "harbour.png", tmp_path / "in" / "000.png")
    for index in range(1, 300):
        os.link(tmp_path / "in" / "000.png", tmp_path / "in" / f"{index:03}.png")
    out = tmp_path / "out"
    running = start("upscale", tmp_path / "in", "-o", out)
    running.wait_until(lambda: (out / "001.png").exists())
    code, errors = running.stop(kind)
    assert code == INTERRUPTED
    assert errors.splitlines() == ["srgan-edge: interrupted"]
    written = files(out)
    written.remove(JOURNAL_NAME)
    assert 2 <= len(written) < 300
    assert written <= files(tmp_path / "in")  # no other names: no part files
    for name in written:
        assert read_image(out / name).bgr.shape == (720, 1280, 3)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_video(
    tmp_path: Path, long_clip: Path, start: Callable[..., Started], kind: signal.Signals
) -> None:
    out = tmp_path / "out"
    running = start("upscale", long_clip, "-o", out)
    running.wait_until(lambda: out.exists() and any(out.iterdir()))
    code, errors = running.stop(kind)
    assert code == INTERRUPTED
    assert errors.splitlines() == ["srgan-edge: interrupted"]
    assert files(out) == set()


def test_panels_that_would_take_another_files_place_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "a.bmp", "b.png", "b.compare.png"):
        Image.new("RGB", (4, 4)).save(folder / name)
    with pytest.raises(InputError, match=r"would both become .*a\.compare\.png"):
        plan_jobs([folder / "a.png", folder / "a.bmp"], tmp_path / "out", compare=True)
    with pytest.raises(InputError, match=r"would both become .*b\.compare\.png"):
        plan_jobs([folder / "b.png", folder / "b.compare.png"], tmp_path / "out", compare=True)
    assert not (tmp_path / "out").exists()


def test_the_smallest_picture_has_a_panel(tmp_path: Path, upscaler: Upscaler) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    run_jobs(plan_jobs([tmp_path / "dot.png"], tmp_path / "out.png", compare=True), upscaler)
    assert (tmp_path / "out.compare.png").is_file()


def test_transparency_that_a_format_cannot_hold_is_told(
    tmp_path: Path, upscaler: Upscaler, capfd: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGBA", (8, 8), (9, 9, 9, 9)).save(tmp_path / "clear.png")
    run_jobs(plan_jobs([tmp_path / "clear.png"], tmp_path / "out.jpg"), upscaler)
    assert ".jpg files have no transparency" in capfd.readouterr().err


def test_several_files_do_not_go_into_a_file(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    for inputs in ([tmp_path / "a.png", tmp_path / "b.png"], [tmp_path]):
        with pytest.raises(InputError, match=r"need a folder to go to, got -o .*out\.png"):
            plan_jobs(inputs, tmp_path / "out.png")


def test_bits_that_are_lost_are_told(
    tmp_path: Path, upscaler: Upscaler, capfd: pytest.CaptureFixture[str]
) -> None:
    Image.new("I;16", (8, 8), 30_000).save(tmp_path / "deep.png")
    run_jobs(plan_jobs([tmp_path / "deep.png"], tmp_path / "out.png"), upscaler)
    assert "more than 8 bits" in capfd.readouterr().err
