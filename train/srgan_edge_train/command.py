"""`srgan-edge train`: parses, calls, prints. TensorFlow is imported when training starts."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srgan_edge.cli.options import LpipsWeights
from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from srgan_edge_train.photographs import Photographs
    from srgan_edge_train.recipe import Recipe
    from srgan_edge_train.run_folder import RunFolder

# What a worker that is not the chief needs not to go on with the chief's run.
_NOT_COPIED = shutil.ignore_patterns("cache", "panels", "tensorboard")


def train(
    data: Annotated[Path, typer.Argument(help="Folder of photographs, searched recursively.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Run folder to make.")],
    recipe: Annotated[
        str | None, typer.Option(help="edge, camera, srgan, or a TOML file.  [default: edge]")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value: change the recipe. Repeatable.")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Start from this generator: edge, a generator.keras or a run folder."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in -o.")] = False,
    steps: Annotated[
        int | None, typer.Option(help="Training steps in all, instead of the recipe's.")
    ] = None,
    content_weights: Annotated[
        Path | None,
        typer.Option(help="VGG19 weights as .npz, instead of keras.applications' download."),
    ] = None,
    content_layer: Annotated[
        list[str] | None,
        typer.Option(help="Compare at this VGG19 layer instead of the recipe's. Repeatable."),
    ] = None,
    evaluate: Annotated[
        Path | None,
        typer.Option(help="Folder of originals to measure on before and after, for the record."),
    ] = None,
    lpips_weights: LpipsWeights = None,
    strategy: Annotated[
        str, typer.Option(help="none, mirrored (all GPUs here) or multiworker (TF_CONFIG).")
    ] = "none",
) -> None:
    """Train a generator on a folder of photographs."""
    if resume and (init or recipe or set_ or content_layer):
        raise InputError(
            "--resume continues with the run's own recipe: leave --recipe, --set, --init and "
            "--content-layer out"
        )
    chosen = choose_recipe(recipe, set_ or [], content_layer or [], steps, init)

    from srgan_edge.leftovers import scratch_folder
    from srgan_edge.run_record import only_one_in

    with ExitStack() as stack:
        is_shared = strategy == "multiworker"
        if not is_shared:  # who comes second need not wait for TensorFlow to be told
            stack.enter_context(only_one_in(output))
        from srgan_edge_train.distribution import distribution
        from srgan_edge_train.run_folder import RunFolder
        from srgan_edge_train.start import Settings, new_run, resumed_run

        workers = distribution(strategy)
        # Every worker trains; the chief alone keeps the run.
        kept = output if workers.is_chief else stack.enter_context(scratch_folder())
        if is_shared:
            stack.enter_context(only_one_in(kept))
        if resume and not workers.is_chief:
            shutil.copytree(output, kept, ignore=_NOT_COPIED, dirs_exist_ok=True)
        run = RunFolder(kept)
        settings = Settings(data, run, workers, _read, content_weights, evaluate, lpips_weights)
        if resume:
            started = resumed_run(settings, steps)
            typer.echo(f"going on at step {started.trainer.step}", err=True)
        else:
            started = new_run(settings, chosen, init)
        record = started.train()
    if workers.is_chief:
        typer.echo(_summary(run, record))


def _read(data: Path, run: RunFolder, recipe: Recipe) -> Photographs:
    return read_photographs(data, run.cache, recipe.least_side, asdict(recipe))


def _summary(run: RunFolder, record: dict[str, Any]) -> str:
    lines = [
        f"{run.generator}  (samples: {run.sample}, curves: {run.curves})",
        *(f"kept back, {name}: {_figures(found)}" for name, found in record["validation"].items()),
    ]
    evaluation = record.get("evaluation", {})
    for name in ("bicubic", "start", "end"):
        if name in evaluation:
            found = _figures(evaluation[name])
            lines.append(f"{Path(evaluation['data']).name}, {name}: {found}")
    return "\n".join(lines)


def _figures(found: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in found.items())


def choose_recipe(
    name: str | None,
    settings: list[str],
    content_layers: list[str],
    steps: int | None,
    init: str | None,
) -> Recipe:
    """The recipe that the command line asks for.

    Raises:
        InputError: no such recipe, or a value that it does not take.
    """
    from srgan_edge_train.recipe import load_recipe

    recipe = load_recipe(name or "edge")
    if content_layers:
        # The weights of a recipe are meant in all: another number of layers shares them.
        share = sum(recipe.content_weights) / len(content_layers)
        recipe = replace(
            recipe,
            content_layers=tuple(content_layers),
            content_weights=(share,) * len(content_layers),
        )
    recipe = recipe.with_values(settings)
    if init:
        recipe = recipe.from_trained()
    return recipe.with_steps(steps)


def read_photographs(data: Path, cache: Path, patch: int, recipe: dict[str, Any]) -> Photographs:
    """Decode a folder of photographs, and tell the person what was found.

    Args:
        data: the folder.
        cache: for the decoded pixels.
        patch: the least LR side in pixels.
        recipe: `scale`, and if they are there, what else says which pictures and what of them.
    """
    from srgan_edge.progress import ProgressLine
    from srgan_edge_train.photographs import load_photographs

    keys = ["pictures", "held_out"]
    keys += ["camera_versions"] if recipe.get("degradation") == "camera" else []
    chosen = {key: recipe[key] for key in keys if key in recipe}
    with ProgressLine("reading pictures", None) as line:
        photographs = load_photographs(
            data,
            cache,
            recipe["scale"],
            patch,
            lambda done, total: line.update(done, f"of {total}"),
            **chosen,
        )
    for name, reason in photographs.skipped.items():
        typer.echo(f"passed over {name}: {reason}", err=True)
    if photographs.skipped:
        typer.echo(f"{len(photographs.skipped)} pictures passed over", err=True)
    if photographs.overlap:
        typer.echo("only one usable picture: it is trained on and checked with", err=True)
    training, checking = len(photographs.training), len(photographs.checking)
    typer.echo(f"{training} pictures to train on, {checking} kept back to check with", err=True)
    return photographs
