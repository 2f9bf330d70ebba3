"""The figures of a run: a line per validation, in `metrics.csv`, and their plot."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge.files import whole_file


@dataclass(frozen=True)
class Metrics:
    """One line of `metrics.csv`. Losses are means over the steps since the line before.

    Attributes:
        step: steps done.
        loss: what the generator minimised: g_loss.
        pixel: L1 between SR and HR, pictures in 0..1.
        content: distance of the content network's features, weighted.
        adversarial: what the generator loses to the discriminator, not weighted.
        d_loss: the discriminator's loss, mean of that on originals and on generated pictures.
        d_accuracy: the share of both that it tells right.
        psnr: Y-PSNR in dB on the pictures kept back.
        lpips: LPIPS on them, where its weights were given.
        learning_rate: of the last step.
        seconds: since the start, without the time between a stop and `--resume`.
    """

    step: int
    loss: float
    pixel: float | None
    content: float | None
    adversarial: float | None
    d_loss: float | None
    d_accuracy: float | None
    psnr: float
    lpips: float | None
    learning_rate: float
    seconds: float

    def summary(self) -> str:
        """The line for the person."""
        text = f"step {self.step}: loss {self.loss:.4f}"
        if self.d_loss is not None and self.d_accuracy is not None:
            text = f"step {self.step}: g_loss {self.loss:.4f}, d_loss {self.d_loss:.4f}"
            text += f", d_accuracy {self.d_accuracy:.2f}"
        text += f", validation PSNR {self.psnr:.3f} dB"
        return text if self.lpips is None else f"{text}, LPIPS {self.lpips:.4f}"


def write_metrics(path: Path, lines: Iterable[Metrics]) -> None:
    """Write the whole table, whole or not at all; it is short."""
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Metrics)])
        table.writeheader()
        for line in lines:
            table.writerow({key: _text(value) for key, value in asdict(line).items()})


def read_metrics(path: Path, until: int) -> list[Metrics]:
    """The lines up to step `until`: a resumed run repeats what came after its checkpoint.

    Raises:
        InputError: the file is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = [_parsed(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise InputError(f"{path} is damaged: {error}") from None
    return [line for line in lines if line.step <= until]


def plot(
    path: Path, lines: Sequence[Metrics], title: str, bicubic: Mapping[str, float | None]
) -> None:
    """Draw the losses and the quality over the steps, as a PNG.

    Args:
        path: of the picture.
        lines: the validations.
        title: above all.
        bicubic: `psnr` and `lpips` of bicubic enlargement, to compare with.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = (
        ("generator's losses", ("loss", "pixel", "content", "adversarial"), "log"),
        ("discriminator", ("d_loss", "d_accuracy"), "linear"),
        ("PSNR-Y, dB", ("psnr",), "linear"),
        ("LPIPS", ("lpips",), "linear"),
    )
    drawn = [panel for panel in panels if any(_points(lines, name) for name in panel[1])]
    figure = Figure(figsize=(4.2 * len(drawn), 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    for place, (heading, names, scale) in enumerate(drawn, start=1):
        axes = figure.add_subplot(1, len(drawn), place, title=heading, xlabel="step", yscale=scale)
        for name in names:
            points = _points(lines, name)
            if points:
                axes.plot(*zip(*points, strict=True), marker=".", markersize=4, label=name)
            if (level := bicubic.get(name)) is not None:
                axes.axhline(level, color="grey", linestyle="--", label="bicubic")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    with whole_file(path) as part:
        figure.savefig(part, format="png", dpi=110)


def _points(lines: Sequence[Metrics], name: str) -> list[tuple[int, float]]:
    pairs = [(line.step, getattr(line, name)) for line in lines]
    return [(step, value) for step, value in pairs if value is not None]


def _text(value: float | None) -> str:
    """Enough digits to read the same float32 back."""
    return "" if value is None else f"{value:.9g}"


def _parsed(row: dict[str, str]) -> Metrics:
    if set(row) != {field.name for field in fields(Metrics)}:
        raise ValueError(f"a line has other columns than the {len(fields(Metrics))} known ones")
    values: dict[str, Any] = {"step": int(row["step"])}
    for field in fields(Metrics)[1:]:
        text = row[field.name]
        values[field.name] = None if text == "" and "None" in str(field.type) else float(text)
    return Metrics(**values)
