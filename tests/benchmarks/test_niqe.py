"""NIQE: sharp pictures look natural, blurred, noisy and compressed ones less so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from helpers import SAMPLES

from benchmarks.niqe import Niqe, _asymmetric
from srgan_edge import Upscaler
from srgan_edge.errors import InputError
from srgan_edge.images import read_rgb
from srgan_edge.quality import Picture
from srgan_edge.upscales import upscale_rgb


@pytest.fixture(scope="module")
def sharp() -> Picture:
    """(720, 1280, 3): the one photograph here is small, so our model makes it large."""
    return upscale_rgb(Upscaler("edge"), read_rgb(SAMPLES / "harbour.png"))


@pytest.fixture(scope="module")
def niqe(sharp: Picture) -> Niqe:
    return Niqe([sharp[shift:, shift:] for shift in range(0, 96, 8)])


def test_what_is_spoilt_looks_less_natural(niqe: Niqe, sharp: Picture) -> None:
    noise = np.random.default_rng(0).normal(0, 25, sharp.shape)
    blocks = cv2.imencode(".jpg", sharp, [cv2.IMWRITE_JPEG_QUALITY, 5])[1]
    spoilt = {
        "blur": cv2.GaussianBlur(sharp, (0, 0), 2.5),
        "noise": np.clip(sharp + noise, 0, 255).astype(np.uint8),
        "blocks": cv2.imdecode(blocks, cv2.IMREAD_COLOR),
    }
    plain = niqe(sharp)
    for kind, one in spoilt.items():
        assert niqe(np.asarray(one, np.uint8)) > 2 * plain, kind


@pytest.mark.parametrize(("shape", "power"), [("normal", 2.0), ("laplace", 1.0)])
def test_the_law_of_the_contrasts_is_recognised(shape: str, power: float) -> None:
    """A normal distribution has the shape 2, Laplace's 1; the two scales are alike."""
    values = getattr(np.random.default_rng(1), shape)(size=200_000)
    found, left, right = _asymmetric(values)
    assert found == pytest.approx(power, rel=0.05)
    assert left == pytest.approx(right, rel=0.03)


def test_too_small(niqe: Niqe) -> None:
    small = np.zeros((90, 200, 3), np.uint8)
    with pytest.raises(InputError, match="two patches of 96 pixels"):
        niqe(small)
    with pytest.raises(InputError, match="more sharp patches of 96 pixels: 0"):
        Niqe([small])
