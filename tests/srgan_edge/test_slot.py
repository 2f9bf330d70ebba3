from __future__ import annotations

import threading

import pytest

from srgan_edge.errors import RunError
from srgan_edge.live import Slot

hangs_never = pytest.mark.timeout(60)


def test_live_replaces_and_counts() -> None:
    slot: Slot[int] = Slot(replaces=True)
    assert all(slot.put(number) for number in range(5))
    assert slot.take(1.0) == 4
    assert slot.dropped == 4
    assert slot.take(0.0) is None


@hangs_never
def test_a_file_waits_for_room() -> None:
    slot: Slot[int] = Slot(replaces=False)
    putting = threading.Thread(target=lambda: [slot.put(number) for number in range(50)])
    putting.start()
    taken = [slot.take(10.0) for _ in range(50)]
    putting.join()
    assert taken == [*range(50)]
    assert slot.dropped == 0


@hangs_never
def test_the_end_frees_who_waits() -> None:
    slot: Slot[int] = Slot(replaces=False)
    answers: list[bool] = []
    slot.put(0)
    putting = threading.Thread(target=lambda: answers.append(slot.put(1)))
    putting.start()
    slot.end()
    putting.join()
    assert answers == [False]


@hangs_never
@pytest.mark.parametrize("seconds", [1000.0, None])
def test_the_end_frees_who_takes(seconds: float | None) -> None:
    slot: Slot[int] = Slot(replaces=True)
    threading.Timer(0.05, slot.end).start()
    assert slot.take(seconds) is None
    assert slot.over


def test_the_error_comes_after_the_last_item() -> None:
    slot: Slot[int] = Slot(replaces=True)
    slot.put(3)
    slot.end(RunError("lost"))
    assert not slot.over
    assert slot.take(1.0) == 3
    assert slot.over
    with pytest.raises(RunError, match="lost"):
        slot.take(1.0)


def test_the_first_error_stays() -> None:
    slot: Slot[int] = Slot(replaces=True)
    slot.end(RunError("first"))
    slot.end(RunError("second"))
    slot.end()
    with pytest.raises(RunError, match="first"):
        slot.take(0.0)
