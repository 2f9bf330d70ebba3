from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from srgan_edge.errors import InputError
from srgan_edge.images import (
    IMAGE_SUFFIXES,
    ImageFile,
    find_files,
    read_image,
    read_rgb,
    write_image,
)

NOISE = np.random.default_rng(0).integers(0, 256, (9, 13, 3), np.uint8)
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))


@st.composite
def image_files(draw: st.DrawFn) -> ImageFile:
    height, width = draw(SHAPES)
    grey = draw(st.booleans())
    bgr = draw(arrays.arrays(np.uint8, (height, width, 3)))
    if grey:
        bgr = np.ascontiguousarray(np.broadcast_to(bgr[..., :1], bgr.shape))
    alpha = draw(st.none() | arrays.arrays(np.uint8, (height, width)))
    return ImageFile(bgr, alpha, grey)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF"])
@settings(max_examples=40)
@given(image=image_files())
def test_round_trip(
    suffix: str, image: ImageFile, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"round{suffix}"
    write_image(path, image)
    back = read_image(path)
    assert (back.bgr == image.bgr).all()
    assert back.grey == image.grey
    assert (back.alpha is None) == (image.alpha is None)
    if image.alpha is not None:
        assert back.alpha is not None
        assert (back.alpha == image.alpha).all()


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("opaque", [False, True])
def test_every_format_takes_every_kind(
    tmp_path: Path, suffix: str, grey: bool, opaque: bool
) -> None:
    plain = np.full((16, 16, 3), 100, np.uint8)
    alpha = None if opaque else np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_image(tmp_path / f"x{suffix}", ImageFile(plain, alpha, grey))
    back = read_image(tmp_path / f"x{suffix}")
    assert np.abs(back.bgr.astype(int) - 100).max() <= 2
    keeps = not opaque and suffix in (".png", ".webp", ".tif", ".tiff")
    assert (back.alpha is not None) == keeps


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_colours_are_bgr(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"red{suffix}"
    Image.new("RGB", (2, 2), (255, 10, 0)).save(path)
    assert read_image(path).bgr[0, 0].tolist() == [0, 10, 255]
    assert read_rgb(path)[0, 0].tolist() == [255, 10, 0]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    levels = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    image = read_image(tmp_path / "deep.png")
    assert image.grey
    assert (image.bgr[..., 0] == levels // 257).all()


@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_floats_become_bytes(tmp_path: Path, peak: float) -> None:
    levels = np.arange(256, dtype=np.float32).reshape(16, 16)
    Image.fromarray(levels * np.float32(peak / 255)).save(tmp_path / "float.tif")
    assert (read_image(tmp_path / "float.tif").bgr[..., 2] == levels).all()


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_a_palette_with_transparency(tmp_path: Path, transparency: int | bytes) -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), mode="P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "p.png", transparency=transparency)
    read = read_image(tmp_path / "p.png")
    assert not read.grey
    assert read.bgr[0].tolist() == [[0, 0, 255], [255, 0, 0]]
    assert read.alpha is not None
    assert read.alpha.tolist() == [[255, 0], [0, 255]]


def test_cmyk_becomes_rgb_without_its_profile(tmp_path: Path) -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    image.save(tmp_path / "print.jpg", quality=95, icc_profile=b"of a printing press")
    read = read_image(tmp_path / "print.jpg")
    assert np.abs(read.bgr[8, 8].astype(int) - [0, 0, 255]).max() <= 6
    assert read.profile is None


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_the_colour_profile_is_kept(tmp_path: Path, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(NOISE).save(tmp_path / f"in{suffix}", icc_profile=profile)
    write_image(tmp_path / f"out{suffix}", read_image(tmp_path / f"in{suffix}"))
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert image.info["icc_profile"] == profile


def _upright(orientation: int) -> npt.NDArray[np.uint8]:
    turns = {3: 2, 6: 3, 8: 1}
    if orientation in turns:
        return np.rot90(NOISE, turns[orientation])
    return {1: NOISE, 2: NOISE[:, ::-1], 4: NOISE[::-1]}[orientation]


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 6, 8])
def test_it_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(NOISE).save(tmp_path / "turned.png", exif=exif)
    read = read_image(tmp_path / "turned.png")
    assert (read.bgr[..., ::-1] == _upright(orientation)).all()
    write_image(tmp_path / "again.png", read)
    assert (read_image(tmp_path / "again.png").bgr == read.bgr).all()


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file"), (b"", "not an image"), (b"hello, world", "not an image")],
)
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_a_truncated_image_is_refused(tmp_path: Path, kind: str) -> None:
    memory = io.BytesIO()
    Image.fromarray(np.tile(NOISE, (8, 8, 1))).save(memory, kind)
    path = tmp_path / "x.png"
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(memory.getvalue()[: int(len(memory.getvalue()) * share)])
        with pytest.raises(InputError, match=r"cannot read|not an image"):
            read_image(path)


@settings(max_examples=200)
@given(data=st.data(), kind=st.sampled_from(["PNG", "JPEG", "WEBP", "BMP"]))
def test_damage_is_an_input_error(
    data: st.DataObject, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    memory = io.BytesIO()
    Image.fromarray(NOISE).save(memory, kind)
    content = bytearray(memory.getvalue())
    for place in data.draw(st.lists(st.integers(16, len(content) - 1), min_size=1, max_size=4)):
        content[place] ^= data.draw(st.integers(1, 255))
    if kind == "BMP":
        content[18:26] = memory.getvalue()[18:26]  # not the size: memory is not the question here
    path = tmp_path_factory.getbasetemp() / "damaged.png"
    path.write_bytes(content)
    try:
        image = read_image(path)
    except InputError:
        return
    assert image.bgr.ndim == 3


@pytest.mark.parametrize("name", ["x.gif", "x", "x.mp4", "x.tflite"])
def test_an_unknown_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"must end in one of .*\.png"):
        write_image(tmp_path / name, ImageFile(NOISE))
    assert list(tmp_path.iterdir()) == []


def test_finds_images_in_all_folders(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/c.jpg", "a/.hidden.png", "a/d.txt", "e.tflite"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert find_files(tmp_path, IMAGE_SUFFIXES) == [tmp_path / "a/c.jpg", tmp_path / "b.PNG"]


def test_alpha_survives_a_link_of_formats(tmp_path: Path) -> None:
    """PNG to TIFF to WebP and back: none of them loses it."""
    alpha = np.arange(9 * 13, dtype=np.uint8).reshape(9, 13)
    image = ImageFile(NOISE, alpha)
    for suffix in (".png", ".tif", ".webp", ".png"):
        write_image(tmp_path / f"x{suffix}", image)
        image = read_image(tmp_path / f"x{suffix}")
    assert image.alpha is not None
    assert (image.alpha == alpha).all()
