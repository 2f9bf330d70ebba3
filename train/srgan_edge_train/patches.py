"""Which patches are seen at which step: a pure function of the seed and the step.

So a resumed run sees what an unbroken one would have seen, without any state to save.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from srgan_edge.quality import Picture
from srgan_edge_train.degradation import to_levels
from srgan_edge_train.photographs import Photograph

Pair = tuple[Picture, Picture]
CHECK_SIDE = 128  # LR pixels: a check looks at the middle of a kept-back picture
_THREADS = 2
_AHEAD = 4  # batches that are made while one is used


class Patches:
    """Aligned pairs of random crops, turned and mirrored."""

    def __init__(
        self,
        photographs: Sequence[Photograph],
        patch: int,
        batch: int,
        seed: int,
        *,
        sampling: str = "area",
        degraded_by: str = "bicubic",
        noise: float = 0.0,
    ) -> None:
        """Say what is drawn.

        Args:
            photographs: what to draw from.
            patch: side of an LR crop in pixels.
            batch: crops a step.
            seed: makes another sequence.
            sampling: `area` draws each picture by its size, `epochs` takes each once in turn.
            degraded_by: `bicubic` crops the LR pictures, `camera` their `camera` versions.
            noise: standard deviation in levels of what is added to LR at most; each crop has its
                own, from 0 to this.
        """
        self._photographs = photographs
        self._patch = patch
        self._batch = batch
        self._seed = seed
        self._sampling = sampling
        self._noise = noise
        self._crop = camera_pair if degraded_by == "camera" else crop_pair
        areas = np.array([p.lr.shape[0] * p.lr.shape[1] for p in photographs], np.float64)
        self._cumulated = np.cumsum(areas)
        self._order = lru_cache(maxsize=4)(self._shuffled)

    def at(self, step: int) -> Pair:
        """The batch of one step: LR (n, p, p, 3) and HR (n, s*p, s*p, 3), uint8 RGB."""
        random = np.random.default_rng((self._seed, step))
        chosen = self._chosen(step, random)
        pairs = [self._crop(self._photographs[index], self._patch, random) for index in chosen]
        lr, hr = np.stack([lr for lr, _ in pairs]), np.stack([hr for _, hr in pairs])
        return with_noise(lr, self._noise, random) if self._noise else lr, hr

    def between(self, first: int, last: int) -> Iterator[Pair]:
        """The batches of the steps first <= step < last, the next ones made while one is used."""
        with ThreadPoolExecutor(_THREADS) as pool:
            coming = deque(pool.submit(self.at, step) for step in range(first, last)[:_AHEAD])
            for step in range(first, last):
                batch = coming.popleft().result()
                if step + _AHEAD < last:
                    coming.append(pool.submit(self.at, step + _AHEAD))
                yield batch

    def _chosen(self, step: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
        count = len(self._photographs)
        if self._sampling == "area":
            places = random.random(self._batch) * self._cumulated[-1]
            return self._cumulated.searchsorted(places, side="right")
        turns = range(step * self._batch, (step + 1) * self._batch)
        return np.array([self._order(turn // count)[turn % count] for turn in turns])

    def _shuffled(self, epoch: int) -> npt.NDArray[np.int64]:
        # A seed of three numbers is none that a step has.
        return np.random.default_rng((self._seed, epoch, 1)).permutation(len(self._photographs))


def crop_pair(photograph: Photograph, patch: int, random: np.random.Generator) -> Pair:
    """One random crop, LR (p, p, 3) and HR (s*p, s*p, 3), in one of its eight orientations."""
    top, left = _random_place(photograph, patch, random)
    turn = _turn(random)
    hr = _crop(photograph.hr, top, left, patch, photograph.scale)
    return turn(_crop(photograph.lr, top, left, patch)), turn(hr)


def camera_pair(photograph: Photograph, patch: int, random: np.random.Generator) -> Pair:
    """As `crop_pair`, LR from one of the versions that cheap cameras would make."""
    version = int(random.integers(len(photograph.camera)))
    return crop_pair(_as_camera(photograph, version), patch, random)


def with_noise(crops: Picture, most: float, random: np.random.Generator) -> Picture:
    """Gaussian noise on crops (n, h, w, 3) uint8, of a strength of its own for each."""
    strengths = random.uniform(0, most, (len(crops), 1, 1, 1))
    noisy = crops + strengths * random.standard_normal(crops.shape, np.float32)
    return to_levels(noisy)


def centre_pair(photograph: Photograph, side: int = CHECK_SIDE) -> Pair:
    """The middle of a picture: LR, at most `side` pixels each way, and HR."""
    height, width = photograph.lr.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    hr = _crop(photograph.hr, top, left, side, photograph.scale)
    return _crop(photograph.lr, top, left, side), hr


def centre_camera_pair(photograph: Photograph, side: int = CHECK_SIDE) -> Pair:
    """As `centre_pair`, LR from the first version that cheap cameras would make."""
    return centre_pair(_as_camera(photograph, 0), side)


def _as_camera(photograph: Photograph, version: int) -> Photograph:
    return replace(photograph, lr=photograph.camera[version])


def _random_place(
    photograph: Photograph, side: int, random: np.random.Generator
) -> tuple[int, int]:
    height, width = photograph.lr.shape[:2]
    return int(random.integers(0, height - side + 1)), int(random.integers(0, width - side + 1))


def _turn(random: np.random.Generator) -> Callable[[Picture], Picture]:
    """One of the eight orientations."""
    turns, mirrored = int(random.integers(4)), bool(random.integers(2))
    return lambda picture: np.rot90(picture[:, ::-1] if mirrored else picture, turns)


def _crop(picture: Picture, top: int, left: int, side: int, scale: int = 1) -> Picture:
    rows = slice(top * scale, (top + side) * scale)
    return picture[rows, left * scale : (left + side) * scale]
