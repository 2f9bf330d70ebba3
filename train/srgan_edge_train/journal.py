"""What a run shows while it trains: TensorBoard's event files, panels, `metrics.csv`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from srgan_edge.images import ImageFile, write_image
from srgan_edge_train.keras import tf
from srgan_edge_train.metrics import Metrics, write_metrics
from srgan_edge_train.run_folder import RunFolder
from srgan_edge_train.validation import Validation


class Journal:
    """Writes as the run goes on; `lines` are the validations so far."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._events: Any = None
        self.lines: list[Metrics] = []

    def steps(self, step: int, scalars: dict[str, float]) -> None:
        """What the newest step reported, for TensorBoard."""
        with self._writer().as_default():
            for name, value in scalars.items():
                tf.summary.scalar(f"step/{name}", value, step=step)

    def validation(self, line: Metrics, validation: Validation) -> None:
        """A validation: a line, scalars, and the panel twice, as a PNG and for TensorBoard."""
        self.lines.append(line)
        write_metrics(self._run.metrics, self.lines)
        write_image(self._run.panel(line.step), ImageFile(validation.panel[..., ::-1]))
        with self._writer().as_default():
            for name, value in asdict(line).items():
                if value is not None and name not in ("step", "seconds"):
                    tf.summary.scalar(f"validation/{name}", value, step=line.step)
            tf.summary.image("LR, bicubic, SR, HR", validation.panel[None], step=line.step)
        self._events.flush()

    def close(self) -> None:
        """Write what is still in memory."""
        if self._events is not None:
            self._events.close()

    def _writer(self) -> Any:
        if self._events is None:
            self._events = tf.summary.create_file_writer(str(self._run.tensorboard))
        return self._events
