"""Predicted against measured latencies: on the line, a prediction is right."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.network_layers import Vector

# Colours that most colour-blind people tell apart (Okabe and Ito, "Color universal design", 2008).
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#000000")
_BAND = 0.1


def plot(
    predicted: Mapping[str, Vector], seconds: Vector, families: Sequence[str], caption: str
) -> bytes:
    """A PNG with a panel for each way to predict, log axes, a colour a family.

    Args:
        predicted: seconds, (n,), by what the panel is called.
        seconds: measured, (n,).
        families: of the n networks.
        caption: above all.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(predicted), 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    areas = figure.subplots(1, len(predicted), sharex=True, sharey=True, squeeze=False)[0]
    everything = np.concatenate([seconds, *predicted.values()]) * 1000
    ends = np.array([everything.min() / 1.2, everything.max() * 1.2])
    own = np.array(families)
    for area, (name, values) in zip(areas, predicted.items(), strict=True):
        area.fill_between(ends, ends * (1 - _BAND), ends * (1 + _BAND), color="#e4e4e4", lw=0)
        area.plot(ends, ends, color="#8a8a8a", lw=0.8)
        for colour, kind in zip(_COLOURS, sorted(set(families)), strict=False):
            places = seconds[own == kind] * 1000, values[own == kind] * 1000
            area.plot(*places, ".", color=colour, markersize=5, alpha=0.75, label=kind, mew=0)
        area.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
        area.xaxis.set_major_formatter("{x:,.0f}")
        area.yaxis.set_major_formatter("{x:,.0f}")
        area.set_title(name, loc="left", fontsize=11)
        area.set_xlabel("measured, ms a frame")
        area.grid(alpha=0.2)
        area.spines[["top", "right"]].set_visible(False)
    areas[0].set_ylabel("predicted, ms a frame")
    areas[0].legend(frameon=False, markerscale=2, loc="upper left", fontsize=9)
    figure.suptitle(caption, fontsize=10)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return data.getvalue()
