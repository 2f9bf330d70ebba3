"""`srgan-edge convert` as a person uses it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from helpers import assert_refused, run_cli

from srgan_edge import Upscaler, load_model
from srgan_edge.quality import Picture
from srgan_edge_train.generators import load_generator, save_generator
from srgan_edge_train.networks.edge import edge_generator


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the trained run, to convert in."""
    shutil.copytree(tiny_run, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints"))
    return tmp_path / "run"


def test_int8_is_fine_tuned_checked_and_written_beside_the_generator(run: Path) -> None:
    ran = run_cli("convert", run / "generator.keras", "--int8", "--qat-steps", 10)
    assert ran.code == 0, ran.err
    assert "the run's photographs" in ran.err
    assert "XNNPACK takes all ops" in ran.out
    told = re.findall(r"(\S+): float ([\d.]+) dB, file ([\d.]+) dB, drop (-?[\d.]+) dB", ran.out)
    assert [name for name, *_ in told] == ["post-training", "fine-tuned"]
    for _, float_psnr, psnr, drop in told:
        assert float(drop) == pytest.approx(float(float_psnr) - float(psnr), abs=0.002)
        assert float(drop) < 0.1
    facts = load_model(run / "generator.int8.tflite").facts
    assert (facts.name, facts.scale, facts.halo, facts.colour) == ("tiny", 4, 3, "bgr")
    assert facts.conversion["qat_steps"] in (0, 10)  # whichever is nearer to the float generator
    chosen = told[1 if facts.conversion["qat_steps"] else 0]
    assert facts.quality["psnr"] == pytest.approx(float(chosen[2]), abs=0.001)
    assert facts.recipe["channels"] == 16
    assert facts.training["data"] == {"photos": 7}
    assert str(run) not in json.dumps(facts.to_json().decode())
    assert not list(run.glob(".*part*"))


def test_the_report_says_what_was_found_and_info_prints_it(run: Path) -> None:
    assert run_cli("convert", run, "--int8", "--qat-steps", 3).code == 0
    model = run / "generator.int8.tflite"
    report = json.loads((run / "generator.int8.report.json").read_text())
    assert report["sha256"] == load_model(model).sha256
    assert report["accepted"]
    assert report["drop"] <= report["max_drop"] == 0.10
    assert set(report["comparisons"]) == {"post-training", "fine-tuned"}
    for found in report["comparisons"].values():
        assert found.keys() >= {"psnr", "float_psnr", "ssim", "between_psnr", "worst_tile"}
        assert found["worst_tile"]["psnr"] <= found["between_psnr"] + 20
    assert {one["layer"] for one in report["layers"]} >= {"features_1", "features_2", "detail"}
    assert len(report["worst_layers"]) == 3
    assert report["latency"]["milliseconds"].keys() == {"float32 rewritten", "int8"}
    kinds = {one["kind"]: one for one in report["kernels"]["operators"]}
    assert kinds["CONV_2D"]["count"] == kinds["CONV_2D"]["in_xnnpack"] == 4
    page = (run / "generator.int8.report.html").read_text()
    assert page.count("data:image/png;base64,") >= 10
    assert "Accepted" in page
    told = json.loads(run_cli("info", model).out)
    assert told["report"]["latency"] == report["latency"]
    model.write_bytes(model.read_bytes() + b" ")  # another file: the report is not about it
    assert "report" not in json.loads(run_cli("info", model).out)


def test_the_same_bytes_again_from_the_same_input_and_from_what_was_kept(
    run: Path, tmp_path: Path
) -> None:
    """In processes of their own; what was kept also on a processor with fewer instructions."""
    first, second, again = (tmp_path / f"{name}.tflite" for name in ("first", "second", "again"))
    for target in (first, second):
        ran = run_cli("convert", run, "--int8", "--qat-steps", 5, "-o", target)
        assert ran.code == 0, ran.err
    assert first.read_bytes() == second.read_bytes()
    kept, other = (tmp_path / f"{name}.qat.keras" for name in ("first", "second"))
    assert kept.read_bytes() == other.read_bytes()
    old = {"ONEDNN_MAX_CPU_ISA": "AVX2", "TF_ENABLE_ONEDNN_OPTS": "0"}
    ran = run_cli("convert", kept, "-o", again, environment=old)
    assert ran.code == 0, ran.err
    assert again.read_bytes() == first.read_bytes()
    assert_refused(run_cli("convert", kept, "-o", again), "already there")
    assert_refused(run_cli("convert", kept, "--float16"), "8-bit")
    for option in ("--colour rgb", "--blend edge=0.5", "--qat-steps 9", "--data ."):
        refused = run_cli("convert", kept, *option.split())
        assert_refused(refused, "has been fine-tuned", option.split()[0])
    kept.write_bytes(kept.read_bytes()[:-2000])
    assert_refused(run_cli("convert", kept, "-o", tmp_path / "no.tflite"), "first.qat.keras")


def test_files_for_other_peoples_apps(run: Path, samples: Path) -> None:
    """RGB in and out, bytes from 0 to 255: the same picture as the runtime's own file gives."""
    own, theirs = run / "own.tflite", run / "theirs.tflite"
    frame = np.asarray(cv2.imread(str(samples / "harbour.png")), np.uint8)[:40, :50]
    options = ("--int8", "--qat-steps", 0)
    assert run_cli("convert", run, *options, "-o", own).code == 0
    ran = run_cli("convert", run, *options, "-o", theirs, "--colour", "rgb", "--io", "uint8")
    assert ran.code == 0, ran.err
    assert load_model(theirs).facts.colour == "rgb"
    interpreter = Interpreter(str(theirs))
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], (1, 40, 50, 3))
    rgb = interpreter.get_signature_runner()(lr=frame[None, ..., ::-1])["sr"][0]
    np.testing.assert_array_equal(rgb[..., ::-1], Upscaler(own)(frame))
    np.testing.assert_array_equal(Upscaler(theirs)(frame), Upscaler(own)(frame))


def test_int8_runs_faithfully(run: Path, samples: Path) -> None:
    """The file against the float file of the same generator, on a picture never seen."""
    for name in ("int8", "float32"):
        ran = run_cli("convert", run, f"--{name}", "--qat-steps", 5)
        assert ran.code == 0, ran.err
    frame = np.asarray(cv2.imread(str(samples / "harbour.png")), np.uint8)
    one, other = (Upscaler(run / f"generator.{n}.tflite")(frame) for n in ("int8", "float32"))
    assert np.abs(one.astype(int) - other).mean() < 1.0


@pytest.mark.parametrize("name", ["float16", "dynamic", "int16x8"])
def test_formats_without_fine_tuning(run: Path, name: str) -> None:
    ran = run_cli("convert", run / "generator.keras", f"--{name}", "-o", run / "out" / "m.tflite")
    assert ran.code == 0, ran.err
    facts = load_model(run / "out" / "m.tflite").facts
    assert (facts.conversion["format"], facts.conversion["qat_steps"]) == (name, 0)


def test_without_its_photographs_it_says_so_and_uses_the_crops(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "data": "/gone"}))
    ran = run_cli("convert", run, "--int8")
    assert ran.code == 0, ran.err
    assert "post-training quantisation on 32 crops kept in the run" in ran.err
    assert load_model(run / "generator.int8.tflite").facts.conversion["qat_steps"] == 0
    assert "drop" in ran.out


def test_a_generator_alone_needs_data(run: Path, samples: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "generator.keras"
    alone.parent.mkdir()
    shutil.copy(run / "generator.keras", alone)
    assert_refused(run_cli("convert", alone, "--int8"), "--data DIR")
    ran = run_cli("convert", alone, "--int8", "--data", samples / "photos", "--qat-steps", 2)
    assert ran.code == 0, ran.err
    unchecked = run_cli("convert", alone, "--float32")
    assert unchecked.code == 0
    assert "the file is not checked" in unchecked.err


def test_the_gate_refuses_and_keeps_the_file_under_another_name(run: Path) -> None:
    target = run / "m.tflite"
    ran = run_cli("convert", run, "--int8", "--qat-steps", 0, "-o", target, "--max-drop", -50)
    assert ran.code == 3, ran.err
    assert len(ran.error_lines) == 1
    assert "m.rejected.tflite" in ran.error_lines[0]
    report = json.loads((run / "m.rejected.report.json").read_text())
    assert not report["accepted"]
    worst = sorted(report["layers"], key=lambda layer: layer["snr"])[:3]
    for layer in worst:
        assert layer["layer"] in ran.error_lines[0]
    assert "Refused" in (run / "m.rejected.report.html").read_text()
    assert not target.exists()
    assert not (run / "m.qat.keras").exists()
    assert load_model(run / "m.rejected.tflite").facts.scale == 4


def test_a_network_that_is_no_generator_is_refused(tmp_path: Path) -> None:
    from srgan_edge_train.keras import keras

    picture = keras.Input((32, 32, 3))
    classes = keras.layers.Dense(10)(keras.layers.Flatten()(picture))
    keras.Model(picture, classes).save(tmp_path / "classifier.keras")
    free = keras.Input((None, None, 3))
    smaller = keras.layers.AveragePooling2D()(free)
    keras.Model(free, smaller).save(tmp_path / "smaller.keras")
    for name in ("classifier", "smaller"):
        ran = run_cli("convert", tmp_path / f"{name}.keras", "--float32")
        assert_refused(ran, f"{name}.keras", "accepted")


def test_bad_input_is_one_line(run: Path, tmp_path: Path) -> None:
    generator = run / "generator.keras"
    assert_refused(run_cli("convert", tmp_path / "no.keras", "--int8"), "no generator at")
    assert_refused(run_cli("convert", generator), "choose one format", "got none")
    assert_refused(run_cli("convert", generator, "--int8", "--float16"), "got --int8, --float16")
    assert_refused(run_cli("convert", generator, "--int8", "-o", "x.bin"), ".tflite")
    assert_refused(run_cli("convert", generator, "--float16", "--io", "uint8"), "--io")
    assert_refused(run_cli("convert", generator, "--int8", "--colour", "cmyk"), "bgr or rgb")
    (tmp_path / "m.tflite").write_bytes(b"mine")
    ran = run_cli("convert", generator, "--float32", "-o", tmp_path / "m.tflite")
    assert_refused(ran, "already there", "--overwrite")
    assert (tmp_path / "m.tflite").read_bytes() == b"mine"
    (tmp_path / "text.keras").write_text("no model")
    assert_refused(run_cli("convert", tmp_path / "text.keras", "--float32"), "cannot load")
    (tmp_path / "empty").mkdir()
    ran = run_cli("convert", generator, "--int8", "--data", tmp_path / "empty")
    assert_refused(ran, "no images in")
    assert not (run / "generator.int8.tflite").exists()


def test_blend_lies_between_two_generators(run: Path, samples: Path, tmp_path: Path) -> None:
    """A share of 0 is the one, of 1 the other, and what is in between is told in the facts."""
    other = load_generator(run / "generator.keras")
    other.set_weights([weight + 0.01 for weight in other.get_weights()])
    save_generator(other, tmp_path / "other.keras")
    frame = np.asarray(cv2.imread(str(samples / "harbour.png")), np.uint8)

    def upscaled(name: str, *blend: object) -> Picture:
        target = tmp_path / f"{name}.tflite"
        ran = run_cli("convert", run, "--float32", "-o", target, "--max-drop", 99, *blend)
        assert ran.code == 0, ran.err
        return Upscaler(target)(frame)

    plain = upscaled("plain")
    none = upscaled("none", "--blend", f"{tmp_path / 'other.keras'}=0")
    some = upscaled("some", "--blend", f"{tmp_path / 'other.keras'}=0.3")
    whole = upscaled("whole", "--blend", f"{tmp_path / 'other.keras'}=1")
    np.testing.assert_array_equal(plain, none)
    away = [np.abs(one.astype(int) - plain).mean() for one in (some, whole)]
    assert 0.5 < away[0] < away[1]
    facts = load_model(tmp_path / "some.tflite").facts
    assert facts.conversion["blended"] == {"other.keras": 0.3}


def test_blend_that_cannot_be_is_refused(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.keras"
    save_generator(edge_generator(4, 8, 3, "float32"), other)
    for setting, words in (
        (f"{other}=0.3", ("one architecture",)),
        (f"{other}", ("GENERATOR=SHARE",)),
        (f"{other}=1.5", ("from 0 to 1", "1.5")),
        (f"{tmp_path / 'none.keras'}=0.3", ("no generator", "none.keras")),
    ):
        assert_refused(run_cli("convert", run, "--float32", "--blend", setting), *words)
    assert not list(run.glob("*.tflite"))
