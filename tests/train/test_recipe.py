from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srgan_edge.errors import InputError
from srgan_edge_train.recipe import Recipe, load_recipe

EDGE = load_recipe("edge")


@given(
    scale=st.integers(2, 8),
    channels=st.integers(1, 512),
    learning_rate=st.floats(1e-9, 1.0),
    name=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_toml_round_trip(scale: int, channels: int, learning_rate: float, name: str) -> None:
    recipe = replace(EDGE, scale=scale, channels=channels, learning_rate=learning_rate, name=name)
    assert Recipe.from_toml(recipe.to_toml(), "test") == recipe


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("scale", 1, "from 2 to 8"),
        ("patch", 0, "from 4"),
        ("learning_rate", 0.0, "from 1e-09"),
        ("precision", "float8", "bfloat16"),
        ("generator", "vdsr", "edge"),
        ("steps", "many", "type int"),
        ("batch", True, "type int"),
    ],
)
def test_says_what_is_accepted(key: str, value: object, accepted: str) -> None:
    with pytest.raises(InputError, match=f"{key}.*{accepted}.*{value}"):
        replace(EDGE, **{key: value})  # type: ignore[arg-type]


def test_unknown_and_missing_keys_are_named() -> None:
    with pytest.raises(InputError, match="unknown keys: chanels"):
        Recipe.from_toml(EDGE.to_toml().replace("channels", "chanels"), "mine.toml")
    lines = [line for line in EDGE.to_toml().splitlines() if not line.startswith("seed")]
    with pytest.raises(InputError, match=r"mine.toml lacks: seed"):
        Recipe.from_toml("\n".join(lines), "mine.toml")


def test_recipes_of_later_versions_are_answered() -> None:
    with pytest.raises(InputError, match="'srgan' is not in this version"):
        load_recipe("srgan")


def test_no_such_recipe() -> None:
    with pytest.raises(InputError, match="no recipe 'nope'"):
        load_recipe("nope")
