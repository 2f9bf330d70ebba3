"""The systemd unit, by systemd's own judgement, and the configuration that comes with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from helpers import TESTS, run_cli
from manual import blocks
from typer.core import TyperCommand, TyperGroup

from srgan_edge.cli import _build

FOLDER = TESTS.parent / "deploy" / "raspberry-pi"
UNIT, CONFIGURATION = FOLDER / "srgan-edge.service", FOLDER / "webcam.toml"
INSTALLED = "/opt/srgan-edge/current/bin/srgan-edge"
MOST_EXPOSED = 3.0
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A copy whose command is there: systemd looks."""
    text = UNIT.read_text()
    assert text.count(INSTALLED) == 1
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(INSTALLED, sys.executable))
    return copy


def analyze(*arguments: object) -> tuple[int, str]:
    """Exit code, and what it says of our unit: others of this machine may have faults."""
    command = ["systemd-analyze", "--no-pager", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    lines = (done.stdout + done.stderr).splitlines()
    return done.returncode, "\n".join(line for line in lines if UNIT.name in line)


@needs_systemd
def test_systemd_understands_every_line(unit: Path) -> None:
    assert analyze("verify", "--recursive-errors=no", unit) == (0, "")
    unit.write_text(unit.read_text().replace("WatchdogSec=30", "WatchdogSec=often"))
    assert "Failed to parse" in analyze("verify", "--recursive-errors=no", unit)[1]


@needs_systemd
def test_it_is_hardly_exposed(unit: Path) -> None:
    code, said = analyze("security", "--offline=true", unit)
    assert code == 0, said
    level = re.search(r"exposure level for srgan-edge\.service: (\d+\.\d)", said)
    assert level is not None, said
    assert float(level[1]) <= MOST_EXPOSED


def lines_of(path: Path, also_commented: bool) -> list[str]:
    """`key = value`, also those behind a # without a space."""
    hidden = "#?" if also_commented else ""
    found = re.finditer(rf"^{hidden}([a-z-]+ = .+)$", path.read_text(), re.MULTILINE)
    return [match[1] for match in found]


@pytest.fixture
def webcam() -> TyperCommand:
    """The command, to parse what it would be given."""
    group = typer.main.get_command(_build())
    assert isinstance(group, TyperGroup)
    command = group.commands["webcam"]
    assert isinstance(command, TyperCommand)
    return command


def test_each_line_of_the_configuration_is_accepted(webcam: TyperCommand, tmp_path: Path) -> None:
    lines = lines_of(CONFIGURATION, also_commented=True)
    assert len(lines) > len(lines_of(CONFIGURATION, also_commented=False)) > 3
    file = tmp_path / "one.toml"
    for line in lines:
        file.write_text(line + "\n")
        assert webcam.make_context("webcam", ["--config", str(file)]).default_map, line


@pytest.mark.parametrize(
    "block", [block.text for block in blocks("toml")], ids=lambda text: text.split(" = ")[0]
)
def test_what_the_manual_shows_of_it_is_accepted(
    webcam: TyperCommand, tmp_path: Path, block: str
) -> None:
    (tmp_path / "shown.toml").write_text(block)
    found = webcam.make_context("webcam", ["--config", str(tmp_path / "shown.toml")]).default_map
    assert found
    assert len(found) == block.count(" = ") > 2


def test_the_configuration_explains_every_option(webcam: TyperCommand) -> None:
    options = {option.opts[0].removeprefix("--") for option in webcam.params}
    explained = {line.split(" = ")[0] for line in lines_of(CONFIGURATION, also_commented=True)}
    assert explained == options - {"config", "help", "print-url"}


def test_the_default_configuration_works(samples: Path, tmp_path: Path) -> None:
    """With a clip in the camera's place, and a port that is free."""
    ran = run_cli(
        *("webcam", "--config", CONFIGURATION, "--source", samples / "clip.mp4"),
        *("--bind", 0, "--frames", 3),
        environment={"SRGAN_EDGE_STATE": str(tmp_path)},
    )
    assert ran.code == 0, ran.err
    assert "to look, open http://127.0.0.1:" in ran.err
    assert ran.out.startswith("3 frames, ")


def test_its_folder_is_where_the_installer_looks() -> None:
    """What the unit names is what install.sh makes."""
    unit, installer = UNIT.read_text(), (FOLDER / "install.sh").read_text()
    assert "User=srgan-edge\n" in unit
    assert "SRGAN_EDGE_MODELS=/var/lib/srgan-edge/models\n" in unit
    assert "--config /etc/srgan-edge/webcam.toml\n" in unit
    for place in ("opt/$NAME", "etc/$NAME", "var/lib/$NAME"):
        assert f"=$prefix/{place}\n" in installer
