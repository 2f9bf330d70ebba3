"""Damaged and hostile `.keras` files: read as `convert` reads them, all by one TensorFlow."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from helpers import TESTS

from srgan_edge_train.keras import keras
from srgan_edge_train.networks.layers import DepthToSpace
from tests.hard.archives import hostile, mutants, packed
from tests.hard.trying import Attack, Attacking

pytestmark = pytest.mark.timeout(3600)
SEED = 20261125
KEPT = TESTS.parent / "convert" / "weights" / "edge-tiny.qat.keras"


@pytest.fixture(scope="module")
def generators(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Of Keras 2 and of Keras 3."""
    import keras as keras3

    folder = tmp_path_factory.mktemp("generators")
    old, new = folder / "old.keras", folder / "new.keras"
    layers = keras.layers
    picture = keras.Input((None, None, 3), name="lr")
    left = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(8, 3, padding="same")(picture))
    right = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(left)))
    result = DepthToSpace(2)(layers.Conv2D(12, 3, padding="same")(layers.Add()([left, right])))
    keras.Model(picture, result).save(old, save_format="keras")
    other: Any = keras3.layers
    picture = keras3.Input((None, None, 3))
    inner = other.Conv2D(8, 3, padding="same", activation="relu")(picture)
    result = other.Conv2D(3, 3, padding="same")(other.UpSampling2D(2)(inner))
    keras3.Model(picture, result).save(new)
    return [old.read_bytes(), new.read_bytes(), KEPT.read_bytes()]


def throw(attack: Attack, folder: Path, content: bytes, kept: bool) -> None:
    if attack.is_new(content):
        source = folder / ("hostile.qat.keras" if kept else "hostile.keras")
        attack.tally.past_magic += content[:4] == b"PK\3\4"
        attack.throw(source, content, lambda _: ("load", source))


def warm(attack: Attack, folder: Path, content: bytes) -> None:
    """Let every worker import TensorFlow first: by a sound generator."""
    sound = folder / "sound.keras"
    sound.write_bytes(content)
    attack.worker.ordinary = ["load", sound]


def is_kept(content: bytes) -> bool:
    return b"srgan_edge.json" in content


def test_sound_ones(generators: list[bytes], attacking: Attacking, tmp_path: Path) -> None:
    with attacking("sound generators", tmp_path) as attack:
        warm(attack, tmp_path, generators[0])
        for content in generators:
            throw(attack, tmp_path, content, is_kept(content))
        assert attack.tally.ends["done"] == 3


def test_mutants(generators: list[bytes], attacking: Attacking, tmp_path: Path, many: int) -> None:
    with attacking("generators", tmp_path) as attack:
        warm(attack, tmp_path, generators[0])
        for content in mutants(random.Random(SEED), generators):
            throw(attack, tmp_path, content, is_kept(content))
            if attack.tally.tried >= 120 * many:
                break


def test_hostile_ones(generators: list[bytes], attacking: Attacking, tmp_path: Path) -> None:
    """Bombs, loops, and what is not in the archive; by the command itself."""
    source = tmp_path / "hostile.keras"
    with attacking("hostile generators", tmp_path) as attack:
        warm(attack, tmp_path, generators[0])
        for generator in generators[:2]:
            for name, content in hostile(generator).items():
                attack.tally.past_magic += content[:4] == b"PK\3\4"
                ended = attack.throw(
                    source,
                    content,
                    lambda out: ("convert", source, "--float32", "-o", out / "x.tflite"),
                )
                print(name, ended.code, ended.said[:160])
        assert attack.tally.ends["refused"] == attack.tally.tried


def test_arrays_that_unfold(attacking: Attacking, tmp_path: Path) -> None:
    """An `.npz` of some MB that unpacks to gigabytes, and ones that are damaged."""
    folder, source = tmp_path / "pictures", tmp_path / "hostile.npz"
    folder.mkdir()
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("conv1/kernel.npy", "w", force_zip64=True) as file,
    ):
        for _ in range(2 << 30 >> 24):
            file.write(bytes(1 << 24))
    small = packed({"conv1/kernel.npy": b"\x93NUMPY\x01\0v\0{'descr': '<f4', 'shape': (1,)"})
    with attacking("arrays", tmp_path) as attack:
        for data in (content.getvalue(), small, small[:40], packed({}), b"", b"PK\3\4"):
            attack.tally.past_magic += data[:2] == b"PK"
            attack.throw(
                source, data, lambda _: ("eval", "edge-tiny", folder, "--lpips-weights", source)
            )
        assert attack.tally.ends["refused"] == attack.tally.tried
