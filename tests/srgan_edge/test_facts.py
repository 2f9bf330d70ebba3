from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from srgan_edge.catalogue import embedded_models
from srgan_edge.errors import InputError
from srgan_edge.facts import FACTS_VERSION, METADATA_NAME, ModelFacts, read_facts
from srgan_edge.model_file import load_model

EDGE = embedded_models()["edge"].read_bytes()
FACTS = ModelFacts("edge", scale=4, halo=7, colour="bgr", parameters=61152, macs=60912)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
records = st.dictionaries(st.text(), values, max_size=4)


@given(
    st.builds(
        ModelFacts,
        name=st.text(),
        scale=st.integers(1, 16),
        halo=st.integers(0, 512),
        colour=st.sampled_from(["bgr", "rgb"]),
        parameters=st.integers(0, 2**40),
        macs=st.integers(0, 2**50),
        recipe=records,
        training=records,
        quality=records,
        conversion=records,
    )
)
def test_json_round_trip(facts: ModelFacts) -> None:
    assert ModelFacts.from_json(facts.to_json(), "test") == facts


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scale", 0),
        ("scale", 17),
        ("scale", 4.0),
        ("scale", True),
        ("scale", "4"),
        ("scale", None),
        ("halo", -1),
        ("halo", 2.5),
        ("colour", "RGB"),
        ("colour", 3),
        ("parameters", -1),
        ("macs", "many"),
        ("version", None),
        ("shape", [1, 2]),
    ],
)
def test_facts_that_cannot_be(field: str, value: object) -> None:
    record = {**json.loads(FACTS.to_json()), field: value}
    with pytest.raises(InputError, match=r"model\.tflite has damaged facts"):
        ModelFacts.from_json(json.dumps(record).encode(), "model.tflite")


@given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
@example(b"{}")
@example(b"[]")
@example(b"null")
def test_what_are_no_facts(content: bytes) -> None:
    with pytest.raises(InputError, match="damaged facts"):
        ModelFacts.from_json(content, "x")


def test_facts_of_a_newer_version() -> None:
    newer = EDGE.replace(b'"version": 1', b'"version": 9')
    assert newer != EDGE
    with pytest.raises(InputError, match=r"version 9.*up to 1.*upgrade"):
        read_facts(newer, "x")
    unknown = json.dumps({"version": FACTS_VERSION + 1, "layers": []}).encode()
    with pytest.raises(InputError, match="upgrade"):
        ModelFacts.from_json(unknown, "x")


def test_the_embedded_model_says_what_it_is() -> None:
    facts = read_facts(EDGE, "edge")
    assert (facts.name, facts.scale, facts.halo, facts.colour) == ("edge", 4, 8, "bgr")
    assert facts == load_model("edge").facts == replace(facts)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "x.tflite is empty"),
        (b"TFL3", "x.tflite is not a TFLite model"),
        (b"hello, this is a text, not a model", "x.tflite is not a TFLite model"),
        (b"\x1c\x00\x00\x00TFL3", "x.tflite is a damaged TFLite model"),
        (EDGE[:1000], "x.tflite is a damaged TFLite model"),
    ],
)
def test_what_is_no_model(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_facts(content, "x.tflite")


def test_a_model_that_is_not_ours() -> None:
    name = METADATA_NAME.encode()
    other = EDGE.replace(name, b"min_runtime_vers")
    assert len(other) == len(EDGE)
    assert other != EDGE
    with pytest.raises(InputError, match=r"not one of srgan-edge's.*srgan-edge convert"):
        read_facts(other, "x")


def _facts_or_refusal(content: bytes) -> None:
    try:
        facts = read_facts(content, "x.tflite")
    except InputError:
        return
    assert 1 <= facts.scale <= 16
    assert 0 <= facts.halo <= 512
    assert facts.colour in ("bgr", "rgb")


@settings(max_examples=300)
@given(st.integers(0, len(EDGE) - 1))
def test_a_truncated_model(length: int) -> None:
    _facts_or_refusal(EDGE[:length])


@settings(max_examples=500)
@given(
    st.lists(st.tuples(st.integers(0, 4095), st.integers(1, 255)), min_size=1, max_size=8)
    | st.lists(st.tuples(st.integers(0, len(EDGE) - 1), st.integers(1, 255)), min_size=1)
)
def test_a_model_with_wrong_bytes(changes: list[tuple[int, int]]) -> None:
    content = bytearray(EDGE)
    for place, change in changes:
        content[place] ^= change
    _facts_or_refusal(bytes(content))
