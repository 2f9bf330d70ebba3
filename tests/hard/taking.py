"""Runs `srgan-edge` as often as it is told to, in this one process, which any of them may end.

A line on standard input is a command's arguments as JSON; a line on standard output tells how it
ended: exit code, what was on stderr (of native libraries, too), and how much memory it took.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from srgan_edge.backends.rehearsal import rehearse
from srgan_edge.children import limit_memory
from srgan_edge.cli import main
from srgan_edge.errors import InputError
from srgan_edge.model_file import model_of

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def take(arguments: list[str]) -> dict[str, Any]:
    """Run one command."""
    with tempfile.TemporaryFile() as aside:
        screen = os.dup(2)
        os.dup2(aside.fileno(), 2)
        _RESET.write_text("5")  # the most memory so far is what there is now
        before = _most_memory()
        try:
            code, trace = _run(arguments)
        finally:
            sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)
        aside.seek(0)
        said = aside.read().decode(errors="replace")
    return {"code": code, "said": said, "trace": trace, "megabytes": _most_memory() - before}


def _run(arguments: list[str]) -> tuple[int, str]:
    try:
        if arguments[0] == "rehearse":
            return _told(_rehearsed(Path(arguments[1]))), ""
        if arguments[0] == "load":
            return _told(_loaded(Path(arguments[1]))), ""
        sys.argv = ["srgan-edge", *arguments]
        main()
    except SystemExit as stop:
        return int(stop.code or 0), ""
    except BaseException:
        return -1, traceback.format_exc()


def _told(reason: str) -> int:
    if reason:
        print(f"srgan-edge: {' '.join(reason.split())}", file=sys.stderr)
    return 2 if reason else 0


def _rehearsed(path: Path) -> str:
    """What the product does in a process of its own, here: this is one."""
    try:
        return rehearse(model_of(path, path.read_bytes()))
    except InputError as error:
        return str(error)


def _loaded(path: Path) -> str:
    """What `convert` does first, without what takes minutes."""
    from srgan_edge_convert.kept import read_kept
    from srgan_edge_convert.loading import load_network
    from srgan_edge_train import keras_file, weights_file

    load: Callable[[Path], object] = read_kept if path.name.endswith(".qat.keras") else load_network
    try:
        # This is a process of its own.
        with mock.patch.object(keras_file, "check_weights", weights_file.find):
            load(path)
    except InputError as error:
        return str(error)
    return ""


def _most_memory() -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _loop() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    limit_memory(int(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(take(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _loop()
