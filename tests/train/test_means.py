from __future__ import annotations

import numpy as np
import pytest

from srgan_edge_train.keras import tf
from srgan_edge_train.means import Means
from srgan_edge_train.step import TERMS


def test_means_are_over_the_steps_that_reported_a_term() -> None:
    means = Means()
    means.add({"loss": 1.0, "pixel": 4.0})
    means.add({"loss": 2.0, "pixel": 5.0, "d_loss": 8.0})
    means.add({"loss": 6.0})
    found = means.take()
    assert list(found) == list(TERMS)
    assert (found["loss"], found["pixel"], found["d_loss"]) == (3.0, 4.5, 8.0)
    assert found["content"] is found["adversarial"] is found["d_accuracy"] is None


def test_a_mean_of_zero_is_a_mean() -> None:
    means = Means()
    means.add({"d_accuracy": 0.0})
    assert means.take()["d_accuracy"] == 0.0


def test_taking_begins_anew() -> None:
    means = Means()
    means.add({"loss": 1.0})
    means.take()
    assert set(means.take().values()) == {None}
    means.add({"loss": 5.0})
    assert means.take()["loss"] == 5.0


def test_an_unknown_term_is_no_silent_addition() -> None:
    with pytest.raises(KeyError):
        Means().add({"perceptual": 1.0})


def test_what_is_stored_goes_on_where_it_was() -> None:
    means, resumed = Means(), Means()
    for value in np.random.default_rng(0).random(50):
        means.add({"loss": float(value), "d_loss": float(value) / 3})
    means.store()
    resumed.saved.assign(means.saved)
    resumed.restore()
    for each in (means, resumed):
        each.add({"loss": 0.1, "content": 0.7})
    assert resumed.take() == means.take()


def test_what_comes_after_storing_is_not_stored() -> None:
    means = Means()
    means.add({"loss": 1.0})
    means.store()
    means.add({"loss": 3.0})
    means.restore()
    assert means.take()["loss"] == 1.0


def test_a_checkpoint_keeps_means_to_the_bit(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = str(tmp_path_factory.mktemp("means") / "ckpt")
    means, resumed = Means(), Means()
    for value in (0.1, 1 / 3, 1e-12, 1e9):
        means.add({"loss": value})
    means.store()
    written = tf.train.Checkpoint(means=means.saved).write(path)
    tf.train.Checkpoint(means=resumed.saved).read(written).assert_consumed()
    resumed.restore()
    assert resumed.take() == means.take()
