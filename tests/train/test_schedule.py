from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from srgan_edge_train.recipe import Recipe, load_recipe
from srgan_edge_train.schedule import rate_at

EDGE = load_recipe("edge")
BASE = replace(
    EDGE, steps=1000, fidelity_steps=600, warmup=50, learning_rate=1e-2, adversarial_rate=1e-3
)
FIDELITY_ONLY = replace(BASE, discriminator="none", final_rate=0.01)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    steps = draw(st.integers(1, 400))
    return replace(
        EDGE,
        steps=steps,
        fidelity_steps=draw(st.integers(0, steps + 20)),
        warmup=draw(st.integers(0, 500)),
        final_rate=draw(st.floats(0, 1)),
        learning_rate=draw(st.floats(1e-6, 1)),
        adversarial_rate=draw(st.floats(1e-6, 1)),
        discriminator=draw(st.sampled_from(["none", "patch"])),
    )


def highest(recipe: Recipe, step: int) -> float:
    return recipe.adversarial_rate if recipe.is_adversarial_at(step) else recipe.learning_rate


def test_it_warms_up_in_equal_steps_to_the_full_rate() -> None:
    rates = [rate_at(FIDELITY_ONLY, step) for step in range(50)]
    assert rates == pytest.approx([1e-2 * (step + 1) / 50 for step in range(50)])
    assert rate_at(FIDELITY_ONLY, 50) == pytest.approx(1e-2)


def test_half_way_down_the_cosine_is_half_the_rate() -> None:
    middle = 50 + (1000 - 50) // 2
    assert rate_at(FIDELITY_ONLY, middle) == pytest.approx(1e-2 * (0.01 + 1) / 2)
    quarter = rate_at(replace(FIDELITY_ONLY, warmup=0), 250)
    assert quarter == pytest.approx(1e-2 * (0.01 + 0.99 * (1 + math.sqrt(0.5)) / 2))


@pytest.mark.parametrize("final", [0.0, 0.001, 0.5, 1.0])
def test_the_cosine_ends_at_the_final_rate(final: float) -> None:
    recipe = replace(FIDELITY_ONLY, steps=100_000, final_rate=final)
    assert rate_at(recipe, recipe.steps - 1) == pytest.approx(1e-2 * final, abs=1e-10)


def test_each_phase_has_its_own_warmup_rate_and_end() -> None:
    recipe = replace(BASE, steps=300_000, fidelity_steps=100_000, final_rate=0.01)
    assert rate_at(recipe, 0) == pytest.approx(1e-2 / 50)
    assert rate_at(recipe, 50) == pytest.approx(1e-2)
    assert rate_at(recipe, 99_999) == pytest.approx(1e-4, rel=1e-3)
    assert rate_at(recipe, 100_000) == pytest.approx(1e-3 / 50)
    assert rate_at(recipe, 100_050) == pytest.approx(1e-3)
    assert rate_at(recipe, 299_999) == pytest.approx(1e-5, rel=1e-3)


def test_the_fidelity_phase_does_not_know_what_comes_after() -> None:
    """But for a run that stops short of the adversarial phase, the cosine ends with the run."""
    longer = replace(BASE, steps=2000)
    assert [rate_at(BASE, s) for s in range(600)] == [rate_at(longer, s) for s in range(600)]
    short = replace(BASE, steps=600)
    assert not short.has_adversarial_phase
    assert [rate_at(BASE, s) for s in range(600)] == [rate_at(short, s) for s in range(600)]


def test_the_srgan_recipe_goes_from_the_papers_first_rate_to_its_last() -> None:
    srgan = load_recipe("srgan")
    assert rate_at(srgan, 0) == 1e-4
    assert rate_at(srgan, srgan.steps - 1) == pytest.approx(1e-5, rel=1e-3)


def test_a_final_rate_of_one_is_no_decay() -> None:
    constant = replace(load_recipe("srgan"), final_rate=1.0)
    assert {rate_at(constant, step) for step in range(constant.steps)} == {1e-4}


@given(recipes(), st.data())
def test_a_rate_is_never_above_the_highest_nor_below_the_least(
    recipe: Recipe, data: st.DataObject
) -> None:
    step = data.draw(st.integers(0, recipe.steps - 1))
    most = highest(recipe, step)
    rate = rate_at(recipe, step)
    assert 0 <= rate <= most * (1 + 1e-12)
    start = recipe.fidelity_steps if recipe.is_adversarial_at(step) else 0
    if step - start >= recipe.warmup:
        assert rate >= most * recipe.final_rate * (1 - 1e-9)


@given(recipes(), st.data())
def test_within_a_phase_the_rate_never_jumps(recipe: Recipe, data: st.DataObject) -> None:
    assume(recipe.steps > 1)
    step = data.draw(st.integers(0, recipe.steps - 2))
    assume(recipe.is_adversarial_at(step) == recipe.is_adversarial_at(step + 1))
    if recipe.is_adversarial_at(step):
        length = recipe.steps - recipe.fidelity_steps
    else:
        length = recipe.fidelity_steps if recipe.has_adversarial_phase else recipe.steps
    warmup = min(recipe.warmup, length // 2)
    steepest = max(1 / max(1, warmup), math.pi / 2 / (length - warmup))
    change = abs(rate_at(recipe, step + 1) - rate_at(recipe, step))
    assert change <= highest(recipe, step) * steepest * (1 + 1e-9)


@given(recipes(), st.data())
def test_after_the_warmup_it_only_falls(recipe: Recipe, data: st.DataObject) -> None:
    recipe = replace(recipe, warmup=0)
    assume(recipe.steps > 1)
    step = data.draw(st.integers(0, recipe.steps - 2))
    assume(recipe.is_adversarial_at(step) == recipe.is_adversarial_at(step + 1))
    assert rate_at(recipe, step + 1) <= rate_at(recipe, step)
