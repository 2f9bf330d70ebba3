"""A price for each kind of work, fitted to measured latencies, and how far off it is.

    latency = overhead + sum over layers of work x price

The prices are eight, and mean something: seconds a byte (the bandwidth that is reached), seconds a
multiply-accumulate (the rate), and so on. They are fitted to the logarithm of the latency, so that
10 % of a fast network count as much as 10 % of a slow one. What a rule of thumb is worth stands
beside it: latency as a power of an amount, of the MACs alone, say.

Which kinds of work there are was found by looking at the whole table of times, so the error on
networks that were not fitted is that of networks like these. What is left of it without a network's
whole family is closer to what another network would see.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

import numpy as np
import numpy.typing as npt

from benchmarks.network_layers import Vector

Matrix = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]

_STEPS = 100
_CLOSE = 1e-10


@dataclass(frozen=True)
class Costs:
    """Seconds for a unit of each kind of `network_layers.Work`, in its order.

    Attributes:
        overhead: of a network, whatever it does.
        byte: read or written.
        mac: a multiply-accumulate.
        far: an element of a convolution's matrix beyond the near rows.
        deep: more, of a multiply-accumulate that is too deep.
        tanh: a hyperbolic tangent.
        exp: an exponential.
        plane: more, of a byte for each plane that is too many.
    """

    overhead: float
    byte: float
    mac: float
    far: float
    deep: float
    tanh: float
    exp: float
    plane: float

    def seconds(self, work: Matrix) -> Vector:
        """Latencies, (n,), of networks whose `network_layers.amounts` are (n, 8)."""
        return work @ np.array(astuple(self))


# How many costs there are, so how many networks are needed at least.
KINDS = len(fields(Costs))


@dataclass(frozen=True)
class Fit:
    """Costs, and the standard error of each as a share of it; 0 where the cost itself is 0."""

    costs: Costs
    errors: Costs


def fit(work: Matrix, seconds: Vector) -> Fit:
    """The costs with the least squares of the difference of logarithms.

    Gauss-Newton: around a prediction p the logarithm of what the costs c make of the work w is
    log p + wc/p - 1. A cost that would be negative is 0.

    Args:
        work: (n, 8), as `network_layers.amounts` gives it.
        seconds: measured, (n,).
    """
    used = np.asarray(work.any(axis=0), np.bool_)
    while True:
        costs, scaled = _solve(work, seconds, used)
        if (costs >= 0).all():
            break
        used[int(costs.argmin())] = False  # the one that is most wrong; scales are equal
    size = _sizes(work)
    residuals = np.log(seconds / (work / size @ costs))
    variance = (residuals**2).sum() / max(1, len(seconds) - used.sum())
    deviation = np.zeros(len(costs))
    deviation[used] = np.sqrt(variance * np.diag(np.linalg.pinv(scaled.T @ scaled)))
    shares = np.divide(deviation, costs, out=np.zeros(len(costs)), where=costs > 0)
    return Fit(Costs(*map(float, costs / size)), Costs(*map(float, shares)))


def _solve(work: Matrix, seconds: Vector, used: Chosen) -> tuple[Vector, Matrix]:
    """Costs for columns of size 1, (8,), and the last linear system's matrix, (n, used)."""
    columns = (work / _sizes(work))[:, used]
    predicted = seconds
    for _ in range(_STEPS):
        scaled = columns / predicted[:, None]
        target = 1 + np.log(seconds / predicted)
        solution = np.linalg.lstsq(scaled, target, rcond=None)[0]
        before, after = predicted, columns @ solution
        # A step that would leave the positive numbers is halved until it does not.
        while (after <= 0).any():
            after = (after + predicted) / 2
        predicted = after
        if np.abs(predicted / before - 1).max() < _CLOSE:
            break
    costs = np.zeros(work.shape[1])
    costs[used] = solution
    return costs, scaled


def _sizes(work: Matrix) -> Vector:
    """The largest amount of each kind, (8,); 1 where there is none."""
    largest = work.max(axis=0)
    return np.where(largest > 0, largest, 1.0)


def power_law(amount: Vector, seconds: Vector, chosen: Chosen) -> Vector:
    """Latencies, (n,), as a x amount^b, with a and b fitted on the chosen rows."""
    slope, start = np.polyfit(np.log(amount[chosen]), np.log(seconds[chosen]), 1)
    return np.asarray(np.exp(start + slope * np.log(amount)), np.float64)


@dataclass(frozen=True)
class Accuracy:
    """Of predictions.

    Attributes:
        rows: that were judged.
        median: of the absolute error, as a share of what was measured.
        tail: what nine of ten errors stay below.
        rank: Spearman's correlation; None of less than three.
    """

    rows: int
    median: float
    tail: float
    rank: float | None


def accuracy(predicted: Vector, measured: Vector) -> Accuracy:
    """How far predictions, (n,), are from what was measured, (n,)."""
    median, tail = np.percentile(np.abs(predicted / measured - 1), [50, 90])
    rank = None
    if len(measured) > 2:
        rank = float(np.corrcoef(_ranks(predicted), _ranks(measured))[0, 1])
    return Accuracy(len(measured), float(median), float(tail), rank)


def _ranks(values: Vector) -> Vector:
    """Places in order; equals share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], np.float64)
