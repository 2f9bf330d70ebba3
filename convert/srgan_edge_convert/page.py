"""The readable report: one page with pictures, in one file that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import jinja2
import numpy as np

from srgan_edge.quality import Picture, resize_bicubic
from srgan_edge_convert.comparison import Comparison, FloatPictures, tile_of

_SHOWN = 3  # pictures
_SIDE = 256  # pixels of each, from the middle
_AMPLIFIED = 16  # times: a difference of one level cannot be seen
_TILE_SIDE = 256  # pixels that the worst tile is enlarged to


@dataclass(frozen=True)
class Shown:
    """Rows of pictures, each by its caption, as PNG data addresses."""

    rows: Sequence[Mapping[str, str]]
    worst: Mapping[str, str]

    @classmethod
    def choose(
        cls,
        floats: FloatPictures,
        made: Sequence[Picture],
        comparison: Comparison,
    ) -> Shown:
        """The first pictures that were kept back, and the place where the two differ most."""
        rows = [
            _row(lr, hr, one, other, _middle)
            for (lr, hr), one, other in zip(
                floats.pairs[:_SHOWN], floats.pictures, made, strict=False
            )
        ]
        tile = comparison.worst
        lr, hr = floats.pairs[tile.picture]
        worst = _row(
            lr,
            hr,
            floats.pictures[tile.picture],
            made[tile.picture],
            lambda picture: _enlarged(tile_of(picture, tile)),
        )
        return cls(rows, worst)


def render(report: Mapping[str, Any], shown: Shown | None) -> str:
    """The page, as HTML.

    Args:
        report: what `MODEL.report.json` says.
        shown: pictures; None where nothing was compared.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("srgan_edge_convert"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    return template.render(report=report, shown=shown)


def _row(lr: Picture, hr: Picture, one: Picture, other: Picture, cut: Any) -> dict[str, str]:
    height, width = hr.shape[:2]
    difference = np.abs(one.astype(int) - other) * _AMPLIFIED
    pictures = {
        "bicubic": resize_bicubic(lr, width, height),
        "float": one,
        "converted": other,
        f"difference x {_AMPLIFIED}": np.clip(difference, 0, 255).astype(np.uint8),
        "original": hr,
    }
    return {name: _address(cut(picture)) for name, picture in pictures.items()}


def _middle(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    return picture[top : top + _SIDE, left : left + _SIDE]


def _enlarged(picture: Picture) -> Picture:
    factor = max(1, _TILE_SIDE // max(picture.shape[:2]))
    return picture.repeat(factor, 0).repeat(factor, 1)


def _address(rgb: Picture) -> str:
    """An RGB picture as a data address."""
    done, png = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))
    assert done
    return f"data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}"
