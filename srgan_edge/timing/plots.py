"""A report as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge.timing.report import Report, Result
from srgan_edge.timing.tables import in_order


def plot(report: Report) -> bytes:
    """A PNG: milliseconds of every candidate, and against the size where there are several.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("plots need matplotlib: pip install matplotlib") from None
    results = in_order(report)
    lines = _lines(results)
    sweeps = any(len(line) > 1 for line in lines.values())
    height = max(3.0, 0.42 * len(results) + 1.4)
    figure = Figure(figsize=(13 if sweeps else 8, height), layout="constrained")
    FigureCanvasAgg(figure)
    areas = figure.subplots(1, 1 + sweeps, squeeze=False)[0]
    _bars(areas[0], results)
    if sweeps:
        _curves(areas[1], lines)
    figure.suptitle(f"{report.machine.name}, {report.date}", fontsize=10)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return data.getvalue()


def _bars(area: Any, results: Sequence[Result]) -> None:
    """The median, and a line from there to the 99th percentile."""
    places = range(len(results))
    medians = [one.steady.percentile(50) for one in results]
    late = [
        one.steady.percentile(99) - median for one, median in zip(results, medians, strict=True)
    ]
    none = [0.0] * len(results)
    area.barh(places, medians, xerr=[none, late], color="#3b7ea1", ecolor="#888888", capsize=2)
    area.set_yticks(places, [_label(one) for one in results])
    area.invert_yaxis()
    area.set_xlabel("ms a frame: median, to the 99th percentile")
    area.spines[["top", "right"]].set_visible(False)


def _curves(area: Any, lines: dict[str, list[Result]]) -> None:
    for name, results in lines.items():
        pixels = [one.candidate.width * one.candidate.height for one in results]
        area.loglog(pixels, [one.steady.percentile(50) for one in results], "o-", label=name)
    area.set_xlabel("input pixels")
    area.set_ylabel("ms a frame, median")
    area.grid(which="both", alpha=0.2)
    area.legend(frameon=False, fontsize=8)
    area.spines[["top", "right"]].set_visible(False)


def _lines(results: Sequence[Result]) -> dict[str, list[Result]]:
    """What differs by nothing but its size."""
    lines: dict[str, list[Result]] = {}
    for one in results:
        lines.setdefault(_setting(one), []).append(one)
    return lines


def _setting(one: Result) -> str:
    count = one.candidate.threads
    return f"{one.candidate.name}, {one.accelerator}, {count} thread{'s' * (count > 1)}"


def _label(one: Result) -> str:
    return f"{_setting(one)}, {one.candidate.width}x{one.candidate.height}"
