"""`srgan-edge train`: parses, calls, prints. TensorFlow is imported when training starts."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from srgan_edge_train.photographs import Photographs
    from srgan_edge_train.recipe import Recipe
    from srgan_edge_train.run_folder import RunFolder
    from srgan_edge_train.trainer import Trainer

_TOOLS = ("srgan-edge", "srgan-edge-train", "tensorflow", "tf-keras", "numpy", "pillow")


def train(
    data: Annotated[Path, typer.Argument(help="Folder of photographs, searched recursively.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Run folder to make.")],
    recipe: Annotated[
        str | None, typer.Option(help="edge, or a TOML file.  [default: edge]")
    ] = None,
    init: Annotated[
        str | None, typer.Option(help="Start from this generator: edge, or a generator.keras.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in -o.")] = False,
    steps: Annotated[
        int | None, typer.Option(help="Training steps in all, instead of the recipe's.")
    ] = None,
) -> None:
    """Train a generator on a folder of photographs."""
    from srgan_edge_train.run_folder import RunFolder

    if resume and (init or recipe):
        raise InputError("--resume continues with the run's own recipe: leave --recipe, --init out")
    run = RunFolder(output)
    trainer, record = _resumed(run, data, steps) if resume else _new(run, data, recipe, init, steps)
    psnr = trainer.train()
    run.write_record({**record, "steps_done": trainer.step, "validation_psnr": round(psnr, 4)})
    run.remove_cache()
    typer.echo(f"{run.generator}  (validation PSNR {psnr:.2f} dB, sample: {run.sample})")


def _new(
    run: RunFolder, data: Path, recipe_name: str | None, init: str | None, steps: int | None
) -> tuple[Trainer, dict[str, Any]]:
    from srgan_edge_train.recipe import load_recipe
    from srgan_edge_train.run_folder import initial_weights

    recipe = load_recipe(recipe_name or "edge").with_steps(steps)
    first = initial_weights(init) if init else None
    with run.removed_on_failure():
        photographs = read_photographs(data, run.cache, recipe.scale, recipe.patch)

        from srgan_edge_train.trainer import Trainer

        trainer = Trainer(run, recipe, photographs)
        if first:
            trainer.start_from(first)
        record = _record(data, recipe, photographs, init, trainer.policy)
        run.write_recipe(recipe)
        run.write_calibration(photographs, recipe.patch)
        trainer.save_checkpoint()
        run.write_record(record)  # last: what has a record can be resumed
    return trainer, record


def _resumed(run: RunFolder, data: Path, steps: int | None) -> tuple[Trainer, dict[str, Any]]:
    from srgan_edge_train.photographs import describe

    record = run.read_record()
    recipe = run.read_recipe().with_steps(steps)
    with run.cache_removed_on_bad_input():
        photographs = read_photographs(data, run.cache, recipe.scale, recipe.patch)
        found, expected = describe(photographs), record.get("photographs", {})
        if any(found[kind] != expected.get(kind) for kind in ("training", "checking")):
            raise InputError(
                f"the pictures in {data} are not those that the run in {run.path} was started with"
            )

        from srgan_edge_train.trainer import Trainer

        trainer = Trainer(run, recipe, photographs)
        trainer.resume()
    typer.echo(f"going on at step {trainer.step} of {recipe.steps}", err=True)
    run.write_recipe(recipe)
    return trainer, {**record, "recipe": asdict(recipe)}


def read_photographs(data: Path, cache: Path, scale: int, patch: int) -> Photographs:
    """Decode a folder of photographs, and tell the person what was found."""
    from srgan_edge.progress import ProgressLine
    from srgan_edge_train.photographs import load_photographs

    with ProgressLine("reading pictures", None) as line:
        photographs = load_photographs(
            data, cache, scale, patch, lambda done, total: line.update(done, f"of {total}")
        )
    for name, reason in photographs.skipped.items():
        typer.echo(f"passed over {name}: {reason}", err=True)
    if photographs.overlap:
        typer.echo("only one usable picture: it is trained on and checked with", err=True)
    training, checking = len(photographs.training), len(photographs.checking)
    typer.echo(f"{training} pictures to train on, {checking} kept back to check with", err=True)
    return photographs


def _record(
    data: Path, recipe: Recipe, photographs: Photographs, init: str | None, policy: str
) -> dict[str, Any]:
    """What somebody needs to know to judge or repeat the run."""
    from srgan_edge_train.photographs import describe

    return {
        "version": 1,
        "date": date.today().isoformat(),
        "data": str(data.resolve()),
        "recipe": asdict(recipe),
        "init": init,
        "policy": policy,
        "tools": {name: importlib.metadata.version(name) for name in _TOOLS},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "photographs": describe(photographs),
    }
