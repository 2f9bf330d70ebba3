"""kill -9 of `deploy` at any moment: the machine has the old version or the new one, and works."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import TESTS

from tests.deploy import conftest as sshd
from tests.deploy.conftest import Machine
from tests.hard.faults import Command, Faults, Killing

pytestmark = [
    pytest.mark.timeout(4 * 3600),
    pytest.mark.skipif(
        not os.environ.get("SRGAN_EDGE_HARD"), reason="takes half a minute a kill: make test-hard"
    ),
]
machine = sshd.machine
_QUIET = 90.0  # seconds for the machine to notice that nobody listens any more


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(folder)]
    subprocess.run([*command, str(TESTS.parent)], check=True)
    return next(folder.glob("*.whl"))


def scratch() -> set[Path]:
    """What deployments have in the machine's /tmp, which is this one's."""
    return {*Path("/tmp").glob("srgan-edge-deploy.*")}


def test_deploy(
    machine: Machine, wheel: Path, tmp_path: Path, faults: Callable[[str], Faults], kills: int
) -> None:
    bare = ["/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "python3"]
    if subprocess.run([*bare, "-c", "import ensurepip, venv"], check=False).returncode:
        pytest.skip("Debian's Python has no venv here: apt-get install python3-venv")
    root, counted = tmp_path / "root", faults("kill -9: deploy")
    root.mkdir()
    installed = root / "opt/srgan-edge/current/bin/srgan-edge"
    ssh = [part for option in machine.options for part in ("--ssh-option", option)]
    others = scratch()

    def begin() -> Command:
        _wait_until_quiet(root)
        options = ("--wheel", wheel, "--no-service", "--prefix", root)
        return Command("deploy", machine.address, *ssh, *options)

    def check() -> None:
        """Whatever `current` says works."""
        if installed.is_symlink() or installed.exists():
            said = subprocess.run([installed, "--version"], capture_output=True, text=True)
            counted.lost += said.returncode != 0
            assert said.stdout.startswith("srgan-edge "), said

    def complete() -> None:
        check()
        assert installed.exists()
        versions = root / "opt/srgan-edge/versions"
        assert all((path / "complete").exists() for path in versions.iterdir())
        assert scratch() <= others  # also what killed ones left

    Killing(counted, begin, lambda: scratch() - others, 40.0, check, complete).run(kills)


def _wait_until_quiet(root: Path) -> None:
    """A killed one's installer ends when its connection does."""
    limit = time.monotonic() + _QUIET
    while subprocess.run(["pgrep", "-f", f"install.sh .*{root}"], capture_output=True).stdout:
        assert time.monotonic() < limit, "the installer goes on without anybody"
        time.sleep(0.2)
