"""What a recipe accepts: types, ranges, choices, and what must fit together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING

from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from srgan_edge_train.recipe import Recipe

# VGG19's convolutions, each with its ReLU.
CONTENT_LAYERS = tuple(
    f"block{block}_conv{conv}"
    for block, convs in enumerate((2, 2, 4, 4, 4), start=1)
    for conv in range(1, convs + 1)
)
_MANY = 100_000_000
_HIGHEST_WEIGHT = 1e6
_SMALLEST_HALVED = 4  # pixels: one of the third depth of VGG19
_CHOICES = {
    "generator": ("edge", "srgan"),
    "degradation": ("bicubic", "camera"),
    "sampling": ("area", "epochs"),
    "discriminator": ("none", "patch", "srgan"),
    "alternation": ("separate", "joint"),
    "adversarial_loss": ("standard", "relativistic"),
    "pixel_distance": ("l1", "l2"),
    "content_distance": ("l1", "l2", "directions"),
    "optimizer": ("adam", "muon"),
    "precision": ("auto", "float32", "bfloat16"),
}
_RANGES: dict[str, tuple[float, float]] = {
    "scale": (2, 8),
    "channels": (1, 512),
    "convs": (2, 64),
    "rank": (0, 512),
    "patch": (4, 1024),
    "batch": (1, 1024),
    "adversarial_patch": (0, 1024),
    "adversarial_batch": (0, 1024),
    "check_side": (8, 4096),
    "pictures": (0, _MANY),
    "camera_versions": (1, 1000),
    "adversarial_noise": (0.0, 100.0),
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
    "pixel_luma": (0.0, 1.0),
    "grid_weight": (0.0, _HIGHEST_WEIGHT),
    "adversarial_weight": (0.0, _HIGHEST_WEIGHT),
    "discriminator_channels": (1, 512),
    "validate_every": (0, _MANY),
    "checkpoint_every": (1, _MANY),
    "seed": (0, 2**31 - 1),
}


def check(recipe: Recipe) -> None:
    """Raise InputError that names the first value that is wrong, what it was, what is accepted."""
    for field in fields(recipe):
        _check_type(field.name, getattr(recipe, field.name), str(field.type))
    for name, accepted in _CHOICES.items():
        _check_choice(name, getattr(recipe, name), accepted)
    for name, (least, most) in _RANGES.items():
        _check_range(name, getattr(recipe, name), least, most)
    _check_agreement(recipe)


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
    _check_weights("content_weights", weights)
    _check_halvings(recipe)
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


def _check_halvings(recipe: Recipe) -> None:
    times, side = len(recipe.content_halvings), recipe.discriminated_side
    _check_weights("content_halvings", recipe.content_halvings)
    if times and side >> times < _SMALLEST_HALVED:
        raise InputError(
            f"recipe: content_halvings must leave {_SMALLEST_HALVED} pixels of a patch, "
            f"got {side >> times} after {times} of {side}"
        )


def _check_weights(name: str, weights: Iterable[float]) -> None:
    if wrong := [weight for weight in weights if not 0 <= weight <= _HIGHEST_WEIGHT]:
        raise InputError(f"recipe: {name} must be from 0 to {_HIGHEST_WEIGHT:g}, got {wrong[0]}")
