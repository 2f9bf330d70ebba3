"""How often one time fits into another, how sure that is, and who may stand before whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srgan_edge.timing.steady import Milliseconds

_DRAWS = 1000
_BLOCK = 5  # frames one after the other share the machine's mood: they are drawn together


@dataclass(frozen=True)
class Ratio:
    """A ratio of medians, and the middle 95 % of what it might have been."""

    value: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """How far from 1 it may be."""
        return max(abs(self.high - 1), abs(self.low - 1))

    def __str__(self) -> str:
        """With its spread, as 2.71 (2.65 to 2.80)."""
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(times: Milliseconds, of: Milliseconds) -> Ratio:
    """The median of `times` divided by that of `of`; both (n,), of the same rounds.

    The spread is the percentile bootstrap's over blocks of rounds (Efron, 1979; Künsch, 1989).
    """
    count = len(times)
    length = max(1, min(_BLOCK, count // 4))
    blocks = -(-count // length)
    random = np.random.default_rng(0)
    starts = random.integers(0, count, (_DRAWS, blocks, 1))
    rounds = ((starts + np.arange(length)) % count).reshape(_DRAWS, -1)[:, :count]
    drawn = np.median(times[rounds], axis=1) / np.median(of[rounds], axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Ratio(float(np.median(times) / np.median(of)), float(low), float(high))


def ranks(times: Sequence[Milliseconds], noise: float) -> list[int]:
    """1 for the fastest, the same for all that cannot be told from it, and so on.

    Args:
        times: of each candidate, (n,) each, of the same rounds.
        noise: what two candidates that are the same differed by, as a share.

    Returns:
        One rank a candidate. Who shares a rank is not to be put in an order.
    """
    order = sorted(range(len(times)), key=lambda index: float(np.median(times[index])))
    found = [1] * len(times)
    leader = order[0]
    for place, index in enumerate(order[1:], start=2):
        if ratio(times[index], times[leader]).low > 1 + noise:
            leader, found[index] = index, place
        else:
            found[index] = found[leader]
    return found
