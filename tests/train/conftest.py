"""What the training's tests share: the pretrained weights, and how long an example may take."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more of the machine and its load than of the code.
settings.register_profile("any-speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-speed")


@pytest.fixture(scope="session")
def vgg_weights(data_sets: Path) -> Path:
    """VGG19 up to block3_conv1, normalised."""
    path = data_sets.parent / "weights" / "vgg19_normalised_to_block3_conv1.npz"
    if not path.is_file():
        pytest.skip(f"no VGG19 weights at {path}")
    return path
