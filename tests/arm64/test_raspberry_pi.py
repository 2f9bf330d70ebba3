"""The installer and the runtime on an emulated Raspberry Pi. `make test-arm64` runs it.

The tests are steps: each finds the system as the one before has left it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from emulated import BOARDS, Debian, folder_megabytes, last_json, peak_memory
from helpers import SAMPLES, TESTS, Ran, run_cli
from reversioned import reversioned

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("SRGAN_EDGE_ARM64"),
        reason="emulates a Raspberry Pi, which takes its time: make test-arm64",
    ),
    pytest.mark.timeout(3600),
]

GIVEN = "/root/given"
BASE = "/opt/srgan-edge"
COMMAND = "/usr/local/bin/srgan-edge"
PYTHON = f"{BASE}/current/bin/python3"
# Limits, in MB.
MOST_INSTALLED = 300
MOST_MEMORY = 200
COMPILERS = ("cc", "gcc", "c++", "g++", "clang", "rustc", "cargo", "cmake", "gfortran")

every_board = pytest.mark.parametrize("board", BOARDS)


def install(debian: Debian, wheel: str, *options: str) -> Ran:
    started = time.monotonic()
    ran = debian.run(
        "bash", f"{GIVEN}/install.sh", "--yes", "--wheel", f"{GIVEN}/{wheel}", *options
    )
    print(f"\ninstall.sh: {time.monotonic() - started:.0f} s")
    return ran


def inside(debian: Debian, path: str) -> Path:
    return debian.root / path.lstrip("/")


def current(debian: Debian) -> str:
    return inside(debian, f"{BASE}/current").readlink().name


def kept_versions(debian: Debian) -> set[str]:
    return {path.name for path in inside(debian, f"{BASE}/versions").iterdir()}


def later(debian: Debian, wheel: Path, version: str) -> str:
    """A wheel of a later version, on the system; its file's name."""
    return reversioned(wheel, version, inside(debian, GIVEN)).name


def works(debian: Debian) -> str:
    """Upscale a picture; the version that did."""
    debian.must(COMMAND, "upscale", f"{GIVEN}/small.png", "-o", "/root/out.png")
    return debian.must(COMMAND, "--version").split()[-1]


def pixels(path: Path) -> np.ndarray[Any, Any]:
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return picture


def version_of(wheel: Path) -> str:
    return wheel.name.split("-")[1]


@pytest.fixture(scope="module")
def small(debian: Debian) -> Path:
    """A picture of 32x24: half a photograph, half noise."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 16, 3), np.uint8)
    picture = np.hstack([pixels(SAMPLES / "harbour.png")[60:84, 100:116], noise])
    path = inside(debian, f"{GIVEN}/small.png")
    assert cv2.imwrite(str(path), picture)
    for file in (SAMPLES / "clip.mp4", *(TESTS / "arm64").glob("[os]*.py")):
        shutil.copy(file, inside(debian, GIVEN))
    return path


def test_install(debian: Debian, wheel: Path, small: Path) -> None:
    """Beside a numpy of Debian's that cannot even be imported: ours comes first."""
    theirs = inside(debian, "/usr/lib/python3/dist-packages")
    (theirs / "numpy").mkdir()
    (theirs / "numpy" / "__init__.py").write_text("raise ImportError('that of Debian')\n")
    (theirs / "numpy-1.24.2.dist-info").mkdir()
    facts = "Metadata-Version: 2.1\nName: numpy\nVersion: 1.24.2\n"
    (theirs / "numpy-1.24.2.dist-info" / "METADATA").write_text(facts)
    ran = install(debian, wheel.name)
    print(ran.out)
    assert ran.code == 0, ran
    assert "machine   Raspberry Pi 4 Model B Rev 1.5" in ran.out
    assert re.search("machine .*BCM2711.*\nsystem .*aarch64", ran.out)  # the doctor's word
    assert current(debian).startswith(f"{version_of(wheel)}-")
    assert kept_versions(debian) == {current(debian)}
    assert not inside(debian, f"{BASE}/versions/{current(debian)}/tmp").exists()
    assert works(debian) == version_of(wheel)
    found = debian.must(PYTHON, "-c", "import numpy, cv2; print(numpy.__file__, cv2.__file__)")
    assert all(path.startswith(BASE) for path in found.split())


def test_no_tensorflow_and_no_compiler(debian: Debian) -> None:
    names = {name.lower() for name in last_json(debian.must(PYTHON, f"{GIVEN}/sizes.py"))}
    assert "ai-edge-litert" in names
    assert not [name for name in names if "tensorflow" in name or "keras" in name]
    for compiler in COMPILERS:
        assert debian.run("sh", "-c", f"command -v {compiler}").code != 0, compiler
    assert not [*inside(debian, f"{BASE}/current/bin").glob("*gcc*")]


def test_size(debian: Debian) -> None:
    """Over an environment that has only pip."""
    debian.must("python3", "-m", "venv", "/root/bare")
    bare = folder_megabytes(inside(debian, "/root/bare"))
    shutil.rmtree(inside(debian, "/root/bare"))
    whole = folder_megabytes(inside(debian, f"{BASE}/versions/{current(debian)}"))
    sizes = last_json(debian.must(PYTHON, f"{GIVEN}/sizes.py"))
    print(f"\ninstalled: {whole - bare:.1f} MB over {bare:.1f} MB of a bare Python with pip")
    sizes["bytecode and scripts"] = int(whole * 1e6) - sum(sizes.values())
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"  {name:<26}{size / 1e6:>8.1f} MB")
    assert whole - bare <= MOST_INSTALLED


def test_doctor_on_the_other_board(debian: Debian) -> None:
    """The installer has asked it on the first one."""
    told = debian.must(COMMAND, "doctor", board="rpi5")
    print(f"\n{told}")
    assert "BCM2712" in told
    assert "aarch64" in told


@every_board
def test_same_bytes_as_here(debian: Debian, small: Path, board: str) -> None:
    here = peak_memory([sys.executable, str(TESTS / "arm64" / "outputs.py"), str(small)]).ran
    assert here.code == 0, here.err
    expected = last_json(here.out)
    assert set(expected) == {"edge", "edge-camera", "edge-fidelity", "edge-tiny"}
    there = debian.must(PYTHON, f"{GIVEN}/outputs.py", f"{GIVEN}/small.png", board=board)
    assert last_json(there) == expected
    print(f"\n{board}: {len(expected)} models give the same bytes as here")


@every_board
def test_picture_and_stream(debian: Debian, small: Path, board: str) -> None:
    debian.must(COMMAND, "upscale", f"{GIVEN}/small.png", "-o", "/root/made.png", board=board)
    here = small.with_name("here.png")
    assert run_cli("upscale", small, "-o", here).code == 0
    assert np.array_equal(pixels(inside(debian, "/root/made.png")), pixels(here))
    stream = ("webcam", "--source", f"{GIVEN}/clip.mp4", "--size", "32x24", "--frames", "20")
    told = debian.must(COMMAND, *stream, "--show", "none", "--threads", "2", board=board)
    assert told.startswith("20 frames")


def test_memory(debian: Debian) -> None:
    stream = ("webcam", "--size", "320x180", "--frames", "3", "--show", "none")
    there = debian.peak(COMMAND, *stream, "--source", f"{GIVEN}/clip.mp4")
    assert there.ran.code == 0, there.ran.err
    idle = debian.peak("python3", "-c", "import time; time.sleep(2)").megabytes
    own_idle = peak_memory([sys.executable, "-c", "import time; time.sleep(2)"]).megabytes
    clip = str(SAMPLES / "clip.mp4")
    own = peak_memory([sys.executable, "-m", "srgan_edge", *stream, "--source", clip])
    assert own.ran.code == 0, own.ran.err
    used = there.megabytes - idle + own_idle
    print(
        f"\nmemory of a 320x180 stream: {used:.0f} MB on arm64, {own.megabytes:.0f} MB here "
        f"({there.megabytes:.0f} emulated, less {idle:.0f} of an idle emulated Python, "
        f"plus {own_idle:.0f} of one here)"
    )
    assert used <= MOST_MEMORY


def test_reinstall(debian: Debian, wheel: Path) -> None:
    before = current(debian)
    assert install(debian, later(debian, wheel, version_of(wheel))).code == 0
    assert current(debian) != before
    assert kept_versions(debian) == {current(debian), before}
    assert works(debian) == version_of(wheel)


def test_upgrade_with_model_and_service(debian: Debian, wheel: Path) -> None:
    before = current(debian)
    model = inside(debian, f"{GIVEN}/mine.tflite")
    shutil.copy(TESTS.parent / "srgan_edge" / "models" / "edge-tiny.tflite", model)
    given = later(debian, wheel, "99.1")
    ran = install(debian, given, "--service", "--model", f"{GIVEN}/mine.tflite")
    assert ran.code == 0, ran
    assert "systemd is not running here: the service is installed, not started" in ran.out
    assert re.search(r"^to look, open http://[^/]+:8090/#\S{43}$", ran.out, re.MULTILINE), ran.out
    assert inside(debian, "/var/lib/srgan-edge/token").stat().st_mode & 0o777 == 0o600
    assert works(debian) == "99.1"
    assert kept_versions(debian) == {current(debian), before}
    groups = debian.must("id", "-nG", "srgan-edge").split()
    assert {"srgan-edge", "video", "render"} <= set(groups)
    assert inside(debian, "/etc/systemd/system/srgan-edge.service").is_file()
    listed = debian.must(COMMAND, "models", SRGAN_EDGE_MODELS="/var/lib/srgan-edge/models")
    assert "mine" in listed


def test_a_configuration_is_kept(debian: Debian, wheel: Path) -> None:
    kept = inside(debian, "/etc/srgan-edge/webcam.toml")
    kept.write_text("# mine\n")
    assert install(debian, later(debian, wheel, "99.2"), "--service").code == 0
    assert kept.read_text() == "# mine\n"
    given = inside(debian, f"{GIVEN}/webcam.toml").read_text()
    assert kept.with_name("webcam.toml.new").read_text() == given


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("making the environment", 2.0),
        ("installing the packages", 3.0),
        ("installing the packages", 25.0),
        ("trying it", 0.5),
        ("switching to it", 0.0),
        ("it is in use", 0.0),
    ],
)
def test_killed_during_an_upgrade(debian: Debian, wheel: Path, said: str, seconds: float) -> None:
    """As a power cut would; the next run finds its way."""
    before = works(debian)
    following = f"{int(before.split('.')[0]) + 100}.0"
    given = later(debian, wheel, following)
    command = ["bash", f"{GIVEN}/install.sh", "--yes", "--wheel", f"{GIVEN}/{given}"]
    debian.run_until(command, said, seconds)
    found = works(debian)
    whole = [
        path
        for path in inside(debian, f"{BASE}/versions").iterdir()
        if (path / "complete").exists()
    ]
    print(f"\nkilled {seconds} s after {said!r}: {found} works ({before} before)")
    assert found in (before, following)
    assert current(debian) in {path.name for path in whole}
    assert install(debian, given).code == 0
    assert works(debian) == following
    assert len(kept_versions(debian)) == 2
    assert not [*inside(debian, BASE).glob("*.next")]


def test_uninstall(debian: Debian) -> None:
    state, own = inside(debian, "/var/lib/srgan-edge"), inside(debian, "/etc/srgan-edge")
    told = debian.must("bash", f"{GIVEN}/uninstall.sh", "--yes")
    assert "kept: the configuration in /etc/srgan-edge" in told
    for path in (BASE, COMMAND, "/etc/systemd/system/srgan-edge.service", "/var/cache/srgan-edge"):
        assert not os.path.lexists(inside(debian, path)), path
    assert state.is_dir()
    assert own.is_dir()
    assert debian.run("id", "srgan-edge").code == 0
    debian.must("bash", f"{GIVEN}/uninstall.sh", "--yes", "--purge")
    assert not state.exists()
    assert not own.exists()
    assert debian.run("id", "srgan-edge").code != 0
