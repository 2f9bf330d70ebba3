"""The networks of "edge-SR: super-resolution for the masses", layer by layer, from their names.

Navarrete Michelini, Lu and Jiang (WACV 2022) timed 1,185 small networks that enlarge luma. A name
says all: `FSRCNN_s3_D32_S6_M4` enlarges 3 times. The layers are those of the paper and of the code
that its authors published (github.com/pnavarre/eSR), and give the number of parameters that their
table has for every network. Full HD as the size of the output is likely; the table does not say it.

- `ESPCN` (Shi et al., "Real-time single image and video super-resolution using an efficient
  sub-pixel convolutional neural network", CVPR 2016), with D and S channels,
- `FSRCNN` (Dong, Loy and Tang, "Accelerating the super-resolution convolutional neural network",
  ECCV 2016), with D channels, S inside, and M convolutions there,
- `eSR-MAX`, `eSR-TM`, `eSR-TR`: one convolution of side K to C candidates for each output pixel, of
  which the largest, the best match or the attended one is taken,
- `eSR-CNN`: D and S channels before C candidates,
- `Bicubic`: the table counts 26 parameters for each output pixel of an input pixel, which is a 5x5
  convolution with bias before a shuffle. The published code has a transposed convolution.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from benchmarks.network_layers import (
    Convolution,
    Elementwise,
    Layer,
    TransposedConvolution,
)
from srgan_edge.errors import InputError

OUTPUT = 1920 * 1080  # pixels
_DECONVOLUTION = 9  # FSRCNN's last kernel
# Of one full-size channel: the maximum in four bytes, and in eight which of them it was.
_MAXIMUM = 3

Letters = dict[str, int]


def family(name: str) -> str:
    """The kind of network: "ESPCN" of `ESPCN_s2_D0_S15`."""
    return name.partition("_")[0]


def network(name: str) -> list[Layer]:
    """The layers of a network, for one frame.

    Args:
        name: as the table has it.

    Raises:
        InputError: not a name of that table.
    """
    build = _FAMILIES.get(family(name))
    letters = {letter: int(value) for letter, value in re.findall(r"_([A-Za-z])(\d+)", name)}
    try:
        if build is None or letters["s"] < 1:
            raise KeyError
        return build(letters, OUTPUT // letters["s"] ** 2)
    except KeyError:
        known = ", ".join(_FAMILIES)
        raise InputError(f"{name!r} is no network of the table: its families are {known}") from None


def _bicubic(name: Letters, pixels: int) -> list[Layer]:
    return [Convolution(pixels, 1, name["s"] ** 2, 5), _shuffle(1)]


def _espcn(name: Letters, pixels: int) -> list[Layer]:
    sigmoid = Elementwise(OUTPUT, OUTPUT, exp=OUTPUT)
    last = Convolution(pixels, name["S"], name["s"] ** 2, 3)
    return [*_features(name, pixels), last, _shuffle(1), sigmoid]


def _esr_cnn(name: Letters, pixels: int) -> list[Layer]:
    channels = 2 * name["C"] * name["s"] ** 2
    last = Convolution(pixels, name["S"], channels, 3, biased=False)
    square = Elementwise(name["C"] * OUTPUT, name["C"] * OUTPUT, planes=name["C"])
    return [*_features(name, pixels), last, *_attention(name["C"], 2, square)]


def _features(name: Letters, pixels: int) -> list[Layer]:
    """A 5x5 convolution, which is left out with D 0, and a 3x3 one."""
    found: list[Layer] = []
    if name["D"]:
        found += [Convolution(pixels, 1, name["D"], 5), _tanh(pixels * name["D"])]
    return [
        *found,
        Convolution(pixels, name["D"] or 1, name["S"], 3),
        _tanh(pixels * name["S"]),
    ]


def _fsrcnn(name: Letters, pixels: int) -> list[Layer]:
    wide, narrow = name["D"], name["S"]
    convolutions = [
        Convolution(pixels, 1, wide, 5),
        Convolution(pixels, wide, narrow, 1),
        *[Convolution(pixels, narrow, narrow, 3)] * name["M"],
        Convolution(pixels, narrow, wide, 1),
    ]
    layers: list[Layer] = []
    for one in convolutions:
        count = pixels * one.outputs
        layers += [one, Elementwise(count, count, parameters=1)]  # PReLU, one slope for all
    return [*layers, TransposedConvolution(pixels, wide, _DECONVOLUTION, name["s"])]


def _esr_max(name: Letters, pixels: int) -> list[Layer]:
    channels = name["C"]
    maximum = Elementwise(channels * OUTPUT, _MAXIMUM * OUTPUT, planes=channels)
    return [_candidates(name, pixels, 1), _shuffle(channels, channels), maximum]


def _esr_tm(name: Letters, pixels: int) -> list[Layer]:
    return [_candidates(name, pixels, 2), *_attention(name["C"], 2)]


def _esr_tr(name: Letters, pixels: int) -> list[Layer]:
    product = Elementwise(2 * name["C"] * OUTPUT, name["C"] * OUTPUT, planes=name["C"])
    return [_candidates(name, pixels, 3), *_attention(name["C"], 3, product)]


def _candidates(name: Letters, pixels: int, kinds: int) -> Convolution:
    channels = kinds * name["C"] * name["s"] ** 2
    return Convolution(pixels, 1, channels, name["K"], biased=False)


def _attention(channels: int, kinds: int, *matching: Layer) -> list[Layer]:
    """Shuffle, `matching`, softmax of that, times the values, sum over the channels."""
    count = channels * OUTPUT
    return [
        _shuffle(kinds * channels, channels),
        *matching,
        Elementwise(count, count, exp=count, planes=channels),
        Elementwise(2 * count, count, planes=channels),
        Elementwise(count, OUTPUT, planes=channels),
    ]


def _shuffle(channels: int, planes: int = 1) -> Elementwise:
    return Elementwise(channels * OUTPUT, channels * OUTPUT, planes=planes)


def _tanh(count: int) -> Elementwise:
    return Elementwise(count, count, tanh=count)


_FAMILIES: dict[str, Callable[[Letters, int], list[Layer]]] = {
    "ESPCN": _espcn,
    "FSRCNN": _fsrcnn,
    "eSR-CNN": _esr_cnn,
    "eSR-MAX": _esr_max,
    "eSR-TM": _esr_tm,
    "eSR-TR": _esr_tr,
    "Bicubic": _bicubic,
}
