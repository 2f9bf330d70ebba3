from __future__ import annotations

import os
import subprocess
import sys
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


def test_what_others_print_does_not_spoil_our_output() -> None:
    code = (
        "import os; from srgan_edge.quiet import own_stdout; print('before'); own = own_stdout();"
        "own.write(b'ours'); os.write(1, b'a native library'); print(' or Python')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"before\nours"
    assert done.stderr == b"a native library or Python\n"
