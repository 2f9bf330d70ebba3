"""The roofline plot: what operators reach over their MACs a byte, under the machine's roofs."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.machine_roofs import Roofs
from benchmarks.plot_labels import place_label
from benchmarks.roofline_report import TimedModel, TimedOp
from srgan_edge.errors import InputError

_COLOURS = {"int8": "#3b7ea1", "float32": "#c8442d"}
_GREY = "#7a7a7a"
_ALL = 2500.0  # square points of a circle that is all of a model's time
_NEAR = 0.2  # of the logarithms: circles as near as that share a label


def plot(models: Sequence[TimedModel], roofs: Roofs, caption: str) -> bytes:
    """A PNG: a panel a model, where a circle's area is its operator's share of the time.

    Args:
        models: as they were measured.
        roofs: of the same run.
        caption: what it was measured on.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("plots need matplotlib: pip install matplotlib") from None
    figure = Figure(figsize=(6.4 * len(models) + 0.4, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    areas = figure.subplots(1, len(models), sharex=True, sharey=True, squeeze=False)[0]
    across, upwards = _limits(models, roofs)
    for area, model in zip(areas, models, strict=True):
        area.set(xscale="log", yscale="log", xlim=across, ylim=upwards, xlabel="MACs a byte")
        rate = model.macs / model.seconds / 1e9
        title = f"{model.name}: {1e3 * model.seconds:.1f} ms a frame, {rate:.0f} GMAC/s"
        area.set_title(title, loc="left", fontsize=10)
        area.grid(alpha=0.2)
        area.spines[["top", "right"]].set_visible(False)
        _draw_roofs(area, roofs)
        _draw_idle(area, model)
    areas[0].set_ylabel("GMAC/s")
    figure.suptitle(caption, fontsize=9)
    figure.draw_without_rendering()  # labels are placed where they hide nothing: sizes are needed
    for area, model in zip(areas, models, strict=True):
        _draw_ops(area, model)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return data.getvalue()


def _limits(models: Sequence[TimedModel], roofs: Roofs) -> tuple[Any, Any]:
    """Around all circles, the highest peak, and where it meets the slopes."""
    x, y = np.array([_place(one) for model in models for one in _busy(model)]).T
    top = max(roofs.peaks.values())
    ridges = (top / roofs.cache, top / roofs.memory)
    across = (min(x.min(), *ridges) / 3, max(x.max(), *ridges) * 3)
    return across, (y.min() / 3, max(y.max(), top / 1e9) * 1.8)


def _draw_roofs(area: Any, roofs: Roofs) -> None:
    """Each unit's peak from where the cache can feed it, and the slopes of cache and memory."""
    left, right = area.get_xlim()
    bottom, _ = area.get_ylim()
    top = max(roofs.peaks.values())
    for unit, peak in roofs.peaks.items():  # the first lines; labels keep away from them
        colour, height = _COLOURS[unit], peak / 1e9
        area.plot((max(left, peak / roofs.cache), right), (height, height), color=colour)
        text = f"{unit} peak, {height:.0f} GMAC/s"
        area.text(right, height * 1.05, text, color=colour, ha="right", fontsize=8.5)
    for name, rate, style in (("cache", roofs.cache, "--"), ("memory", roofs.memory, "-")):
        slope, start = rate / 1e9, max(left, bottom * 1e9 / rate)
        ends = (start, top / rate)
        area.plot(ends, [slope * end for end in ends], color=_GREY, linestyle=style)
        place = ends[0] ** 0.3 * ends[1] ** 0.7
        area.text(
            place / 1.08,
            slope * place * 1.08,
            f"{name}, {slope:.0f} GB/s",
            color=_GREY,
            fontsize=8.5,
            ha="center",
            va="bottom",
            rotation=math.degrees(math.atan(slope)),
            rotation_mode="anchor",
            transform_rotates_text=True,
        )


def _draw_idle(area: Any, model: TimedModel) -> None:
    """What multiplies nothing has no place on the plot, but takes its time."""
    idle = [one for one in model.ops if not one.op.work.macs]
    names = [f"{one.op.layer} ({one.op.kind}) {1e3 * one.seconds:.2f} ms" for one in idle]
    text = "\n".join(["without MACs:", *names]) if names else ""
    area.text(0.98, 0.02, text, transform=area.transAxes, ha="right", color=_GREY, fontsize=8.5)


def _draw_ops(area: Any, model: TimedModel) -> None:
    """Circles, and labels where no circle, no text and no peak is."""
    from matplotlib.transforms import Bbox

    taken = [artist.get_window_extent() for artist in (*area.texts, *area.lines[: len(_COLOURS)])]
    radii: dict[str, float] = {}
    for one in _busy(model):
        size = _ALL * one.seconds / model.alone
        colour = _COLOURS[one.op.work.unit]
        area.scatter(*_place(one), s=size, color=colour, alpha=0.5, linewidths=0, zorder=3)
        radii[one.op.layer] = math.sqrt(size / math.pi)
        centre = area.transData.transform(_place(one))
        radius = radii[one.op.layer] * area.figure.dpi / 72  # from points to pixels
        taken.append(Bbox([centre - radius, centre + radius]))
    for group in _groups(model):
        ends = [group[0].op.layer, group[-1].op.layer][: len(group)]
        gap = max(radii[one.op.layer] for one in group) + 4
        place_label(area, " to ".join(ends), _place(group[0]), gap, taken)


def _groups(model: TimedModel) -> list[list[TimedOp]]:
    """Operators that lie at one place."""
    groups: list[list[TimedOp]] = []
    for one in _busy(model):
        place = np.log(_place(one))
        near = [g for g in groups if np.abs(place - np.log(_place(g[0]))).max() < _NEAR]
        if near:
            near[0].append(one)
        else:
            groups.append([one])
    return groups


def _busy(model: TimedModel) -> list[TimedOp]:
    return [one for one in model.ops if one.op.work.macs]


def _place(one: TimedOp) -> tuple[float, float]:
    """MACs a byte, and GMAC/s."""
    return one.op.work.intensity, one.op.work.macs / one.seconds / 1e9
