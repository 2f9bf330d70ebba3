"""The learning rate at each step: linear warm-up, then a cosine, once for each phase."""

from __future__ import annotations

import math

from srgan_edge_train.recipe import Recipe


def rate_at(recipe: Recipe, step: int) -> float:
    """The learning rate of the step with this number (from 0).

    Linear warm-up, then cosine decay to `final_rate` (Loshchilov and Hutter 2017, eq. 5).
    """
    if recipe.is_adversarial_at(step):
        done, length = step - recipe.fidelity_steps, recipe.steps - recipe.fidelity_steps
        highest = recipe.adversarial_rate
    else:
        fidelity_only = not recipe.has_adversarial_phase
        done, length = step, recipe.steps if fidelity_only else recipe.fidelity_steps
        highest = recipe.learning_rate
    warmup = min(recipe.warmup, length // 2)
    if done < warmup:
        return highest * (done + 1) / warmup
    share = (done - warmup) / (length - warmup)
    cosine = (1.0 + math.cos(math.pi * share)) / 2.0
    return highest * (recipe.final_rate + (1.0 - recipe.final_rate) * cosine)
