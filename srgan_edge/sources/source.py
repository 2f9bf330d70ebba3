"""What a source of frames is to the live loop."""

from __future__ import annotations

from typing import Protocol

from srgan_edge.quality import Picture


class Source(Protocol):
    """An open source of frames, (h, w, 3) uint8 BGR."""

    @property
    def name(self) -> str:
        """As a person may read it, without passwords."""

    @property
    def is_live(self) -> bool:
        """Whether its frames come when they come, and an old one is of no use."""

    @property
    def rate(self) -> float:
        """Frames a second, as it tells; of live ones about."""

    @property
    def lost_since(self) -> float | None:
        """When it was lost (monotonic seconds), while it is waited for.

        Asked by the loop while no frame comes; a source that has been waited for long enough
        raises a RunError then, because its `read` may never come back.
        """

    def read(self) -> Picture | None:
        """The next frame, or None when there are no more."""

    def close(self) -> None:
        """Let go of it. May come from another thread while `read` waits."""
