"""The stages of a conversion in their order: rewrite, quantise, export, compare, report, write."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import QualityError
from srgan_edge.facts import ModelFacts
from srgan_edge.files import write_bytes
from srgan_edge.model_file import ModelFile
from srgan_edge.quality import Judge, Picture
from srgan_edge_convert import graph
from srgan_edge_convert.calibration import channel_ranges
from srgan_edge_convert.comparison import Comparison, FloatPictures
from srgan_edge_convert.export import Format, Io, export, export_int8
from srgan_edge_convert.fine_tuning import fine_tune
from srgan_edge_convert.flatbuffer import embed
from srgan_edge_convert.kept import kept_beside, read_kept, write_kept
from srgan_edge_convert.kernels import find_kernels
from srgan_edge_convert.latency import Latency, frame_size, measure_latency
from srgan_edge_convert.layer_noise import layer_noise
from srgan_edge_convert.loading import Loaded
from srgan_edge_convert.network import Network
from srgan_edge_convert.pictures import Pictures, run_record
from srgan_edge_convert.qat import Quantised, rounded_tensors
from srgan_edge_convert.report import Report, write_report
from srgan_edge_convert.rewrite import EXACT, FOR_INTEGERS, Rewrite, equalise, rewrite

_TOOLS = ("srgan-edge-convert", "tensorflow", "tensorflow-model-optimization", "ai-edge-litert")
_NOISE_CROPS = 4


@dataclass(frozen=True)
class Plan:
    """What is to be made.

    Attributes:
        number_format: of the file.
        io: type of an int8 file's input and output.
        colour: channel order of the file's pictures, "bgr" or "rgb".
        qat_steps: steps of fine-tuning; 0 is post-training quantisation.
        max_drop: dB of PSNR that the conversion may cost.
        blended: what was mixed into the generator, and by what share.
        judge: measures LPIPS too.
    """

    number_format: Format
    io: Io = Io.INT8
    colour: str = "bgr"
    qat_steps: int = 0
    max_drop: float = 0.10
    blended: dict[str, float] = field(default_factory=dict)
    judge: Judge | None = None

    @property
    def is_bgr(self) -> bool:
        """Whether the file's pictures are as OpenCV delivers them."""
        return self.colour == "bgr"

    def ordered(self, pictures: Picture) -> Picture:
        """RGB pictures in the file's order."""
        return pictures[..., ::-1] if self.is_bgr else pictures


@dataclass(frozen=True)
class Candidate:
    """One way to make the file.

    Attributes:
        name: "fine-tuned", "post-training" or the format.
        content: the file, without facts.
        quantised: what it was made from, of an int8 file.
        steps: of fine-tuning.
        comparison: with the float network, where there are pictures.
        pictures: what it made of them, RGB.
    """

    name: str
    content: bytes
    quantised: Quantised | None = None
    steps: int = 0
    comparison: Comparison | None = None
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True)
class Conversion:
    """A file that was made, and what was found."""

    path: Path
    facts: ModelFacts
    report: Report


def convert_generator(
    loaded: Loaded, source: Path, output: Path, plan: Plan, pictures: Pictures | None
) -> Conversion:
    """Convert a loaded generator; write the file, its report, and what it was made from.

    Args:
        loaded: the generator.
        source: the file it was loaded from; the record of its run is looked for beside it.
        output: where the file goes.
        plan: what is to be made.
        pictures: for calibration, fine-tuning and the check; a float file can do without.

    Raises:
        InputError: a rewrite that cannot be proved.
        QualityError: the check failed; the file is kept as `NAME.rejected.tflite`.
    """
    exact, rewrites = rewrite(loaded.network, EXACT, bgr=False)
    network, further = rewrite(exact, _for_format(plan, pictures), bgr=plan.is_bgr)
    facts = _facts(loaded, network, source, plan, pictures)
    candidates, floats = _candidates(network, plan, pictures), None
    if pictures:
        floats = FloatPictures(loaded.network, pictures.checks, loaded.scale, plan.judge)
        candidates = [_compared(one, floats, facts) for one in candidates]
    chosen = max(candidates, key=_closeness)
    facts = _with_quality(facts, candidates, chosen)
    refused = chosen.comparison is not None and not chosen.comparison.drop <= plan.max_drop
    target = output.with_suffix(f".rejected{output.suffix}") if refused else output
    model = ModelFile(target, embed(chosen.content, facts), facts)
    report = Report(
        model=model,
        max_drop=plan.max_drop,
        before=_size(loaded.network),
        after=_size(network),
        rewrites=[*rewrites, *further],
        comparisons={one.name: one.comparison for one in candidates if one.comparison},
        layers=layer_noise(chosen.content, network, plan.ordered(_noise_crops(pictures))),
        kernels=find_kernels(chosen.content),
        latency=_latency(model, loaded.network, exact, plan),
    )
    write_report(report, floats, chosen.pictures, chosen.comparison)
    if chosen.quantised and not refused:
        write_kept(kept_beside(output), chosen.quantised, facts)
    write_bytes(target, model.content)
    if refused:
        raise QualityError(report.refusal())
    return Conversion(output, facts, report)


def export_kept(path: Path, output: Path, io: Io | None) -> ModelFacts:
    """Make the file again that `NAME.qat.keras` was kept beside: the same bytes on any machine.

    Args:
        path: what `convert_generator` kept.
        output: where the file goes.
        io: another type of input and output than it had.

    Raises:
        InputError: it is damaged.
    """
    quantised, facts = read_kept(path)
    if io:
        facts = replace(facts, conversion={**facts.conversion, "io": io.value})
    content = export_int8(quantised, Io(facts.conversion["io"]))
    write_bytes(output, embed(content, facts))
    return facts


def _for_format(plan: Plan, pictures: Pictures | None) -> tuple[Rewrite, ...]:
    """What a file's numbers ask for; the last one needs to know which values the layers have."""

    def equalise_channels(network: Network) -> Network:
        assert pictures is not None  # the command asks for them before
        found = channel_ranges(network, pictures.calibration)
        return equalise(network, {name: found[name] for name in rounded_tensors(network)})

    more = FOR_INTEGERS if plan.number_format.is_integer else ()
    return (*more, equalise_channels) if plan.number_format is Format.INT8 else more


def _candidates(network: Network, plan: Plan, pictures: Pictures | None) -> list[Candidate]:
    """The file as it is planned; of an int8 file also what post-training quantisation gives."""
    crops = plan.ordered(pictures.calibration) if pictures else None
    name = plan.number_format.value
    if plan.number_format is not Format.INT8:
        return [Candidate(name, export(network, plan.number_format, crops))]
    assert pictures is not None  # the command asks for them before
    assert crops is not None
    start = Quantised.calibrated(network, crops)
    found = [Candidate("post-training", export_int8(start, plan.io), start)]
    if plan.qat_steps:
        batches = map(plan.ordered, pictures.batches())
        tuned = fine_tune(start, network, batches, plan.qat_steps)
        content = export_int8(tuned, plan.io)
        found.append(Candidate("fine-tuned", content, tuned, plan.qat_steps))
    return found


def _compared(candidate: Candidate, floats: FloatPictures, facts: ModelFacts) -> Candidate:
    model = ModelFile(Path(candidate.name), candidate.content, facts)
    comparison, pictures = floats.against(model)
    return replace(candidate, comparison=comparison, pictures=pictures)


def _closeness(candidate: Candidate) -> float:
    """What the best of several is: nearest to the float network's pictures."""
    return candidate.comparison.between if candidate.comparison else 0.0


def _noise_crops(pictures: Pictures | None) -> Picture:
    """What layers are compared on; without pictures noise will do, in float they hardly differ."""
    if pictures is None:
        return np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    return pictures.calibration[:_NOISE_CROPS]


def _latency(model: ModelFile, original: Network, exact: Network, plan: Plan) -> Latency:
    """The file beside float32, as the generator was and rewritten."""
    size = frame_size(model.facts.macs)
    networks = {}
    if graph.macs(exact) != graph.macs(original):
        networks["float32 as it was"] = original
    if plan.number_format is not Format.FLOAT32:
        networks["float32 rewritten"] = exact
    files = {
        # Of fixed size: UpSampling2D, as it was, keeps the size that a file is made for.
        name: ModelFile(Path(name), export(network, Format.FLOAT32, size=size), model.facts)
        for name, network in networks.items()
    }
    return measure_latency({**files, plan.number_format.value: model}, size)


def _size(network: Network) -> dict[str, int]:
    return {
        "layers": len(network.nodes),
        "parameters": graph.parameters(network),
        "macs": graph.macs(network),
    }


def _with_quality(
    facts: ModelFacts, candidates: Sequence[Candidate], chosen: Candidate
) -> ModelFacts:
    conversion = {**facts.conversion, "qat_steps": chosen.steps}
    if chosen.comparison is None:
        return replace(facts, conversion=conversion)
    quality = chosen.comparison.as_dict()
    first = candidates[0].comparison
    if first and chosen is not candidates[0]:
        quality["post_training_psnr"] = round(first.quality.psnr, 4)
    return replace(facts, quality=quality, conversion=conversion)


def _facts(
    loaded: Loaded, network: Network, source: Path, plan: Plan, pictures: Pictures | None
) -> ModelFacts:
    record = run_record(source)
    recipe = record.get("recipe", {})
    return ModelFacts(
        name=recipe.get("name", source.stem),
        scale=loaded.scale,
        halo=graph.halo(loaded.network),
        colour=plan.colour,
        parameters=graph.parameters(network),
        macs=graph.macs(network),
        recipe=recipe,
        training=_training(record),
        conversion={
            "format": plan.number_format.value,
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
    told = ("date", "policy", "steps_done", "validation", "tools")
    start = record.get("init")
    return {
        **{key: record[key] for key in told if key in record},
        "init": Path(start).name if start else None,
        "data": dict(sets),
        "kept_back": len(photographs.get("checking", {})),
    }
