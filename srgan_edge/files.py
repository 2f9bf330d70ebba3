"""Files appear whole or not at all: write beside, fsync, rename."""

from __future__ import annotations

import errno
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from srgan_edge.errors import DiskError, InputError, RunError, SrganEdgeError
from srgan_edge.leftovers import marked, remove_leftovers

# What a folder says that was there and writable a moment ago.
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOENT, errno.ESTALE)
_LONGEST_TEXT = 1 << 20  # bytes
_LARGEST_NPZ = 1 << 29  # all of VGG19's convolutions take 80 MB


@contextmanager
def whole_file(final: Path) -> Iterator[Path]:
    """Yield a temporary path beside `final` that becomes `final` when the block succeeds.

    The temporary name keeps the suffix, because image and video writers choose their format by it.
    When the block raises, nothing is left behind and an older `final` is untouched. What a killed
    process left in that folder is removed before.

    Raises:
        InputError: the folder cannot be made or written.
        RunError: writing failed: a `DiskError`, mostly.
    """
    make_folder(final.parent)
    remove_leftovers(final.parent)
    part = part_of(final)
    try:
        yield part
        put_in_place(part, final)
    except OSError as error:
        if error.filename in (None, str(part)):
            raise disk_error(final, error) from None
        raise  # of another file
    finally:
        with suppress(OSError):  # the folder is gone or read-only by now: the reason is told
            part.unlink(missing_ok=True)


def disk_error(final: Path, error: OSError) -> RunError:
    """Why `final` could not be written, as an error of ours."""
    kind = DiskError if error.errno in _OF_THE_DISK else RunError
    return kind(f"cannot write {final}: {error.strerror or error}")


def is_full(folder: Path) -> bool:
    """Whether no byte more can be written into a folder; True also where it is gone."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return True
    return (found.f_bfree if os.geteuid() == 0 else found.f_bavail) == 0


def unused(path: Path) -> Path:
    """`path`, or with -2, -3 and so on behind its name what is not there yet."""
    numbers = itertools.count(2)
    free = path
    while free.exists():
        free = path.with_name(f"{path.stem}-{next(numbers)}{path.suffix}")
    return free


def part_of(final: Path) -> Path:
    """Where `final` is written before it gets its name: hidden, with the same suffix."""
    return final.with_name(marked(f".{final.stem}") + final.suffix)


def put_in_place(part: Path, final: Path) -> None:
    """Flush `part` to the disk and give it its name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(final)


def check_target(final: Path) -> None:
    """Check, before any work and leaving nothing behind, that the file `final` can be written.

    Raises:
        InputError: it is a folder, or its folder cannot be made or written.
    """
    if final.is_dir():
        raise InputError(f"{final} is a folder: give the name of a file")
    nearest = next(folder for folder in final.absolute().parents if folder.exists())
    make_folder(nearest)


def write_bytes(final: Path, content: bytes) -> None:
    """Write `content` to `final`, whole or not at all."""
    with whole_file(final) as part:
        part.write_bytes(content)


def write_text(final: Path, content: str) -> None:
    """Write `content` as UTF-8 to `final`, whole or not at all."""
    write_bytes(final, content.encode())


def make_folder(folder: Path) -> None:
    """Make `folder` with its parents and check that files can be written into it.

    Raises:
        InputError: it cannot be made, is a file, or is not writable.
        DiskError: the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{folder} is a file, not a folder") from None
    except OSError as error:
        raise _refusal(f"cannot make the folder {folder}", error) from None
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass  # the only sure test: permission bits say little to root and on network drives
    except OSError as error:
        raise _refusal(f"cannot write into the folder {folder}", error) from None


def _refusal(what: str, error: OSError) -> SrganEdgeError:
    kind = DiskError if error.errno in (errno.ENOSPC, errno.EDQUOT) else InputError
    return kind(f"{what}: {error.strerror}")


def check_text(path: Path) -> None:
    """Raise InputError for a pipe or a device, and for more than settings can be."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # reading tells of a folder
        raise InputError(f"{path} is not a file")
    if path.is_file() and path.stat().st_size > _LONGEST_TEXT:
        raise InputError(f"{path} has {path.stat().st_size} bytes, accepted are {_LONGEST_TEXT}")


def check_npz(path: Path) -> None:
    """Raise ValueError for an `.npz` file that unpacks to more than weights or pictures take."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        total = sum(member.file_size for member in archive.infolist())
    if total > _LARGEST_NPZ:
        raise ValueError(f"it unpacks to {total} bytes, accepted are {_LARGEST_NPZ}")
