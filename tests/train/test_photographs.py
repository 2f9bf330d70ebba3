from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srgan_edge.errors import InputError
from srgan_edge.quality import degrade
from srgan_edge_train.photographs import Photographs, load_photographs

PATCH = 8


def save(path: Path, width: int, height: int, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def test_all_formats_are_read_in_all_folders(tmp_path: Path) -> None:
    for number, suffix in enumerate(("jpg", "JPEG", "png", "webp", "bmp", "tif", "tiff")):
        save(tmp_path / "data" / str(number) / f"a.{suffix}", 50, 41, number)
    photographs = load_photographs(tmp_path / "data", tmp_path / "cache", 4, PATCH)
    pictures = photographs.training + photographs.checking
    assert len(pictures) == 7
    for picture in pictures:
        assert picture.hr.shape == (40, 48, 3)
        np.testing.assert_array_equal(picture.lr, degrade(np.array(picture.hr), 4))


def test_the_cache_holds_what_was_decoded(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / "data" / f"{number}.png", 40, 40, number)
    decoded: list[int] = []

    def load() -> list[bytes]:
        found = load_photographs(
            tmp_path / "data", tmp_path / "cache", 2, PATCH, lambda done, _: decoded.append(done)
        )
        return [p.hr.tobytes() + p.lr.tobytes() for p in found.training + found.checking]

    first = load()
    assert decoded == [1, 2, 3]
    assert load() == first
    assert decoded == [1, 2, 3]
    save(tmp_path / "data" / "3.png", 40, 40, 3)
    assert len(load()) == 4


def test_held_out_pictures_follow_their_content_not_their_name(tmp_path: Path) -> None:
    for number in range(60):
        save(tmp_path / "one" / f"{number:02}.png", 16, 16, number)
        save(tmp_path / "two" / "sub" / f"{59 - number:02}.png", 16, 16, number)
    one = load_photographs(tmp_path / "one", tmp_path / "c1", 2, PATCH)
    two = load_photographs(tmp_path / "two", tmp_path / "c2", 2, PATCH)
    kept_back = {picture.sha256 for picture in one.checking}
    assert kept_back == {picture.sha256 for picture in two.checking}
    assert 1 <= len(kept_back) <= 9
    assert not kept_back & {picture.sha256 for picture in one.training}


def names_by_content(folder: Path) -> dict[str, str]:
    return {sha256(path.read_bytes()).hexdigest(): path.name for path in folder.rglob("*.png")}


def test_so_many_pictures_are_taken_by_their_content_not_their_name(tmp_path: Path) -> None:
    for number in range(20):
        save(tmp_path / "one" / f"{number:02}.png", 16, 16, number)
        save(tmp_path / "two" / "sub" / f"{19 - number:02}.png", 16, 16, number)

    def taken(name: str, pictures: int) -> set[str]:
        found = load_photographs(
            tmp_path / name, tmp_path / f"c{name}", 2, PATCH, pictures=pictures, held_out=0.3
        )
        return {picture.sha256 for picture in found.training + found.checking}

    everything = set(names_by_content(tmp_path / "one"))
    assert taken("one", 0) == taken("one", 99) == everything
    assert len(taken("one", 7)) == 7
    assert taken("one", 7) == taken("two", 7)
    assert taken("one", 7) < taken("one", 12) < everything


def test_the_cache_serves_any_number_of_pictures(tmp_path: Path) -> None:
    for number in range(6):
        save(tmp_path / "data" / f"{number}.png", 16, 16, number)
    decoded: list[int] = []
    for pictures in (2, 5, 0):
        found = load_photographs(
            tmp_path / "data",
            tmp_path / "cache",
            2,
            PATCH,
            lambda done, _: decoded.append(done),
            pictures=pictures,
        )
        assert len(found.training) + len(found.checking) == (pictures or 6)
    assert len(decoded) == 6


@pytest.mark.parametrize("share", [0.1, 0.33, 0.7])
def test_the_share_that_is_asked_for_is_kept_back(tmp_path: Path, share: float) -> None:
    for number in range(150):
        save(tmp_path / "data" / f"{number:03}.png", 16, 16, number)
    found = load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH, held_out=share)
    assert len(found.training) + len(found.checking) == 150
    assert len(found.checking) / 150 == pytest.approx(share, abs=0.12)
    more = load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH, held_out=share + 0.1)
    kept_back, kept_back_of_more = ({p.sha256 for p in one.checking} for one in (found, more))
    assert kept_back < kept_back_of_more


def test_the_share_is_one_of_those_that_are_taken(tmp_path: Path) -> None:
    for number in range(150):
        save(tmp_path / "data" / f"{number:03}.png", 16, 16, number)
    found = load_photographs(
        tmp_path / "data", tmp_path / "cache", 2, PATCH, pictures=40, held_out=0.33
    )
    assert len(found.training) + len(found.checking) == 40
    assert 5 <= len(found.checking) <= 22


def test_one_is_kept_back_whatever_the_share(tmp_path: Path) -> None:
    for number in range(5):
        save(tmp_path / "data" / f"{number}.png", 16, 16, number)
    found = load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH, held_out=0.0)
    assert (len(found.training), len(found.checking)) == (4, 1)


def test_one_picture_serves_for_both_and_that_is_told(tmp_path: Path) -> None:
    save(tmp_path / "data" / "a.png", 40, 40, 0)
    assert load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH).overlap
    save(tmp_path / "data" / "b.png", 40, 40, 1)
    assert not load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH).overlap


def test_damaged_and_small_pictures_are_passed_over_and_named(tmp_path: Path) -> None:
    save(tmp_path / "data" / "good.png", 40, 40, 0)
    save(tmp_path / "data" / "small.png", 12, 40, 1)
    (tmp_path / "data" / "text.png").write_text("no picture")
    whole = (tmp_path / "data" / "good.png").read_bytes()
    (tmp_path / "data" / "cut.png").write_bytes(whole[: len(whole) // 2])
    skipped = load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH).skipped
    assert skipped.keys() == {"small.png", "text.png", "cut.png"}
    assert "12x40 is smaller than a patch (16x16 pixels)" in skipped["small.png"]


def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        load_photographs(tmp_path / "nowhere", tmp_path / "cache", 2, PATCH)
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match="no images"):
        load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH)
    save(tmp_path / "data" / "small.png", 8, 8, 0)
    with pytest.raises(InputError, match=r"none of the 1 images.*small.png.*smaller than a patch"):
        load_photographs(tmp_path / "data", tmp_path / "cache", 2, PATCH)


def test_camera_versions_are_made_once_and_kept(tmp_path: Path) -> None:
    """The same again from the cache, for one picture whatever it is called, and each another."""
    save(tmp_path / "data" / "a.png", 80, 60, 0)
    save(tmp_path / "other" / "b.png", 80, 60, 0)

    def load(folder: str, versions: int) -> Photographs:
        cache = tmp_path / f"cache-{folder}"
        return load_photographs(tmp_path / folder, cache, 2, PATCH, camera_versions=versions)

    photograph = load("data", 3).training[0]
    made = np.array(photograph.camera)
    assert made.shape == (3, 30, 40, 3)
    assert not np.array_equal(made[0], made[1])
    np.testing.assert_array_equal(photograph.lr, degrade(np.array(photograph.hr), 2))
    np.testing.assert_array_equal(load("data", 3).training[0].camera, made)
    np.testing.assert_array_equal(load("other", 3).training[0].camera, made)
    assert load("data", 0).training[0].camera.shape[0] == 0
