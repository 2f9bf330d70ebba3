"""Writes the facts into a TFLite file, as a named metadata buffer."""

from __future__ import annotations

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from srgan_edge.facts import METADATA_NAME, ModelFacts


def embed(content: bytes, facts: ModelFacts) -> bytes:
    """The same model with `facts` inside; facts that were there are replaced."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    model.metadata = model.metadata or []
    entry = next((e for e in model.metadata if e.name.decode() == METADATA_NAME), None)
    if entry is None:
        model.buffers.append(schema.BufferT())
        entry = schema.MetadataT()
        entry.name, entry.buffer = METADATA_NAME, len(model.buffers) - 1
        model.metadata.append(entry)
    model.buffers[entry.buffer].data = list(facts.to_json())
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
