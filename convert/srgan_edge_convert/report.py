"""What a conversion found.

For programs in `MODEL.report.json`, to look at in `MODEL.report.html`.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from srgan_edge.backends import default_threads
from srgan_edge.files import write_text
from srgan_edge.model_file import ModelFile, report_beside
from srgan_edge.quality import Picture
from srgan_edge_convert.comparison import Comparison, FloatPictures
from srgan_edge_convert.kernels import Kernels
from srgan_edge_convert.latency import Latency
from srgan_edge_convert.layer_noise import LayerNoise
from srgan_edge_convert.page import Shown, render
from srgan_edge_convert.rewrite import Rewritten

_VERSION = 1
_NAMED_LAYERS = 3  # that a refusal names


@dataclass(frozen=True)
class Report:
    """Everything that one conversion found.

    Attributes:
        model: the file with its facts.
        max_drop: dB of PSNR that were allowed.
        before: layers, parameters and multiply-accumulates per input pixel of the generator.
        after: the same of what was converted.
        rewrites: what led from one to the other.
        comparisons: with the float network, by how the file was made; empty without pictures.
        layers: where the noise comes from.
        kernels: what runs where.
        latency: on this machine.
    """

    model: ModelFile
    max_drop: float
    before: dict[str, int]
    after: dict[str, int]
    rewrites: Sequence[Rewritten]
    comparisons: dict[str, Comparison]
    layers: Sequence[LayerNoise]
    kernels: Kernels
    latency: Latency

    @property
    def page(self) -> Path:
        """Where the readable report is."""
        return report_beside(self.model.path).with_suffix(".html")

    @property
    def drop(self) -> float | None:
        """What the conversion cost in PSNR, in dB; None where nothing was compared."""
        quality = self.model.facts.quality
        return quality["float_psnr"] - quality["psnr"] if quality else None

    @property
    def accepted(self) -> bool:
        """Whether that is allowed."""
        return self.drop is None or self.drop <= self.max_drop

    @property
    def worst_layers(self) -> list[LayerNoise]:
        """The layers with the lowest signal-to-noise ratio, lowest first."""
        return sorted(self.layers, key=lambda layer: layer.snr)[:_NAMED_LAYERS]

    def refusal(self) -> str:
        """Why the file was not kept under its name."""
        layers = ", ".join(f"{one.layer} {one.snr:.0f} dB" for one in self.worst_layers)
        return (
            f"{self.model.facts.quality['psnr']:.2f} dB is {self.drop:.2f} dB under the float "
            f"generator, allowed are {self.max_drop:.2f} (--max-drop); kept as {self.model.path}; "
            f"the noisiest layers are {layers}"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        facts = json.loads(self.model.facts.to_json())
        return {
            "version": _VERSION,
            "date": date.today().isoformat(),
            "file": self.model.path.name,
            "bytes": self.model.size,
            "sha256": self.model.sha256,
            "accepted": self.accepted,
            "max_drop": self.max_drop,
            "drop": None if self.drop is None else round(self.drop, 4),
            "comparisons": {name: one.as_dict() for name, one in self.comparisons.items()},
            "before": self.before,
            "after": self.after,
            "rewrites": [asdict(one) for one in self.rewrites],
            "worst_layers": [one.layer for one in self.worst_layers],
            "layers": [asdict(one) for one in self.layers],
            "kernels": asdict(self.kernels),
            "latency": {**asdict(self.latency), "threads": 1, **_machine()},
            "facts": facts,
        }


def write_report(
    report: Report,
    floats: FloatPictures | None,
    pictures: Sequence[Picture],
    comparison: Comparison | None,
) -> None:
    """Write both files beside the model.

    Args:
        report: what was found.
        floats: the float network's pictures; None where nothing was compared.
        pictures: what the file made of the same, RGB.
        comparison: of the two.
    """
    told = report.as_dict()
    write_text(report_beside(report.model.path), json.dumps(told, indent=1) + "\n")
    shown = Shown.choose(floats, pictures, comparison) if floats and comparison else None
    write_text(report.page, render(told, shown))


def _machine() -> dict[str, Any]:
    return {"machine": platform.machine(), "processors": default_threads()}
