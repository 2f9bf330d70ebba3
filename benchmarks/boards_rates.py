"""Frames a second that the models for cameras may reach on boards: a table and a picture.

Of the model alone: the camera, the browser view and heat take their share.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.board_estimates import BOARDS, Estimate
from benchmarks.boards_report import SIZE, Estimates
from benchmarks.contributed_results import Measured, best
from srgan_edge.catalogue import CAMERA_MODEL, TINY_MODEL

# What `webcam` takes for cameras, and what it falls back to. Colours as in `boards_plot`.
MODELS = {CAMERA_MODEL: "#0072b2", TINY_MODEL: "#e69f00"}


@dataclass(frozen=True)
class Rate:
    """Frames a second, between two ends; they are one where somebody has measured."""

    low: float
    high: float
    was_measured: bool

    def __str__(self) -> str:
        """As "predicted: 6 to 12" or "measured: 8.5"."""
        if self.was_measured:
            return f"measured: {_figure(self.low)}"
        return f"predicted: {_figure(self.low)} to {_figure(self.high)}"


Rates = Mapping[str, Mapping[str, Rate]]  # by board, then by model


def rates(expected: Estimates, measured: Sequence[Measured]) -> Rates:
    """Of each board and each of `MODELS`, at `SIZE`.

    Args:
        expected: milliseconds a frame, by model and then by board.
        measured: what people have contributed.
    """
    return {
        board.name: {
            model: _rate(expected[model][board.name], best(measured, board.machine, model, SIZE))
            for model in MODELS
        }
        for board in BOARDS
    }


def _rate(expected: Estimate, found: Measured | None) -> Rate:
    if found:
        return Rate(1000 / found.milliseconds, 1000 / found.milliseconds, True)
    return Rate(1000 / expected.slow, 1000 / expected.fast, False)


def _figure(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def rate_table(found: Rates) -> str:
    """A row a board, a column a model."""
    lines = [
        f"| | {' | '.join(f'`{name}`' for name in MODELS)} |",
        "|---" * (1 + len(MODELS)) + "|",
    ]
    for board, row in found.items():
        lines.append(f"| {board} | {' | '.join(map(str, row.values()))} |")
    return "\n".join(lines)


def plot_rates(found: Rates) -> bytes:
    """A PNG with a bar from the low to the high end for each board and model; measured is a dot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.75 * len(found) + 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    area = figure.subplots()
    for place, row in enumerate(found.values()):
        for offset, (model, colour) in zip((-0.19, 0.19), MODELS.items(), strict=True):
            rate, y = row[model], place + offset
            if rate.was_measured:
                area.plot(rate.low, y, "o", color=colour, markersize=9)
            else:
                area.barh(y, rate.high - rate.low, 0.32, rate.low, color=colour, alpha=0.8)
            area.annotate(f" {rate}", (rate.high, y), va="center", fontsize=8)
        area.axhline(place + 0.5, color="#e4e4e4", lw=0.8)
    for model, colour in MODELS.items():
        area.barh(0, 0, color=colour, alpha=0.8, label=model)
    area.set(xscale="log", xlim=(1, 1000), yticks=range(len(found)), yticklabels=found)
    area.xaxis.set_major_formatter("{x:,.0f}")
    area.invert_yaxis()
    area.set_xlabel(f"frames a second of the model alone, {SIZE[0]}x{SIZE[1]}, all cores")
    area.spines[["top", "right"]].set_visible(False)
    area.legend(frameon=False, loc="upper right", fontsize=9)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return data.getvalue()
