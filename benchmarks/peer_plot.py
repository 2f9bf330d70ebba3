"""Quality against milliseconds: who is up and to the left has won."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from typing import Any

from benchmarks.quality import Figures

# In shares of a drawing's sides: a label goes below its point where another is close above it, and
# to its left where the right has no room.
_NEAR = 0.1
_FAR_RIGHT = 0.75


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
        area.semilogx(milliseconds[name], value, markersize=8 if own else 6, **style)
    area.margins(0.18)
    area.grid(alpha=0.2)
    area.spines[["top", "right"]].set_visible(False)
    places = {name: (milliseconds[name], value) for name, value in values.items()}
    shares = dict(zip(places, _shares(area, list(places.values())), strict=True))
    for name, (x, y) in shares.items():
        others = (other for one, other in shares.items() if one != name)
        crowded = any(abs(x - right) < _NEAR and 0 <= up - y < _NEAR for right, up in others)
        area.annotate(
            name,
            places[name],
            xytext=(6 if x < _FAR_RIGHT else -6, -5 if crowded else 5),
            textcoords="offset points",
            ha="left" if x < _FAR_RIGHT else "right",
            va="top" if crowded else "bottom",
            fontsize=8.5,
            weight="bold" if name in ours else "normal",
        )


def _shares(area: Any, places: list[tuple[float, float]]) -> Any:
    """Where they lie in the drawing: (0, 0) is its lower left corner, (1, 1) the upper right."""
    area.autoscale_view()
    return area.transAxes.inverted().transform(area.transData.transform(places))
