"""What a model file says of itself: a JSON buffer in the `.tflite`'s own metadata.

The runtime reads scale, halo and colour order from here and never guesses them.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from flatbuffers import packer

from srgan_edge.errors import InputError
from srgan_edge.tflite import DamagedError, Table

METADATA_NAME = "srgan_edge_facts"
FACTS_VERSION = 1

# Field numbers in TensorFlow Lite's schema.fbs: Model, Metadata, Buffer.
_MODEL_BUFFERS, _MODEL_METADATA = 4, 6
_METADATA_NAME, _METADATA_BUFFER = 0, 1
_BUFFER_DATA = 0


@dataclass(frozen=True)
class ModelFacts:
    """The facts of one model file.

    Attributes:
        name: what the recipe calls it.
        scale: output pixels per input pixel, each way.
        halo: how far an output pixel looks, in input pixels.
        colour: channel order of input and output, "bgr" or "rgb".
        parameters: weights and biases of the converted network.
        macs: multiply-accumulates per input pixel.
        recipe: the training recipe.
        training: data, versions and length of the training run.
        quality: measured on pictures that were kept back: PSNR in dB, float and converted.
        conversion: how the file was made, with the tool versions.
        version: of this list of facts.
    """

    name: str
    scale: int
    halo: int
    colour: str
    parameters: int
    macs: int
    recipe: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] = field(default_factory=dict)
    conversion: dict[str, Any] = field(default_factory=dict)
    version: int = FACTS_VERSION

    def to_json(self) -> bytes:
        """The facts as they are embedded."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True).encode()

    @classmethod
    def from_json(cls, content: bytes, source: str) -> ModelFacts:
        """Read embedded facts. `source` names the file in errors.

        Raises:
            InputError: damaged facts, or facts of a newer version.
        """
        try:
            values = json.loads(content)
            if values["version"] > FACTS_VERSION:
                raise InputError(
                    f"{source} has facts of version {values['version']}, "
                    f"this srgan-edge reads up to {FACTS_VERSION}: upgrade it"
                )
            facts = cls(**values)
            facts._check()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(f"{source} has damaged facts: {error}") from None
        return facts

    def _check(self) -> None:
        limits = {"scale": (1, 16), "halo": (0, 512), "parameters": (0, 2**40), "macs": (0, 2**50)}
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} is {value!r}, accepted is {least} to {most}")
        if self.colour not in ("bgr", "rgb"):
            raise ValueError(f"colour is {self.colour!r}, accepted is bgr or rgb")
        if not isinstance(self.name, str):
            raise TypeError(f"name is {self.name!r}, accepted is a text")
        for name in ("recipe", "training", "quality", "conversion"):
            if not isinstance(getattr(self, name), dict):
                raise TypeError(f"{name} is no list of keys and values")
        for name in ("psnr", "lpips"):
            value = self.quality.get(name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if value is not None and not number:
                raise ValueError(f"{name} is {value!r}, accepted is a number")


def read_facts(content: bytes, source: str) -> ModelFacts:
    """The facts inside the bytes of a `.tflite` file. `source` names the file in errors.

    Raises:
        InputError: empty, no TFLite model, damaged, or a model that is not srgan-edge's.
    """
    if not content:
        raise InputError(f"{source} is empty, not a model")
    if len(content) < 8 or content[4:8] != b"TFL3":
        raise InputError(f"{source} is not a TFLite model")
    try:
        embedded = _find_metadata(content)
    except DamagedError as error:
        raise InputError(f"{source} is a damaged TFLite model: {error}") from None
    if embedded is None:
        raise InputError(
            f"{source} is a TFLite model but not one of srgan-edge's: it carries no facts "
            "(scale, colour order); make models with `srgan-edge convert`"
        )
    return ModelFacts.from_json(embedded, source)


def _find_metadata(content: bytes) -> bytes | None:
    model = Table.root(content)
    for entry in model.tables(_MODEL_METADATA):
        if entry.bytes_of(_METADATA_NAME) == METADATA_NAME.encode():
            number = entry.number(_METADATA_BUFFER, packer.uint32)
            buffers = model.tables(_MODEL_BUFFERS)
            if number >= len(buffers):
                raise DamagedError(f"its facts are in buffer {number} of {len(buffers)}")
            return buffers[number].bytes_of(_BUFFER_DATA)
    return None
