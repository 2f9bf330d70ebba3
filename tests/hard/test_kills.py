"""kill -9 in the middle of what writes pictures, videos and recordings."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from srgan_edge.unfinished import JOURNAL_NAME
from tests.hard.faults import Command, Faults, Killing, leftovers

pytestmark = pytest.mark.timeout(3600)
COUNT, MODEL = 24, ("--model", "edge-tiny", "--threads", "1")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of them: noise, which compresses badly and so takes its time to write."""
    folder, chance = tmp_path_factory.mktemp("in"), np.random.default_rng(0)
    for number in range(COUNT):
        path = folder / ("deep/er" if number % 3 else "") / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (90, 120, 4), np.uint8)).save(path)
    return folder


def brightness(number: int) -> int:
    """Of a frame of the clip."""
    return 30 + 2 * number


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 frames, each of its own brightness, and a sound."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=30)
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=8000)
        sound.layout = "mono"
        for number in range(90):
            pixels = np.full((90, 160, 3), brightness(number), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        tone = np.zeros((1, 24_000), np.int16)
        frame = av.AudioFrame.from_ndarray(tone, "s16", "mono")
        frame.rate, frame.pts = 8000, 0
        container.mux(sound.encode(frame))
        container.mux([*video.encode(), *sound.encode()])
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_of_pictures(
    pictures: Path, tmp_path: Path, faults: Callable[[str], Faults], kills: int
) -> None:
    """Each one is whole or not there; the next run goes on, and the last leaves the same bytes."""
    expected, out = tmp_path / "expected", tmp_path / "out"
    assert Command("upscale", pictures, "-o", expected, *MODEL).ended()[0] == 0
    wanted, counted = contents(expected), faults("kill -9: upscale of a folder")
    assert len(wanted) == COUNT
    seen: dict[Path, int] = {}

    def check() -> None:
        counted.check(out, lambda path: path.read_bytes() == wanted[str(path.relative_to(out))])
        for path, moment in seen.items():  # nothing that was done is gone, or was done again
            if path.exists() and path.stat().st_mtime_ns != moment:
                again.append(path)
        seen.update((path, path.stat().st_mtime_ns) for path in out.rglob("*.png"))
        if not (out / JOURNAL_NAME).exists():  # it was complete: the next run does all anew
            seen.clear()

    def complete() -> None:
        check()
        assert contents(out) == wanted, leftovers(out)
        shutil.rmtree(out)
        seen.clear()

    again: list[Path] = []
    killing = Killing(
        counted,
        lambda: Command("upscale", pictures, "-o", out, *MODEL),
        lambda: any(path.name.startswith(".") for path in out.glob("*")),
        1.5,
        check,
        complete,
    )
    killing.run(kills)
    # Between its name and the line that says so: one file of a run, and only rarely.
    assert len(again) <= counted.injected


def test_a_run_goes_on_where_it_stopped(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = Command("upscale", pictures, "-o", out, *MODEL)
    assert command.wait_for(lambda: len([*out.rglob("[!.]*.png")]) >= COUNT // 3)
    assert command.kill(with_children=False)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("[!.]*.png")}
    code, said = Command("upscale", pictures, "-o", out, *MODEL).ended()
    assert code == 0
    done = re.search(rf"going on: (\d+) of {COUNT} files are done", said)
    assert done is not None, said
    assert len(times) - 1 <= int(done[1]) <= len(times)
    same = [path for path, moment in times.items() if path.stat().st_mtime_ns == moment]
    assert len(same) == int(done[1])
    assert leftovers(out) == []
    # A run that is complete is done anew when somebody asks for it again.
    code, said = Command("upscale", pictures, "-o", out, *MODEL).ended()
    assert (code, said) == (0, "")
    assert all(path.stat().st_mtime_ns != moment for path, moment in times.items())


@pytest.mark.parametrize("what", ["model", "input", "output"])
def test_what_is_no_more_the_same_is_done_again(pictures: Path, tmp_path: Path, what: str) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(pictures, source)
    command = Command("upscale", source, "-o", out, *MODEL)
    assert command.wait_for(lambda: len([*out.rglob("[!.]*.png")]) >= 3)
    assert command.kill(with_children=False)
    assert (out / JOURNAL_NAME).is_file()
    first = next(out.rglob("[!.]*.png"))
    model = ("--model", "edge") if what == "model" else MODEL
    if what == "input":
        shutil.copy(source / "03.png", source / first.relative_to(out))
    if what == "output":
        first.write_bytes(b"somebody's own")
    assert Command("upscale", source, "-o", out, *model).ended()[0] == 0
    assert Command("upscale", source, "-o", tmp_path / "anew", *model).ended()[0] == 0
    assert contents(out) == contents(tmp_path / "anew")


def frames_of(path: Path) -> list[int]:
    """The brightness of each."""
    capture, found = cv2.VideoCapture(str(path)), []
    while (answer := capture.read())[0]:
        found.append(round(float(np.mean(answer[1]))))
    capture.release()
    return found


def near_the_end(path: Path) -> bool:
    """Whether the last frame is one of the clip's last: a busy machine leaves out some."""
    return max(frames_of(path), default=0) > brightness(75)


def test_a_video(clip: Path, tmp_path: Path, faults: Callable[[str], Faults], kills: int) -> None:
    """It is there with all its frames and its sound, or not at all."""
    expected, out = tmp_path / "expected.mp4", tmp_path / "out" / "out.mp4"
    assert Command("upscale", clip, "-o", expected, *MODEL).ended()[0] == 0
    wanted, counted = frames_of(expected), faults("kill -9: upscale of a video")
    assert len(wanted) == 90

    def is_whole(path: Path) -> bool:
        with av.open(str(path)) as container:
            sound = len(container.streams.audio)
        return frames_of(path) == wanted and sound == bool(shutil.which("ffmpeg"))

    def complete() -> None:
        counted.check(out.parent, is_whole)
        assert out.is_file()
        assert leftovers(out.parent) == []
        shutil.rmtree(out.parent)

    Killing(
        counted,
        lambda: Command("upscale", clip, "-o", out, *MODEL),
        lambda: out.parent.is_dir() and any(out.parent.iterdir()),
        2.5,
        lambda: counted.check(out.parent, is_whole) if out.parent.exists() else None,
        complete,
    ).run(kills)


def test_a_recording(
    clip: Path, tmp_path: Path, faults: Callable[[str], Faults], kills: int
) -> None:
    """What was recorded before a kill plays, and stays when the next one begins."""
    out = tmp_path / "out" / "live.mp4"
    counted, kept = faults("kill -9: recording"), dict[Path, int]()
    options = ("--source", clip, "--realtime", "--show", "none", "--record", out, *MODEL)

    def check() -> None:
        if out.exists():  # finished, and killed before the process ended
            assert near_the_end(out), "half of a recording has its name"
            out.unlink()
        for path in out.parent.glob(".live.*"):
            kept.setdefault(path, 0)
        for path, before in kept.items():
            found = len(frames_of(path)) if path.stat().st_size > 2000 else 0
            counted.lost += found < before
            assert found >= before
            kept[path] = found

    def complete() -> None:
        assert near_the_end(out)
        assert all(len(frames_of(path)) == found for path, found in kept.items() if found)
        shutil.rmtree(out.parent)
        counted.ends["plays after a kill"] += sum(found > 0 for found in kept.values())
        kept.clear()

    Killing(
        counted,
        lambda: Command("webcam", *options),
        lambda: len([*out.parent.glob(".live.*")]) > len(kept),
        3.0,
        check,
        complete,
    ).run(kills)
