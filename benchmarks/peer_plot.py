"""Quality against milliseconds: who is up and to the left has won."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from typing import Any

from benchmarks.plot_labels import place_label
from benchmarks.quality import Figures

_GAP = 7.0  # points between a point's middle and its label


def plot(
    found: Figures, milliseconds: Mapping[str, float], ours: Collection[str], caption: str
) -> bytes:
    """A PNG: for each set PSNR-Y and, where it was measured, LPIPS (best is up) against time.

    Args:
        found: quality by set, then by candidate.
        milliseconds: a frame, by candidate; drawn to a logarithmic scale.
        ours: names that are drawn as ours.
        caption: what it was measured on.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    judged = any(one.lpips is not None for row in found.values() for one in row.values())
    measures = ["psnr", "lpips"] if judged else ["psnr"]
    size = (4.6 * len(found) + 0.6, 3.4 * len(measures) + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    areas = figure.subplots(len(measures), len(found), squeeze=False)
    for row, measure in zip(areas, measures, strict=True):
        for area, (name, qualities) in zip(row, found.items(), strict=True):
            values = {one: getattr(quality, measure) for one, quality in qualities.items()}
            area.set_title(name, loc="left", fontsize=10)
            area.set_ylabel("PSNR-Y in dB" if measure == "psnr" else "LPIPS (lower is better)")
            area.set_xlabel("ms a frame")
            if measure == "lpips":
                area.invert_yaxis()
            _points(area, values, milliseconds, ours)
    figure.suptitle(caption, fontsize=9)
    figure.draw_without_rendering()  # labels are placed where they hide nothing: sizes are needed
    for area in areas.flat:
        _label_points(area, ours)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return data.getvalue()


def _points(
    area: Any,
    values: Mapping[str, float],
    milliseconds: Mapping[str, float],
    ours: Collection[str],
) -> None:
    for name, value in values.items():
        own = name in ours
        style = {"marker": "o" if own else "s", "color": "#c8442d" if own else "#7a7a7a"}
        area.semilogx(milliseconds[name], value, markersize=8 if own else 6, label=name, **style)
    area.margins(0.18)
    area.grid(alpha=0.2)
    area.spines[["top", "right"]].set_visible(False)


def _label_points(area: Any, ours: Collection[str]) -> None:
    taken = [point.get_window_extent() for point in area.lines]
    for point in area.lines:
        ((x, y),) = point.get_xydata()
        weight = "bold" if point.get_label() in ours else "normal"
        place_label(area, point.get_label(), (x, y), _GAP, taken, weight)
