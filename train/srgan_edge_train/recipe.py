"""A recipe: what to train and how. TOML data in, a frozen and checked value out."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError
from srgan_edge.files import check_text
from srgan_edge_train.recipe_check import check

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPES = ("edge", "camera", "srgan")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training recipe. What the values mean and why they are so is in `recipes/*.toml`.

    What has a default here may be left out of a file; the defaults train for fidelity alone.
    """

    name: str
    generator: str
    scale: int
    channels: int = 32
    convs: int = 7
    rank: int = 0

    patch: int
    batch: int
    adversarial_patch: int = 0
    adversarial_batch: int = 0
    check_side: int = 128
    pictures: int = 0
    held_out: float = 0.05
    sampling: str = "area"
    degradation: str = "bicubic"
    camera_versions: int = 8
    adversarial_noise: float = 0.0

    steps: int
    epochs: int = 0
    fidelity_steps: int = 0
    optimizer: str = "adam"
    learning_rate: float
    adversarial_rate: float = 2e-4
    warmup: int
    final_rate: float
    average: float = 0.0

    pixel_weight: float = 1.0
    pixel_distance: str = "l1"
    pixel_luma: float = 0.0
    grid_weight: float = 0.0
    content_layers: tuple[str, ...] = ()
    content_weights: tuple[float, ...] = ()
    content_distance: str = "l1"
    content_halvings: tuple[float, ...] = ()
    discriminator: str = "none"
    discriminator_channels: int = 32
    alternation: str = "joint"
    adversarial_loss: str = "relativistic"
    adversarial_weight: float = 0.0

    validate_every: int
    checkpoint_every: int
    seed: int
    precision: str

    def __post_init__(self) -> None:
        """Check types, ranges, and what must fit together.

        Raises:
            InputError: names the value, what it was, and what is accepted.
        """
        check(self)

    @property
    def has_adversarial_phase(self) -> bool:
        """Whether a discriminator and the content network are needed at all."""
        return self.discriminator != "none" and self.steps > self.fidelity_steps

    @property
    def adversarial_crops(self) -> tuple[int, int]:
        """Patch and batch of the adversarial phase."""
        return self.adversarial_patch or self.patch, self.adversarial_batch or self.batch

    @property
    def discriminated_side(self) -> int:
        """Side in pixels of the pictures that the discriminator sees."""
        return self.adversarial_crops[0] * self.scale

    @property
    def least_side(self) -> int:
        """LR pixels that a picture must have each way to be used."""
        return max(self.patch, self.adversarial_patch)

    @property
    def least_bytes(self) -> int:
        """What a step keeps at least: every layer's output once, in two bytes a value."""
        srgan = self.generator == "srgan"
        layers = 64 * 35 if srgan else self.channels * self.convs
        return 2 * self.batch * self.patch**2 * (layers + 3 * self.scale**2)

    def is_adversarial_at(self, step: int) -> bool:
        """Whether the step with this number (from 0) belongs to the adversarial phase."""
        return self.has_adversarial_phase and step >= self.fidelity_steps

    def with_steps(self, steps: int | None) -> Recipe:
        """The same recipe with another length; None keeps it."""
        return self if steps is None else replace(self, steps=steps, epochs=0)

    def from_trained(self) -> Recipe:
        """What is left to do for a generator that is trained already: the adversarial phase."""
        if self.discriminator == "none":
            return self
        left = self.steps - self.fidelity_steps
        return replace(self, steps=left if left > 0 else self.steps, fidelity_steps=0)

    def for_pictures(self, count: int) -> Recipe:
        """Epochs turned into steps, for `count` training pictures."""
        epoch = math.ceil(count / self.batch)
        steps = self.epochs * epoch if self.epochs else self.steps
        return replace(self, steps=steps, epochs=0, validate_every=self.validate_every or epoch)

    def with_values(self, settings: Sequence[str]) -> Recipe:
        """The same recipe with some values set, each given as `key=value` in TOML.

        Raises:
            InputError: not of that form, or not a key or a value that a recipe takes.
        """
        values: dict[str, Any] = {}
        for setting in settings:
            key, equals, text = setting.partition("=")
            if not equals or key.strip() not in asdict(self):
                known = ", ".join(asdict(self))
                raise InputError(f"--set takes key=value, got {setting!r}; the keys are: {known}")
            values[key.strip()] = _value(text.strip())
        if "steps" in values:
            values.setdefault("epochs", 0)
        return replace(self, **_as_fields(values))

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
        except (ValueError, RecursionError) as error:  # ValueError of numbers without end, too
            raise InputError(f"recipe {source} is not TOML: {error}") from None
        if unknown := sorted(values.keys() - {field.name for field in fields(cls)}):
            raise InputError(f"recipe {source} has unknown keys: {', '.join(unknown)}")
        required = {field.name for field in fields(cls) if field.default is MISSING}
        if missing := sorted(required - values.keys()):
            raise InputError(f"recipe {source} lacks: {', '.join(missing)}")
        return cls(**_as_fields(values))


def load_recipe(name_or_path: str) -> Recipe:
    """A recipe by its name (`edge`) or from a TOML file.

    Raises:
        InputError: no such recipe, or one that cannot be used.
    """
    builtin = resources.files("srgan_edge_train") / "recipes" / f"{name_or_path}.toml"
    if builtin.is_file():
        return Recipe.from_toml(builtin.read_text(encoding="utf-8"), name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        names = ", ".join(RECIPES)
        raise InputError(f"no recipe {name_or_path!r}: give {names} or the path of a TOML file")
    return read_recipe(path)


def read_recipe(path: Path) -> Recipe:
    """A recipe from a TOML file. Raises InputError when it cannot be read or used."""
    try:
        check_text(path)
        return Recipe.from_toml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the recipe {path}: {error}") from None


def _value(text: str) -> Any:
    """A TOML value; what is none is taken as a string, so that quotes may be left out."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _as_fields(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def _toml(value: str | int | float | Iterable[Any]) -> str:
    """JSON writes strings, numbers and lists as TOML does, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
