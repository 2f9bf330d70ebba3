"""Two networks give the same picture, or the conversion stops."""

from __future__ import annotations

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge_convert.network import Network

# In float64: a thousandth of what float32 rounds away, a billion times what was measured.
_TOLERANCE = 1e-9
_SHAPE = (1, 13, 18, 3)


def prove_equal(before: Network, after: Network, what: str, *, swapped: bool = False) -> float:
    """The largest difference between two networks' pictures, as a share of their range.

    Computed in float64 on random input, borders included.

    Args:
        before: as it was.
        after: as it is now.
        what: the name of the rewrite, for the error.
        swapped: whether `after` takes and gives the colours in the other order.

    Raises:
        InputError: it is beyond rounding.
    """
    picture = np.random.default_rng(0).random(_SHAPE)
    order = -1 if swapped else 1
    expected = before.model("float64")(picture, training=False).numpy()
    actual = after.model("float64")(picture[..., ::order], training=False).numpy()[..., ::order]
    if expected.shape != actual.shape:
        raise InputError(f"{what} changed the picture's shape: {expected.shape} to {actual.shape}")
    span = max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(expected - actual).max()) / span
    if not difference <= _TOLERANCE:
        raise InputError(f"{what} changed the picture by {difference:.2g} of its range")
    return difference
