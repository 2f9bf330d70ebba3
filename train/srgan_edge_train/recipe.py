"""A recipe: what to train and how. TOML data in, a frozen and checked value out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GENERATORS = ("edge",)
PRECISIONS = ("auto", "float32", "bfloat16")
# Known by name; they need the adversarial trainer.
LATER = ("srgan", "camera")


@dataclass(frozen=True)
class Recipe:
    """One training recipe. The reasons for the values are in `recipes/*.toml`."""

    name: str
    generator: str
    scale: int
    channels: int
    convs: int
    patch: int
    batch: int
    steps: int
    learning_rate: float
    warmup: int
    final_rate: float
    validate_every: int
    checkpoint_every: int
    seed: int
    precision: str

    def __post_init__(self) -> None:
        """Check types and ranges.

        Raises:
            InputError: names the value, what it was, and what is accepted.
        """
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), str(field.type))
        _check_choice("generator", self.generator, GENERATORS)
        _check_choice("precision", self.precision, PRECISIONS)
        _check_range("scale", self.scale, 2, 8)
        _check_range("channels", self.channels, 1, 512)
        _check_range("convs", self.convs, 2, 64)
        _check_range("patch", self.patch, 4, 1024)
        _check_range("batch", self.batch, 1, 1024)
        _check_range("steps", self.steps, 1, 100_000_000)
        _check_range("warmup", self.warmup, 0, 100_000_000)
        _check_range("learning_rate", self.learning_rate, 1e-9, 1.0)
        _check_range("final_rate", self.final_rate, 0.0, 1.0)
        _check_range("validate_every", self.validate_every, 1, 100_000_000)
        _check_range("checkpoint_every", self.checkpoint_every, 1, 100_000_000)
        _check_range("seed", self.seed, 0, 2**31 - 1)

    def with_steps(self, steps: int | None) -> Recipe:
        """The same recipe with another length; None keeps it."""
        return self if steps is None else replace(self, steps=steps)

    def to_toml(self) -> str:
        """The recipe as TOML that `Recipe.from_toml` reads back to an equal one."""
        return "".join(f"{key} = {_toml(value)}\n" for key, value in asdict(self).items())

    @classmethod
    def from_toml(cls, text: str, source: str) -> Recipe:
        """Read a recipe. `source` names the text in errors.

        Raises:
            InputError: not TOML, or keys that are missing, unknown or out of range.
        """
        try:
            values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"recipe {source} is not TOML: {error}") from None
        known = {field.name for field in fields(cls)}
        if unknown := sorted(values.keys() - known):
            raise InputError(f"recipe {source} has unknown keys: {', '.join(unknown)}")
        if missing := sorted(known - values.keys()):
            raise InputError(f"recipe {source} lacks: {', '.join(missing)}")
        return cls(**values)


def load_recipe(name_or_path: str) -> Recipe:
    """A recipe by its name (`edge`) or from a TOML file.

    Raises:
        InputError: no such recipe, or one that cannot be used.
    """
    if name_or_path in LATER:
        raise InputError(f"the recipe {name_or_path!r} is not in this version; there is: edge")
    builtin = resources.files("srgan_edge_train") / "recipes" / f"{name_or_path}.toml"
    if builtin.is_file():
        return Recipe.from_toml(builtin.read_text(encoding="utf-8"), name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise InputError(f"no recipe {name_or_path!r}: give edge or the path of a TOML file")
    return read_recipe(path)


def read_recipe(path: Path) -> Recipe:
    """A recipe from a TOML file. Raises InputError when it cannot be read or used."""
    try:
        return Recipe.from_toml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the recipe {path}: {error}") from None


def _toml(value: str | int | float) -> str:
    """JSON writes strings, ints and floats as TOML does, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check_type(name: str, value: object, expected: str) -> None:
    accepted = {"str": (str,), "int": (int,), "float": (int, float)}[expected]
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise InputError(f"recipe: {name} must be of type {expected}, got {value!r}")


def _check_choice(name: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise InputError(f"recipe: {name} must be one of {', '.join(accepted)}, got {value!r}")


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InputError(f"recipe: {name} must be from {least} to {most}, got {value}")
