"""`srgan-edge models`, `info` and `eval`: what there is, what it says of itself, how good it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srgan_edge.cli.options import Accelerator, LpipsWeights, Threads
from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from srgan_edge.model_file import ModelFile
    from srgan_edge.quality import Quality


def models() -> None:
    """List the models that have a name, embedded ones and your own, with their numbers."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from srgan_edge.catalogue import embedded_models, user_folder, user_models
    from srgan_edge.model_file import load_model

    columns = ("scale", "format", "parameters", "GMAC", "kB", "PSNR dB", "LPIPS", "from")
    table = Table("name", *columns, box=None)
    table.columns[0].no_wrap = True
    for home, found in (("embedded", embedded_models()), ("your own", user_models())):
        for name, path in found.items():
            try:
                numbers = map(escape, _numbers(load_model(path)))
                table.add_row(escape(name), *numbers, home)
            except InputError as error:
                typer.echo(f"passed over: {error}", err=True)
    console = Console()
    console.print(table)
    console.print("GMAC: of 320x180. PSNR, LPIPS: when converted. ", end="")
    console.print(f"Your own: {user_folder()}", markup=False)


def info(
    what: Annotated[
        Path, typer.Argument(metavar="MODEL|RUN", help="A name, a .tflite file, or a run folder.")
    ],
) -> None:
    """Show what a model file or a training run says of itself."""
    from srgan_edge.catalogue import known_models
    from srgan_edge.model_file import load_model
    from srgan_edge.run_record import RECORD_NAME

    if what.is_dir():
        _print_json(_run_record(what))
    elif what.suffix == ".keras" and (what.parent / RECORD_NAME).is_file():
        _print_json(_run_record(what.parent))
    elif what.suffix == ".keras":
        raise InputError(f"{what} tells nothing by itself: give its run folder, or a .tflite file")
    elif what.exists() or str(what) in known_models():
        _print_json(_model_record(load_model(what)))
    else:
        raise InputError(f"no such file, run folder or model: {what}")


def evaluate(
    model: Annotated[str, typer.Argument(help="A name, or a .tflite file.")],
    hr_dir: Annotated[Path, typer.Argument(help="Folder of sharp originals.")],
    threads: Threads = None,
    accelerator: Accelerator = "auto",
    lpips_weights: LpipsWeights = None,
) -> None:
    """Measure the quality of a model: originals are reduced, upscaled again and compared."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from srgan_edge.evaluation import evaluate_folder
    from srgan_edge.lpips import Lpips
    from srgan_edge.upscaler import Upscaler

    judge = Lpips(lpips_weights) if lpips_weights else None
    upscaler = Upscaler(model, threads=threads, accelerator=accelerator)
    result = evaluate_folder(upscaler, hr_dir, judge)
    names = ["PSNR-Y", "SSIM-Y", *(["LPIPS"] if judge else [])]
    table = Table("picture", *names, *(f"bicubic {name}" for name in names), box=None)
    for row in (*result.pictures, result.mean):
        table.add_row(escape(row.name), *_figures(row.model), *_figures(row.bicubic))
    Console().print(table)
    for name, reason in result.skipped.items():
        typer.echo(f"passed over {name}: {reason}", err=True)


def _numbers(model: ModelFile) -> list[str]:
    facts = model.facts
    psnr, lpips = (facts.quality.get(name) for name in ("psnr", "lpips"))
    return [
        f"x{facts.scale}",
        str(facts.conversion.get("format", "-")),
        f"{facts.parameters:,}",
        f"{facts.macs * 320 * 180 / 1e9:.1f}",
        f"{model.size / 1000:.0f}",
        f"{psnr:.2f}" if psnr is not None else "-",
        f"{lpips:.4f}" if lpips is not None else "-",
    ]


def _figures(quality: Quality) -> list[str]:
    lpips = [] if quality.lpips is None else [f"{quality.lpips:.4f}"]
    return [f"{quality.psnr:.2f}", f"{quality.ssim:.4f}", *lpips]


def _model_record(model: ModelFile) -> dict[str, Any]:
    """The file, its facts, and what its conversion found, if the report is still beside it."""
    from srgan_edge.model_file import read_report

    facts = json.loads(model.facts.to_json())
    record = {"file": str(model.path), "bytes": model.size, "sha256": model.sha256, **facts}
    report = read_report(model)
    return {**record, "report": report} if report else record


def _run_record(run: Path) -> dict[str, Any]:
    from srgan_edge.run_record import read_record

    record = read_record(run)
    photographs = record.pop("photographs", {})
    record["photographs"] = {kind: len(names) for kind, names in photographs.items()}
    metrics = run / "metrics.csv"
    told = metrics.read_text(encoding="utf-8", errors="replace") if metrics.is_file() else ""
    lines = told.splitlines()
    if len(lines) > 1:
        record["last_metrics"] = dict(zip(lines[0].split(","), lines[-1].split(","), strict=False))
    return record


def _print_json(record: dict[str, Any]) -> None:
    typer.echo(json.dumps(record, indent=2))
