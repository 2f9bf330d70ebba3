"""Accelerators: what is tried, what is taken, and that the CPU stands in for what fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import TESTS, run_cli

from srgan_edge.backends import choice, choose
from srgan_edge.backends.backend import UnavailableError
from srgan_edge.backends.cpu import CpuBackend
from srgan_edge.backends.gpu import GpuBackend, has_adapter
from srgan_edge.backends.probe import TOLERANCE, Trial, try_elsewhere, try_here
from srgan_edge.errors import InputError
from srgan_edge.model_file import ModelFile, load_model
from srgan_edge.quality import Picture

DRIVERS = Path("/usr/share/vulkan/icd.d")


@pytest.fixture(scope="module")
def edge() -> ModelFile:
    return load_model("edge")


@pytest.fixture
def no_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("VK_ICD_FILENAMES", "VK_DRIVER_FILES"):
        monkeypatch.setenv(variable, "/nonexistent")


@pytest.fixture
def lavapipe() -> None:
    """Mesa's Vulkan on the CPU, which compiles for a long time."""
    if not any(DRIVERS.glob("lvp_icd*.json")):
        pytest.skip("Mesa lavapipe is not installed: mesa-vulkan-drivers, 25 or newer")


@pytest.mark.usefixtures("lavapipe")
def test_a_gpu_gives_the_picture_of_the_cpu(tmp_path: Path) -> None:
    """In 8 bits and in float16, and in another size afterwards; and says nothing unasked."""
    half = tmp_path / "half.tflite"
    trained = TESTS.parent / "train" / "weights" / "edge.keras"
    ran = run_cli("convert", trained, "--float16", "-o", half)
    assert ran.code == 0, ran.err
    script = TESTS / "support" / "gpu_against_cpu.py"
    done = subprocess.run(
        [sys.executable, script, TESTS / "samples" / "harbour.png", "edge", "edge-tiny", half],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    off = [int(line) for line in done.stdout.splitlines()]
    assert len(off) == 6
    assert max(off[:4]) <= TOLERANCE["int8"]
    assert max(off[4:]) <= TOLERANCE["float16"]


@pytest.mark.usefixtures("lavapipe")
def test_a_gpu_takes_its_models_where_it_is_asked_for() -> None:
    """The trial agrees, and the pictures come from the GPU."""
    code = (
        "from srgan_edge.backends import choose; from srgan_edge.model_file import load_model\n"
        "choice = choose(load_model('edge-tiny'), 'gpu'); print(choice.backend.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("gpu\n", "")


def test_no_gpu_beside_tensorflow(edge: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mesa's LLVM and TensorFlow's own in one process end it."""
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    with pytest.raises(UnavailableError, match="has loaded TensorFlow"):
        GpuBackend(edge)


@pytest.mark.usefixtures("no_adapter")
def test_without_an_adapter_the_cpu_is_used_aloud(
    edge: ModelFile, caplog: pytest.LogCaptureFixture
) -> None:
    taken = choose(edge, "gpu")
    assert taken.backend.name == "cpu"
    assert taken.reason.startswith("gpu is not used: no GPU takes the model")
    assert "gpu is not used, the CPU is" in caplog.text


def test_a_library_that_is_not_there(edge: ModelFile, caplog: pytest.LogCaptureFixture) -> None:
    taken = choose(edge, "npu:libnowhere.so")
    assert taken.backend.name == "cpu"
    assert "npu:libnowhere.so is not used, the CPU is: libnowhere.so does not take" in caplog.text


@pytest.mark.parametrize(
    ("trial", "taken", "reason"),
    [
        (Trial(4.0, "", 10.0), "gpu", "4.0 ms for 320x180"),
        (Trial(40.0, "", 10.0), "cpu", "40.0 ms for 320x180, the CPU takes 10.0"),
        (Trial(None, "no adapter"), "cpu", "gpu is not used: no adapter"),
    ],
)
def test_auto_takes_the_fastest(
    edge: ModelFile,
    monkeypatch: pytest.MonkeyPatch,
    trial: Trial,
    taken: str,
    reason: str,
) -> None:
    monkeypatch.setattr(choice, "has_adapter", lambda: True)
    monkeypatch.setattr(choice, "try_elsewhere", lambda *_: trial)
    monkeypatch.setattr(choice, "open_backend", lambda name, *_: Named(name))
    found = choose(edge, "auto")
    assert found.backend.name == taken
    assert reason in found.reason


class Named:
    """A backend of which only the name counts."""

    threads = 1

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, block: Picture) -> Picture:
        raise AssertionError("never run")


def test_auto_looks_no_further_where_there_is_no_gpu(
    edge: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "has_adapter", lambda: False)
    monkeypatch.setattr(choice, "try_elsewhere", lambda *_: pytest.fail("tried"))
    assert choose(edge, "auto").reason == "no GPU found"


def test_a_wrong_picture_is_refused(edge: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    from srgan_edge.backends import probe

    class Wrong(CpuBackend):
        def run(self, block: Picture) -> Picture:
            picture = super().run(block)
            picture[0, 0, 0] ^= 64
            return picture

    monkeypatch.setattr(probe, "open_backend", lambda *_: Wrong(edge))
    trial = try_here("gpu", edge)
    assert trial.milliseconds is None
    assert "its picture is up to 64 levels off the CPU's" in trial.reason


def test_a_trial_runs_in_a_process_of_its_own(edge: ModelFile) -> None:
    assert (try_elsewhere("cpu", edge.path).milliseconds or 0) > 0
    crashed = try_elsewhere("cpu", Path("/nonexistent"))
    assert crashed.milliseconds is None
    assert "its driver ended the process" in crashed.reason


@pytest.mark.parametrize("name", ["tpu", "npu:", "GPU", ""])
def test_no_such_accelerator(edge: ModelFile, name: str) -> None:
    with pytest.raises(InputError, match="accepted are auto, cpu, gpu and npu:LIBRARY"):
        choose(edge, name)


@pytest.mark.usefixtures("no_adapter")
def test_a_driver_that_is_named_is_looked_for() -> None:
    assert has_adapter()
