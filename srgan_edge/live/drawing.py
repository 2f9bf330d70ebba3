"""Words in the picture."""

from __future__ import annotations

import cv2
import numpy as np

from srgan_edge.quality import Picture


def draw(picture: Picture, text: str) -> None:
    """White letters with a dark edge, at the top left of (h, w, 3) uint8, in place."""
    size = max(0.5, picture.shape[0] / 900)
    place = (round(14 * size), round(30 * size))
    for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        thickness = max(1, round(width * size))
        cv2.putText(
            picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA
        )


def notice(picture: Picture, text: str) -> Picture:
    """The picture, dark, with words over it; a new array."""
    dark = np.asarray(picture // 3, np.uint8)
    draw(dark, text)
    return dark
