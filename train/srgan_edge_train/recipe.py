"""A recipe: what to train and how. TOML data in, a frozen and checked value out."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from srgan_edge.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPES = ("edge", "camera", "srgan")
# VGG19's convolutions, each with its ReLU.
CONTENT_LAYERS = tuple(
    f"block{block}_conv{conv}"
    for block, convs in enumerate((2, 2, 4, 4, 4), start=1)
    for conv in range(1, convs + 1)
)
# LR pixels around a crop of which a camera's picture is made: blur and codec blocks reach in.
CAMERA_MARGIN = 4
_MANY = 100_000_000
_HIGHEST_WEIGHT = 1e6
_CHOICES = {
    "generator": ("edge", "srgan"),
    "degradation": ("bicubic", "camera"),
    "sampling": ("area", "epochs"),
    "discriminator": ("none", "patch", "srgan"),
    "alternation": ("separate", "joint"),
    "adversarial_loss": ("standard", "relativistic"),
    "content_distance": ("l1", "l2"),
    "precision": ("auto", "float32", "bfloat16"),
}
_RANGES: dict[str, tuple[float, float]] = {
    "scale": (2, 8),
    "channels": (1, 512),
    "convs": (2, 64),
    "patch": (4, 1024),
    "batch": (1, 1024),
    "adversarial_patch": (0, 1024),
    "adversarial_batch": (0, 1024),
    "check_side": (8, 4096),
    "pictures": (0, _MANY),
    "held_out": (0.0, 0.9),
    "steps": (1, _MANY),
    "epochs": (0, _MANY),
    "fidelity_steps": (0, _MANY),
    "learning_rate": (1e-9, 1.0),
    "adversarial_rate": (1e-9, 1.0),
    "warmup": (0, _MANY),
    "final_rate": (0.0, 1.0),
    "average": (0.0, 0.999999),
    "pixel_weight": (0.0, _HIGHEST_WEIGHT),
    "adversarial_weight": (0.0, _HIGHEST_WEIGHT),
    "discriminator_channels": (1, 512),
    "validate_every": (0, _MANY),
    "checkpoint_every": (1, _MANY),
    "seed": (0, 2**31 - 1),
}


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

    patch: int
    batch: int
    adversarial_patch: int = 0
    adversarial_batch: int = 0
    check_side: int = 128
    pictures: int = 0
    held_out: float = 0.05
    sampling: str = "area"
    degradation: str = "bicubic"

    steps: int
    epochs: int = 0
    fidelity_steps: int = 0
    learning_rate: float
    adversarial_rate: float = 2e-4
    warmup: int
    final_rate: float
    average: float = 0.0

    pixel_weight: float = 1.0
    content_layers: tuple[str, ...] = ()
    content_weights: tuple[float, ...] = ()
    content_distance: str = "l1"
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
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), str(field.type))
        for name, accepted in _CHOICES.items():
            _check_choice(name, getattr(self, name), accepted)
        for name, (least, most) in _RANGES.items():
            _check_range(name, getattr(self, name), least, most)
        _check_agreement(self)

    @property
    def has_adversarial_phase(self) -> bool:
        """Whether a discriminator and the content network are needed at all."""
        return self.discriminator != "none" and self.steps > self.fidelity_steps

    @property
    def discriminated_side(self) -> int:
        """Side in pixels of the pictures that the discriminator sees."""
        return (self.adversarial_patch or self.patch) * self.scale

    @property
    def least_side(self) -> int:
        """LR pixels that a picture must have each way to be used."""
        margin = CAMERA_MARGIN if self.degradation == "camera" else 0
        return max(self.patch, self.adversarial_patch) + 2 * margin

    def is_adversarial_at(self, step: int) -> bool:
        """Whether the step with this number (from 0) belongs to the adversarial phase."""
        return self.has_adversarial_phase and step >= self.fidelity_steps

    def with_steps(self, steps: int | None) -> Recipe:
        """The same recipe with another length; None keeps it."""
        return self if steps is None else replace(self, steps=steps, epochs=0)

    def from_trained(self) -> Recipe:
        """What is left to do for a generator that is trained already: the adversarial phase."""
        if not self.has_adversarial_phase:
            return self
        return replace(self, steps=self.steps - self.fidelity_steps, fidelity_steps=0)

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
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"recipe {source} is not TOML: {error}") from None
        known = {field.name for field in fields(cls)}
        if unknown := sorted(values.keys() - known):
            raise InputError(f"recipe {source} has unknown keys: {', '.join(unknown)}")
        needed = set(cls.__match_args__) or known
        required = {name for name in needed if name not in vars(cls)}
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
        return Recipe.from_toml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the recipe {path}: {error}") from None


def _value(text: str) -> Any:
    """A TOML value; what is none is taken as a string, so that quotes may be left out."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _as_fields(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def _toml(value: str | int | float | Iterable[Any]) -> str:
    """JSON writes strings, numbers and lists as TOML does, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check_type(name: str, value: object, expected: str) -> None:
    """`expected` is one of str, int, float, tuple[str, ...] and tuple[float, ...]."""
    inner = expected.removeprefix("tuple[").removesuffix(", ...]")
    accepted = {"str": (str,), "int": (int,), "float": (int, float)}[inner]
    is_list = inner != expected
    if isinstance(value, tuple) != is_list or not all(
        isinstance(one, accepted) and not isinstance(one, bool)
        for one in (value if isinstance(value, tuple) else (value,))
    ):
        kind = f"a list of {inner}" if is_list else f"of type {inner}"
        raise InputError(f"recipe: {name} must be {kind}, got {value!r}")


def _check_choice(name: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise InputError(f"recipe: {name} must be one of {', '.join(accepted)}, got {value!r}")


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InputError(f"recipe: {name} must be from {least} to {most}, got {value}")


def _check_agreement(recipe: Recipe) -> None:
    layers, weights = recipe.content_layers, recipe.content_weights
    if len(layers) != len(weights):
        raise InputError(
            f"recipe: content_weights must hold a number for each of content_layers, got "
            f"{len(weights)} for {len(layers)}"
        )
    if wrong := [weight for weight in weights if not 0 <= weight <= _HIGHEST_WEIGHT]:
        raise InputError(
            f"recipe: content_weights must be from 0 to {_HIGHEST_WEIGHT:g}, got {wrong[0]}"
        )
    if recipe.epochs and recipe.fidelity_steps:
        raise InputError(
            "recipe: epochs are for a recipe without a fidelity phase, got "
            f"{recipe.epochs} with {recipe.fidelity_steps} fidelity_steps"
        )
    if recipe.sampling == "epochs" and recipe.adversarial_batch not in (0, recipe.batch):
        raise InputError(
            "recipe: sampling by epochs needs adversarial_batch 0 or as batch, got "
            f"{recipe.adversarial_batch} and {recipe.batch}"
        )
    if unknown := [layer for layer in layers if layer not in CONTENT_LAYERS]:
        raise InputError(
            f"recipe: content_layers must be among {', '.join(CONTENT_LAYERS)}, got {unknown[0]!r}"
        )
    if recipe.discriminator != "none" and not layers:
        raise InputError("recipe: content_layers must name a layer when there is a discriminator")
    if recipe.discriminator == "srgan" and recipe.discriminated_side % 16:
        raise InputError(
            f"recipe: with the srgan discriminator patch * scale must be a multiple of 16, got "
            f"{recipe.discriminated_side}"
        )
    if recipe.generator == "srgan" and recipe.scale & (recipe.scale - 1):
        raise InputError(
            f"recipe: with the srgan generator scale must be 2, 4 or 8, got {recipe.scale}"
        )
    if recipe.alternation == "separate" and recipe.adversarial_loss != "standard":
        raise InputError(
            "recipe: alternation must be 'joint' for the relativistic loss, which compares "
            f"originals with generated pictures, got {recipe.alternation!r}"
        )
