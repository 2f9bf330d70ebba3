from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.errors import InputError
from srgan_edge.files import make_folder, whole_file, write_bytes, write_text


@given(content=st.binary(max_size=2000))
def test_bytes_come_back(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.bin"
    write_bytes(path, content)
    assert path.read_bytes() == content


def test_text_is_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "text", "Größe vier")
    assert (tmp_path / "text").read_bytes() == "Größe vier".encode()


def test_it_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    final = tmp_path / "new" / "picture.png"
    with whole_file(final) as part:
        part.write_bytes(b"half")
        assert part.parent == final.parent
        assert part.suffix == ".png"
        assert not final.exists()
        part.write_bytes(b"whole")
    assert final.read_bytes() == b"whole"
    assert list(final.parent.iterdir()) == [final]


def _write_half(final: Path, stop: type[BaseException]) -> None:
    with whole_file(final) as part:
        part.write_bytes(b"half")
        raise stop


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    with pytest.raises(stop):
        _write_half(tmp_path / "file", stop)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_old_file(tmp_path: Path) -> None:
    final = tmp_path / "file"
    final.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        _write_half(final, ZeroDivisionError)
    assert final.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [final]


def test_it_replaces_the_old_file(tmp_path: Path) -> None:
    final = tmp_path / "file"
    final.write_bytes(b"old")
    write_bytes(final, b"new")
    assert final.read_bytes() == b"new"


@pytest.mark.parametrize("below", ["file", "file/deeper", "file/deeper/still"])
def test_no_folder_below_a_file(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(InputError, match="folder") as caught:
        write_bytes(tmp_path / below / "new", b"")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_folder_that_takes_no_files() -> None:
    # Also root, whom no permission stops, cannot make files here.
    with pytest.raises(InputError, match="cannot write into the folder /proc"):
        make_folder(Path("/proc"))


def test_makes_parents_and_leaves_no_trace(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
