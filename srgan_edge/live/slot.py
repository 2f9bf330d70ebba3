"""One thing at a time, from one thread to the next."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """Hands over one item at a time between two threads, and the end or the error with it."""

    def __init__(self, replaces: bool) -> None:
        """Say whether a newer item replaces one that was not taken in time, and the loss counts."""
        self._replaces = replaces
        self._item: T | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, item: T) -> bool:
        """Leave an item. Waits for room or replaces; False when nobody will take any more."""
        with self._changed:
            if self._replaces and self._item is not None and not self._ended:
                self.dropped += 1
            else:
                self._changed.wait_for(lambda: self._item is None or self._ended)
            if not self._ended:
                self._item = item
                self._changed.notify_all()
            return not self._ended

    def take(self, seconds: float | None = None) -> T | None:
        """The item left, waiting at most `seconds`; None when there is none yet or no more.

        Raises:
            BaseException: the error that the slot was ended with, once its last item is taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._ended, seconds)
            item, self._item = self._item, None
            self._changed.notify_all()
            if item is None and self._error is not None:
                raise self._error
            return item

    def end(self, error: BaseException | None = None) -> None:
        """No item follows."""
        with self._changed:
            self._ended, self._error = True, self._error or error
            self._changed.notify_all()

    @property
    def over(self) -> bool:
        """Whether it was ended and emptied."""
        with self._changed:
            return self._ended and self._item is None
