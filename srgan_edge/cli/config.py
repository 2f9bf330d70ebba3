"""A command's options from a TOML file: what a service is configured by."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.exceptions import TyperException

from srgan_edge.errors import InputError
from srgan_edge.files import check_text

# For the type of an option: what its value in the file may be, and how a person is told.
_ACCEPTED: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a string"),
    Path: ((str,), "a string"),
}
_NO_KEYS = ("config", "help")


def take_file(context: typer.Context, path: Path | None) -> Path | None:
    """Make what a TOML file says the defaults of a command: what is given beside it wins.

    The keys are the names of the command's options, without the dashes before them. As the callback
    of an eager option this comes before the other options are read.

    Args:
        context: of the command.
        path: the file, or None for no file.

    Returns:
        The path.

    Raises:
        InputError: the file cannot be read or is not TOML; a key is unknown; a value has another
            type than its option, or is out of its range.
    """
    if path is not None:
        context.default_map = _checked(context, path, _read(path))
    return path


Config = Annotated[
    Path | None,
    typer.Option(
        callback=take_file, is_eager=True, help="A TOML file of these options, which win over it."
    ),
]


def _read(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        check_text(path)
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise InputError(f"the configuration {path} is not TOML: brackets without end") from None
    except OSError as error:
        raise InputError(f"cannot read the configuration {path}: {error.strerror}") from None
    except ValueError as error:  # also of bytes that are no UTF-8
        raise InputError(f"the configuration {path} is not TOML: {error}") from None


def _checked(context: typer.Context, path: Path, values: dict[str, Any]) -> dict[str, Any]:
    """The values by the names of the command's parameters."""
    command = context.command
    options = {option.opts[0].removeprefix("--"): option for option in command.params}
    keys = [key for key in options if key not in _NO_KEYS]
    hints = get_type_hints(command.callback)
    defaults = {}
    for key, value in values.items():
        if key not in keys:
            raise InputError(f"{path}: no key {key!r}; the keys are: {', '.join(keys)}")
        option = options[key]
        name = str(option.name)
        _check_type(f"{path}: {key}", value, hints[name])
        try:
            option.process_value(context, value)
        except TyperException as error:  # here, because later it would not say where it is from
            why = str(error).removesuffix(".")
            raise InputError(f"{path}: {key}: {why}, got {value!r}") from None
        defaults[name] = value
    return defaults


def _check_type(what: str, value: object, hint: Any) -> None:
    """`hint` is a type of `_ACCEPTED`, or one or None."""
    kind = next(kind for kind in (hint, *get_args(hint)) if kind in _ACCEPTED)
    types, name = _ACCEPTED[kind]
    if isinstance(value, str) and "\0" in value:
        raise InputError(f"{what} must be {name} without zero bytes, got {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{what} must be {name}, got {value!r}")
    # In Python true is a whole number.
    if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{what} must be {name}, got {value!r}")
