"""`srgan-edge convert`: parses, calls, prints. TensorFlow is imported when converting starts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srgan_edge.errors import InputError
from srgan_edge.files import check_target
from srgan_edge_train.command import read_photographs

if TYPE_CHECKING:
    from srgan_edge_convert.conversion import Conversion
    from srgan_edge_convert.pictures import Pictures
    from srgan_edge_train.photographs import Photographs

_PATCH = 48  # LR pixels, for a generator without a run around it


def convert(
    generator: Annotated[Path, typer.Argument(help="A generator.keras, or a run folder.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write.  [default: beside it]")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="8-bit, fine-tuned: the fastest.")] = False,
    float16: Annotated[bool, typer.Option("--float16", help="Half-size weights.")] = False,
    float32: Annotated[bool, typer.Option("--float32", help="As trained.")] = False,
    dynamic: Annotated[bool, typer.Option("--dynamic", help="8-bit weights only.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Photographs to fine-tune on and check with.  [default: the run's]"),
    ] = None,
    qat_steps: Annotated[
        int, typer.Option(min=0, help="Fine-tuning steps; 0 quantises after training.")
    ] = 1000,
    io: Annotated[str, typer.Option(help="Type of int8 input and output: int8, uint8.")] = "int8",
    blend: Annotated[
        list[str] | None,
        typer.Option(
            help="OTHER=SHARE: mix in another generator of the same layers, as fidelity.keras=0.3."
        ),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(help="dB of PSNR that the conversion may cost; else exit code 3.")
    ] = 0.10,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> None:
    """Turn a trained generator into a TFLite file that runs on the device."""
    name = _one_format(int8=int8, float16=float16, float32=float32, dynamic=dynamic)
    if io not in ("int8", "uint8") or (io == "uint8" and name != "int8"):
        raise InputError(f"--io must be int8, or uint8 together with --int8, got {io}")
    source = generator / "generator.keras" if generator.is_dir() else generator
    if not source.is_file():
        raise InputError(f"no generator at {source}")
    target = output or source.with_name(f"{source.stem}.{name}.tflite")
    _check_target(target, overwrite)

    from srgan_edge_convert.conversion import Plan, convert_generator
    from srgan_edge_convert.export import Format, Io
    from srgan_edge_convert.graph import check_layers
    from srgan_edge_train.generators import generator_scale, load_generator

    loaded = load_generator(source)
    check_layers(loaded, str(source))
    blended = _blend(loaded, blend or [])
    scale = generator_scale(loaded)
    with tempfile.TemporaryDirectory(prefix="srgan-edge-") as cache:
        pictures = _pictures(source, data, Path(cache), scale, name)
        steps = qat_steps if pictures and pictures.photographs else 0
        plan = Plan(Format(name), Io(io), steps, max_drop, blended)
        result = convert_generator(loaded, source, target, plan, pictures)
    _print(result)


def _blend(generator: Any, settings: list[str]) -> dict[str, float]:
    """Move `generator` towards others, one after another; says by how much towards which."""
    from srgan_edge_train.generators import blend, load_generator
    from srgan_edge_train.run_folder import initial_weights

    shares = {}
    for setting in settings:
        other, _, text = setting.rpartition("=")
        try:
            share = float(text)
        except ValueError:
            share = -1.0
        if not other or not 0 <= share <= 1:
            raise InputError(f"--blend takes GENERATOR=SHARE, a share from 0 to 1, got {setting!r}")
        blend(generator, load_generator(initial_weights(other)), share)
        name = Path(other).name
        shares["/".join(Path(other).parts[-2:]) if name in shares else name] = share
    return shares


def _one_format(**chosen: bool) -> str:
    names = [name for name, wanted in chosen.items() if wanted]
    if len(names) != 1:
        accepted = ", ".join(f"--{name}" for name in chosen)
        received = ", ".join(f"--{name}" for name in names) or "none"
        raise InputError(f"choose one format of {accepted} (--int8 is fastest); got {received}")
    return names[0]


def _check_target(target: Path, overwrite: bool) -> None:
    if target.suffix != ".tflite":
        raise InputError(f"the output must end in .tflite, got {target}")
    if target.exists() and not overwrite:
        raise InputError(f"{target} is already there: add --overwrite or choose another -o")
    check_target(target)


def _pictures(
    source: Path, data: Path | None, cache: Path, scale: int, name: str
) -> Pictures | None:
    from srgan_edge_convert.pictures import find_pictures, run_record

    # LR is clean here, whatever the run was trained on: a camera's versions need not be made.
    recipe = {**run_record(source).get("recipe", {}), "scale": scale, "degradation": "bicubic"}
    patch = recipe.get("patch", _PATCH)

    def read(folder: Path) -> Photographs:
        return read_photographs(folder, cache, patch, recipe)

    pictures = find_pictures(source, data, patch, read)
    if pictures is None and name == "int8":
        raise InputError(f"no pictures to quantise {source} with: give photographs with --data DIR")
    if pictures is None:
        typer.echo("no photographs at hand (--data DIR): the file is not checked", err=True)
    else:
        typer.echo(f"pictures: {pictures.source}", err=True)
        if pictures.photographs is None and name == "int8":
            count = len(pictures.calibration)
            note = f"post-training quantisation on {count} crops kept in the run"
            typer.echo(f"no photographs (--data DIR), so no fine-tuning: {note}", err=True)
    return pictures


def _print(result: Conversion) -> None:
    facts = result.facts
    typer.echo(f"{result.path}  {result.size / 1000:.0f} kB, x{facts.scale}")
    if result.check is not None:
        check = result.check
        typer.echo(
            f"float {check.float_psnr:.3f} dB, {facts.conversion['format']} {check.psnr:.3f} dB, "
            f"drop {check.drop:.3f} dB ({check.pictures} pictures kept back)"
        )
    kernels = "all ops" if result.accelerated else "NOT all ops"
    typer.echo(f"XNNPACK takes {kernels}")
