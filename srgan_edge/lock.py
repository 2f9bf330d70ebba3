"""One process at a time: a lock that ends with its process, however that ends."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from srgan_edge.errors import InputError
from srgan_edge.files import make_folder

try:
    import fcntl
except ImportError:  # not on Windows: there nothing is locked
    fcntl = None  # type: ignore[assignment]


@contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """While it lasts, no other process gets past this with the same `path`, a hidden file.

    The file is removed at the end, and so is its folder if it was made for it and holds nothing.

    Args:
        path: of the lock.
        what: is in use, for the one who comes second.

    Raises:
        InputError: another process is there, or the folder cannot be written.
    """
    was_there = path.parent.is_dir()
    make_folder(path.parent)
    with lock(path, what) as file:
        with suppress(OSError):  # a full disk: who is told of this lock is not told of the process
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), json.dumps({"process": os.getpid()}).encode())
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    if not was_there:
        with suppress(OSError):
            path.parent.rmdir()


def lock(path: Path, what: str) -> IO[bytes]:
    """Open the file `path`, making it, and lock it until it is closed.

    Raises:
        InputError: another process has it, or it cannot be made.
    """
    while True:
        try:
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644), "r+b", 0)
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from None
        try:
            _take(file)
        except BlockingIOError:
            with file:
                raise InputError(_in_use(what, file.read())) from None
        # Whoever had it may have removed it in the meantime: then this one is nobody's.
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            return file
        file.close()


def _take(file: IO[bytes]) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a network drive without locks: better unlocked than unused
        return


def _in_use(what: str, content: bytes) -> str:
    said = re.findall(rb'"process": (\d+)', content)
    process = f" (process {said[-1].decode()})" if said else ""
    return (
        f"{what} is in use by another srgan-edge{process}: wait until it has ended, "
        "or choose another -o"
    )
