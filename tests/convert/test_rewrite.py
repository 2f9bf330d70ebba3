from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from srgan_edge_convert.rewrite import to_bgr
from srgan_edge_train.generators import build_generator
from srgan_edge_train.recipe import load_recipe

EDGE = load_recipe("edge")


@settings(max_examples=10, deadline=None)
@given(
    scale=st.integers(2, 4),
    channels=st.integers(1, 20),
    convs=st.integers(2, 4),
    seed=st.integers(0, 99),
    height=st.integers(5, 20),
)
def test_bgr_in_gives_bgr_out(
    scale: int, channels: int, convs: int, seed: int, height: int
) -> None:
    generator = build_generator(replace(EDGE, scale=scale, channels=channels, convs=convs))
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 0.3, weight.shape) for weight in generator.get_weights()]
    generator.set_weights(weights)
    picture = random.random((1, height, 9, 3), np.float32)
    expected = generator(picture).numpy()
    actual = to_bgr(generator)(picture[..., ::-1]).numpy()[..., ::-1]
    np.testing.assert_allclose(actual, expected, atol=1e-4 * max(1, np.abs(expected).max()))
    for before, after in zip(weights, generator.get_weights(), strict=True):
        np.testing.assert_array_equal(before.astype(np.float32), after)
