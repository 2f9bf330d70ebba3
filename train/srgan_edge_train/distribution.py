"""Where a run computes: here, on all GPUs of this machine, or on several machines."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge_train.keras import tf

STRATEGIES = ("none", "mirrored", "multiworker")


@dataclass(frozen=True)
class Distribution:
    """The replicas of a run (tf.distribute): each takes its rows of a batch; gradients add up."""

    strategy: Any
    name: str
    worker: int = 0

    @property
    def replicas(self) -> int:
        """Copies of the networks, over all machines."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes the run folder and talks."""
        return self.worker == 0

    def scope(self) -> AbstractContextManager[Any]:
        """Networks and optimisers are built in here."""
        scope: AbstractContextManager[Any] = self.strategy.scope()
        return scope

    def compiled(
        self, step: Callable[..., dict[str, Any]], after: Callable[[], None]
    ) -> Callable[..., dict[str, Any]]:
        """One graph: `step` on every replica, its results averaged over them; `after` once."""

        def run(lr: Any, hr: Any) -> dict[str, Any]:
            if self.name == "none":
                terms = step(lr, hr)
            else:
                mean = tf.distribute.ReduceOp.MEAN
                terms = {
                    name: self.strategy.reduce(mean, term, axis=None)
                    for name, term in self.strategy.run(step, args=(lr, hr)).items()
                }
            after()
            return terms

        compiled: Callable[..., dict[str, Any]] = tf.function(run, autograph=False)
        return compiled

    def shared(self, batch: Any) -> Any:
        """A batch (n, ...) cut into the replicas' rows; every worker passes the same batch."""
        if self.name == "none":
            return tf.constant(batch)
        rows = len(batch) // self.replicas

        def part(context: Any) -> Any:
            first = context.replica_id_in_sync_group * rows
            return tf.constant(batch[first : first + rows])

        return self.strategy.experimental_distribute_values_from_function(part)

    def check_batch(self, batch: int) -> None:
        """Raise InputError when a batch cannot be shared out evenly."""
        if batch % self.replicas:
            raise InputError(
                f"a batch must be a multiple of the {self.replicas} replicas, got {batch}: "
                "--set batch=... (adversarial_batch in the adversarial phase)"
            )


def distribution(name: str) -> Distribution:
    """What `--strategy` means: none, mirrored or multiworker. Call it before TensorFlow computes.

    Raises:
        InputError: not one of them, or TF_CONFIG does not say who the workers are.
    """
    if name == "none":
        return Distribution(tf.distribute.get_strategy(), name)
    if name == "mirrored":
        return Distribution(tf.distribute.MirroredStrategy(), name)
    if name == "multiworker":
        worker = _own_number()
        return Distribution(tf.distribute.MultiWorkerMirroredStrategy(), name, worker)
    raise InputError(f"--strategy must be one of {', '.join(STRATEGIES)}, got {name!r}")


def _own_number() -> int:
    """The index of this worker in TF_CONFIG, which names all of them."""
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        kind, number = config["task"]["type"], int(config["task"]["index"])
        workers = config["cluster"]["worker"]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "--strategy multiworker needs the environment variable TF_CONFIG, as "
            '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}; '
            f"got {text!r}"
        ) from None
    if kind != "worker" or not 0 <= number < len(workers):
        raise InputError(f"TF_CONFIG must give a worker from 0 to {len(workers) - 1}, got {text!r}")
    return number
