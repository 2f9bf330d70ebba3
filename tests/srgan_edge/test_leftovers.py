from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from srgan_edge.errors import InputError
from srgan_edge.files import unused, whole_file
from srgan_edge.leftovers import is_left_behind, marked, scratch_folder
from srgan_edge.lock import only_one

NEXT = """
import sys
from pathlib import Path
from srgan_edge.files import write_text
write_text(Path(sys.argv[1]), "new")
"""


def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def name_of(process: int, name: str = ".a") -> str:
    return marked(name).replace(f".{os.getpid()}-", f".{process}-")


def test_who_is_gone_has_left_it() -> None:
    assert is_left_behind(name_of(gone()) + ".png")
    assert is_left_behind(name_of(gone()) + ".sound.mp4")
    assert not is_left_behind(marked(".a") + ".png")
    assert not is_left_behind(name_of(1) + ".png")
    for other in ("a.png", f".a.{gone()}.part.mp4", f".a.{gone()}-00000000.part.png", ".hidden"):
        assert not is_left_behind(other)


def test_the_next_run_removes_what_is_left_and_nothing_else(tmp_path: Path) -> None:
    left, ours = tmp_path / f"{name_of(gone())}.png", tmp_path / f"{marked('.b')}.png"
    recording = tmp_path / f".live.{gone()}.part.mp4"
    for path in (left, ours, recording, tmp_path / "a.png"):
        path.write_bytes(b"x")
    subprocess.run([sys.executable, "-c", NEXT, tmp_path / "new"], check=True)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {ours.name, recording.name, "a.png", "new"}


def test_a_folder_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / (name_of(gone(), "srgan-edge") + ".abc")
    left.mkdir()
    (left / "large").write_bytes(b"x")
    with scratch_folder() as folder:
        assert [*tmp_path.iterdir()] == [folder]
        with scratch_folder() as other:
            assert folder.is_dir()
            assert other != folder
    assert [*tmp_path.iterdir()] == []


def test_a_name_that_is_free(tmp_path: Path) -> None:
    wanted = tmp_path / "a.png"
    for expected in ("a.png", "a-2.png", "a-3.png"):
        assert unused(wanted).name == expected
        unused(wanted).write_bytes(b"")


def test_an_error_names_the_file_that_was_wanted(tmp_path: Path) -> None:
    def write() -> None:
        with whole_file(tmp_path / "a.txt"):
            raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match=r"cannot write .*/a\.txt: No space left on device$"):
        write()


def test_one_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "new" / ".lock"
    with only_one(lock, "the place"):
        code = "from srgan_edge.lock import only_one\nfrom pathlib import Path\n"
        code += f"with only_one(Path({str(lock)!r}), 'the place'): pass"
        second = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        words = f"the place is in use by another srgan-edge (process {os.getpid()}): wait"
        assert words in second.stderr
        with pytest.raises(InputError, match="in use"), only_one(lock, "the place"):
            pass
    assert [*tmp_path.iterdir()] == []
    with only_one(lock, "the place"):
        (tmp_path / "new" / "result").write_bytes(b"")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["result"]
    lock.write_text("left by a kill")
    with only_one(lock, "the place"):
        pass
    assert not lock.exists()
