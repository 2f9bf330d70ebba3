from __future__ import annotations

import os
from pathlib import Path

import pytest

from srgan_edge.quiet import native_messages_hidden


def test_what_is_written_goes_aside(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before\n")
    with native_messages_hidden() as written:
        os.write(2, b"a native library\n")
        assert written() == "a native library\n"
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"


def test_it_ends_with_an_error_too(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), native_messages_hidden():
        raise ZeroDivisionError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_one_within_another(capfd: pytest.CaptureFixture[str]) -> None:
    with native_messages_hidden() as outer:
        with native_messages_hidden():
            os.write(2, b"deep")
        os.write(2, b"less deep")
        assert outer() == "less deep"
    assert capfd.readouterr().err == ""


def test_no_descriptor_is_lost() -> None:
    def open_now() -> int:
        return len([*Path("/dev/fd").iterdir()])

    before = open_now()
    for _ in range(20):
        with native_messages_hidden():
            pass
    assert open_now() == before
