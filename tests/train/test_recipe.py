from __future__ import annotations

from dataclasses import fields, replace
from importlib import resources
from pathlib import Path

import pytest
from helpers import TINY_RECIPE
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.errors import InputError
from srgan_edge_train.recipe import RECIPES, Recipe, load_recipe
from srgan_edge_train.recipe_check import CONTENT_LAYERS

EDGE = load_recipe("edge")
SRGAN = load_recipe("srgan")
TINY = Recipe.from_toml(TINY_RECIPE.format(scale=4), "tiny")


def builtin(name: str) -> str:
    return (resources.files("srgan_edge_train") / "recipes" / f"{name}.toml").read_text()


@given(
    scale=st.integers(2, 8),
    channels=st.integers(1, 512),
    learning_rate=st.floats(1e-9, 1.0),
    name=st.text(st.characters(codec="utf-8"), max_size=20),
    layers=st.lists(
        st.tuples(st.sampled_from(CONTENT_LAYERS), st.floats(0, 9)), min_size=1, max_size=4
    ),
)
def test_toml_round_trip(
    scale: int, channels: int, learning_rate: float, name: str, layers: list[tuple[str, float]]
) -> None:
    recipe = replace(EDGE, scale=scale, channels=channels, learning_rate=learning_rate, name=name)
    names, weights = zip(*layers, strict=True)
    recipe = replace(recipe, content_layers=names, content_weights=weights)
    assert Recipe.from_toml(recipe.to_toml(), "test") == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_builtin_recipe_loads(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.has_adversarial_phase
    assert Recipe.from_toml(recipe.to_toml(), "again") == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_value_of_a_builtin_recipe_has_a_reason_above_it(name: str) -> None:
    # What the file says of itself at its top is said of its first lines.
    blocks = builtin(name).strip().replace("\n\n", "\n", 1).split("\n\n")
    for block in blocks:
        lines = block.splitlines()
        assert lines[0].startswith("# "), f"nothing says why: {lines[0]}"
        assert any(" = " in line for line in lines)


@pytest.mark.parametrize("name", RECIPES)
def test_a_builtin_recipe_leaves_no_choice_unsaid(name: str) -> None:
    """But for what belongs to another generator, another discriminator or another sampling."""
    said = {line.split(" = ")[0] for line in builtin(name).splitlines() if " = " in line}
    assert said <= {field.name for field in fields(Recipe)}
    assert said >= {"generator", "scale", "patch", "batch", "held_out", "degradation", "steps"}
    assert said >= {"fidelity_steps", "learning_rate", "adversarial_rate", "average", "seed"}
    assert said >= {"pixel_weight", "content_layers", "content_weights", "content_distance"}
    assert said >= {"discriminator", "alternation", "adversarial_loss", "adversarial_weight"}


def test_srgan_is_what_is_promised() -> None:
    assert (SRGAN.pictures, SRGAN.epochs, SRGAN.batch, SRGAN.patch) == (250, 40, 1, 32)
    assert (SRGAN.generator, SRGAN.discriminator, SRGAN.scale) == ("srgan", "srgan", 4)
    assert SRGAN.learning_rate == SRGAN.adversarial_rate == 1e-4
    assert SRGAN.warmup == 0
    assert (SRGAN.alternation, SRGAN.adversarial_loss) == ("separate", "standard")
    assert (SRGAN.content_layers, SRGAN.content_weights) == (("block3_conv4",), (1.0,))
    assert (SRGAN.content_distance, SRGAN.adversarial_weight) == ("l2", 1e-3)
    assert (SRGAN.pixel_weight, SRGAN.fidelity_steps) == (0.0, 0)
    assert SRGAN.discriminated_side == 128


def test_a_recipe_from_before_the_adversarial_phase_trains_as_before() -> None:
    assert not TINY.has_adversarial_phase
    assert not TINY.is_adversarial_at(TINY.steps - 1)
    assert (TINY.average, TINY.pictures, TINY.held_out) == (0.0, 0, 0.05)
    assert (TINY.sampling, TINY.degradation, TINY.pixel_weight) == ("area", "bicubic", 1.0)
    assert TINY.for_pictures(100) == TINY


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("scale", 1, "from 2 to 8"),
        ("patch", 0, "from 4"),
        ("learning_rate", 0.0, "from 1e-09"),
        ("learning_rate", float("nan"), "from 1e-09"),
        ("adversarial_weight", float("inf"), "from 0.0"),
        ("held_out", 1.0, "from 0.0 to 0.9"),
        ("average", 1.0, "from 0.0 to 0.999999"),
        ("precision", "float8", "bfloat16"),
        ("generator", "vdsr", "edge"),
        ("discriminator", "vgg", "none, patch, srgan"),
        ("degradation", "phone", "bicubic, camera"),
        ("sampling", "all", "area, epochs"),
        ("steps", "many", "type int"),
        ("steps", 1.5, "type int"),
        ("batch", True, "type int"),
        ("name", 3, "type str"),
        ("content_layers", "block1_conv1", "a list of str"),
        ("content_weights", ("0.1",), "a list of float"),
        ("content_weights", 0.1, "a list of float"),
    ],
)
def test_says_what_is_accepted(key: str, value: object, accepted: str) -> None:
    with pytest.raises(InputError, match=f"{key}.*{accepted}.*got .*") as raised:
        replace(EDGE, **{key: value})  # type: ignore[arg-type]
    assert str(value) in str(raised.value)


def test_unknown_and_missing_keys_are_named() -> None:
    with pytest.raises(InputError, match="unknown keys: chanels"):
        Recipe.from_toml(EDGE.to_toml().replace("\nchannels", "\nchanels"), "mine.toml")
    lines = [line for line in EDGE.to_toml().splitlines() if not line.startswith("seed")]
    with pytest.raises(InputError, match=r"mine.toml lacks: seed"):
        Recipe.from_toml("\n".join(lines), "mine.toml")
    with pytest.raises(InputError, match=r"mine.toml is not TOML"):
        Recipe.from_toml("scale 4", "mine.toml")


def test_no_such_recipe(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recipe 'nope': give edge, camera, srgan or"):
        load_recipe("nope")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(InputError, match=r"cannot read the recipe .*latin\.toml"):
        load_recipe(str(tmp_path / "latin.toml"))


def test_a_recipe_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(replace(EDGE, name="bläu").to_toml(), encoding="utf-8")
    assert load_recipe(str(tmp_path / "mine.toml")) == replace(EDGE, name="bläu")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"content_weights": (1.0,)}, "got 1 for 3"),
        ({"content_halvings": (1.0, -1.0)}, "content_halvings must be from 0 to 1e\\+06, got -1.0"),
        ({"content_halvings": (1.0,) * 6}, "must leave 4 pixels of a patch, got 2 after 6 of 128"),
        ({"content_layers": (), "content_weights": ()}, "content_layers must name a layer"),
        (
            {"content_layers": ("block1_conv1", "block3_conv5", "x")},
            "block5_conv4, got 'block3_conv5'",
        ),
        ({"alternation": "separate"}, "alternation must be 'joint'"),
        ({"discriminator": "srgan", "adversarial_patch": 10}, "multiple of 16, got 40"),
        ({"discriminator": "srgan", "adversarial_patch": 0, "patch": 6}, "multiple of 16, got 24"),
        ({"generator": "srgan", "scale": 3}, "scale must be 2, 4 or 8, got 3"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(EDGE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"content_layers": (), "content_weights": (), "discriminator": "none"},
        {"alternation": "separate", "adversarial_loss": "standard"},
        {"discriminator": "srgan", "adversarial_patch": 12},
        {"generator": "srgan", "scale": 8},
        {"generator": "edge", "scale": 3},
    ],
)
def test_what_fits_together_is_taken(changes: dict[str, object]) -> None:
    replace(EDGE, **changes)  # type: ignore[arg-type]


def test_values_are_set_as_in_toml() -> None:
    recipe = EDGE.with_values(
        ["scale=2", "learning_rate = 5e-4", "steps=50_000", "held_out=0", "name=my recipe"]
    )
    assert (recipe.scale, recipe.learning_rate, recipe.steps) == (2, 5e-4, 50_000)
    assert (recipe.held_out, recipe.name) == (0, "my recipe")
    assert recipe == replace(
        EDGE, scale=2, learning_rate=5e-4, steps=50_000, held_out=0, name="my recipe"
    )
    assert EDGE.with_values([]) == EDGE


@pytest.mark.parametrize("text", ["float32", '"float32"', "'float32'", "  float32 "])
def test_strings_are_set_with_or_without_quotes(text: str) -> None:
    assert EDGE.with_values([f"precision={text}"]).precision == "float32"


def test_lists_are_set_together_with_what_must_fit_them() -> None:
    recipe = EDGE.with_values(['content_layers=["block1_conv1"]', "content_weights=[0.5]"])
    assert (recipe.content_layers, recipe.content_weights) == (("block1_conv1",), (0.5,))
    with pytest.raises(InputError, match="got 3 for 1"):
        EDGE.with_values(['content_layers=["block1_conv1"]'])


@pytest.mark.parametrize("setting", ["chanels=3", "scale", "", "=4", "scale:2"])
def test_what_cannot_be_set_is_answered_with_the_keys(setting: str) -> None:
    with pytest.raises(InputError, match="--set takes key=value") as raised:
        EDGE.with_values(["scale=2", setting])
    assert repr(setting) in str(raised.value)
    assert "adversarial_batch" in str(raised.value)


@pytest.mark.parametrize(("setting", "message"), [("scale=2.5", "type int"), ("batch=0", "from 1")])
def test_values_that_are_set_are_checked(setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        EDGE.with_values([setting])


def test_a_trained_generator_needs_the_adversarial_phase_only() -> None:
    left = EDGE.from_trained()
    assert left.fidelity_steps == 0
    assert left.steps == EDGE.steps - EDGE.fidelity_steps
    assert left.is_adversarial_at(0)
    assert left == replace(EDGE, steps=left.steps, fidelity_steps=0)
    assert left.from_trained() == left


def test_a_trained_generator_is_trained_on_where_there_is_no_such_phase() -> None:
    assert TINY.from_trained() == TINY


def test_steps_that_are_few_are_adversarial_for_a_trained_generator() -> None:
    """`--init edge --set steps=100` asks for a short adversarial phase, not for the pixel loss."""
    left = replace(EDGE, steps=100).from_trained()
    assert (left.steps, left.fidelity_steps) == (100, 0)
    assert left.has_adversarial_phase


@given(count=st.integers(1, 999), batch=st.integers(1, 64), epochs=st.integers(1, 99))
def test_epochs_become_steps(count: int, batch: int, epochs: int) -> None:
    recipe = replace(SRGAN, batch=batch, epochs=epochs).for_pictures(count)
    epoch = -(-count // batch)
    assert (recipe.steps, recipe.epochs, recipe.validate_every) == (epochs * epoch, 0, epoch)
    assert recipe.for_pictures(count + 1) == recipe  # once and for all: a resumed run keeps it


def test_steps_and_validations_that_are_said_stay() -> None:
    recipe = replace(SRGAN, epochs=0, steps=123, validate_every=7).for_pictures(50)
    assert (recipe.steps, recipe.validate_every) == (123, 7)


def test_srgan_s_steps_are_its_epochs_of_the_pictures_that_are_not_held_out() -> None:
    training = 250 * (1 - SRGAN.held_out)
    assert SRGAN.for_pictures(int(training)).steps == pytest.approx(SRGAN.steps, rel=0.005)


def test_another_length_wins_over_epochs() -> None:
    assert EDGE.with_steps(None) == EDGE
    recipe = SRGAN.with_steps(9)
    assert (recipe.steps, recipe.epochs) == (9, 0)
    assert recipe.for_pictures(167).steps == 9


def test_phases_begin_and_end_where_they_should() -> None:
    recipe = replace(EDGE, steps=10, fidelity_steps=4)
    assert [recipe.is_adversarial_at(step) for step in (0, 3, 4, 9)] == [False, False, True, True]
    assert not replace(recipe, discriminator="none").is_adversarial_at(9)
    assert not replace(recipe, steps=4).has_adversarial_phase


def test_a_picture_must_hold_the_larger_patch() -> None:
    recipe = replace(EDGE, patch=16, adversarial_patch=24)
    assert recipe.least_side == 24
    assert replace(recipe, patch=32).least_side == 32
    assert (recipe.discriminated_side, replace(recipe, adversarial_patch=0).discriminated_side) == (
        96,
        64,
    )
