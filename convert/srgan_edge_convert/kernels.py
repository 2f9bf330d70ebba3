"""Which operators of a file the fast kernels take: XNNPACK on the CPU, LiteRT's GPU delegate.

LiteRT's Python API only says whether all were taken, so each distinct operator is tried as a model
of its own.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass

from srgan_edge.leftovers import scratch_folder
from srgan_edge.quiet import native_messages_hidden
from srgan_edge_convert.flatbuffer import operators
from srgan_edge_train.keras import tf

_SIDE = 16  # pixels: enough for an operator to be tried on
_GPU_SECONDS = 60


@dataclass(frozen=True)
class OperatorKind:
    """Operators of one kind that are alike.

    Attributes:
        kind: as TFLite calls it.
        count: how many the file has.
        in_xnnpack: of these, how many XNNPACK takes.
    """

    kind: str
    count: int
    in_xnnpack: int


@dataclass(frozen=True)
class Kernels:
    """What runs where.

    Attributes:
        operators: by kind.
        accelerated: whether XNNPACK takes the file as a whole.
        gpu_analysis: what LiteRT's analyser says of the GPU delegate.
        gpu_compiled: what a compilation for this machine's GPU gave; None: no adapter.
    """

    operators: list[OperatorKind]
    accelerated: bool
    gpu_analysis: str
    gpu_compiled: str | None


def find_kernels(content: bytes) -> Kernels:
    """Try the file and its operators, one by one."""
    counts: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    tried: dict[bytes, bool] = {}
    for operator in operators(content):
        counts[operator.kind] += 1
        taken[operator.kind] += _tried(operator.alone, tried)
    kinds = [OperatorKind(kind, count, taken[kind]) for kind, count in counts.items()]
    return Kernels(kinds, fully_accelerated(content), _gpu_analysis(content), _gpu_compile(content))


def fully_accelerated(content: bytes) -> bool:
    """Whether XNNPACK takes every operator of a file, as LiteRT's compiler says."""
    from ai_edge_litert.compiled_model import CompiledModel

    with native_messages_hidden():
        return bool(CompiledModel.from_buffer(content).is_fully_accelerated())


def _tried(alone: bytes, tried: dict[bytes, bool]) -> bool:
    if alone not in tried:
        tried[alone] = _delegated(alone)
    return tried[alone]


def _delegated(alone: bytes) -> bool:
    """Whether a model of one operator runs in XNNPACK and nowhere else."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        with native_messages_hidden():
            interpreter = Interpreter(model_content=alone, num_threads=1)
            for entry in interpreter.get_input_details():
                shape = [side if side > 0 else _SIDE for side in entry["shape_signature"]]
                interpreter.resize_tensor_input(entry["index"], shape)
            interpreter.allocate_tensors()
            plan = [op["op_name"] for op in interpreter._get_ops_details()]
    except (RuntimeError, ValueError):
        return False
    return "DELEGATE" in plan


def _gpu_analysis(content: bytes) -> str:
    """What LiteRT's analyser says of the GPU delegate: little, a compilation tells more."""
    said = io.StringIO()
    with native_messages_hidden(), redirect_stdout(said):
        tf.lite.experimental.Analyzer.analyze(model_content=content, gpu_compatibility=True)
    warnings = re.findall(r"GPU COMPATIBILITY WARNING: (.*)", said.getvalue())
    return "; ".join(sorted(set(warnings))) or "compatible"


def _gpu_compile(content: bytes) -> str | None:
    """Compile for the GPU in a process of its own: a driver may end it."""
    with scratch_folder() as folder:
        path = folder / "model.tflite"
        path.write_bytes(content)
        try:
            done = subprocess.run(
                [sys.executable, "-c", _COMPILE, str(path)],
                capture_output=True,
                text=True,
                timeout=_GPU_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {_GPU_SECONDS} s"
    found = re.search(r"^compiled: (.*)$", done.stdout, re.MULTILINE)
    return found[1] if found else None


_COMPILE = """
import sys
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
model = CompiledModel.from_file(sys.argv[1], HardwareAccelerator.GPU)
print("compiled: all operators" if model.is_fully_accelerated() else "compiled: some operators")
"""
