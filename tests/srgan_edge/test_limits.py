from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.browser.limits import Allowance, Limits, Register, household
from srgan_edge.browser.lock import Lock, TooSoonError

SECRET = "0123456789abcdef" + "s" * 27


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 3), max_size=60))
def test_an_allowance_is_never_exceeded(pauses: list[float]) -> None:
    clock = Clock()
    allowance, taken = Allowance((5, 2), clock), 0
    for pause in pauses:
        clock.now += pause
        taken += allowance.take()
        assert taken <= 5 + 2 * (clock.now - 100.0) + 1e-6


def test_an_allowance_comes_back() -> None:
    clock = Clock()
    allowance = Allowance((3, 1), clock)
    assert [allowance.take() for _ in range(5)] == [True] * 3 + [False] * 2
    clock.now += 2
    assert [allowance.take() for _ in range(3)] == [True, True, False]


def test_a_register_forgets_who_was_there_first() -> None:
    register: Register[list[int]] = Register(list, most=3)
    for name in "abcad":
        register[name].append(1)
    assert len(register) == 3
    assert register["a"] == [1, 1]
    assert register["b"] == []


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.168.1.5", "192.168.1.5"),
        ("::ffff:192.168.1.5", "192.168.1.5"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_households(address: str, counted: str) -> None:
    assert household(address) == counted


class TestLock:
    def waits(self, lock: Lock, given: str, address: str) -> float:
        try:
            assert not lock.opens(given, address)
        except TooSoonError as error:
            return error.seconds
        return 0.0

    def test_a_few_wrong_ones_are_free_then_it_waits_longer_each_time(self) -> None:
        clock = Clock()
        lock, found = Lock(SECRET, clock), []
        for _ in range(5):
            assert self.waits(lock, "wrong", "1.1.1.1") == 0
        for _ in range(9):
            wait = self.waits(lock, "wrong", "1.1.1.1")
            found.append(wait)
            clock.now += wait
            assert self.waits(lock, "wrong", "1.1.1.1") == 0
        assert found == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    def test_tries_meanwhile_make_it_no_longer(self) -> None:
        clock = Clock()
        lock = Lock(SECRET, clock)
        for _ in range(8):
            self.waits(lock, "wrong", "1.1.1.1")
        clock.now += 0.75
        assert self.waits(lock, "wrong", "1.1.1.1") == 0.25

    def test_nobody_locks_out_who_knows_the_secret(self) -> None:
        lock = Lock(SECRET, Clock())
        for number in range(1000):
            self.waits(lock, f"wrong {number}", "1.1.1.1")
        assert lock.opens(SECRET, "1.1.1.1")
        assert lock.opens(SECRET, "2.2.2.2")

    def test_even_half_of_the_secret_gives_few_tries(self) -> None:
        """What begins as the secret is counted for itself, and as strictly."""
        lock = Lock(SECRET, Clock())
        waits = [self.waits(lock, SECRET[:16] + "x" * 27, "1.1.1.1") for _ in range(20)]
        assert waits == [0] * 5 + [1] * 15
        with pytest.raises(TooSoonError):
            lock.opens(SECRET, "1.1.1.1")

    def test_it_is_forgotten(self) -> None:
        clock = Clock()
        lock = Lock(SECRET, clock)
        for _ in range(6):
            self.waits(lock, "wrong", "1.1.1.1")
        clock.now += 700
        assert [self.waits(lock, "wrong", "1.1.1.1") for _ in range(6)] == [0] * 5 + [1]

    def test_what_is_no_text(self) -> None:
        for wrong in ("", "\udcff", "\u00e4" * 40, "\0", SECRET + "\n", SECRET[:-1]):
            assert not Lock(SECRET).opens(wrong, "")


def test_there_is_room_for_others_beside_the_viewers() -> None:
    limits = Limits()
    assert limits.viewers < limits.connections
