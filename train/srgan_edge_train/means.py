"""Running means of what the steps report; part of a checkpoint, so that a resumed run goes on."""

from __future__ import annotations

from srgan_edge_train.keras import tf
from srgan_edge_train.step import TERMS


class Means:
    """Sums of the terms of the steps since the last validation."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(TERMS, 0.0)
        self._counts = dict.fromkeys(TERMS, 0)
        # Sums, then counts: what a checkpoint keeps.
        self.saved = tf.Variable(tf.zeros((2, len(TERMS)), tf.float64), name="means")

    def add(self, terms: dict[str, float]) -> None:
        """Count one step."""
        for name, value in terms.items():
            self._sums[name] += value
            self._counts[name] += 1

    def take(self) -> dict[str, float | None]:
        """The mean of each term, None for one that no step reported; and begin anew."""
        means = {n: s / self._counts[n] if self._counts[n] else None for n, s in self._sums.items()}
        self._sums = dict.fromkeys(TERMS, 0.0)
        self._counts = dict.fromkeys(TERMS, 0)
        return means

    def store(self) -> None:
        """Before a checkpoint is written."""
        self.saved.assign([list(self._sums.values()), list(self._counts.values())])

    def restore(self) -> None:
        """After a checkpoint was read."""
        sums, counts = self.saved.numpy().tolist()
        self._sums = dict(zip(TERMS, sums, strict=True))
        self._counts = {name: int(n) for name, n in zip(TERMS, counts, strict=True)}
