"""A Raspberry Pi's system, emulated, with the installer and a wheel of this checkout on it.

`make test-arm64` sets what is read here: SRGAN_EDGE_ARM64, the suites of Debian, and
SRGAN_EDGE_ARM64_CACHE, where they are kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import emulated
import pytest
from helpers import TESTS

_ROOT = TESTS.parent
_SUITES = os.environ.get("SRGAN_EDGE_ARM64", "").split()
_CACHE = Path(os.environ.get("SRGAN_EDGE_ARM64_CACHE", _ROOT / ".arm64"))
_BOARDS = TESTS / "arm64" / "boards"  # their /proc/cpuinfo, of two of the processors
GIVEN = "/root/given"  # what somebody has copied to the Raspberry Pi


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime's, of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(_ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session", params=_SUITES or ["bookworm"])
def debian(request: pytest.FixtureRequest, wheel: Path) -> Iterator[emulated.Debian]:
    """A system that is used up: a copy of the cached one."""
    suite = str(request.param)
    started = time.monotonic()
    wheels = _CACHE / f"{suite}-wheels"
    root = _CACHE / f"{suite}-used"  # not among pytest's, which other runs of it clear away
    try:
        emulated.prepare_host()
        kept = emulated.build(suite, _CACHE)
        wheels.mkdir(exist_ok=True)
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(kept), str(root)], check=True)
        system = emulated.Debian(root, wheels, _BOARDS)
        emulated.download_wheels(system, wheel, _ROOT / "constraints.txt")
    except emulated.UnavailableError as error:
        pytest.skip(f"no emulated {suite}: {error}")
    given = root / GIVEN.lstrip("/")
    shutil.copytree(_ROOT / "deploy" / "raspberry-pi", given)
    shutil.copy(_ROOT / "constraints.txt", given)
    shutil.copy(wheel, given)
    print(f"\n{suite}: ready after {time.monotonic() - started:.0f} s")
    yield system
    shutil.rmtree(root)
