"""`srgan-edge train`: parses, calls, prints. TensorFlow is imported when training starts."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from srgan_edge.errors import InputError
from srgan_edge.progress import ProgressLine
from srgan_edge_train.photographs import Photographs, describe, load_photographs
from srgan_edge_train.recipe import Recipe, load_recipe
from srgan_edge_train.run_folder import RunFolder

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
    run = RunFolder(output)
    chosen = _recipe(run, recipe, resume, steps)
    if resume and init:
        raise InputError("--init starts a new run: leave it out with --resume")
    if not resume:
        run.require_unused()
    photographs = read_photographs(data, run.cache, chosen.scale, chosen.patch)

    from srgan_edge_train.generators import initial_weights
    from srgan_edge_train.trainer import Trainer

    start = initial_weights(init) if init else None
    trainer = Trainer(run, chosen, photographs)
    if resume:
        trainer.resume()
    elif start:
        trainer.start_from(start)
    record = _record(data, chosen, photographs, init, trainer.policy)
    if resume:
        run.write_recipe(chosen)
    else:
        run.start(chosen, record)
    run.write_calibration(photographs, chosen.patch)
    psnr = trainer.train()
    run.write_record({**record, "steps_done": trainer.step, "validation_psnr": round(psnr, 4)})
    run.remove_cache()
    typer.echo(f"{run.generator}  (validation PSNR {psnr:.2f} dB, sample: {run.sample})")


def _recipe(run: RunFolder, name: str | None, resume: bool, steps: int | None) -> Recipe:
    """A new run takes the recipe named, a resumed one its own."""
    if resume and name:
        raise InputError("--resume continues with the run's own recipe: leave --recipe out")
    recipe = run.read_recipe() if resume else load_recipe(name or "edge")
    return recipe.with_steps(steps)


def read_photographs(data: Path, cache: Path, scale: int, patch: int) -> Photographs:
    """Decode a folder of photographs, and tell the person what was found."""
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
