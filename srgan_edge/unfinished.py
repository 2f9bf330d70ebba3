"""What a run over many files has done so far, so that the same command goes on where it stopped.

A hidden file in the output folder, a JSON object a line, only ever added to. It is there while a
run is unfinished, and locks the folder against a second one. A file counts as done when it is still
as it was written, and was made of the same input by the same model with the same settings: to make
it again would give the same bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from srgan_edge.errors import DiskError
from srgan_edge.files import make_folder
from srgan_edge.lock import lock

JOURNAL_NAME = ".srgan-edge-unfinished"


class Unfinished:
    """The journal of a run into a folder."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Read what an earlier run left, and begin.

        Args:
            folder: where the files go.
            settings: whatever the files depend on besides their inputs; for JSON.

        Raises:
            InputError: another process writes into the folder, or it cannot be written.
        """
        self._made = not folder.exists()
        make_folder(folder)
        self._folder = folder
        self._path = folder / JOURNAL_NAME
        self._file = lock(self._path, str(folder))
        content = self._file.read()
        self._done = _read(content, dict(settings))
        if content and not content.endswith(b"\n"):
            self._write(b"\n")  # a line that a kill cut off
        self._add({"settings": settings, "process": os.getpid()})

    def has(self, source: Path, target: Path) -> bool:
        """Whether `target` is there already, made of `source` as it is now."""
        state = self._done.get(str(target.resolve()))
        return state is not None and str(source.resolve()) in state and _is_so(state)

    def add(self, source: Path, targets: Sequence[Path]) -> None:
        """The first of `targets` is written, and of the others those that are there."""
        self.check()
        files = [source, *(path for path in targets if path.exists())]
        with suppress(OSError):  # gone already: it is made again
            state = {str(path.resolve()): _state(path) for path in files}
            self._add({"target": str(targets[0].resolve()), "state": state})

    def check(self) -> None:
        """Look whether the folder is still the one that the run began with.

        Raises:
            DiskError: it is gone, and with it what was written.
        """
        if not os.fstat(self._file.fileno()).st_nlink:
            raise DiskError(f"the folder {self._folder} was taken away while it was written to")

    def close(self, complete: bool) -> None:
        """Let go of the folder; `complete` is whether nothing is left to go on with."""
        if complete:
            self._path.unlink(missing_ok=True)
            if self._made:
                with suppress(OSError):  # nothing came of it, if it is empty
                    self._folder.rmdir()
        self._file.close()

    def _add(self, line: Mapping[str, Any]) -> None:
        self._write(json.dumps(line).encode() + b"\n")

    def _write(self, content: bytes) -> None:
        # On a full disk a file counts as not done: it is made again, that is all.
        with suppress(OSError):
            self._file.write(content)


def _read(content: bytes, settings: dict[str, Any]) -> dict[str, dict[str, list[int]]]:
    """By target, of the last run if it had these settings: what it was made of and became."""
    done: dict[str, dict[str, list[int]]] = {}
    is_ours = False
    for line in content.splitlines():
        try:
            entry = json.loads(line)
            if "settings" in entry:
                is_ours = entry["settings"] == settings
                done = done if is_ours else {}
            elif is_ours:
                done[entry["target"]] = entry["state"]
        except (ValueError, KeyError, TypeError):
            continue  # cut off, or not ours: that file is made again
    return done


def _state(path: Path) -> list[int]:
    """Size and time: what changes with the content."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _is_so(state: dict[str, list[int]]) -> bool:
    try:
        return all(_state(Path(name)) == expected for name, expected in state.items())
    except OSError:
        return False
