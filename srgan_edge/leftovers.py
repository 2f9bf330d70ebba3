"""Names of what is not finished yet, and what a killed process left of it.

Such a name says which process of which machine makes it. So the next one removes what nobody works
on any more, and leaves alone what another still writes, also where containers or machines share a
folder.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
_MARKED = re.compile(rf"\.(\d+)-{_HOST}\.part(?:\.|$)")
_LONGEST = 160  # bytes; file systems take 255 for all of a name
_looked_at: set[Path] = set()


def marked(name: str) -> str:
    """`name` with this process and machine in it, as `is_left_behind` reads it."""
    return f"{_plain(name)}.{os.getpid()}-{_HOST}.part"


def _plain(name: str) -> str:
    """A name with room for more behind it, of text: file systems and OpenCV ask for that."""
    whole = os.fsencode(name)
    short = whole[:_LONGEST].decode(errors="ignore")
    return name if short == name else f"{short}.{zlib.crc32(whole):08x}"


def is_left_behind(name: str) -> bool:
    """Whether a process of this machine made that and is gone."""
    found = _MARKED.search(name)
    return found is not None and not is_alive(int(found[1]))


def is_alive(process: int) -> bool:
    """Whether there is such a process, whoever's."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder; once in the life of this one."""
    if folder in _looked_at:
        return
    _looked_at.add(folder)
    with suppress(OSError):  # whatever is wrong there is told to whoever writes
        _remove(folder.iterdir())


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder, removed at the end; after a kill the next process removes it."""
    home = Path(tempfile.gettempdir())
    _remove(home.glob("srgan-edge.*.part.*"))
    with tempfile.TemporaryDirectory(prefix=marked("srgan-edge") + ".") as folder:
        yield Path(folder)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if is_left_behind(path.name):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()
