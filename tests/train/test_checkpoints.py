from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srgan_edge.errors import InputError, RunError
from srgan_edge_train.checkpoints import Checkpoints
from srgan_edge_train.keras import keras, tf

SIDE = 200  # so that a checkpoint takes some 160 KB


class State:
    """A network, its optimiser and a number, as a run has."""

    def __init__(self, folder: Path) -> None:
        self.network = keras.Sequential([keras.layers.Dense(SIDE, input_shape=(SIDE,))])
        self.optimizer = keras.optimizers.legacy.Adam(1e-2)
        self.optimizer._create_all_weights(self.network.trainable_variables)
        self.number = tf.Variable(0.0, dtype=tf.float64)
        self.checkpoints = Checkpoints(
            folder / "checkpoints",
            network=self.network,
            optimizer=self.optimizer,
            number=self.number,
        )

    def train(self, count: int) -> None:
        variables = self.network.trainable_variables
        for _ in range(count):
            gradients = [tf.ones_like(one) * float(self.number + 1) for one in variables]
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
            self.number.assign_add(1)

    def values(self) -> list[Any]:
        return [*self.network.get_weights(), *self.optimizer.get_weights(), self.number.numpy()]

    def trained_and_saved(self, *steps: int) -> None:
        for step in steps:
            self.train(step - int(self.number))
            self.checkpoints.save(step)


def assert_equal(ours: list[Any], theirs: list[Any]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def kept(folder: Path) -> list[int]:
    return sorted(int(p.stem.split("-")[1]) for p in (folder / "checkpoints").glob("*.index"))


def test_a_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.trained_and_saved(3, 5)
    resumed = State(tmp_path)
    assert resumed.checkpoints.restore() == 5
    assert_equal(resumed.values(), state.values())
    state.train(2)
    resumed.train(2)  # the optimiser's moments are back too
    assert_equal(resumed.values(), state.values())


def test_the_two_newest_are_kept(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.trained_and_saved(1, 2, 10, 11)
    assert kept(tmp_path) == [10, 11]
    resumed = State(tmp_path)
    resumed.checkpoints.restore()
    resumed.trained_and_saved(12)
    assert kept(tmp_path) == [11, 12]


def test_the_newest_is_that_of_the_highest_step_not_of_the_alphabet(tmp_path: Path) -> None:
    State(tmp_path).trained_and_saved(9, 10)
    assert State(tmp_path).checkpoints.restore() == 10


@pytest.mark.parametrize("damage", ["cut", "emptied", "flipped", "without data", "index cut"])
def test_a_damaged_newest_one_is_passed_over(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    state = State(tmp_path)
    state.trained_and_saved(3)
    expected = state.values()
    state.trained_and_saved(6)
    data = next((tmp_path / "checkpoints").glob("ckpt-6.data*"))
    index = tmp_path / "checkpoints" / "ckpt-6.index"
    whole = data.read_bytes()
    if damage == "cut":
        data.write_bytes(whole[: len(whole) // 2])
    elif damage == "emptied":
        data.write_bytes(b"")
    elif damage == "flipped":
        middle = len(whole) // 2
        data.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    elif damage == "without data":
        data.unlink()
    else:
        index.write_bytes(index.read_bytes()[:100])
    resumed = State(tmp_path)
    assert resumed.checkpoints.restore() == 3
    assert_equal(resumed.values(), expected)
    said = [line for line in capfd.readouterr().err.splitlines() if "passed over" in line]
    assert len(said) == 1
    assert said[0].startswith("passed over the checkpoint ckpt-6: ")
    resumed.trained_and_saved(6)
    assert State(tmp_path).checkpoints.restore() == 6


def test_a_run_without_a_whole_checkpoint_cannot_go_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"nothing to resume in {tmp_path}"):
        State(tmp_path).checkpoints.restore()
    State(tmp_path).trained_and_saved(1)
    for path in (tmp_path / "checkpoints").glob("ckpt-1*"):
        path.write_bytes(b"damaged")
    with pytest.raises(InputError, match="no whole checkpoint"):
        State(tmp_path).checkpoints.restore()


def test_a_checkpoint_of_other_networks_is_not_taken(tmp_path: Path) -> None:
    State(tmp_path).trained_and_saved(1)
    folder = tmp_path / "checkpoints"
    other = keras.Sequential([keras.layers.Dense(3, input_shape=(SIDE,))])
    with pytest.raises(InputError, match="no whole checkpoint"):
        Checkpoints(folder, network=other).restore()
    with pytest.raises(InputError, match="no whole checkpoint"):
        Checkpoints(folder, discriminator=tf.Variable(0.0)).restore()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file can grow beyond `room` bytes, whoever writes it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_save_that_fails_leaves_those_before(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.trained_and_saved(3)
    older = state.values()
    state.trained_and_saved(6)
    newer = state.values()
    state.train(3)
    with full_disk(50_000), pytest.raises(RunError, match=r"checkpoint of step 9 in .*checkpoints"):
        state.checkpoints.save(9)
    assert kept(tmp_path) == [3, 6]
    resumed = State(tmp_path)
    assert resumed.checkpoints.restore() == 6
    assert_equal(resumed.values(), newer)
    for path in (tmp_path / "checkpoints").glob("ckpt-6*"):
        path.unlink()
    assert resumed.checkpoints.restore() == 3
    assert_equal(resumed.values(), older)


def test_a_save_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    state = State(tmp_path)
    with full_disk(50_000), pytest.raises(RunError):
        state.checkpoints.save(9)
    assert not list((tmp_path / "checkpoints").glob("ckpt-9*"))


def test_after_a_save_that_failed_the_next_one_is_kept(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.trained_and_saved(3)
    state.train(1)
    with full_disk(50_000), pytest.raises(RunError):
        state.checkpoints.save(4)
    state.trained_and_saved(5)
    assert kept(tmp_path) == [3, 5]
    assert State(tmp_path).checkpoints.restore() == 5


def test_a_save_that_fails_takes_no_other_step_with_it(tmp_path: Path) -> None:
    """As after a restart further back, with a later checkpoint still lying there."""
    State(tmp_path).trained_and_saved(12)
    state = State(tmp_path)
    with full_disk(50_000), pytest.raises(RunError):
        state.checkpoints.save(1)
    assert kept(tmp_path) == [12]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        tf.errors.ResourceExhaustedError(None, None, "No space left on device\nmore"),
        tf.errors.UnknownError(None, None, "No space left on device"),
    ],
)
def test_whatever_says_that_the_disk_is_full_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    state = State(tmp_path)
    state.trained_and_saved(3)

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(tf.train.CheckpointManager, "save", refuse)
    with pytest.raises(RunError, match=r"step 4.*No space left on device") as raised:
        state.checkpoints.save(4)
    assert "\n" not in str(raised.value)
    assert State(tmp_path).checkpoints.restore() == 3
