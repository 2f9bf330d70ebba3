"""The gate: the float network and the converted file on pictures that were kept back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Judge, Picture, Quality, compare, psnr_y
from srgan_edge.upscaler import Upscaler
from srgan_edge_convert.network import Network
from srgan_edge_train.keras import tf
from srgan_edge_train.validation import upscale_rgb

Pairs = Sequence[tuple[Picture, Picture]]
_TILE = 64  # output pixels a side: what catches the eye when it alone is wrong
# Two pictures that are equal: PSNR has no number for it.
MOST_PSNR = 99.0


@dataclass(frozen=True)
class Tile:
    """The place where the converted file is farthest from the float network.

    Attributes:
        picture: which of the pictures kept back, from 0.
        top: output pixels from the top.
        left: output pixels from the left.
        psnr: Y-PSNR between the two there, in dB.
    """

    picture: int
    top: int
    left: int
    psnr: float


@dataclass(frozen=True)
class Comparison:
    """Means over the pictures kept back.

    Attributes:
        float_quality: of the float network against the originals.
        quality: of the converted file against the originals.
        between: Y-PSNR between the two in dB, at most 99.
        worst: the tile where they differ most.
        pictures: how many there were.
    """

    float_quality: Quality
    quality: Quality
    between: float
    worst: Tile
    pictures: int

    @property
    def drop(self) -> float:
        """What the conversion cost in PSNR, in dB."""
        return self.float_quality.psnr - self.quality.psnr

    def as_dict(self) -> dict[str, Any]:
        """For the facts and the report: flat, with as many digits as say something."""
        pairs = (("", self.quality), ("float_", self.float_quality))
        figures = {
            f"{prefix}{name}": round(value, 4)
            for prefix, quality in pairs
            for name, value in asdict(quality).items()
            if value is not None
        }
        worst = {**asdict(self.worst), "psnr": round(self.worst.psnr, 2)}
        between = {"between_psnr": round(self.between, 2), "worst_tile": worst}
        return {**figures, **between, "pictures": self.pictures}


class FloatPictures:
    """What the float network makes of the pictures kept back: made once, compared often."""

    def __init__(self, network: Network, pairs: Pairs, scale: int, judge: Judge | None) -> None:
        """Run the network.

        Args:
            network: of RGB pictures.
            pairs: LR and HR, uint8 RGB.
            scale: output pixels per input pixel.
            judge: measures LPIPS too.
        """
        model = network.model()
        run = tf.function(lambda lr: model(lr, training=False), reduce_retracing=True)
        self.pairs, self.scale, self._judge = pairs, scale, judge
        self.pictures = [upscale_rgb(run, lr) for lr, _ in pairs]
        self._quality = self._mean(self.pictures)

    def against(self, model: ModelFile) -> tuple[Comparison, list[Picture]]:
        """Compare a converted file, run by the runtime itself; its pictures come along."""
        upscaler = Upscaler(model)
        made = [_run(upscaler, lr) for lr, _ in self.pairs]
        between = [
            min(psnr_y(one, other, self.scale), MOST_PSNR)
            for one, other in zip(made, self.pictures, strict=True)
        ]
        found = Comparison(
            self._quality, self._mean(made), _mean(between), self._worst(made), len(made)
        )
        return found, made

    def _mean(self, pictures: Sequence[Picture]) -> Quality:
        found = [
            compare(sr, hr, self.scale, self._judge)
            for sr, (_, hr) in zip(pictures, self.pairs, strict=True)
        ]
        lpips = [one.lpips for one in found if one.lpips is not None]
        psnr, ssim = _mean([one.psnr for one in found]), _mean([one.ssim for one in found])
        return Quality(psnr, ssim, _mean(lpips) if lpips else None)

    def _worst(self, made: Sequence[Picture]) -> Tile:
        tiles = (
            Tile(index, top, left, _tile_psnr(one, other, top, left))
            for index, (one, other) in enumerate(zip(made, self.pictures, strict=True))
            for top in range(0, one.shape[0], _TILE)
            for left in range(0, one.shape[1], _TILE)
        )
        return min(tiles, key=lambda tile: tile.psnr)


def tile_of(picture: Picture, tile: Tile) -> Picture:
    """The pixels of a tile, with as much again around it where there is."""
    margin = _TILE // 2
    top, left = max(0, tile.top - margin), max(0, tile.left - margin)
    return picture[top : tile.top + _TILE + margin, left : tile.left + _TILE + margin]


def _tile_psnr(one: Picture, other: Picture, top: int, left: int) -> float:
    rows, columns = slice(top, top + _TILE), slice(left, left + _TILE)
    return min(psnr_y(one[rows, columns], other[rows, columns], 0), MOST_PSNR)


def _run(upscaler: Upscaler, lr: Picture) -> Picture:
    return upscaler(np.ascontiguousarray(lr[..., ::-1]))[..., ::-1]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
