"""`srgan-edge convert`: parses, calls, prints. TensorFlow is imported when converting starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srgan_edge.cli.options import LpipsWeights
from srgan_edge.errors import InputError
from srgan_edge.files import check_target
from srgan_edge_train.command import read_photographs

if TYPE_CHECKING:
    from srgan_edge_convert.conversion import Conversion
    from srgan_edge_convert.loading import Loaded
    from srgan_edge_convert.pictures import Pictures
    from srgan_edge_train.photographs import Photographs

_PATCH = 48  # LR pixels, for a generator without a run around it
_LARGEST_PATCH = 1024  # as a recipe may have
# Steps of fine-tuning, by multiply-accumulates per input pixel: some minutes on two cores for both.
_LARGE, _STEPS, _STEPS_WHEN_LARGE = 500_000, 1000, 300


def convert(
    generator: Annotated[
        Path, typer.Argument(help="A generator.keras, a run folder, or a kept NAME.qat.keras.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write.  [default: beside it]")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="8-bit, fine-tuned: the fastest.")] = False,
    int16x8: Annotated[
        bool, typer.Option("--int16x8", help="8-bit weights, 16-bit activations.")
    ] = False,
    float16: Annotated[
        bool, typer.Option("--float16", help="Half-size weights, for GPUs.")
    ] = False,
    float32: Annotated[bool, typer.Option("--float32", help="As trained.")] = False,
    dynamic: Annotated[bool, typer.Option("--dynamic", help="8-bit weights only.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Photographs to fine-tune on and check with.  [default: the run's]"),
    ] = None,
    qat_steps: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Fine-tuning steps; 0 quantises after training.  [default: 1000, 300 if large]",
        ),
    ] = None,
    io: Annotated[
        str | None,
        typer.Option(help="Type of int8 input and output: int8, uint8.  [default: int8]"),
    ] = None,
    colour: Annotated[str, typer.Option(help="Order of the channels: bgr, rgb.")] = "bgr",
    blend: Annotated[
        list[str] | None,
        typer.Option(
            help="OTHER=SHARE: mix in another generator of the same layers, as fidelity.keras=0.3."
        ),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(help="dB of PSNR that the conversion may cost; else exit code 3.")
    ] = 0.10,
    lpips_weights: LpipsWeights = None,
    seed: Annotated[int, typer.Option(min=0, help="Which crops are seen.")] = 7,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> None:
    """Turn a trained generator into a TFLite file that runs on the device."""
    source = generator / "generator.keras" if generator.is_dir() else generator
    if not source.is_file():
        raise InputError(f"no generator at {source}")
    formats = {
        "int8": int8,
        "int16x8": int16x8,
        "float16": float16,
        "float32": float32,
        "dynamic": dynamic,
    }
    if source.name.endswith(".qat.keras"):
        settled = {
            "--data": data is not None,
            "--qat-steps": qat_steps is not None,
            "--colour": colour != "bgr",
            "--blend": bool(blend),
            "--lpips-weights": lpips_weights is not None,
        }
        _check_nothing_is_settled(source, settled)
        _convert_kept(source, output, formats, io, overwrite)
        return
    name = _one_format(formats)
    _check_choices(name, io, colour)
    target = output or source.with_name(f"{source.stem}.{name}.tflite")
    _check_target(target, overwrite)

    with _alone(target, overwrite):  # who comes second need not wait for TensorFlow to be told
        from srgan_edge.leftovers import scratch_folder
        from srgan_edge.lpips import Lpips
        from srgan_edge_convert.conversion import Plan, convert_generator
        from srgan_edge_convert.export import Format, Io
        from srgan_edge_convert.loading import load_network
        from srgan_edge_train.trainer import settle_tensorflow

        settle_tensorflow()
        judge = Lpips(lpips_weights) if lpips_weights else None
        loaded, blended = _blended(load_network(source), blend or [])
        with scratch_folder() as cache:
            pictures = _pictures(source, data, cache, loaded.scale, name, seed)
            steps = _steps(loaded, qat_steps) if pictures and pictures.photographs else 0
            plan = Plan(Format(name), Io(io or "int8"), colour, steps, max_drop, blended, judge)
            result = convert_generator(loaded, source, target, plan, pictures)
    _print(result)


def _check_nothing_is_settled(source: Path, asked: dict[str, bool]) -> None:
    """Whoever asks for what a kept network cannot change any more is told, not ignored."""
    for option, wanted in asked.items():
        if wanted:
            raise InputError(
                f"{source} has been fine-tuned: {option} is for a generator.keras; "
                "accepted here are --int8, --io, -o and --overwrite"
            )


def _convert_kept(
    source: Path, output: Path | None, formats: dict[str, bool], io: str | None, overwrite: bool
) -> None:
    """Make the 8-bit file of a kept model again."""
    if any(wanted for name, wanted in formats.items() if name != "int8"):
        raise InputError(
            f"{source} is kept for 8-bit files: other formats take its generator.keras"
        )
    _check_choices("int8", io, "bgr")
    target = output or source.with_name(f"{source.name.removesuffix('.qat.keras')}.tflite")
    _check_target(target, overwrite)

    with _alone(target, overwrite):
        from srgan_edge_convert.conversion import export_kept
        from srgan_edge_convert.export import Io
        from srgan_edge_train.trainer import settle_tensorflow

        settle_tensorflow()
        facts = export_kept(source, target, Io(io) if io else None)
    typer.echo(f"{target}  {target.stat().st_size / 1000:.0f} kB, x{facts.scale}")


def _steps(loaded: Loaded, wanted: int | None) -> int:
    from srgan_edge_convert import graph

    if wanted is not None:
        return wanted
    return _STEPS_WHEN_LARGE if graph.macs(loaded.network) > _LARGE else _STEPS


def _blended(loaded: Loaded, settings: list[str]) -> tuple[Loaded, dict[str, float]]:
    """`loaded` moved towards others, one after another, and by how much towards which."""
    from srgan_edge_convert.loading import blend, load_network
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
        loaded = blend(loaded, load_network(initial_weights(other)), share)
        name = Path(other).name
        shares["/".join(Path(other).parts[-2:]) if name in shares else name] = share
    return loaded, shares


def _one_format(formats: dict[str, bool]) -> str:
    names = [name for name, wanted in formats.items() if wanted]
    if len(names) != 1:
        accepted = ", ".join(f"--{name}" for name in formats)
        received = ", ".join(f"--{name}" for name in names) or "none"
        raise InputError(f"choose one format of {accepted} (--int8 is fastest); got {received}")
    return names[0]


def _check_choices(name: str, io: str | None, colour: str) -> None:
    if io not in (None, "int8", "uint8") or (io == "uint8" and name != "int8"):
        raise InputError(f"--io must be int8, or uint8 together with --int8, got {io}")
    if colour not in ("bgr", "rgb"):
        raise InputError(f"--colour must be bgr or rgb, got {colour}")


def _check_target(target: Path, overwrite: bool) -> None:
    if target.suffix != ".tflite":
        raise InputError(f"the output must end in .tflite, got {target}")
    if target.exists() and not overwrite:
        raise InputError(f"{target} is already there: add --overwrite or choose another -o")
    check_target(target)


@contextmanager
def _alone(target: Path, overwrite: bool) -> Iterator[None]:
    """No second conversion to the same file, and none into a run that is being trained."""
    from srgan_edge.lock import only_one
    from srgan_edge.run_record import RECORD_NAME, only_one_in

    in_a_run = (target.parent / RECORD_NAME).is_file()
    lock = target.with_name(f".{target.name}.lock")
    with only_one_in(target.parent) if in_a_run else only_one(lock, str(target)):
        _check_target(target, overwrite)  # again: another may just have made it
        yield


def _pictures(
    source: Path, data: Path | None, cache: Path, scale: int, name: str, seed: int
) -> Pictures | None:
    from srgan_edge_convert.pictures import find_pictures, run_record

    # LR is clean here, whatever the run was trained on: a camera's versions need not be made.
    recipe = {**run_record(source).get("recipe", {}), "scale": scale, "degradation": "bicubic"}
    patch = recipe.get("patch", _PATCH)
    if type(patch) is not int or not 1 <= patch <= _LARGEST_PATCH:
        raise InputError(f"the record beside {source} is damaged: its patch is {patch!r}")

    def read(folder: Path) -> Photographs:
        return read_photographs(folder, cache, patch, recipe)

    pictures = find_pictures(source, data, patch, seed, read)
    quantised = name in ("int8", "int16x8")
    if pictures is None and quantised:
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
    report = result.report
    typer.echo(f"{result.path}  {report.model.size / 1000:.0f} kB, x{result.facts.scale}")
    before, after = report.before["macs"], report.after["macs"]
    if before != after:
        typer.echo(f"rewritten: {before:,} MAC a pixel before, {after:,} after, the same picture")
    for name, found in report.comparisons.items():
        lpips = f", LPIPS {found.quality.lpips:.4f}" if found.quality.lpips is not None else ""
        typer.echo(
            f"{name}: float {found.float_quality.psnr:.3f} dB, file {found.quality.psnr:.3f} dB, "
            f"drop {found.drop:.3f} dB; {found.between:.1f} dB between the two{lpips} "
            f"({found.pictures} pictures kept back)"
        )
    kernels = "all ops" if report.kernels.accelerated else "NOT all ops"
    typer.echo(f"XNNPACK takes {kernels}")
    typer.echo(f"report: {report.page}")
