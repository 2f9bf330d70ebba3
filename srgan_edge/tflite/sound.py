"""Whether a `.tflite` file is sound: a network such as `srgan-edge convert` makes, undamaged.

LiteRT checks that a file is a flatbuffer, and much of the rest while it prepares an operator. What
it takes on trust (that numbers of tensors, sizes of values and channels agree) can end the process
or read beside a buffer when it is wrong, so all of it is checked here first. Only operators that
srgan-edge's files have are accepted: they need memory in proportion to the picture, and no loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from flatbuffers import packer

from srgan_edge.errors import InputError
from srgan_edge.tflite.flat import DamagedError
from srgan_edge.tflite.graph import DEQUANTIZE, Graph, Operator, Tensor, read_graph

_LARGEST_BLOCK = 16  # of depth_to_space: as much as facts accept for a scale
_MOST_PADDING = 256
_LARGEST_SIDE = 1 << 14
_ACTIVATIONS = 4  # none, relu, relu -1 to 1, relu6

Rule = Callable[[Operator, list["Tensor | None"], Tensor], None]


class _Kind(NamedTuple):
    """What is accepted of one of TFLite's operators."""

    name: str
    inputs: range
    rule: Rule


def check_sound(content: bytes, source: str) -> None:
    """Raise InputError unless the bytes of a `.tflite` file are sound. `source` names the file."""
    try:
        graph = read_graph(content)
        _check_ends(graph)
        _check_order(graph)
        for operator in graph.operators:
            _check_operator(graph, operator)
    except DamagedError as error:
        raise InputError(f"{source} is a damaged TFLite model: {error}") from None


def _check_ends(graph: Graph) -> None:
    """One picture in, one picture out."""
    for what, ends in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        _require(len(ends) == 1, f"it has {len(ends)} {what}, not 1")
        _require(0 <= ends[0] < len(graph.tensors), f"one of its {what} is no tensor")
        tensor = graph.tensors[ends[0]]
        picture = len(tensor.shape) == 4 and tensor.shape[0] == 1 and not tensor.is_constant
        _require(picture, f"one of its {what} has the shape {tensor.shape}")


def _check_order(graph: Graph) -> None:
    """Every tensor is made once, and before it is used."""
    ready = {place for place, tensor in enumerate(graph.tensors) if tensor.is_stored}
    ready.add(graph.inputs[0])
    for operator in graph.operators:
        for place in operator.inputs:
            _require(place == -1 or place in ready, f"tensor {place} is used before it is made")
        for place in operator.outputs:
            fine = 0 <= place < len(graph.tensors) and place not in ready
            _require(fine, f"tensor {place} cannot be made there")
            ready.add(place)
    _require(graph.outputs[0] in ready, "nothing makes its output")


def _check_operator(graph: Graph, operator: Operator) -> None:
    if operator.kind not in _KINDS:
        named = operator.custom or operator.kind
        raise DamagedError(f"operator {named} is none that srgan-edge's files have")
    name, inputs, rule = _KINDS[operator.kind]
    arity = len(operator.inputs) in inputs and len(operator.outputs) == 1
    _require(arity, f"a {name} has {len(operator.inputs)} inputs, {len(operator.outputs)} outputs")
    given = [None if place == -1 else graph.tensors[place] for place in operator.inputs]
    # A convolution may do without its bias, nothing else without anything.
    optional = operator.kind in (_CONV, _DEPTHWISE)
    fine = all(one is not None for one in (given[:2] if optional else given))
    _require(fine, f"a {name} lacks an input")
    try:
        rule(operator, given, graph.tensors[operator.outputs[0]])
    except DamagedError as error:
        raise DamagedError(f"a {name} {error}") from None


def _convolution(operator: Operator, given: list[Tensor | None], result: Tensor) -> None:
    source, kernel, bias = (*given, None)[:3]
    assert source is not None
    assert kernel is not None
    _require(_is_picture(source) and _is_picture(result), "is not between pictures")
    _require(kernel.is_constant and len(kernel.shape) == 4, "has no kernel")
    _check_strides(operator)
    if operator.kind == _DEPTHWISE:
        outputs = kernel.channels
        multiplier = _option(operator, 3, packer.int32)
        fits = kernel.shape[0] == 1 and outputs == source.channels * multiplier
    else:
        outputs, fits = kernel.shape[0], kernel.channels == source.channels
    _require(fits, f"has a kernel of {kernel.shape} for {source.channels} channels")
    _require(result.channels == outputs, f"gives {result.channels} channels of {outputs}")
    _require(max(kernel.shape[1:3]) <= _MOST_PADDING, f"has a kernel of {kernel.shape}")
    _require(len(kernel.scales) in (0, 1, outputs), f"has {len(kernel.scales)} scales")
    if bias is not None:
        _require(bias.is_constant and bias.shape == (outputs,), f"has a bias of {bias.shape}")
        _require(len(bias.scales) in (0, 1, outputs), f"has {len(bias.scales)} scales")


def _check_strides(operator: Operator) -> None:
    """Of stride 1, dilated a little; the options of both kinds differ in one place."""
    depthwise = operator.kind == _DEPTHWISE
    expected = 2 if depthwise else 1
    _require(operator.options_type == expected, "has options of another operator")
    first = 5 if depthwise else 4
    strides = [_option(operator, field, packer.int32) for field in (1, 2)]
    rates = [_option(operator, first + place, packer.int32, 1) for place in (0, 1)]
    activation = _option(operator, first - 1, packer.int8)
    _require(strides == [1, 1], f"has the strides {strides}")
    _require(all(1 <= rate <= _MOST_PADDING for rate in rates), f"has the dilations {rates}")
    _require(0 <= activation < _ACTIVATIONS, f"has the activation {activation}")
    _require(_option(operator, 0, packer.int8) in (0, 1), "has a padding that is none")


def _depth_to_space(operator: Operator, given: list[Tensor | None], result: Tensor) -> None:
    (source,) = given
    assert source is not None
    _require(operator.options_type == 94, "has options of another operator")
    block = _option(operator, 0, packer.int32)
    _require(_is_picture(source) and _is_picture(result), "is not between pictures")
    _require(1 <= block <= _LARGEST_BLOCK, f"has the block size {block}")
    fits = source.channels == result.channels * block**2
    _require(fits, f"gives {result.channels} channels of {source.channels} by {block}")


def _concatenation(operator: Operator, given: list[Tensor | None], result: Tensor) -> None:
    _require(operator.options_type == 10, "has options of another operator")
    axis = _option(operator, 0, packer.int32)
    _require(axis in (3, -1), f"is along axis {axis}")
    _require(all(one and _is_picture(one) for one in (*given, result)), "is not of pictures")
    channels = sum(one.channels for one in given if one)
    _require(channels == result.channels, f"gives {result.channels} channels of {channels}")


def _one_by_one(_: Operator, given: list[Tensor | None], result: Tensor) -> None:
    """What changes values and no shapes."""
    source = given[0]
    assert source is not None
    _require(source.shape == result.shape, f"makes {result.shape} of {source.shape}")
    for slopes in given[1:]:
        fits = slopes is not None and slopes.is_constant and len(slopes.shape) in (3, 4)
        fits = fits and slopes is not None and slopes.channels == source.channels
        _require(fits and slopes is not None and _only_channels(slopes), "has slopes of its own")


def _two_by_two(_: Operator, given: list[Tensor | None], result: Tensor) -> None:
    """What adds or multiplies pictures, or a picture and a value for each channel."""
    _require(_is_picture(result), "makes no picture")
    for one in given:
        assert one is not None
        plain = _is_picture(one) and not one.is_constant and one.channels == result.channels
        constant = one.is_constant and _only_channels(one)
        constant = constant and one.channels in (1, result.channels)
        _require(plain or constant, f"takes {one.shape} for {result.shape}")
    _require(not all(one and one.is_constant for one in given), "takes nothing but constants")


def _padding(_: Operator, given: list[Tensor | None], result: Tensor) -> None:
    source, amounts = given[:2]
    assert source is not None
    assert amounts is not None
    _require(_is_picture(source) and _is_picture(result), "is not between pictures")
    constant = amounts.shape == (4, 2) and amounts.is_stored and amounts.dtype.kind == "i"
    values = amounts.values() if constant else [-1]
    inside = all(0 <= value <= _MOST_PADDING for value in values[2:6])
    _require(constant and inside and not any(values[:2] + values[6:]), f"adds {values}")
    _require(source.channels == result.channels, "changes the channels")


def _resizing(_: Operator, given: list[Tensor | None], result: Tensor) -> None:
    source, size = given
    assert source is not None
    assert size is not None
    _require(_is_picture(source) and _is_picture(result), "is not between pictures")
    constant = size.shape == (2,) and size.is_stored and size.dtype == np.int32
    _require(constant and all(1 <= side <= _LARGEST_SIDE for side in size.values()), "has no size")
    _require(source.channels == result.channels, "changes the channels")


def _is_picture(tensor: Tensor) -> bool:
    return len(tensor.shape) == 4 and tensor.shape[0] == 1


def _only_channels(tensor: Tensor) -> bool:
    return all(side == 1 for side in tensor.shape[:-1])


def _option(operator: Operator, field: int, kind: Any, default: int = 0) -> int:
    return operator.options.number(field, kind, default) if operator.options else default


def _require(fine: bool, otherwise: str) -> None:
    if not fine:
        raise DamagedError(otherwise)


_CONV, _DEPTHWISE = 3, 4
_ONE, _TWO = range(1, 2), range(2, 3)
# By TFLite's numbers.
_KINDS = {
    0: _Kind("ADD", _TWO, _two_by_two),
    2: _Kind("CONCATENATION", range(1, 257), _concatenation),
    _CONV: _Kind("CONV_2D", range(2, 4), _convolution),
    _DEPTHWISE: _Kind("DEPTHWISE_CONV_2D", range(2, 4), _convolution),
    5: _Kind("DEPTH_TO_SPACE", _ONE, _depth_to_space),
    DEQUANTIZE: _Kind("DEQUANTIZE", _ONE, _one_by_one),
    18: _Kind("MUL", _TWO, _two_by_two),
    19: _Kind("RELU", _ONE, _one_by_one),
    21: _Kind("RELU6", _ONE, _one_by_one),
    34: _Kind("PAD", _TWO, _padding),
    54: _Kind("PRELU", _TWO, _one_by_one),
    97: _Kind("RESIZE_NEAREST_NEIGHBOR", _TWO, _resizing),
    98: _Kind("LEAKY_RELU", _ONE, _one_by_one),
    114: _Kind("QUANTIZE", _ONE, _one_by_one),
}
