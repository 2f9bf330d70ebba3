"""Labels of points in a plot, where they hide nothing."""

from __future__ import annotations

from typing import Any

# Where a label may stand: its alignment, and in which direction from its point.
_SIDES = (
    ("left", "center", 1, 0),
    ("right", "center", -1, 0),
    ("center", "top", 0, -1),
    ("center", "bottom", 0, 1),
)


def place_label(
    area: Any,
    words: str,
    place: tuple[float, float],
    gap: float,
    taken: list[Any],
    weight: str = "normal",
) -> None:
    """On the first side of its point where it meets nothing, or on the last one.

    Args:
        area: the axes, of a figure that was drawn once: sizes are needed.
        words: the label.
        place: the point, in data.
        gap: points between it and the label.
        taken: boxes of what is there, in pixels; the label's is added.
        weight: of the letters.
    """
    text = area.annotate(
        words, place, (0, 0), textcoords="offset points", fontsize=8.5, weight=weight, zorder=4
    )
    for ha, va, x, y in _SIDES:
        text.set(ha=ha, va=va, position=(gap * x, gap * y))
        box = text.get_window_extent()
        inside = area.bbox.x0 < box.x0 and box.x1 < area.bbox.x1
        if inside and not any(box.overlaps(other) for other in taken):
            break
    taken.append(box)
