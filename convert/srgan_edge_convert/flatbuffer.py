"""What is read from and changed in a TFLite file: facts, names, and single operators."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from srgan_edge.facts import METADATA_NAME, ModelFacts

# What a file calls its input and output.
INPUT, OUTPUT = "lr", "sr"


def unpack(content: bytes) -> Any:
    """The file as objects of TFLite's schema."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))


def pack(model: Any) -> bytes:
    """The bytes of such objects."""
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def embed(content: bytes, facts: ModelFacts) -> bytes:
    """The same model with `facts` inside; facts that were there are replaced."""
    model = unpack(content)
    model.metadata = model.metadata or []
    entry = next((e for e in model.metadata if _text(e.name) == METADATA_NAME), None)
    if entry is None:
        model.buffers.append(schema.BufferT())
        entry = schema.MetadataT()
        entry.name, entry.buffer = METADATA_NAME, len(model.buffers) - 1
        model.metadata.append(entry)
    model.buffers[entry.buffer].data = list(facts.to_json())
    return pack(model)


def named_after(content: bytes, layers: Sequence[str]) -> bytes:
    """The same model, each tensor named after the layer that gives it.

    The converter names tensors after everything that was fused into them, with numbers that count
    what the process made before.

    Args:
        content: a TFLite file.
        layers: names, inputs first.
    """
    model = unpack(content)
    graph = model.subgraphs[0]
    order = {name: place for place, name in enumerate(layers)}
    used: set[str] = set()
    named: dict[int, str] = {}

    def name(tensor: int, wanted: str) -> None:
        unique, count = wanted, 1
        while unique in used:
            count += 1
            unique = f"{wanted}_{count}"
        used.add(unique)
        named[tensor] = unique

    for tensor, wanted in ((graph.inputs[0], INPUT), (graph.outputs[0], OUTPUT)):
        name(tensor, wanted)
    layer = "picture"
    unpacked = {id(operator) for operator in _unpacking(model).values()}
    for operator in graph.operators:
        if id(operator) in unpacked:
            continue
        layer = _layer(graph.tensors[operator.outputs[0]].name, order) or layer
        for tensor in operator.outputs:
            if tensor not in named:
                name(tensor, layer)
        for place, tensor in enumerate(operator.inputs):
            if tensor >= 0 and tensor not in named:
                name(tensor, f"{layer}/{('input', 'kernel', 'bias')[min(place, 2)]}")
    for tensor, new in named.items():
        graph.tensors[tensor].name = new
    model.signatureDefs = [_signature(graph)]
    return pack(model)


def _signature(graph: Any) -> Any:
    """What TFLite's callers name the input and the output by."""
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = [], []
    for maps, name, tensors in (
        (signature.inputs, INPUT, graph.inputs),
        (signature.outputs, OUTPUT, graph.outputs),
    ):
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, int(tensors[0])
        maps.append(entry)
    return signature


@dataclass(frozen=True)
class Operator:
    """One operator of a file.

    Attributes:
        kind: as TFLite calls it.
        layer: the tensor that it gives, named after its layer.
        alone: a file that holds nothing else.
    """

    kind: str
    layer: str
    alone: bytes


def operators(content: bytes) -> Iterator[Operator]:
    """The operators of a file in order, each also as a model of its own."""
    model = unpack(content)
    graph = model.subgraphs[0]
    unpacking = _unpacking(model)
    for operator in graph.operators:
        if unpacking.get(int(operator.outputs[0])) is not operator:
            code = model.operatorCodes[operator.opcodeIndex]
            tensor = graph.tensors[operator.outputs[0]]
            before = [unpacking[i] for i in map(int, operator.inputs) if i in unpacking]
            yield Operator(_kind(code), _text(tensor.name), _alone(model, [*before, operator]))


def _unpacking(model: Any) -> dict[int, Any]:
    """The operators that only turn stored weights into float32, by the tensor that they give."""
    graph = model.subgraphs[0]

    def stored(index: int) -> bool:
        data = model.buffers[graph.tensors[index].buffer].data
        return data is not None and len(data) > 0

    return {
        int(operator.outputs[0]): operator
        for operator in graph.operators
        if len(operator.inputs) == 1 and stored(int(operator.inputs[0]))
    }


def _alone(model: Any, operators: list[Any]) -> bytes:
    """A model of these operators: what they compute from becomes the input, unless constant."""
    one = schema.ModelT()
    one.version, one.operatorCodes = model.version, model.operatorCodes
    one.buffers = [schema.BufferT()]
    made = {int(operator.outputs[0]) for operator in operators}
    graph, source = schema.SubGraphT(), model.subgraphs[0]
    graph.tensors, graph.inputs = [], []
    taken: dict[int, int] = {}

    def take(index: int) -> int:
        if index < 0 or index in taken:
            return taken.get(index, -1)
        tensor, buffer = (
            copy.copy(source.tensors[index]),
            model.buffers[source.tensors[index].buffer],
        )
        taken[index], tensor.buffer = len(graph.tensors), 0
        if buffer.data is not None and len(buffer.data):
            one.buffers.append(buffer)
            tensor.buffer = len(one.buffers) - 1
        elif index not in made:
            graph.inputs.append(taken[index])
        graph.tensors.append(tensor)
        return taken[index]

    graph.operators = []
    for operator in operators:
        own = copy.copy(operator)
        own.inputs = [take(int(index)) for index in operator.inputs]
        own.outputs = [take(int(index)) for index in operator.outputs]
        graph.operators.append(own)
    graph.outputs = graph.operators[-1].outputs
    one.subgraphs = [graph]
    return pack(one)


def _layer(tensor_name: Any, order: dict[str, int]) -> str | None:
    """The last of the layers that a tensor's name tells of: that is what it holds.

    Such a name is `generator/LAYER/op` or `generator/quant_LAYER/op`, several of them with `;`.
    """
    paths = [name.split("/") for name in _text(tensor_name).split(";")]
    scopes = [path[1].removeprefix("quant_") for path in paths if len(path) > 1]
    found = [scope for scope in scopes if scope in order]
    return max(found, key=order.__getitem__, default=None)


def _kind(code: Any) -> str:
    number = max(int(code.builtinCode), int(code.deprecatedBuiltinCode))
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}
    return names.get(number, str(number))


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
