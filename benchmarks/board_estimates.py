"""What an int8 model may take on boards that nobody has timed it on, between two ends.

    milliseconds = MACs / (share x peak) + bytes / bandwidth

The peak comes from what the processor's vector units do in a cycle. The share of it that a
convolution reaches is not known for int8 there, so there are two:

- fast: the share of the float32 peak that PyTorch's product reaches on a Raspberry Pi 400, by the
  fit of `cost_model`; bytes as fast as the memory chips can.
- slow: the share that XNNPACK, which LiteRT multiplies with, reached on a whole MobileNet v1 in
  int8, depthwise layers and all; bytes as slowly as PyTorch moves them on the Pi 400, in proportion
  to the memory chips. Its README of 8 February 2022 has 24 ms on a Raspberry Pi 4 in 64 bits, and
  46 ms on a Pi 3+ in 32, at 1.5 and 1.4 GHz as they came then; the network has 569 million MACs
  (Howard et al., "MobileNets", 2017).

XNNPACK writes no matrix before it multiplies (Dukhan, "The indirect convolution algorithm", 2019),
so of the fitted costs only those of MACs and bytes are taken. That shares stay what they are from
float32 to int8, from one network to another and from one core to the next is assumed. All of it is
for a 64-bit system, all cores, and a board that is cool enough to keep its clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai_edge_litert import schema_py_generated as schema

from benchmarks.cost_model import Costs
from benchmarks.network_layers import Convolution, Elementwise, Layer, macs
from srgan_edge.errors import InputError
from srgan_edge.model_file import ModelFile
from srgan_edge_convert.flatbuffer import unpack

_MOBILENET = 569e6  # MACs
_OPERATOR = schema.BuiltinOperator
_KNOWN = (_OPERATOR.CONV_2D, _OPERATOR.ADD, _OPERATOR.DEPTH_TO_SPACE)


@dataclass(frozen=True)
class Core:
    """What one does in a cycle at most.

    Attributes:
        name: Arm's.
        float32: multiply-accumulates.
        int8: multiply-accumulates of 8-bit numbers into 32-bit sums.
        reached: the share of `int8` that XNNPACK's MobileNet v1 reached on it.
    """

    name: str
    float32: float
    int8: float
    reached: float


def _share(seconds: float, int8: float, ghz: float) -> float:
    return _MOBILENET / seconds / (4 * int8 * ghz * 1e9)


# Arm publishes no optimization guide for this core. Its two pipes of 64 bits take one 128-bit FMLA
# a cycle together (ncnn, docs/developer-guide/arm-a53-a55-dual-issue.md). For integers the same is
# assumed of SMULL, SMLAL (8 products each) and SADALP, which moves 16 of them into the sums.
_A53_INT8 = 16 / 3
_A53 = Core("Cortex-A53", 4, _A53_INT8, _share(0.046, _A53_INT8, 1.4))
# Arm, "Cortex-A72 Software Optimization Guide" (UAN 0016A), ASIMD instructions, and LLVM's
# AArch64SchedA57.td after the A57's guide (3.14, 3.15), whose vector units are alike: an FMLA of
# 128 bits takes both pipes; SMULL and SMLAL run in one, 8 products a cycle, SADALP in the other.
_A72 = Core("Cortex-A72", 4, 8, _share(0.024, 8, 1.5))
# Arm, "Cortex-A76 Software Optimization Guide" (PJDOC-466751330-7215), and LLVM's
# AArch64SchedNeoverseN1.td of the same design for servers: each of two pipes takes an FMLA of 128
# bits, 4 products, or an SDOT, 16. XNNPACK's README has no time for it: the A72's share is taken.
_A76 = Core("Cortex-A76", 8, 32, _A72.reached)


@dataclass(frozen=True)
class Board:
    """A computer with four equal cores.

    Attributes:
        name: as the table has it.
        machine: how the name begins that its firmware tells.
        core: of its processor.
        ghz: the highest clock that it comes with.
        memory: bytes a second of its memory chips, which are 32 bits wide.
    """

    name: str
    machine: str
    core: Core
    ghz: float
    memory: float

    @property
    def int8(self) -> float:
        """Multiply-accumulates a second, at most."""
        return 4 * self.core.int8 * self.ghz * 1e9

    @property
    def float32(self) -> float:
        """Multiply-accumulates a second, at most."""
        return 4 * self.core.float32 * self.ghz * 1e9


# Clocks and memory: raspberrypi.com, product pages. LPDDR2-900, LPDDR4-3200 and LPDDR4X-4267.
PI_400 = Board("Raspberry Pi 400", "Raspberry Pi 400", _A72, 1.8, 12.8e9)
BOARDS = (
    Board("Raspberry Pi Zero 2 W", "Raspberry Pi Zero 2", _A53, 1.0, 3.6e9),
    Board("Raspberry Pi 3 B+", "Raspberry Pi 3 Model B Plus", _A53, 1.4, 3.6e9),
    Board("Raspberry Pi 4 B", "Raspberry Pi 4 Model B", _A72, 1.8, 12.8e9),
    PI_400,
    Board("Raspberry Pi 5", "Raspberry Pi 5", _A76, 2.4, 17.1e9),
)


@dataclass(frozen=True)
class Estimate:
    """Milliseconds a frame, between two ends."""

    fast: float
    slow: float


def estimate(layers: Sequence[Layer], board: Board, costs: Costs) -> Estimate:
    """What an int8 network of these layers may take on a board.

    Args:
        layers: of one frame.
        board: with all its cores.
        costs: fitted on a Raspberry Pi 400.
    """
    moved = sum(layer.activations + layer.parameters for layer in layers)  # of one byte each
    fitted = min(1.0, 1 / (costs.mac * PI_400.float32)) if costs.mac else 1.0
    slow_byte = max(costs.byte * PI_400.memory, 1) / board.memory
    ends = (
        macs(layers) / (fitted * board.int8) + moved / board.memory,
        macs(layers) / (board.core.reached * board.int8) + moved * slow_byte,
    )
    return Estimate(min(ends) * 1000, max(ends) * 1000)


def int8_layers(model: ModelFile, width: int, height: int) -> list[Layer]:
    """The layers of an embedded model, whose convolutions all have stride 1, for one frame.

    Raises:
        InputError: it has an operator that the embedded ones do not have.
    """
    unpacked = unpack(model.content)
    graph = unpacked.subgraphs[0]
    side = {int(graph.inputs[0]): 1}  # a tensor's pixels per input pixel, each way
    layers: list[Layer] = []
    for operator in graph.operators:
        kind = unpacked.operatorCodes[operator.opcodeIndex].builtinCode
        pictures = [int(index) for index in operator.inputs if int(index) in side]
        if kind not in _KNOWN or not pictures:
            raise InputError(f"{model.path} has TFLite operator {kind}, which has no price here")
        result, factor = int(operator.outputs[0]), side[pictures[0]]
        pixels = width * height * factor**2
        if kind == _OPERATOR.CONV_2D:
            outputs, kernel, _, inputs = map(int, graph.tensors[operator.inputs[1]].shape)
            layers.append(Convolution(pixels, inputs, outputs, kernel))
        else:
            written = pixels * int(graph.tensors[pictures[0]].shape[-1])
            layers.append(Elementwise(len(pictures) * written, written))
        if kind == _OPERATOR.DEPTH_TO_SPACE:
            factor *= int(operator.builtinOptions.blockSize)
        side[result] = factor
    return layers
