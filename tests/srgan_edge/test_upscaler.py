from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import srgan_edge
from srgan_edge.errors import InputError, RunError
from srgan_edge.images import read_image
from srgan_edge.model_file import ModelFile, load_model
from srgan_edge.quality import Picture, resize_bicubic
from srgan_edge.upscaler import Upscaler

SIDES = st.integers(1, 60)


def noise(height: int, width: int, seed: int = 0) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@settings(max_examples=40)
@given(SIDES, SIDES, st.integers(1, 70), st.integers(0, 2**32 - 1))
@example(24, 40, 8, 1)
@example(25, 41, 8, 2)
@example(9, 9, 1, 3)
@example(60, 60, 59, 4)
def test_tiled_and_untiled_are_the_same_bytes(
    upscaler: Upscaler, height: int, width: int, side: int, seed: int
) -> None:
    assume(-(-height // side) * -(-width // side) <= 100)
    frame = noise(height, width, seed)
    tiled = Upscaler(upscaler.model, threads=1, tile=side)
    assert tiled(frame).tobytes() == upscaler(frame).tobytes()


def test_auto_cuts_a_large_picture_exactly(upscaler: Upscaler) -> None:
    frame = noise(400, 700)
    assert Upscaler("edge")(frame).tobytes() == Upscaler("edge", tile=None)(frame).tobytes()


@settings(max_examples=20)
@given(SIDES, SIDES)
@example(1, 1)
@example(1, 60)
def test_four_times_as_large(upscaler: Upscaler, height: int, width: int) -> None:
    frame = noise(height, width)
    result = upscaler(frame)
    assert result.shape == (4 * height, 4 * width, 3)
    assert result.dtype == np.uint8
    assert result.flags.owndata
    assert (upscaler(frame) == result).all()


def test_a_size_is_not_remembered(upscaler: Upscaler) -> None:
    """The result depends on the frame alone, not on those before it."""
    frames = [noise(h, w, h) for h, w in ((20, 30), (7, 50), (1, 1), (30, 20))]
    alone = [Upscaler("edge")(frame) for frame in frames]
    for frame, expected in [*zip(frames, alone, strict=True)] * 2:
        assert (upscaler(frame) == expected).all()


def test_the_frame_and_the_result_stay_as_they_are(upscaler: Upscaler) -> None:
    frame = noise(20, 30)
    before = frame.copy()
    result = upscaler(frame)
    kept = result.copy()
    upscaler(noise(20, 30, seed=1))
    assert (frame == before).all()
    assert (result == kept).all()


def test_thread_counts_agree() -> None:
    frame = noise(90, 160)
    results = [Upscaler("edge", threads=count) for count in (1, 2, 3)]
    assert [result.threads for result in results] == [1, 2, 3]
    assert len({result(frame).tobytes() for result in results}) == 1


def test_a_view_is_as_good_as_an_array(upscaler: Upscaler) -> None:
    frame = noise(40, 60)
    view = frame[5:35:2, 50:10:-1]
    assert (upscaler(view) == upscaler(view.copy())).all()


def test_it_is_the_picture_only_larger(upscaler: Upscaler, samples: Path) -> None:
    frame = read_image(samples / "harbour.png").bgr
    height, width = frame.shape[:2]
    back = resize_bicubic(upscaler(frame), width, height)
    assert np.abs(back.astype(int) - frame).mean() < 4


def test_colours_swapped_for_a_model_of_rgb(upscaler: Upscaler) -> None:
    frame = noise(20, 30)
    model = replace(upscaler.model, facts=replace(upscaler.model.facts, colour="rgb"))
    other = Upscaler(model)
    expected = upscaler(np.ascontiguousarray(frame[..., ::-1]))[..., ::-1]
    assert (other(frame) == expected).all()
    assert (other(frame[:, ::-1]) == other(frame[:, ::-1].copy())).all()


def test_grey_is_one_channel(upscaler: Upscaler) -> None:
    plane = noise(20, 30)[..., 0]
    assert upscaler.grey(plane).shape == (80, 120)
    flat = np.full((20, 30), 77, np.uint8)
    assert np.abs(upscaler.grey(flat).astype(int) - 77).mean() < 8


@pytest.mark.parametrize(
    ("frame", "got"),
    [
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((4, 4, 3), np.int8), "int8"),
        (np.zeros((4, 4), np.uint8), r"\(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        (np.zeros((4, 0, 3), np.uint8), r"\(4, 0, 3\)"),
        ([[[0, 0, 0]]], "list"),
        (None, "NoneType"),
    ],
)
def test_refuses_frames(upscaler: Upscaler, frame: Picture, got: str) -> None:
    with pytest.raises(InputError, match=f"a frame must .*got {got}"):
        upscaler(frame)
    assert upscaler(noise(2, 2)).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tile": "x"}, "tile must be auto or a number"),
        ({"tile": 0}, "at least 1 pixel"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"accelerator": "tpu"}, "auto, cpu, gpu"),
        ({"model": "nothing"}, "there is: edge"),
    ],
)
def test_refuses_options(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Upscaler(**options)  # type: ignore[arg-type]


def test_refuses_a_folder_and_an_empty_model(tmp_path: Path) -> None:
    (tmp_path / "zero.tflite").write_bytes(b"")
    for path in (tmp_path, tmp_path / "zero.tflite", tmp_path / "missing.tflite"):
        with pytest.raises(InputError, match=str(path)):
            Upscaler(path)


def test_a_model_by_its_path(upscaler: Upscaler, tmp_path: Path) -> None:
    path = tmp_path / "mine.tflite"
    path.write_bytes(upscaler.model.content)
    frame = noise(10, 10)
    assert (Upscaler(path)(frame) == upscaler(frame)).all()
    assert (Upscaler(str(path))(frame) == upscaler(frame)).all()


def test_facts_that_are_not_true(upscaler: Upscaler) -> None:
    facts = replace(upscaler.model.facts, scale=3)
    model = ModelFile(Path("wrong.tflite"), upscaler.model.content, facts)
    with pytest.raises(RunError, match="facts promise"):
        Upscaler(model)(noise(4, 4))


def test_content_that_litert_does_not_take() -> None:
    model = replace(load_model("edge"), path=Path("half.tflite"), content=b"TFL3" * 10)
    with pytest.raises(InputError, match=r"LiteRT cannot load half\.tflite"):
        Upscaler(model)


def test_the_names_of_the_package() -> None:
    assert srgan_edge.Upscaler is Upscaler
    assert srgan_edge.load_model is load_model
    assert sorted(dir(srgan_edge)) == sorted(srgan_edge.__all__)
    for name in srgan_edge.__all__:
        assert getattr(srgan_edge, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Upscale'"):
        srgan_edge.Upscale  # noqa: B018


@pytest.mark.parametrize("name", ["generator.keras", "run"])
def test_what_was_trained_but_not_converted_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / "generator.keras").write_bytes(b"PK")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(InputError, match=f"srgan-edge convert .*{name} --int8"):
        Upscaler(tmp_path / name)
