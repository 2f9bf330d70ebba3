"""Configurations and recipes that are damaged, through the command line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers import TINY_RECIPE

from tests.hard.clips import ordinary
from tests.hard.texts import CONFIG, mutants
from tests.hard.trying import Attacking

pytestmark = pytest.mark.timeout(3600)
SEED = 20261125


def test_configurations(attacking: Attacking, tmp_path: Path, many: int) -> None:
    clip = tmp_path / "clip.avi"
    clip.write_bytes(ordinary()[3][1])
    text, source = CONFIG.format(source=clip), tmp_path / "hostile.toml"
    with attacking("configurations", tmp_path, SRGAN_EDGE_STATE=str(tmp_path / "state")) as attack:
        for content in mutants(random.Random(SEED), text):
            # What is damaged in one place and fine in all others would take a camera.
            if attack.is_new(content) and b"frames = 1\n" in content:
                attack.tally.past_magic += content.startswith(b"# a")
                attack.throw(
                    source,
                    content,
                    lambda _: ("webcam", "--config", source, "--show", "none", "--source", clip),
                )
            if attack.tally.tried >= 150 * many:
                break
        assert attack.tally.ends["done"] > 0


def test_recipes(attacking: Attacking, tmp_path: Path, many: int) -> None:
    """Those that are sound after all meet a folder without pictures: nothing is trained."""
    text, source = "# a recipe\n" + TINY_RECIPE.format(scale=4), tmp_path / "hostile.toml"
    empty = tmp_path / "photographs"
    empty.mkdir()
    with attacking("recipes", tmp_path) as attack:
        sound = tmp_path / "sound.toml"
        sound.write_text(text)
        attack.worker.ordinary = ["train", empty, "-o", tmp_path / "run", "--recipe", sound]
        for content in mutants(random.Random(SEED + 1), text):
            if attack.is_new(content):
                attack.tally.past_magic += content.startswith(b"# a")
                attack.throw(
                    source,
                    content,
                    lambda out: ("train", empty, "-o", out / "run", "--recipe", source),
                )
            if attack.tally.tried >= 150 * many:
                break
        assert attack.tally.ends["refused"] == attack.tally.tried
