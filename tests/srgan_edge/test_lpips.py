from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from srgan_edge.errors import InputError
from srgan_edge.images import IMAGE_SUFFIXES, find_files, read_rgb
from srgan_edge.lpips import LEAST_SIDE, Lpips, _convolve
from srgan_edge.quality import Picture, crop_to_multiple, degrade, resize_bicubic

Values = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def scene(samples: Path) -> Picture:
    """A piece of a real picture, of odd sides."""
    return np.ascontiguousarray(read_rgb(samples / "harbour.png")[:65, :83])


def layers() -> dict[str, Any]:
    """Random weights of the right shapes."""
    random = np.random.default_rng(0)
    plan = ((11, 3, 64), (5, 64, 192), (3, 192, 384), (3, 384, 256), (3, 256, 256))
    held: dict[str, Any] = {}
    for number, (size, c_in, c_out) in enumerate(plan, start=1):
        spread = 1 / np.sqrt(size * size * c_in)
        held[f"conv{number}/kernel"] = random.normal(0, spread, (size, size, c_in, c_out)).astype(
            "f"
        )
        held[f"conv{number}/bias"] = random.normal(0, 0.1, c_out).astype("f")
        held[f"lin{number}"] = random.random(c_out, np.float32)
    return held


@pytest.fixture(scope="module")
def random_judge(tmp_path_factory: pytest.TempPathFactory) -> Lpips:
    path = tmp_path_factory.mktemp("lpips") / "random.npz"
    np.savez(path, **layers())
    return Lpips(path)


def test_bicubic_on_set5_has_the_known_distance(judge: Lpips, data_sets: Path) -> None:
    distances = []
    for path in find_files(data_sets / "eval" / "Set5", IMAGE_SUFFIXES):
        original = crop_to_multiple(read_rgb(path), 4)
        height, width = original.shape[:2]
        distances.append(judge(resize_bicubic(degrade(original, 4), width, height), original))
    assert len(distances) == 5
    assert np.mean(distances) == pytest.approx(0.3387, abs=0.0002)


def test_what_is_equal_is_at_zero_and_nothing_else_is(judge: Lpips, scene: Picture) -> None:
    assert judge(scene, scene.copy()) == 0
    assert judge(scene, scene + np.uint8(1)) > 0


def test_the_order_does_not_matter(judge: Lpips, scene: Picture) -> None:
    other = np.ascontiguousarray(scene[:, ::-1])
    assert judge(scene, other) == pytest.approx(judge(other, scene), rel=1e-6)
    assert judge(scene, other) > 0.2


def test_it_grows_with_blur(judge: Lpips, scene: Picture) -> None:
    blurred = [cv2.GaussianBlur(scene, (0, 0), sigma) for sigma in (0.5, 1.0, 3.0)]
    distances = [judge(np.asarray(picture, np.uint8), scene) for picture in blurred]
    assert distances == sorted(distances)
    assert distances[0] < 0.1 < 0.3 < distances[-1]


def test_colours_have_their_order(judge: Lpips, scene: Picture) -> None:
    assert judge(np.ascontiguousarray(scene[..., ::-1]), scene) > 0.02


def test_the_least_side_is_enough_and_less_is_told(random_judge: Lpips) -> None:
    random = np.random.default_rng(0)
    first, second = random.integers(0, 256, (2, LEAST_SIDE, LEAST_SIDE + 9, 3), np.uint8)
    assert np.isfinite(random_judge(first, second))
    assert random_judge(first, second) > 0
    for small in (first[:-1], first[:, : LEAST_SIDE - 1]):
        height, width = small.shape[:2]
        with pytest.raises(InputError, match=f"{width}x{height} is too small for LPIPS"):
            random_judge(small, small)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_no_npz_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lpips.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read the LPIPS weights .*lpips\.npz"):
        Lpips(path)


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the LPIPS weights .*nowhere\.npz"):
        Lpips(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("key", ["conv1/kernel", "conv3/bias", "lin5"])
def test_a_file_that_lacks_weights_is_told(tmp_path: Path, key: str) -> None:
    held = layers()
    lacking = {name: weight for name, weight in held.items() if name != key}
    for wrong in (lacking, {**held, key: held[key][..., :-1]}):
        np.savez(tmp_path / "lpips.npz", **wrong)
        with pytest.raises(InputError, match=f"holds no LPIPS weights: {key} must be"):
            Lpips(tmp_path / "lpips.npz")


def test_kernels_in_the_order_of_torch_are_told(tmp_path: Path) -> None:
    held = layers()
    turned = {
        name: weight.transpose(3, 2, 0, 1) if weight.ndim == 4 else weight
        for name, weight in held.items()
    }
    np.savez(tmp_path / "lpips.npz", **turned)
    with pytest.raises(InputError, match="conv1/kernel must be"):
        Lpips(tmp_path / "lpips.npz")


@pytest.mark.parametrize(
    ("size", "stride", "padding", "height", "width"),
    [(3, 1, 1, 5, 4), (5, 1, 2, 7, 6), (11, 4, 2, 20, 31), (3, 2, 0, 8, 9), (1, 1, 0, 3, 3)],
)
def test_the_convolution_is_its_definition(
    size: int, stride: int, padding: int, height: int, width: int
) -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(height, width, 3)).astype(np.float32)
    kernel = random.normal(size=(size, size, 3, 2)).astype(np.float32)
    expected = _naive(features, kernel, stride, padding)
    found = _convolve(features, kernel, stride, padding)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-4)


def _naive(features: Values, kernel: Values, stride: int, padding: int) -> npt.NDArray[np.float64]:
    """A sum a pixel, with zeros around the picture."""
    (height, width, _), (size, _, c_in, c_out) = features.shape, kernel.shape
    rows, columns = ((side + 2 * padding - size) // stride + 1 for side in (height, width))
    result = np.zeros((rows, columns, c_out))
    for row, column, dy, dx, k in itertools.product(
        range(rows), range(columns), range(size), range(size), range(c_in)
    ):
        y, x = row * stride + dy - padding, column * stride + dx - padding
        if 0 <= y < height and 0 <= x < width:
            result[row, column] += features[y, x, k] * kernel[dy, dx, k].astype(np.float64)
    return result
