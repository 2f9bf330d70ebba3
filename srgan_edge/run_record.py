"""The record that a training run keeps of itself, `run.json`, read by all three distributions."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge.lock import only_one

RECORD_NAME = "run.json"
LOCK_NAME = ".srgan-edge.lock"


def only_one_in(run: Path) -> AbstractContextManager[None]:
    """While it lasts, no other process writes into the run folder `run`.

    Raises:
        InputError: one does, or the folder cannot be written.
    """
    return only_one(run / LOCK_NAME, f"the run in {run}")


def read_record(run: Path) -> dict[str, Any]:
    """The record in the run folder `run`.

    Raises:
        InputError: there is none, or it is damaged.
    """
    path = run / RECORD_NAME
    if not path.is_file():
        raise InputError(f"{run} is not a run folder: it has no {RECORD_NAME}")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read {path}: {error}") from None
    if not isinstance(record, dict):
        raise InputError(f"{path} is damaged: it holds a {type(record).__name__}, not a record")
    kinds: dict[str, tuple[type, ...]] = {
        "recipe": (dict,),
        "photographs": (dict,),
        "data": (str,),
        "init": (str, type(None)),
        "evaluation": (dict,),
    }
    for key, kind in kinds.items():
        if key in record and not isinstance(record[key], kind):
            raise InputError(f"{path} is damaged: {key} is {str(record[key])[:60]!r}")
    for name, found in record.get("photographs", {}).items():
        if not isinstance(found, dict):
            raise InputError(f"{path} is damaged: {name} is {str(found)[:60]!r}")
    return record
