"""What `--resume` continues from: the two newest states of a run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError, RunError
from srgan_edge_train.keras import tf

_KEPT = 2


class Checkpoints:
    """Saves and restores whatever it is given: networks, optimisers, counters."""

    def __init__(self, folder: Path, **state: Any) -> None:
        self._folder = folder
        self._step = tf.Variable(0, dtype=tf.int64, name="step")
        self._checkpoint = tf.train.Checkpoint(step=self._step, **state)
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=_KEPT)

    def save(self, step: int) -> None:
        """Keep the state after so many steps.

        Raises:
            RunError: it cannot be written; those before are still there.
        """
        self._step.assign(step)
        try:
            self._manager.save(checkpoint_number=step)
        except (OSError, tf.errors.OpError) as error:
            self._remove(step)
            raise RunError(
                f"cannot keep the checkpoint of step {step} in {self._folder}: {_first_line(error)}"
            ) from None

    def restore(self) -> int:
        """Go back to the newest checkpoint that is whole; returns its step.

        Raises:
            InputError: there is none.
        """
        found = self._folder.glob("ckpt-*.index")
        for path in sorted(found, key=lambda path: int(path.stem.split("-")[1]), reverse=True):
            try:
                status = self._checkpoint.restore(str(path.with_suffix("")))
                status.assert_existing_objects_matched()
                return int(self._step)
            except Exception as error:  # TensorFlow raises many kinds for damaged files
                print(
                    f"passed over the checkpoint {path.stem}: {_first_line(error)}", file=sys.stderr
                )
        raise InputError(f"nothing to resume in {self._folder.parent}: it has no whole checkpoint")

    def _remove(self, step: int) -> None:
        """What a failed save left."""
        for path in self._folder.glob(f"ckpt-{step}.*"):
            path.unlink(missing_ok=True)
        shutil.rmtree(self._folder / f"ckpt-{step}_temp", ignore_errors=True)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else repr(error)
