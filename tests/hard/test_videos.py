"""Damaged and hostile videos, through the command line."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import cv2
import pytest

from tests.hard.clips import lists, mutants, ordinary
from tests.hard.damage import every_truncation
from tests.hard.trying import Attack, Attacking

pytestmark = pytest.mark.timeout(3600)
SEED = 20261125
CLIPS = ordinary()


def is_video(path: Path) -> bool:
    """Whether as many frames can be read as the file says that it has."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    told, found = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while capture.read()[0]:
        found += 1
    capture.release()
    return found > 0 and found >= told


def throw(attack: Attack, folder: Path, suffix: str, data: bytes, magic: bytes) -> None:
    if attack.is_new(data + suffix.encode()):
        source = folder / f"hostile{suffix}"
        attack.tally.past_magic += data[: len(magic)] == magic
        options = ("--model", "edge-tiny", "--threads", 1)
        attack.throw(
            source,
            data,
            lambda out: ("upscale", source, "-o", out / "result.mp4", *options),
            is_video,
        )


def test_ordinary_ones(attacking: Attacking, tmp_path: Path) -> None:
    with attacking("ordinary videos", tmp_path) as attack:
        for suffix, data in CLIPS:
            throw(attack, tmp_path, suffix, data, data[:12])
        assert attack.tally.ends["done"] == len(CLIPS)


def test_mutants(attacking: Attacking, tmp_path: Path, many: int) -> None:
    # Most without ffmpeg, which takes longer for the sound than all of the rest.
    with attacking("videos", tmp_path, PATH=str(tmp_path)) as attack:
        for suffix, data in CLIPS:
            for part in every_truncation(data, 6 * many):
                throw(attack, tmp_path, suffix, part, data[:8])
        for suffix, data, number in mutants(random.Random(SEED), CLIPS):
            throw(attack, tmp_path, suffix, data, CLIPS[number][1][:4])
            if attack.tally.tried >= 240 * many:
                break
        assert attack.tally.ends["done"] > 0.1 * attack.tally.tried


def test_with_sound(attacking: Attacking, tmp_path: Path, many: int) -> None:
    """ffmpeg reads them as well."""
    with attacking("videos, sound copied", tmp_path) as attack:
        for suffix, data, number in islice(mutants(random.Random(SEED + 1), CLIPS), 20 * many):
            throw(attack, tmp_path, suffix, data, CLIPS[number][1][:4])


def test_lists_of_other_files(attacking: Attacking, tmp_path: Path) -> None:
    """Nothing but the file that was named is opened, and nothing in the network."""
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(CLIPS[0][1])
    targets = (
        str(secret),
        "secret.mp4",
        f"file:{secret}",
        "hostile.mp4",
        "http://127.0.0.1:9/x.ts",
    )
    with attacking("videos that are lists", tmp_path) as attack:
        for target in targets:
            for data in lists(target):
                throw(attack, tmp_path, ".mp4", data, data)
        assert attack.tally.ends["refused"] == attack.tally.tried


def test_live(attacking: Attacking, tmp_path: Path, many: int) -> None:
    """As the source of `webcam`, which records what it makes of it."""
    options = ("--show", "none", "--model", "edge-tiny", "--threads", 1)
    with attacking("videos, live", tmp_path) as attack:
        for suffix, data, number in islice(mutants(random.Random(SEED + 2), CLIPS), 30 * many):
            source = tmp_path / f"hostile{suffix}"
            attack.tally.past_magic += data[:4] == CLIPS[number][1][:4]
            attack.throw(
                source,
                data,
                lambda out, source=source: (  # type: ignore[misc]
                    *("webcam", "--source", source, "--record", out / "x.mp4", *options),
                ),
                is_video,
            )
