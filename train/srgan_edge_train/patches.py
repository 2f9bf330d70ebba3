"""Which patches are seen at which step: a pure function of the seed and the step.

So a resumed run sees what an unbroken one would have seen, without any state to save.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from srgan_edge.quality import Picture
from srgan_edge_train.photographs import Photograph

CHECK_SIDE = 128  # LR pixels: a check looks at the middle of a kept-back picture


class Patches:
    """Aligned pairs of random crops, each picture drawn by its area, turned and mirrored."""

    def __init__(
        self, photographs: Sequence[Photograph], patch: int, batch: int, seed: int
    ) -> None:
        self._photographs = photographs
        self._patch = patch
        self._batch = batch
        self._seed = seed
        areas = np.array([p.lr.shape[0] * p.lr.shape[1] for p in photographs], np.float64)
        self._share = areas / areas.sum()

    def at(self, step: int) -> tuple[Picture, Picture]:
        """The batch of one step: LR (n, p, p, 3) and HR (n, s*p, s*p, 3), uint8 RGB."""
        random = np.random.default_rng((self._seed, step))
        chosen = random.choice(len(self._photographs), self._batch, p=self._share)
        pairs = [crop_pair(self._photographs[index], self._patch, random) for index in chosen]
        return np.stack([lr for lr, _ in pairs]), np.stack([hr for _, hr in pairs])

    def between(self, first: int, last: int) -> Iterator[tuple[Picture, Picture]]:
        """The batches of the steps first <= step < last, the next one made while one is used."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self.at, first)
            for step in range(first, last):
                batch = coming.result()
                if step + 1 < last:
                    coming = pool.submit(self.at, step + 1)
                yield batch


def crop_pair(
    photograph: Photograph, patch: int, random: np.random.Generator
) -> tuple[Picture, Picture]:
    """One random crop, LR (p, p, 3) and HR (s*p, s*p, 3), in one of its eight orientations."""
    height, width = photograph.lr.shape[:2]
    scale = photograph.hr.shape[0] // height
    top = int(random.integers(0, height - patch + 1))
    left = int(random.integers(0, width - patch + 1))
    turns, mirrored = int(random.integers(4)), bool(random.integers(2))
    pair = (_crop(photograph.lr, top, left, patch), _crop(photograph.hr, top, left, patch, scale))
    lr, hr = (np.rot90(side[:, ::-1] if mirrored else side, turns) for side in pair)
    return lr, hr


def centre_pair(photograph: Photograph, side: int = CHECK_SIDE) -> tuple[Picture, Picture]:
    """The middle of a picture: LR, at most `side` pixels each way, and HR."""
    height, width = photograph.lr.shape[:2]
    scale = photograph.hr.shape[0] // height
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return _crop(photograph.lr, top, left, side), _crop(photograph.hr, top, left, side, scale)


def _crop(picture: Picture, top: int, left: int, side: int, scale: int = 1) -> Picture:
    rows = slice(top * scale, (top + side) * scale)
    return picture[rows, left * scale : (left + side) * scale]
