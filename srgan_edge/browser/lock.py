"""A secret, and who tried it in vain."""

from __future__ import annotations

import time
from dataclasses import dataclass

from srgan_edge.browser.limits import Clock, Register, household
from srgan_edge.browser.token import matches

_FREE = 5  # wrong ones without a wait
_LONGEST_WAIT = 60.0
_FORGOTTEN_AFTER = 600.0
# Characters at the start of a secret. Who knows them is counted apart from who does not, so that
# nobody can make the right person wait, not even from the same address. What follows is still more
# than 160 bits.
_FIRST = 16


class TooSoonError(Exception):
    """Too many wrong ones: not before so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass
class _Tries:
    wrong: int = 0
    until: float = 0.0


class Lock:
    """Opens for its secret. After a few wrong ones an address has to wait, longer each time."""

    def __init__(self, secret: str, clock: Clock = time.monotonic) -> None:
        """Begin with nobody known."""
        self._secret = secret
        self._clock = clock
        self._tries: Register[_Tries] = Register(_Tries)

    def opens(self, given: str, address: str) -> bool:
        """Whether that is the secret, in a time that does not tell how much of it is right.

        Raises:
            TooSoonError: the address has to wait. What it gave was not looked at and does not
                count: waiting ends, however many try meanwhile.
        """
        knows_first = matches(self._secret[:_FIRST], given[:_FIRST])
        tries = self._tries[household(address), knows_first]
        now = self._clock()
        if now < tries.until:
            raise TooSoonError(tries.until - now)
        if now > tries.until + _FORGOTTEN_AFTER:
            tries.wrong = 0
        if matches(self._secret, given):
            tries.wrong = 0
            return True
        tries.wrong += 1
        tries.until = now + _wait(tries.wrong)
        return False


def _wait(wrong: int) -> float:
    """None for the first few, then a second, twice as long every time."""
    return 0.0 if wrong < _FREE else min(_LONGEST_WAIT, 2.0 ** (wrong - _FREE))
