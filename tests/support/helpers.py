"""What tests call: the command line as a person runs it, and a recipe that trains in seconds."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).parent.parent
SAMPLES = TESTS / "samples"


@dataclass(frozen=True)
class Ran:
    """A command that ran: exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("srgan-edge: ")]


def free_port() -> int:
    """Below those that outgoing connections have: one to a port that nobody serves yet may get the
    same number at its own end, reach itself, and take it."""
    for port in range(20_000 + os.getpid() % 5_000, 30_000):
        with contextlib.suppress(OSError), socket.create_server(("0.0.0.0", port)):
            return port
    raise OSError("no free port from 20000 to 30000")


def run_cli(
    *arguments: object,
    cwd: Path | None = None,
    timeout: float = 300,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run `srgan-edge` as a person does, in a process of its own, with more in its environment."""
    command = [sys.executable, "-m", "srgan_edge", *(str(argument) for argument in arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def assert_refused(ran: Ran, *words: str) -> None:
    """Bad input: exit code 2, one line that holds all `words`, and no traceback."""
    assert ran.code == 2, ran
    assert len(ran.error_lines) == 1, ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.error_lines[0], ran.err


TINY_RECIPE = """
name = "tiny"
generator = "edge"
scale = {scale}
channels = 16
convs = 3
patch = 16
batch = 4
steps = 12
learning_rate = 1e-3
warmup = 2
final_rate = 0.01
validate_every = 6
checkpoint_every = 6
seed = 1
precision = "float32"
"""


# Two phases, each of a few steps, with the smallest discriminator.
ADVERSARIAL: dict[str, Any] = {
    "fidelity_steps": 4,
    "steps": 10,
    "average": 0.9,
    "content_layers": ["block1_conv1", "block1_conv2"],
    "content_weights": [0.1, 0.1],
    "discriminator": "patch",
    "discriminator_channels": 4,
    "adversarial_weight": 0.005,
    "adversarial_batch": 2,
    "validate_every": 5,
    "checkpoint_every": 3,
}


def write_content_weights(path: Path, factor: float = 1.0) -> Path:
    """A stand-in for VGG19's first two layers: its shapes, random weights."""
    random = np.random.default_rng(0)
    weights: dict[str, Any] = {}
    for name, c_in in (("block1_conv1", 3), ("block1_conv2", 64)):
        kernel = random.normal(0, 0.1 * factor, (3, 3, c_in, 64)).astype(np.float32)
        weights |= {f"{name}/kernel": kernel, f"{name}/bias": np.zeros(64, np.float32)}
    np.savez(path, **weights)
    return path


def write_tiny_recipe(folder: Path, scale: int = 4, **values: object) -> Path:
    """A recipe that trains within seconds."""
    lines = TINY_RECIPE.format(scale=scale).splitlines()
    kept = [line for line in lines if line.split(" = ")[0] not in values]
    changed = [f"{key} = {value!r}".replace("'", '"') for key, value in values.items()]
    path = folder / "tiny.toml"
    path.write_text("\n".join([*kept, *changed]) + "\n")
    return path
