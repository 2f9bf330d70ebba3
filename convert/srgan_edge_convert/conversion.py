"""The stages of a conversion in their order: rewrite, fine-tune, export, check, write."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import QualityError
from srgan_edge.facts import ModelFacts
from srgan_edge.files import write_bytes
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import psnr_y
from srgan_edge.quiet import native_messages_hidden
from srgan_edge.upscaler import Upscaler
from srgan_edge_convert import graph, qat
from srgan_edge_convert.embed import embed
from srgan_edge_convert.export import Format, Io, export
from srgan_edge_convert.pictures import Pictures, run_record
from srgan_edge_convert.rewrite import to_bgr
from srgan_edge_train.validation import upscale_rgb

_TOOLS = ("srgan-edge-convert", "tensorflow", "tensorflow-model-optimization", "ai-edge-litert")


@dataclass(frozen=True)
class Plan:
    """What is to be made.

    Attributes:
        number_format: of the file.
        io: type of an int8 file's input and output.
        qat_steps: steps of fine-tuning; 0 is post-training quantisation.
        max_drop: dB of PSNR that the conversion may cost.
        blended: what was mixed into the generator, and by what share.
    """

    number_format: Format
    io: Io
    qat_steps: int
    max_drop: float
    blended: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """Mean Y-PSNR in dB of the float generator and of the file on the same pictures."""

    float_psnr: float
    psnr: float
    pictures: int

    @property
    def drop(self) -> float:
        """What the conversion cost, in dB."""
        return self.float_psnr - self.psnr


@dataclass(frozen=True)
class Conversion:
    """A file that was made, and what was found."""

    path: Path
    facts: ModelFacts
    size: int
    check: Check | None
    accelerated: bool


def convert_generator(
    generator: Any, source: Path, output: Path, plan: Plan, pictures: Pictures | None
) -> Conversion:
    """Convert a loaded generator and write the file.

    Args:
        generator: float32 RGB in 0..1, (n, h, w, 3) -> (n, s*h, s*w, 3), of
            layers that `graph.check_layers` accepts.
        source: the file it was loaded from; the record of its run is looked for beside it.
        output: where the file goes.
        plan: what is to be made.
        pictures: for calibration, fine-tuning and the check; a float file can do without.

    Raises:
        InputError: a layer that cannot be converted.
        QualityError: the check failed; the file is kept as `NAME.rejected.tflite`.
    """
    bgr = to_bgr(generator)
    model = _quantise(bgr, plan, pictures) if plan.number_format is Format.INT8 else bgr
    content = export(model, plan.number_format, plan.io)
    facts = _facts(generator, source, plan, pictures)
    check = _check(generator, ModelFile(output, content, facts), pictures)
    if check is not None:
        facts = replace(facts, quality=_quality(check))
    content = embed(content, facts)
    if check is not None and not check.drop <= plan.max_drop:
        rejected = output.with_suffix(f".rejected{output.suffix}")
        write_bytes(rejected, content)
        raise QualityError(
            f"{check.psnr:.2f} dB is {check.drop:.2f} dB under the float generator, allowed are "
            f"{plan.max_drop:.2f} (--max-drop); kept as {rejected}"
        )
    write_bytes(output, content)
    return Conversion(output, facts, len(content), check, fully_accelerated(output))


def fully_accelerated(path: Path) -> bool:
    """Whether XNNPACK takes every op of the file, as LiteRT's compiler says."""
    from ai_edge_litert.compiled_model import CompiledModel

    with native_messages_hidden():
        return bool(CompiledModel.from_file(str(path)).is_fully_accelerated())


def _quantise(bgr: Any, plan: Plan, pictures: Pictures | None) -> Any:
    assert pictures is not None  # the command asks for them before
    model = qat.quantise(bgr, pictures.calibration[..., ::-1])
    if plan.qat_steps:
        batches = (lr[..., ::-1] for lr in pictures.batches())
        qat.fine_tune(model, bgr, batches, plan.qat_steps)
    return model


def _check(generator: Any, model: ModelFile, pictures: Pictures | None) -> Check | None:
    """Run both on every picture that was kept back, the file through the runtime itself."""
    if pictures is None:
        return None
    upscaler, scale = Upscaler(model), model.facts.scale
    float_psnr, psnr = [], []
    for lr, hr in pictures.checks:
        sr = upscaler(np.ascontiguousarray(lr[..., ::-1]))[..., ::-1]
        psnr.append(psnr_y(sr, hr, scale))
        float_psnr.append(psnr_y(upscale_rgb(generator, lr), hr, scale))
    return Check(float(np.mean(float_psnr)), float(np.mean(psnr)), len(psnr))


def _quality(check: Check) -> dict[str, Any]:
    return {
        "psnr": round(check.psnr, 4),
        "float_psnr": round(check.float_psnr, 4),
        "pictures": check.pictures,
    }


def _facts(generator: Any, source: Path, plan: Plan, pictures: Pictures | None) -> ModelFacts:
    record = run_record(source)
    recipe = record.get("recipe", {})
    return ModelFacts(
        name=recipe.get("name", source.stem),
        scale=graph.generator_scale(generator),
        halo=graph.halo(generator),
        colour="bgr",
        parameters=graph.parameters(generator),
        macs=graph.macs(generator),
        recipe=recipe,
        training=_training(record),
        conversion={
            "format": plan.number_format.value,
            "qat_steps": plan.qat_steps if plan.number_format is Format.INT8 else 0,
            "io": plan.io.value if plan.number_format is Format.INT8 else "float32",
            "photographs": bool(pictures and pictures.photographs),
            "blended": plan.blended,
            "tools": {name: importlib.metadata.version(name) for name in _TOOLS},
        },
    )


def _training(record: dict[str, Any]) -> dict[str, Any]:
    """What the facts say of the training run: the sets by name, no paths and no pictures' names."""
    photographs = record.get("photographs", {})
    home = Path(record.get("data", "")).name
    sets = Counter(
        Path(name).parts[0] if len(Path(name).parts) > 1 else home
        for name in photographs.get("training", {})
    )
    told = ("date", "init", "policy", "steps_done", "validation", "tools")
    return {
        **{key: record[key] for key in told if key in record},
        "data": dict(sets),
        "kept_back": len(photographs.get("checking", {})),
    }
