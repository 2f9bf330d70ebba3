"""Times on other people's boards: the files in `benchmarks/results`, checked by their schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError

RESULTS = Path(__file__).with_name("results")
SCHEMA = RESULTS / "schema.json"

_TYPES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "object": ("an object", dict),
    "array": ("a list", list),
    "string": ("text", str),
    "integer": ("a whole number", int),
    "number": ("a number", (int, float)),
    "null": ("null", type(None)),
}


@dataclass(frozen=True)
class Measured:
    """One model on one machine.

    Attributes:
        machine: what its firmware calls it.
        model: its name.
        size: width and height of the input.
        threads: of the CPU.
        milliseconds: the median of a frame.
        date: as 2026-12-31.
    """

    machine: str
    model: str
    size: tuple[int, int]
    threads: int
    milliseconds: float
    date: str


def read_results(folder: Path) -> list[Measured]:
    """All that was measured on a CPU.

    Args:
        folder: of files that `srgan-edge bench --json` wrote.

    Raises:
        InputError: no such folder, or a file in it that is no such file.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: give the one that has the results")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    found: list[Measured] = []
    for path in sorted(folder.glob("*.json")):
        if path.name != SCHEMA.name:
            found += _measured(_read(path, schema))
    return found


def best(
    found: Sequence[Measured], machine: str, model: str, size: tuple[int, int]
) -> Measured | None:
    """The newest of a model on a machine, with the thread count that was fastest.

    Args:
        found: what there is.
        machine: how its name begins.
        model: its name.
        size: width and height of the input.
    """
    fitting = [
        one
        for one in found
        if one.machine.startswith(machine) and one.model == model and one.size == size
    ]
    newest = max((one.date for one in fitting), default="")
    times = [one for one in fitting if one.date == newest]
    return min(times, key=lambda one: one.milliseconds, default=None)


def _read(path: Path, schema: dict[str, Any]) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    for wrong in _faults(content, schema, ""):
        raise InputError(f"{path}: {wrong}")
    return content


def _faults(value: Any, schema: dict[str, Any], field: str) -> Iterator[str]:
    """What is wrong with a value, by the few words of JSON Schema that `schema.json` uses."""
    name = field or "the whole"
    if "const" in schema and value != schema["const"]:
        yield f"{name} is {value!r}, accepted is {schema['const']!r}"
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    # In Python, True is a number.
    if isinstance(value, bool) or not any(isinstance(value, _TYPES[kind][1]) for kind in kinds):
        accepted = " or ".join(_TYPES[kind][0] for kind in kinds)
        yield f"{name} is {value!r:.60}, accepted is {accepted}"
        return
    if "exclusiveMinimum" in schema and not value > schema["exclusiveMinimum"]:
        yield f"{name} is {value!r}, accepted is more than {schema['exclusiveMinimum']}"
    for required in schema.get("required", ()):
        if required not in value:
            yield f"{f'{field}.{required}' if field else required} is missing"
    for key, part in schema.get("properties", {}).items():
        if key in value:
            yield from _faults(value[key], part, f"{field}.{key}" if field else key)
    if "items" in schema:
        for place, item in enumerate(value):
            yield from _faults(item, schema["items"], f"{field}[{place}]")


def _measured(content: dict[str, Any]) -> list[Measured]:
    return [
        Measured(
            machine=content["machine"]["model"] or content["machine"]["processor"],
            model=one["model"],
            size=(one["width"], one["height"]),
            threads=one["threads"],
            milliseconds=one["p50_ms"],
            date=content["date"],
        )
        for one in content["candidates"]
        if one["accelerator"] == "cpu"
    ]
