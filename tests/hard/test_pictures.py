"""Damaged and hostile pictures, through the command line."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from tests.hard.damage import every_truncation
from tests.hard.pictures import is_past_magic, ordinary
from tests.hard.trying import Attack, Attacking
from tests.hard.wrong_pictures import mutants

pytestmark = pytest.mark.timeout(3600)
SEED = 20261125


@pytest.fixture(autouse=True)
def of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came out is looked at here, and may be large."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)


def is_picture(path: Path) -> bool:
    """Whether all of its pixels are there."""
    with Image.open(path) as image:
        image.load()
    return True


def throw(attack: Attack, folder: Path, suffix: str, data: bytes) -> None:
    if not attack.is_new(data + suffix.encode()):
        return
    source = folder / f"hostile{suffix}"
    attack.tally.past_magic += is_past_magic(data)
    attack.throw(
        source,
        data,
        lambda out: (
            "upscale",
            source,
            "-o",
            out / "result.png",
            "--model",
            "edge-tiny",
            "--threads",
            1,
        ),
        is_picture,
    )


def test_ordinary_ones(attacking: Attacking, tmp_path: Path) -> None:
    """What the mutants are made of is upscaled, all of it."""
    with attacking("ordinary pictures", tmp_path) as attack:
        for suffix, files in ordinary().items():
            for data in files:
                throw(attack, tmp_path, suffix, data)
        assert attack.tally.ends["done"] == attack.tally.tried


def test_truncated_ones(attacking: Attacking, tmp_path: Path, many: int) -> None:
    with attacking("truncated pictures", tmp_path) as attack:
        for suffix, files in ordinary().items():
            for data in files[: 2 * many]:
                for part in every_truncation(data, 30 * many):
                    throw(attack, tmp_path, suffix, part)


def test_mutants(attacking: Attacking, tmp_path: Path, many: int) -> None:
    with attacking("pictures", tmp_path) as attack:
        for suffix, data in mutants(random.Random(SEED), ordinary()):
            throw(attack, tmp_path, suffix, data)
            if attack.tally.tried >= 600 * many:
                break


def test_other_readers(attacking: Attacking, tmp_path: Path, many: int) -> None:
    """A folder of one picture, for `eval`, for `webcam`, and for `train`, which trains nothing."""
    folder = tmp_path / "in"
    folder.mkdir()
    live = ("--show", "none", "--model", "edge-tiny", "--threads", 1, "--record")
    commands: tuple[Callable[[Path], tuple[object, ...]], ...] = (
        lambda _: ("eval", "edge-tiny", folder, "--threads", 1),
        lambda out: ("webcam", "--source", folder, *live, out / "x.mp4"),
    )
    with attacking("pictures, eval and webcam", tmp_path) as attack:
        for suffix, data in islice(mutants(random.Random(SEED + 1), ordinary()), 30 * many):
            for command in commands:
                attack.tally.past_magic += is_past_magic(data)
                attack.throw(folder / f"hostile{suffix}", data, command)
