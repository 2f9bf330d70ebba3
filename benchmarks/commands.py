"""What the benchmarks share as commands."""

from __future__ import annotations

import sys
from collections.abc import Callable

from srgan_edge.errors import SrganEdgeError


def reporting_errors(main: Callable[[], int]) -> int:
    """Run it; an error of ours is one line and its exit code, as in `srgan-edge`."""
    try:
        return main()
    except SrganEdgeError as error:
        print(f"srgan-edge: {error}", file=sys.stderr)
        return error.exit_code
