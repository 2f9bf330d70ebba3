"""All that `srgan-edge bench` measures."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from srgan_edge.progress import ProgressLine
from srgan_edge.timing.candidate import Candidate
from srgan_edge.timing.cold import Cold, measure_cold
from srgan_edge.timing.end_to_end import rate_end_to_end
from srgan_edge.timing.machine import Machine, this_machine
from srgan_edge.timing.ranking import Ratio, ranks, ratio
from srgan_edge.timing.steady import Steady, time_in_turn
from srgan_edge.upscaler import Upscaler

_END_TO_END = 60  # frames


@dataclass(frozen=True)
class Result:
    """One candidate. Ratios and ranks are among candidates of the same size."""

    candidate: Candidate
    sha256: str
    format: str
    accelerator: str
    cold: Cold
    steady: Steady
    end_to_end_fps: float | None
    ratio: Ratio
    rank: int

    @property
    def fps(self) -> float:
        """Frames a second of the call alone, at the median."""
        return 1000.0 / self.steady.percentile(50)

    def as_dict(self) -> dict[str, Any]:
        """For JSON and CSV: flat, milliseconds, MB."""
        chosen = asdict(self.candidate)
        return {
            "model": chosen.pop("model"),
            "sha256": self.sha256,
            "format": self.format,
            **chosen,
            "accelerator": self.accelerator,
            "load_ms": self.cold.load_ms,
            "first_ms": self.cold.first_ms,
            "warm_ms": self.cold.warm_ms,
            **{f"p{share}_ms": self.steady.percentile(share) for share in (50, 90, 99)},
            "fps": self.fps,
            "conversion_share": self.steady.conversion_share,
            "peak_mb": self.cold.peak_mb,
            "end_to_end_fps": self.end_to_end_fps,
            "ratio": self.ratio.value,
            "ratio_low": self.ratio.low,
            "ratio_high": self.ratio.high,
            "rank": self.rank,
        }


@dataclass(frozen=True)
class Report:
    """All candidates, on one machine, on one day.

    Attributes:
        machine: with its temperature at the end.
        date: as 2026-12-31.
        frames: timed of each.
        noise: by what share the first candidate and its twin may differ, which are the same.
        results: in the order they were asked for.
    """

    machine: Machine
    date: str
    frames: int
    noise: float
    results: list[Result]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "version": 1,
            "date": self.date,
            "machine": asdict(self.machine),
            "frames": self.frames,
            "noise": self.noise,
            "candidates": [result.as_dict() for result in self.results],
        }


def bench(candidates: Sequence[Candidate], frames: int, end_to_end: bool = True) -> Report:
    """Measure each candidate alone from its start, then all in turn, then each from file to JPEG.

    Raises:
        InputError: a model that is not there or cannot be used.
        RunError: a candidate could not be started alone.
    """
    upscalers = [candidate.load() for candidate in candidates]  # says first what cannot be
    with ProgressLine("starting each alone", len(candidates)) as line:
        colds = []
        for candidate in candidates:
            colds.append(measure_cold(candidate))
            line.update(len(colds))
    twin, sizes = candidates[0].load(), [(one.width, one.height) for one in candidates]
    *steady, again = time_in_turn([*upscalers, twin], [*sizes, sizes[0]], frames)
    noise = ratio(again.whole, steady[0].whole).spread
    ends = _end_to_end(candidates, upscalers) if end_to_end else [None] * len(candidates)
    places = _places(candidates, steady, noise)
    results = [
        _result(*parts)
        for parts in zip(candidates, upscalers, colds, steady, ends, places, strict=True)
    ]
    date = datetime.date.today().isoformat()
    return Report(this_machine(), date, frames, noise, results)


def _end_to_end(
    candidates: Sequence[Candidate], upscalers: Sequence[Upscaler]
) -> list[float | None]:
    rates: list[float | None] = []
    with ProgressLine("from file to JPEG", len(candidates)) as line:
        for candidate, upscaler in zip(candidates, upscalers, strict=True):
            rates.append(rate_end_to_end(candidate, upscaler, _END_TO_END))
            line.update(len(rates))
    return rates


def _places(
    candidates: Sequence[Candidate], steady: Sequence[Steady], noise: float
) -> list[tuple[Ratio, int]]:
    """How often the fastest of the same size fits into each, and the rank there."""
    found: list[tuple[Ratio, int]] = [(Ratio(1, 1, 1), 1)] * len(candidates)
    for size in {(one.width, one.height) for one in candidates}:
        group = [i for i, one in enumerate(candidates) if (one.width, one.height) == size]
        times = [steady[index].whole for index in group]
        fastest = min(times, key=np.median)
        for index, own, rank in zip(group, times, ranks(times, noise), strict=True):
            found[index] = (ratio(own, fastest), rank)
    return found


def _result(
    candidate: Candidate,
    upscaler: Upscaler,
    cold: Cold,
    steady: Steady,
    end: float | None,
    place: tuple[Ratio, int],
) -> Result:
    return Result(
        candidate=candidate,
        sha256=upscaler.model.sha256,
        format=str(upscaler.model.facts.conversion.get("format", "")),
        accelerator=upscaler.accelerator,
        cold=cold,
        steady=steady,
        end_to_end_fps=end,
        ratio=place[0],
        rank=place[1],
    )
